"""What a test and a class have in common: setup, body, teardown, cleanups, a nursery.

Its stages run in one task, whose scopes are in ``_scopes``. The nursery belongs to a
sibling, its owner, whose own block is where a crash is felt first::

    own task        setup … body … teardown, cleanups
    nursery owner   nursery ⟨ wait for the end; Cancelled means a crash ⟩
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trio import CancelScope
from trio.lowlevel import current_task, enable_ki_protection, spawn_system_task

from ._calls import call
from ._ctrl_c import CtrlC
from ._escalation import Escalation
from ._exception_groups import split
from ._fixture_setup import Fixtures
from ._left_open import CheckedScope, errors_in
from ._nursery_owner import NurseryOwner
from ._scopes import Scopes, Stage
from ._shields import switch_shields_off
from ._tasks import root_of, tasks_in
from ._time_limit import TimeLimit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator

    from trio import Nursery
    from trio.lowlevel import Task

    from ._cleanups import Cleanups
    from ._clock import VirtualTime
    from ._findings import Finding, Findings
    from ._live_context import LiveContext
    from ._verdicts import Verdict

__unittest = True

_LEAVE_IN_TEARDOWN = (
    "What is entered by hand in a setup must be left in a teardown or a cleanup: write "
    "`{}(...)` or `await {}(...)` to have that done."
)


class Lifecycle:
    """The stages of a test, or of a class, in the current Trio run.

    It does not care who opened the run, and raises nothing.

    Attributes:
        subject: The test or the class, of which fixtures are methods.
        cls: The class.
        role: What it is, in a message.
        enters_with: What enters a sync context and an async one, in a message.
        verdict: Whom the findings are told.
        findings: What goes wrong.
        cleanups: What is to be run after the teardown.
        fixtures: Those that are set up.
        time: The virtual time of the run, if there is any.
        limit: The time limit.
        escalation: How it is ended, step by step, if it is stuck.
        ctrl_c: Hears of Ctrl-C.
        scopes: What cancels what.
        nursery_owner: The task that owns its nursery.
        finished: Whether all stages are over.
    """

    role: str
    cleanups: Cleanups
    enters_with = "self.enterContext", "self.enterAsyncContext"
    time: VirtualTime | None = None
    finished = False

    def __init__(
        self, subject: object, cls: type, verdict: Verdict, findings: Findings
    ) -> None:
        self.subject = subject
        self.cls = cls
        self.verdict = verdict
        self.findings = findings
        self.fixtures = Fixtures()
        self.limit = TimeLimit()
        self.escalation = Escalation(*self.parts)
        self.ctrl_c = CtrlC()
        self.scopes = Scopes()
        self.nursery_owner = NurseryOwner()
        self._contexts: list[LiveContext] = []

    # --- What differs -------------------------------------------------------------

    @property
    def parts(self) -> tuple[str, str]:
        """What has a time limit of its own: up to the teardown, and from there on."""
        raise NotImplementedError

    @property
    def name(self) -> str:
        """What to call it in what is printed."""
        raise NotImplementedError

    @property
    def may_go_on(self) -> bool:
        """Whether the body may follow the setup, which has raised nothing."""
        return not self.findings.stopping

    def add_cleanup(self, function: Callable[..., object], /, *args: Any) -> None:
        """Have a function called after the teardown, either colour."""
        raise NotImplementedError

    async def set_up(self) -> None:
        """Set it up, with the nursery open already."""
        raise NotImplementedError

    async def run_body(self) -> None:
        """Do what it is for."""
        raise NotImplementedError

    async def tear_down(self) -> None:
        """Tear it down, before the cleanups."""
        raise NotImplementedError

    def task_groups(self) -> list[tuple[str | None, Iterable[Task]]]:
        """Return its tasks, first its own, and each group below a title."""
        raise NotImplementedError

    # --- The stages ---------------------------------------------------------------

    @enable_ki_protection
    async def run(self) -> None:
        """Run all stages in the current task."""
        self.cleanups.task = current_task()
        self.ctrl_c.listen(self)
        try:
            await self._run_stages()
        finally:
            self.ctrl_c.listen_no_more()
            self.findings.unawaited.forget_lines()
            self._abandon_contexts()  # if the run dies: let none wait for its turn

    async def _run_stages(self) -> None:
        scopes = self.scopes
        self.limit.start(self)
        scopes.enter()
        well = await self.attempt(self._set_up)
        if ready := well and self.may_go_on and not scopes.setup_was_cancelled:
            scopes.stage = Stage.BODY
            await self.run_body()
        scopes.stage = Stage.TEARDOWN
        self.limit.begin_teardown(self)
        if ready:
            await self.tear_down()
        scopes.let_cleanups_await()
        await self._clean_up()
        if self.nursery is None or not self.nursery.child_tasks:
            self.findings.unawaited.forget_lines()  # all of the user's code has run
        scopes.stage = Stage.CLOSING
        if left := scopes.inner.leave():
            advice = _LEAVE_IN_TEARDOWN.format(*self.enters_with)
            await self.report_left_open(scopes.inner, left, str(self), advice)
        scopes.leave()
        await self.close_nursery()
        await self._clean_up()  # what the background tasks have added at their end
        self.finished = True

    async def _set_up(self) -> None:
        self.nursery_owner.crash = self.crash
        if not self.nursery_owner.opened.is_set():
            spawn_system_task(self.nursery_owner.run)
            await self.nursery_owner.opened.wait()
        self.findings.unawaited.remember_lines()
        await self.set_up()

    async def _clean_up(self) -> None:
        # A second Ctrl-C cuts the cleanups short.
        while len(self.findings.interrupts) < 2:
            cleanup = self.cleanups.take()
            if cleanup is None:
                return
            function, args, kwargs = cleanup
            await self.attempt(call, function, *args, **kwargs)
        self._abandon_contexts()

    def _abandon_contexts(self) -> None:
        while self._contexts:
            self._contexts.pop().abandon()

    async def close_nursery(self) -> None:
        """Cancel the nursery, and wait for all background tasks to end."""
        self.nursery_owner.ends.set()
        await self.attempt(self.nursery_owner.closed.wait)
        while not self.nursery_owner.closed.is_set():
            # Interrupted, by Ctrl-C or by a cancelled scope around the whole run.
            with CancelScope(shield=True):
                await self.attempt(self.nursery_owner.closed.wait)

    async def attempt(
        self, function: Callable[..., Awaitable[object]], /, *args: Any, **kwargs: Any
    ) -> bool:
        """Call ``function``, and tell what it raises. Return whether all is well."""
        well = True
        try:
            await function(*args, **kwargs)
        except BaseException as error:
            self.escalation.take_over(self, error)
            self.findings.add(error)
            well = False
        self.scopes.end_step()
        self.findings.tell()
        return well

    async def report_left_open(
        self, scope: CheckedScope, left: list[str], by: str, advice: str
    ) -> None:
        """Report what ``by`` left open inside a scope of ours, and what that raises."""
        self.findings.add_left_open(left, by, advice)
        for error in await scope.join():
            self.findings.add(error)

    @property
    def left_a_nursery_open(self) -> bool:
        """Whether its task ends inside a nursery, which Trio will refuse."""
        return bool(self.scopes.body.left_open or self.scopes.inner.left_open)

    # --- Crashes, limits and Ctrl-C -------------------------------------------------

    def crash(self, reason: object, *nurseries: Nursery) -> Finding:
        """Note that a background task has crashed, and cancel what that cancels.

        Args:
            reason: For the message of the ``Cancelled`` that the body gets.
            nurseries: Where the task was; a Ctrl-C that hit it counts at once.

        Returns:
            The finding, whose error the caller must :meth:`~Finding.resolve`.
        """
        for nursery in nurseries:
            for error in errors_in(nursery):
                self.findings.note_interrupt(split(error).interrupt)
        self.scopes.cancel_body(f"a background task crashed: {reason}")
        return self.findings.add_crash()

    def interrupt(self) -> None:
        """Let a Ctrl-C, which was noted, end what its task waits in."""
        switch_shields_off(filter(None, [self.task]), ())
        self.scopes.interrupt()

    # --- Tasks ---------------------------------------------------------------------

    @property
    def task(self) -> Task | None:
        """Its own task."""
        return self.cleanups.task

    @property
    def nursery(self) -> Nursery | None:
        """Where its background tasks are."""
        return self.nursery_owner.nursery

    def context_tasks(self) -> list[Task]:
        """Return the tasks of its contexts and fixtures."""
        return [each.task for each in self._contexts if each.task is not None]

    def stuck_tasks(self) -> Iterator[Task]:
        """Yield the tasks that it waits for, its own first; some more than once.

        Until the teardown begins, background tasks are not among them, nor contexts
        that wait for their turn.
        """
        assert self.task is not None
        yield self.task
        for context in self._contexts:
            if context.task is not None and context.in_motion:
                yield context.task
                yield from tasks_in(context.task.child_nurseries)
        if self.scopes.stage in (Stage.SETUP, Stage.BODY):
            yield from tasks_in(self.scopes.nurseries(self.task))
        else:
            yield from tasks_in([] if self.nursery is None else [self.nursery])
            yield from self.all_tasks()

    def all_tasks(self) -> Iterator[Task]:
        """Yield all tasks that have to end with it."""
        assert self.task is not None
        yield from tasks_in(root_of(self.task).child_nurseries)

    # --- Contexts ------------------------------------------------------------------

    def adopt(self, context: LiveContext) -> None:
        """Take responsibility for a context that is about to be entered."""
        if self.scopes.stage is Stage.CLOSING:
            raise RuntimeError(
                f"the cleanups of this {self.role} are over, so nothing would leave "
                f"the context. Write `async with` around the code that needs it."
            )
        self._contexts.append(context)
