"""Contexts for a whole test; async ones live in tasks of their own.

An async context that is entered in one stage and left in another must not share the
test's task: a nursery or cancel scope in it would enclose whatever the test does in
between, and a crash in it would cancel the teardown. So each context gets a task that
enters it, waits, and leaves it::

    test's task       enter() ─────────────► (the test) ──── leave() ──────►
                        │        ▲                             │       ▲
    context's task      └ __aenter__ … waits for its turn … ───└ __aexit__

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
from typing import TYPE_CHECKING, Any, TypeVar

from trio import (
    Cancelled,
    CancelScope,
    CapacityLimiter,
    Condition,
    Event,
    Lock,
    StrictFIFOLock,
    open_nursery,
)
from trio.lowlevel import current_task, enable_ki_protection, spawn_system_task

from ._calls import call, caught
from ._groups import part
from ._left_open import Fence

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractAsyncContextManager, AbstractContextManager
    from contextvars import Context, ContextVar, Token
    from unittest import TestCase

    from ._findings import Finding
    from ._lifecycle import TestRun

__unittest = True

T = TypeVar("T")

_NurseryManager = type(open_nursery(strict_exception_groups=True))
_UNSET: Any = object()
_OWNED_BY_TASKS = (Lock, StrictFIFOLock, Condition, CapacityLimiter)


def _name(manager: object) -> str:
    """Return what to call a context manager in a message; its repr may fail."""
    generator = getattr(manager, "gen", None)  # of an @asynccontextmanager
    return getattr(generator, "__qualname__", None) or type(manager).__qualname__


def _changes(before: Context, after: Context) -> list[tuple[ContextVar[Any], Any]]:
    """Return the variables that differ, with their values in ``after``, or _UNSET."""
    changes = [
        (variable, value)
        for variable, value in after.items()
        if variable not in before or before[variable] is not value
    ]
    return changes + [(gone, _UNSET) for gone in before if gone not in after]


def enter_sync_context(case: TestCase, cm: AbstractContextManager[T]) -> T:
    """Enter a sync context in the test's own task, and leave it as a cleanup."""
    kind = type(cm)
    try:
        enter, leave = kind.__enter__, kind.__exit__
    except AttributeError:
        hint = (
            " It is an async one: write `await self.enterAsyncContext(...)`."
            if hasattr(kind, "__aenter__")
            else " Write `self.enterContext(cm)` with an object that `with` takes."
        )
        raise TypeError(
            f"enterContext() takes a context manager, not {cm!r}.{hint}"
        ) from None
    value = enter(cm)
    case.addCleanup(leave, cm, None, None, None)
    return value


class LiveContext:
    """One async context manager in a task of its own."""

    def __init__(
        self, test: TestRun, manager: AbstractAsyncContextManager[Any]
    ) -> None:
        kind = type(manager)
        try:
            self._enter: Callable[..., Awaitable[Any]] = kind.__aenter__
            self._exit: Callable[..., Awaitable[bool | None]] = kind.__aexit__
        except AttributeError:
            hint = (
                " It is a sync context manager: write `self.enterContext(...)`."
                if hasattr(kind, "__enter__")
                else " Write `await self.enterAsyncContext(cm)` with an object that "
                "`async with` takes."
            )
            raise TypeError(
                f"enterAsyncContext() takes an async context manager, "
                f"not {manager!r}.{hint}"
            ) from None
        if isinstance(manager, _OWNED_BY_TASKS):
            raise TypeError(
                f"enterAsyncContext() cannot take {manager!r}: a {kind.__name__} "
                f"belongs to the task that acquires it, and a context lives in a task "
                f"of its own. Write `async with` around the code that needs it."
            )
        self._test = test
        self._manager = manager
        self._name = _name(manager)
        self._fence = Fence()
        self._entered = Event()  # or failed to
        self._turn = Event()
        self._ended = Event()
        self._value: Any = None
        self._error: BaseException | None = None
        self._crash: Finding | None = None
        self._changes: list[tuple[ContextVar[Any], Any]] = []
        self._tokens: dict[ContextVar[Any], Token[Any]] = {}

    # --- In the task that asks ----------------------------------------------------

    @enable_ki_protection
    async def enter(self) -> Any:
        """Enter the context and return what ``async with … as`` would bind.

        From then on it is one of the test's cleanups.
        """
        self._test.adopt(self)
        spawn_system_task(self._host, context=copy_context())
        await self._wait_for(self._entered)
        self._test.case.addCleanup(self._leave)
        value, self._value = self._value, None
        return value

    @enable_ki_protection
    async def _leave(self) -> None:
        """Leave the context, unless it has ended by itself."""
        self._turn.set()
        await self._wait_for(self._ended)

    def abandon(self) -> None:
        """Cancel the context and leave it without anyone waiting for it."""
        self._fence.scope.cancel("its entry or exit was cut short")
        self._turn.set()

    async def _wait_for(self, event: Event) -> None:
        """Wait for the entry or the end; if the caller is cancelled, so is that."""
        findings = self._test.findings
        interrupted = await caught(event.wait)  # by Cancelled, or Ctrl-C
        if interrupted is not None:
            findings.note_interrupt(interrupted)
            self.abandon()
            with CancelScope(shield=True):
                await self._ended.wait()
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
            if value is not _UNSET:
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
        if error is not None and not self._fence.left_open:  # pragma: no cover
            raise error  # a bug of ours: be loud
        # Else it is Trio's own complaint about a nursery that we have named.
        self._entered.set()
        self._ended.set()

    async def _open_nursery(self) -> None:
        async with open_nursery() as nursery:
            nursery.start_soon(self._live, name=self._name)

    @enable_ki_protection
    async def _live(self) -> None:
        self._fence.enter()
        before = copy_context()
        error = await caught(self._call_enter)
        if error is None:
            self._changes = _changes(before, copy_context())
            self._entered.set()
            error = await self._stay()
        self._end(error)
        del error
        if left := self._fence.leave():
            findings = self._test.findings
            findings.add_left_open(left, self._name, "Leave it where it was entered.")
            for lost in await self._fence.close():
                findings.add(lost)

    async def _call_enter(self) -> None:
        self._value = await call(self._enter, self._manager)

    async def _stay(self) -> BaseException | None:
        """Wait for the context's turn, leave it, and return what that raised."""
        cancelled = await caught(self._turn.wait)
        if isinstance(cancelled, Cancelled) and cancelled.source == "nursery":
            nurseries = current_task().child_nurseries
            self._crash = self._test.crash(
                f"{self._name}: {cancelled.reason}", *nurseries
            )
            with CancelScope(shield=True):
                await self._turn.wait()
        if isinstance(self._manager, _NurseryManager):
            # A bare nursery has nobody else to stop its tasks.
            for nursery in current_task().child_nurseries:
                nursery.cancel_scope.cancel("the context's turn to be left")
        before = copy_context()
        kind = None if cancelled is None else type(cancelled)
        trace = None if cancelled is None else cancelled.__traceback__
        error = await caught(call, self._exit, self._manager, kind, cancelled, trace)
        self._changes += _changes(before, copy_context())
        return error

    def _end(self, error: BaseException | None) -> None:
        """Keep what the context raised for whoever it concerns."""
        if error is not None:
            error = part(error, Cancelled)[1]
        if error is not None and self._entered.is_set() and not self._turn.is_set():
            self._crash = self._test.crash(f"{self._name}: {type(error).__name__}")
        if self._crash is not None:
            self._crash.resolve(error)
        else:
            self._error = error
