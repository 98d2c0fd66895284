"""One test inside one Trio run: its stages, its nursery, and what a crash does.

The constraint: a crash in a background task must cancel the test's body, and only
that. A nursery around everything would cancel the teardown too, and a scope around
a setup or a teardown stage would be misnested with what user code holds open by hand
from one stage to another.

So the test's task holds scopes in three places only, and the nursery belongs to a
sibling, the keeper, whose own block is where a crash is felt first::

    test's task   outer ⟨ inner ⟨ setup … body ⟨ test ⟩ … teardown, cleanups ⟩⟩
    keeper        self.nursery ⟨ wait for the end; Cancelled means a crash ⟩

A crash cancels ``body`` while the test runs. During setup it cancels ``outer``, and
``inner`` becomes a shield afterwards so that the cleanups can await. What setup code
opened by hand is inside ``inner`` and outside ``body``: it lives until the teardown.

The limit: the keeper feels only the nursery's first cancellation. When a test has
cancelled ``self.nursery`` itself, a later crash is felt when the last task has gone.
"""

from __future__ import annotations

import inspect
import sys
from collections import deque
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from trio import Cancelled, CancelScope, Event, open_nursery
from trio.lowlevel import current_task, enable_ki_protection, spawn_system_task

from ._calls import call, call_async_hook, call_sync_hook, call_test
from ._left_open import leave_scope, wait_for_children
from ._verdicts import part, split, user_frames

if sys.version_info < (3, 11):
    from exceptiongroup import BaseExceptionGroup

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from trio import Nursery
    from trio.lowlevel import Task

    from ._case import AsyncTrioTestCase
    from ._contexts import LiveContext
    from ._verdicts import Verdict

    Cleanup = tuple[Callable[..., object], tuple[Any, ...], dict[str, Any]]

__unittest = True


_LEAVE_IN_METHOD = (
    "What is entered by hand in the test method must be left there: write `with` or "
    "`async with`. For a nursery to outlive the method, write "
    "`await self.enterAsyncContext(trio.open_nursery())`; enter a cancel scope in setUp."
)
_LEAVE_IN_TEARDOWN = (
    "What is entered by hand in a setup must be left in a teardown or a cleanup: write "
    "`self.enterContext(...)` or `await self.enterAsyncContext(...)` to have that done."
)


class Stage(Enum):
    """How far the test is, as far as a crash is concerned."""

    SETUP = auto()
    BODY = auto()
    TEARDOWN = auto()  # and cleanups
    CLOSING = auto()  # the nursery, after the last cleanup


class Finding:
    """An error with its place in the order of events.

    A crash is felt before its error is known: then it is *pending* until the nursery
    or the context that lost a task has closed, and later errors wait behind it.
    """

    def __init__(self, *, expected: bool) -> None:
        self.expected = expected
        self.pending = True
        self.error: BaseException | None = None

    def resolve(self, error: BaseException | None) -> None:
        """Say what the error is, or that there is none after all."""
        self.pending = False
        self.error = error


class TestRun:
    """One test in the current Trio run: from ``setUp`` to the nursery's end.

    It does not care who opened the run. It reports to ``verdict``, in the test's task
    and between stages, and raises nothing but ``KeyboardInterrupt``.
    """

    def __init__(
        self, case: AsyncTrioTestCase, method: Callable[[], Any], verdict: Verdict
    ) -> None:
        self.nursery: Nursery | None = None
        self.stop_signal: BaseException | None = None  # unittest's own, for failfast
        self.finished = False
        self._case = case
        self._method = method
        self._verdict = verdict
        self._stage = Stage.SETUP
        self._task: Task | None = None
        self._outer = CancelScope()
        self._inner = CancelScope()
        self._body = CancelScope()
        self._nursery_opened = Event()
        self._nursery_ends = Event()
        self._nursery_closed = Event()
        self._cleanups: list[Cleanup] = []
        self._contexts: list[LiveContext] = []
        self._findings: deque[Finding] = deque()
        self._cancelled: tuple[Cancelled, bool] | None = None
        self._interrupts: list[KeyboardInterrupt] = []
        self._left_open: list[RuntimeError] = []
        self._open_nurseries: list[Nursery] = []

    # --- The stages ---------------------------------------------------------------

    @enable_ki_protection
    async def run(self) -> None:
        """Run all stages in the current task."""
        case = self._case
        self._task = current_task()
        self._outer.__enter__()
        self._inner.__enter__()
        well = await self._attempt(self._set_up)
        if well and not self._outer.cancel_called and not self._stopping:
            self._stage = Stage.BODY
            await self._run_body()
            self._stage = Stage.TEARDOWN
            if not self._stopping:
                await self._attempt(call_async_hook, case.asyncTearDown)
            if not self._stopping:
                await self._attempt(call_sync_hook, case.tearDown)
        self._stage = Stage.TEARDOWN
        await self._clean_up()
        self._stage = Stage.CLOSING
        self._leave(self._inner, f"{case}")
        self._leave(self._outer, f"{case}")
        await self._close()
        self._report_the_rest()
        self.finished = True
        self._raise_interrupt()

    async def _set_up(self) -> None:
        spawn_system_task(self._keep_nursery)
        await self._nursery_opened.wait()
        await call_sync_hook(self._case.setUp)
        await call_async_hook(self._case.asyncSetUp)

    async def _run_body(self) -> None:
        self._verdict.expect(True)
        self._body.__enter__()
        await self._attempt(call_test, self._method)
        self._verdict.expect(False)
        self._leave(self._body, f"The method of {self._case}")

    async def _clean_up(self) -> None:
        if self._outer.cancel_called:  # a cancelled setup is over: awaits work again
            self._inner.shield = True
        while cleanup := self._next_cleanup():
            function, args, kwargs = cleanup
            await self._attempt(call, function, *args, **kwargs)
            if len(self._interrupts) > 1:
                for context in self._contexts:
                    context.abandon()
                break

    async def _close(self) -> None:
        """Cancel the nursery, and wait for all background tasks to end."""
        if self._open_nurseries:
            await self._attempt(wait_for_children, self._open_nurseries)
        self._nursery_ends.set()
        await self._attempt(self._nursery_closed.wait)
        while not self._nursery_closed.is_set():
            # Interrupted, by Ctrl-C or by a cancelled scope around the whole run.
            with CancelScope(shield=True):
                await self._attempt(self._nursery_closed.wait)

    def _leave(self, scope: CancelScope, of: str) -> None:
        """Leave a scope of ours; note what user code left open inside it."""
        nurseries = current_task().child_nurseries
        if left := leave_scope(scope):
            advice = _LEAVE_IN_METHOD if scope is self._body else _LEAVE_IN_TEARDOWN
            self.tell_left_open(left, of, advice)
            self._open_nurseries = nurseries

    @property
    def left_a_nursery_open(self) -> bool:
        """Whether the test's task ends inside a nursery, which Trio will refuse."""
        return bool(self._open_nurseries)

    async def _attempt(
        self, function: Callable[..., Awaitable[object]], /, *args: Any, **kwargs: Any
    ) -> bool:
        """Call ``function``, and report what it raises. Return whether all is well."""
        try:
            await function(*args, **kwargs)
        except BaseException as error:
            self.tell(error)
            well = False
        else:
            well = True
        self._report()
        return well

    # --- The nursery, and crashes -------------------------------------------------

    async def _keep_nursery(self) -> None:
        """Own ``self.nursery``, in a task of its own: the keeper."""
        crash: Finding | None = None
        error: BaseException | None = None
        try:
            async with open_nursery() as self.nursery:
                self._nursery_opened.set()
                try:
                    await self._nursery_ends.wait()
                except Cancelled as cancelled:
                    if cancelled.source == "nursery":
                        crash = self.crash(cancelled.reason)
                self.nursery.cancel_scope.cancel(reason="the test has ended")
        except BaseException as group:
            error = group
        if crash is None and error is not None:
            crash = self.crash(repr(error))
        if crash is not None:
            crash.resolve(error)
        del error
        self._nursery_closed.set()

    def crash(self, reason: object) -> Finding:
        """Note that a background task has crashed, and cancel what that cancels.

        Returns:
            The finding, whose error the caller must :meth:`~Finding.resolve`.
        """
        crash = Finding(expected=self._stage is Stage.BODY)
        self._findings.append(crash)
        because = f"a background task crashed: {reason}"
        if self._stage is Stage.SETUP:
            self._outer.cancel(because)
        elif self._stage is Stage.BODY:
            self._body.cancel(because)
        return crash

    # --- Reports ------------------------------------------------------------------

    def tell(self, error: BaseException) -> None:
        """Note an error; it is reported when the current stage or cleanup ends."""
        finding = Finding(expected=self._stage is Stage.BODY)
        finding.resolve(error)
        self._findings.append(finding)

    def tell_left_open(self, descriptions: list[str], by: str, advice: str) -> None:
        """Note what ``by`` entered by hand and never left."""
        for left in descriptions:
            self._left_open.append(RuntimeError(f"{by} left {left} open. {advice}"))

    def note_interrupt(self, error: BaseException) -> None:
        """Count a Ctrl-C, once, before whatever it interrupted has ended."""
        if isinstance(error, KeyboardInterrupt) and error not in self._interrupts:
            self._interrupts.append(error)

    @property
    def _stopping(self) -> bool:
        """Whether nothing but the cleanups is to follow."""
        if self._interrupts:
            return True
        trouble = self._findings or self._cancelled or self._verdict.told
        return self._verdict.stops_at_error and bool(trouble)

    def _report(self) -> None:
        """Report what is known, in order, up to a crash whose error is not known."""
        while self._findings and not self._findings[0].pending:
            finding = self._findings.popleft()
            if finding.error is not None:
                self._report_one(finding.error, expected=finding.expected)
                finding.error = None

    def _report_one(self, error: BaseException, *, expected: bool) -> None:
        interrupt, cancelled, rest = split(error)
        if interrupt is not None:
            self.note_interrupt(interrupt)
        if cancelled is not None and self._cancelled is None:
            self._cancelled = cancelled, expected
        if isinstance(rest, BaseExceptionGroup) and self.stop_signal is not None:
            # unittest's signal to itself; beside a real error it has been heard.
            rest = part(rest, type(self.stop_signal))[1] or self.stop_signal
        if rest is not None:
            self._verdict.tell(rest, expected=expected)

    def _report_the_rest(self) -> None:
        for finding in self._findings:
            finding.pending = False
        self._report()
        if self._cancelled is not None and not (self._verdict.told or self._interrupts):
            cancelled, expected = self._cancelled
            error = RuntimeError(
                f"the test was cancelled, and nothing raised an error: {cancelled}. "
                f"What was cancelled has not been tested."
            )
            self._verdict.tell(
                error.with_traceback(user_frames(cancelled)), expected=expected
            )
        for error in self._left_open:
            self._verdict.tell(error)
        self._cancelled = None

    def _raise_interrupt(self) -> None:
        if self._interrupts:
            try:
                raise self._interrupts[0]
            finally:
                self._interrupts.clear()

    # --- Contexts and cleanups ----------------------------------------------------

    def adopt(self, context: LiveContext) -> None:
        """Take responsibility for a context that is about to be entered."""
        if self._stage is Stage.CLOSING:
            raise RuntimeError(
                "the cleanups of this test are over, so nothing would leave the "
                "context. Write `async with` around the code that needs it."
            )
        self._contexts.append(context)

    def _next_cleanup(self) -> Cleanup | None:
        """Take the cleanup that was added last."""
        self._cleanups += self._case._trioTakeCleanups()
        return self._cleanups.pop() if self._cleanups else None

    def do_cleanups(self) -> bool:
        """Run the cleanups now, from sync code; stop at the first async one."""
        well = True
        while cleanup := self._next_cleanup():
            function, args, kwargs = cleanup
            try:
                result = function(*args, **kwargs)
            except Exception as error:
                self.tell(error)
                well = False
            else:
                if inspect.isawaitable(result):
                    self._cleanups.append((_finish, (result,), {}))
                    raise RuntimeError(
                        f"doCleanups() cannot await the cleanup {function!r}. Write "
                        f"`await self.doAsyncCleanups()` instead."
                    )
        return well

    async def do_async_cleanups(self) -> bool:
        """Run the cleanups now, from async code in the test's task."""
        if current_task() is not self._task:
            raise RuntimeError(
                "doAsyncCleanups() belongs in the test itself, in a setup or teardown; "
                "it was called in a background task."
            )
        well = True
        while cleanup := self._next_cleanup():
            function, args, kwargs = cleanup
            try:
                await call(function, *args, **kwargs)
            except BaseException as error:
                if part(error, Cancelled, KeyboardInterrupt)[0] is not None:
                    raise
                self.tell(error)
                well = False
        return well


async def _finish(awaitable: Awaitable[object]) -> None:
    await awaitable
