"""An async context in a task of its own: entered now, left when its turn comes.

An async context that is entered in one stage and left in another must not share the
test's task: a nursery or cancel scope in it would enclose whatever the test does in
between, and a crash in it would cancel the teardown. So each context gets a task that
enters it, waits, and leaves it::

    test's task       enter() ─────────────► (the test) ──── leave() ──────►
                        │        ▲                             │       ▲
    context's task      └ enter  … waits for its turn … ───────└ leave ┘

While it waits, the context's task is inside the context's own scopes. A
``Cancelled`` there tells what happened: a nursery of the context's lost a task (its
``source`` is "nursery"), which is a crash and is left in its turn; or one of its
scopes was cancelled, which ends the context at once.

The limits: context variables are copied over by value, at the entry and at the exit,
so a token does not cross, and what belongs to a task (a lock) cannot be entered.
"""

from __future__ import annotations

from contextlib import suppress
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Protocol

from trio import Cancelled, CancelScope, Event, open_nursery
from trio.lowlevel import (
    checkpoint_if_cancelled,
    current_task,
    enable_ki_protection,
    spawn_system_task,
)

from ._calls import caught
from ._context_variables import UNSET, changes
from ._exception_groups import partition
from ._left_open import CheckedScope

if TYPE_CHECKING:
    from contextvars import ContextVar, Token

    from trio.lowlevel import Task

    from ._context_variables import Changes
    from ._findings import Finding
    from ._lifecycle import Lifecycle

__unittest = True


class Steps(Protocol):
    """How a context is entered and left.

    Both steps are called in its own task, protected from Ctrl-C; what they call of the
    user's is not to be.

    Attributes:
        name: What to call the context in a message.
        always_finishes: Whether a context that was entered although its entry was
            cancelled is left in its turn, as ever; else it is left at once, and gets
            the Cancelled.
    """

    name: str
    always_finishes: bool

    async def enter(self) -> Any:
        """Enter it, and return its value."""

    async def leave(self, cancelled: BaseException | None) -> None:
        """Leave it. ``cancelled`` is what ended the wait for its turn, if anything."""


class LiveContext:
    """One async context in a task of its own."""

    def __init__(self, life: Lifecycle, steps: Steps) -> None:
        self.task: Task | None = None  # its own, while it lives
        self._life = life
        self._steps = steps
        self._outer = CancelScope()  # around the inner one, which may be a shield
        self._inner = CheckedScope()
        self._entered = Event()  # or failed to
        self._turn = Event()
        self._ended = Event()
        self._value: Any = None
        self._error: BaseException | None = None
        self._crash: Finding | None = None
        self._changes: Changes = []
        self._tokens: dict[ContextVar[Any], Token[Any]] = {}

    def __repr__(self) -> str:
        return f"the context {self._steps.name}"

    @property
    def in_motion(self) -> bool:
        """Whether it is being entered or left."""
        return not self._entered.is_set() or self._turn.is_set()

    # --- In the task that asks ----------------------------------------------------

    @enable_ki_protection
    async def enter(self) -> Any:
        """Enter the context and return its value.

        From then on it is one of the test's cleanups.
        """
        self._life.adopt(self)
        spawn_system_task(self._host, context=copy_context())
        try:
            await self._wait_for(self._entered)
        finally:
            if not self._ended.is_set():
                self._life.add_cleanup(self._leave)
        return self._value

    @enable_ki_protection
    async def _leave(self) -> None:
        """Leave the context, unless it has ended by itself."""
        self._turn.set()
        await self._wait_for(self._ended)

    def abandon(self) -> None:
        """Cancel the context and leave it without anyone waiting for it."""
        if self._steps.always_finishes:
            self._turn.set()  # its wait ends well, and only what follows is cancelled
        self._outer.cancel("its entry or exit was cut short")
        self._inner.scope.cancel("its entry or exit was cut short")
        self._turn.set()

    async def _wait_for(self, event: Event) -> None:
        """Wait for the entry or the end; if the caller is cancelled, so is that."""
        findings = self._life.findings
        interrupted = await caught(event.wait)  # by Cancelled, or Ctrl-C
        if interrupted is not None:
            findings.note_interrupt(interrupted)
            if event is self._ended:
                self.abandon()
            else:
                self._outer.cancel(getattr(interrupted, "reason", "Ctrl-C"))
                if not self._steps.always_finishes:
                    self._turn.set()
                    event = self._ended
            while not event.is_set():
                with CancelScope(shield=True):
                    again = await caught(event.wait)
                if again is not None:
                    findings.note_interrupt(again)
                    self.abandon()
        self._take_changes()
        if interrupted is not None and self._error is not None:
            findings.add(self._error)
            self._error = None
        error, self._error = interrupted or self._error, None
        del interrupted
        if error is not None:
            try:
                raise error
            finally:
                del error

    def _take_changes(self) -> None:
        for variable, value in self._changes:
            if value is not UNSET:
                self._tokens[variable] = variable.set(value)
            else:
                # A token fits only where the entry was asked for; elsewhere there is
                # nothing to unset.
                with suppress(ValueError):
                    variable.reset(self._tokens.pop(variable))
        self._changes = []

    # --- In the context's task ----------------------------------------------------

    async def _host(self) -> None:
        """Give the context's task a nursery, which outlives whatever it does."""
        error = await caught(self._open_nursery)
        if error is not None and not self._inner.left_open:  # pragma: no cover
            raise error  # a bug of ours: be loud
        # Else it is Trio's own complaint about a nursery that we have named.
        self._entered.set()
        self._ended.set()

    async def _open_nursery(self) -> None:
        async with open_nursery() as nursery:
            nursery.start_soon(self._live, name=self._steps.name)

    @enable_ki_protection
    async def _live(self) -> None:
        self.task = current_task()
        self._outer.__enter__()
        self._inner.enter()
        before = copy_context()
        error = await caught(self._call_enter)
        if error is None:
            self._changes = changes(before, copy_context())
            error = await self._stay()
        self._end(error)
        del error
        if left := self._inner.leave():
            advice = "Leave it where it was entered."
            await self._life.report_left_open(
                self._inner, left, self._steps.name, advice
            )
        self._outer.__exit__(None, None, None)
        self.task = None

    async def _call_enter(self) -> None:
        self._value = await self._steps.enter()

    async def _stay(self) -> BaseException | None:
        """Wait for the context's turn, leave it, and return what that raised."""
        if self._steps.always_finishes:
            self._inner.scope.shield = True  # from what has cancelled the entry
        cancelled = await caught(checkpoint_if_cancelled)  # it may have crashed by now
        self._feel_crash(cancelled)
        self._entered.set()
        if cancelled is None:
            cancelled = await caught(self._turn.wait)
            self._feel_crash(cancelled)
        if self._crash is not None:
            with CancelScope(shield=True):
                await self._turn.wait()
        before = copy_context()
        error = await caught(self._steps.leave, cancelled)
        self._changes += changes(before, copy_context())
        return error

    def _feel_crash(self, cancelled: BaseException | None) -> None:
        """Tell the test if what was raised says that the context lost a task."""
        if isinstance(cancelled, Cancelled) and cancelled.source == "nursery":
            nurseries = current_task().child_nurseries
            because = f"{self._steps.name}: {cancelled.reason}"
            self._crash = self._life.crash(because, *nurseries)

    def _end(self, error: BaseException | None) -> None:
        """Keep what the context raised for whoever it concerns."""
        if error is not None and self._outer.cancel_called:
            error = partition(error, Cancelled)[1]
        if error is not None and self._entered.is_set() and not self._turn.is_set():
            self._crash = self._life.crash(
                f"{self._steps.name}: {type(error).__name__}"
            )
        if self._crash is not None:
            self._crash.resolve(error)
        else:
            self._error = error
