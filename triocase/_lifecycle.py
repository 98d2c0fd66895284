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

The time limit of the test cancels what a crash does. At the limit of its teardown
everything is cancelled: ``outer``, with ``inner`` no shield any more.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from trio import CancelScope
from trio.lowlevel import current_task, enable_ki_protection, spawn_system_task

from ._calls import call, call_async_hook, call_sync_hook, call_test, has_hook
from ._cleanups import Cleanups
from ._ctrl_c import CtrlC
from ._ending import Ending
from ._findings import Finding, Findings
from ._fixture_setup import Fixtures
from ._fixtures import fixture_names
from ._groups import split
from ._keeper import Keeper
from ._left_open import Fence, errors_in
from ._tasks import root_of, tasks_in
from ._time_limit import TimeLimit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from trio import Nursery
    from trio.lowlevel import Task

    from ._case import AsyncTrioTestCase
    from ._clock import VirtualTime
    from ._live_context import LiveContext
    from ._verdicts import Verdict

__unittest = True

_LEAVE_IN_METHOD = (
    "What is entered by hand in the test method must be left there: write `with` or "
    "`async with`. For a nursery to outlive the method, write `await "
    "self.enterAsyncContext(trio.open_nursery())`; enter a cancel scope in setUp."
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


class TestRun:
    """One test in the current Trio run: from its setup to the nursery's end.

    It does not care who opened the run, and raises nothing.

    Attributes:
        case: The test.
        method: The test method.
        verdict: Whom the findings are told.
        findings: What goes wrong.
        cleanups: What is to be run after the teardown.
        fixtures: Those of its class, as far as they are set up.
        time: The virtual time of the run, if the test has asked for it.
        limit: Its time limit.
        ending: How it is ended, if it is stuck.
        ctrl_c: Hears of Ctrl-C.
        finished: Whether all stages are over.
    """

    def __init__(
        self, case: AsyncTrioTestCase, method: Callable[[], Any], verdict: Verdict
    ) -> None:
        self.case = case
        self.verdict = verdict
        self.findings = Findings(verdict)
        self.cleanups = Cleanups(case, self.findings)
        self.fixtures = Fixtures()
        self.time: VirtualTime | None = None
        self.limit = TimeLimit()
        self.ending = Ending()
        self.ctrl_c = CtrlC()
        self.finished = False
        self.method = method
        self._stage = Stage.SETUP
        self._outer = CancelScope()
        self._inner = Fence()
        self._body = Fence()
        self._cut = False
        self._keeper = Keeper()
        self._contexts: list[LiveContext] = []

    def __reduce__(self) -> tuple[type[None], tuple[()]]:
        # A failing subtest is pickled while its test runs. It arrives without the run.
        return type(None), ()

    # --- The stages ---------------------------------------------------------------

    @enable_ki_protection
    async def run(self) -> None:
        """Run all stages in the current task."""
        self.ctrl_c.listen(self)
        try:
            await self._run_stages()
        finally:
            self.ctrl_c.listen_no_more()
            self.findings.unawaited.forget_lines()
            self._abandon_contexts()  # if the run dies: let none wait for its turn

    async def _run_stages(self) -> None:
        case, findings = self.case, self.findings
        self.cleanups.task = current_task()
        self.limit.start(self)
        self._outer.__enter__()
        self._inner.enter()
        well = await self._attempt(self._set_up)
        if ready := well and not self._outer.cancel_called and not findings.stopping:
            await self._run_body()
        self._stage = Stage.TEARDOWN
        self.limit.begin_teardown(self)
        if ready:
            await self._leave_body()
            if has_hook(case, "asyncTearDown") and not findings.stopping:
                await self._attempt(call_async_hook, case, "asyncTearDown")
            if has_hook(case, "tearDown") and not findings.stopping:
                await self._attempt(call_sync_hook, case, "tearDown")
        if self._outer.cancel_called and not self._cut:
            self._inner.scope.shield = True  # the setup is over: awaits work again
        await self._clean_up()
        if self.nursery is None or not self.nursery.child_tasks:
            self.findings.unawaited.forget_lines()  # all of the user's code has run
        self._stage = Stage.CLOSING
        if left := self._inner.leave():
            await self._close(self._inner, left, str(case), _LEAVE_IN_TEARDOWN)
        self._outer.__exit__(None, None, None)
        await self._close_nursery()
        await self._clean_up()  # what the background tasks have added at their end
        self.finished = True

    async def _set_up(self) -> None:
        spawn_system_task(self._keeper.run, self.crash)
        await self._keeper.opened.wait()
        if self.time is not None:
            self.time.check()
        self.findings.unawaited.remember_lines()
        if names := fixture_names(type(self.case)):
            await self.fixtures.set_up(self, names)
        if has_hook(self.case, "setUp"):
            await call_sync_hook(self.case, "setUp")
        if has_hook(self.case, "asyncSetUp"):
            await call_async_hook(self.case, "asyncSetUp")

    async def _run_body(self) -> None:
        self._stage = Stage.BODY
        self.findings.expect_failure(True)
        self._body.enter()
        await self._attempt(call_test, self.method)
        self.findings.expect_failure(False)

    async def _leave_body(self) -> None:
        if left := self._body.leave():
            by = f"The method of {self.case}"
            await self._close(self._body, left, by, _LEAVE_IN_METHOD)

    async def _clean_up(self) -> None:
        # A second Ctrl-C cuts the cleanups short.
        while len(self.findings.interrupts) < 2:
            cleanup = self.cleanups.take()
            if cleanup is None:
                return
            function, args, kwargs = cleanup
            await self._attempt(call, function, *args, **kwargs)
        self._abandon_contexts()

    def _abandon_contexts(self) -> None:
        while self._contexts:
            self._contexts.pop().abandon()

    async def _close_nursery(self) -> None:
        """Cancel the nursery, and wait for all background tasks to end."""
        self._keeper.ends.set()
        await self._attempt(self._keeper.closed.wait)
        while not self._keeper.closed.is_set():
            # Interrupted, by Ctrl-C or by a cancelled scope around the whole run.
            with CancelScope(shield=True):
                await self._attempt(self._keeper.closed.wait)

    async def _attempt(
        self, function: Callable[..., Awaitable[object]], /, *args: Any, **kwargs: Any
    ) -> bool:
        """Call ``function``, and tell what it raises. Return whether all is well."""
        well = True
        try:
            await function(*args, **kwargs)
        except BaseException as error:
            self.ending.take_over(self, error)
            self.findings.add(error)
            well = False
        self.findings.tell()
        return well

    async def _close(self, fence: Fence, left: list[str], by: str, advice: str) -> None:
        """Close and note what is still open inside a scope of ours."""
        self.findings.add_left_open(left, by, advice)
        for error in await fence.close():
            self.findings.add(error)

    @property
    def left_a_nursery_open(self) -> bool:
        """Whether the test's task ends inside a nursery, which Trio will refuse."""
        return bool(self._body.left_open or self._inner.left_open)

    @property
    def nursery(self) -> Nursery | None:
        """What the test sees as ``self.nursery``."""
        return self._keeper.nursery

    # --- Crashes and limits -------------------------------------------------------

    def crash(self, reason: object, *nurseries: Nursery) -> Finding:
        """Note that a background task has crashed, and cancel what that cancels.

        Args:
            reason: For the message of the ``Cancelled`` that the test gets.
            nurseries: Where the task was; a Ctrl-C that hit it counts at once.

        Returns:
            The finding, whose error the caller must :meth:`~Finding.resolve`.
        """
        for nursery in nurseries:
            for error in errors_in(nursery):
                self.findings.note_interrupt(split(error).interrupt)
        self.cancel_body(f"a background task crashed: {reason}")
        return self.findings.add_crash()

    def cancel_body(self, because: str) -> None:
        """Cancel the setup or the test method; nothing once the teardown has begun."""
        if self._stage is Stage.SETUP:
            self._outer.cancel(because)
        elif self._stage is Stage.BODY:
            self._body.scope.cancel(because)

    def cut_teardown(self, because: str) -> None:
        """Cancel what is left of the test; what does not await runs all the same."""
        self._cut = True
        self._inner.scope.shield = False
        self._outer.cancel(because)

    # --- Tasks ---------------------------------------------------------------------

    @property
    def name(self) -> str:
        """What to call the test in what is printed."""
        try:
            return self.case.id()
        except Exception:  # it may be the test's own
            return repr(type(self.case))

    @property
    def task(self) -> Task | None:
        """The test's own task."""
        return self.cleanups.task

    def context_tasks(self) -> list[Task]:
        """Return the tasks of its contexts and fixtures."""
        return [each.task for each in self._contexts if each.task is not None]

    def stuck_tasks(self) -> Iterator[Task]:
        """Yield the tasks that the test waits for, itself first; some more than once.

        Until the teardown begins, background tasks are not among them, nor contexts
        that wait for their turn.
        """
        assert self.task is not None
        yield self.task
        for context in self._contexts:
            if context.task is not None and context.in_motion:
                yield context.task
                yield from tasks_in(context.task.child_nurseries)
        if self._stage in (Stage.SETUP, Stage.BODY):
            fence = self._body if self._stage is Stage.BODY else self._inner
            yield from tasks_in(fence.nurseries(self.task))
        else:
            yield from tasks_in([] if self.nursery is None else [self.nursery])
            yield from tasks_in(root_of(self.task).child_nurseries)

    # --- Contexts ------------------------------------------------------------------

    def adopt(self, context: LiveContext) -> None:
        """Take responsibility for a context that is about to be entered."""
        if self._stage is Stage.CLOSING:
            raise RuntimeError(
                "the cleanups of this test are over, so nothing would leave the "
                "context. Write `async with` around the code that needs it."
            )
        self._contexts.append(context)
