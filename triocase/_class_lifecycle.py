"""One class inside one Trio run, which its tests share.

The class has the stages of a test. Its body is to run tests, one after the other, each
in a task of its own, with the context variables of the class's setup. Between two tests
its task yields to Trio again and again, and so stays runnable; it is the host that then
stops (see ``_guest``).

A class whose background task has crashed runs no test any more. The test that runs, or
the next one, is told the error; the others, that there was one.
"""

from __future__ import annotations

import sys
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from trio import CancelScope, Event
from trio.lowlevel import cancel_shielded_checkpoint, enable_ki_protection

from ._calls import call_async_hook, caught, has_hook
from ._cleanups import Cleanups
from ._context_variables import UNSET
from ._deadlock import TokenHolders
from ._exception_groups import leaves, split
from ._findings import Finding, Findings
from ._fixture_names import fixture_names
from ._fixtures import CLASS_SCOPE
from ._left_open import complains_of_open_nursery, errors_in
from ._lifecycle import Lifecycle
from ._scopes import Stage
from ._tests_nursery import TestsNursery

if sys.version_info < (3, 11):
    from exceptiongroup import BaseExceptionGroup

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from unittest import TestCase

    from trio import Nursery
    from trio.lowlevel import Task

    from ._context_variables import Changes
    from ._nursery_owner import NurseryOwner
    from ._test_lifecycle import TestLifecycle
    from ._verdicts import ClassVerdict

__unittest = True


class ClassLifecycle(Lifecycle):
    """A class: from its setup to its nursery's end, with its tests in between.

    Attributes:
        at_rest: Whether it waits for the host to say what is next.
        crash_error: That of the first background task that has crashed between setup
            and teardown.
        untold: The errors of such tasks that no test has been told.
        spare_owner: One of a nursery that is open, and was used by no test.
    """

    role = "class"
    enters_with = "cls.enterClassContext", "cls.enterAsyncClassContext"
    verdict: ClassVerdict

    def __init__(self, cls: type[TestCase], verdict: ClassVerdict) -> None:
        findings = Findings(verdict, f"the setup or the teardown of {cls.__qualname__}")
        super().__init__(cls, cls, verdict, findings)
        self.cleanups = Cleanups(findings)
        self.at_rest = False
        self.crash_error: BaseException | None = None
        self.untold: list[BaseException] = []
        self._next: TestLifecycle | None = None
        self._ends = False
        self._changes: Changes = []
        self._test: TestLifecycle | None = None
        self._test_ended = Event()
        self._tests_nursery: TestsNursery | None = None
        self.spare_owner: NurseryOwner | None = None
        self._cancelled = False

    def __str__(self) -> str:
        return self.cls.__qualname__

    @property
    def parts(self) -> tuple[str, str]:
        name = self.cls.__qualname__
        return f"the setup of {name}", f"the teardown of {name}"

    @property
    def name(self) -> str:
        return f"{self.cls.__module__}.{self.cls.__qualname__}"

    @property
    def may_go_on(self) -> bool:
        return not self.findings.trouble

    def add_cleanup(self, function: Callable[..., object], /, *args: Any) -> None:
        self.cleanups.add(function, *args)

    async def set_up(self) -> None:
        if self._ends:
            raise RuntimeError("the class was closed before it was set up")
        self.limit.holders = self.limit.holders or TokenHolders()
        if names := fixture_names(self.cls, CLASS_SCOPE):
            await self.fixtures.set_up(self, names)
        if has_hook(self.cls, "asyncSetUpClass"):
            await call_async_hook(self.cls, "asyncSetUpClass")

    async def run_body(self) -> None:
        self.limit.pause()
        self.ctrl_c.listen_no_more()
        self.findings.unawaited.forget_lines()
        await self.attempt(self._serve_tests)
        self.ctrl_c.listen(self)
        self.findings.unawaited.remember_lines()

    async def _serve_tests(self) -> None:
        while await self._called():
            await self._run_next()
        await self._close_tests_nursery(self)
        if self.spare_owner is not None:
            self.spare_owner.ends.set()
            await self._wait_for(self.spare_owner.closed)

    async def tear_down(self) -> None:
        if has_hook(self.cls, "asyncTearDownClass"):
            await self.attempt(call_async_hook, self.cls, "asyncTearDownClass")

    def task_groups(self) -> list[tuple[str | None, Iterable[Task]]]:
        assert self.task is not None
        nursery = () if self.nursery is None else self.nursery.child_tasks
        return [
            (None, [self.task]),
            ("cls.class_nursery:", nursery),
            ("contexts and fixtures of the class:", self.context_tasks()),
        ]

    # --- For the host, while the run rests ------------------------------------------

    def serve(self, test: TestLifecycle, changes: Changes) -> None:
        """Run a test next.

        Args:
            test: The test.
            changes: The context variables that differ outside of the run by now.
        """
        test.class_life = self
        test.limit.holders = self.limit.holders
        if self.spare_owner is not None:
            test.nursery_owner, self.spare_owner = self.spare_owner, None
        self._next = self._test = test  # of a crash from now on, it is told
        self._changes = [change for change in changes if change[1] is not UNSET]
        self.at_rest = False

    def end(self) -> None:
        """Tear the class down next."""
        self._ends = True
        self.at_rest = False

    # --- Tests ----------------------------------------------------------------------

    async def _called(self) -> bool:
        """Wait for the host; return whether there is a test to run."""
        while self._next is None and not self._ends:
            self.at_rest = True
            await cancel_shielded_checkpoint()
        return not self._ends

    async def _run_next(self) -> None:
        test, self._next = self._next, None
        assert test is not None
        self._test_ended = Event()
        self.findings.unawaited.deputy = test.findings.unawaited
        if self._tests_nursery is not None and not self._tests_nursery.is_sound:
            await self._close_tests_nursery(test)
        if self._tests_nursery is None:
            self._tests_nursery = TestsNursery()
            await self._wait_for(self._tests_nursery.opened)
        context = copy_context()
        for variable, value in self._changes:
            context.run(variable.set, value)
        self._tests_nursery.start(self._run_test, context)
        await self._wait_for(self._test_ended)
        if self._test is test:  # it has not let go, but ended with an error
            await self._close_tests_nursery(test)
            self._let_go()

    @enable_ki_protection
    async def _run_test(self) -> None:
        test = self._test
        assert test is not None
        try:
            await test.run()
        finally:
            assert self._tests_nursery is not None
            well = test.finished and not test.left_a_nursery_open
            if well and not self._tests_nursery.is_closing:
                self._let_go()  # at once: it spares the host a pass of Trio's loop
            self._test_ended.set()

    def _let_go(self) -> None:
        self.findings.unawaited.deputy = None
        self._test = None
        self.at_rest = True

    async def _close_tests_nursery(self, whose: Lifecycle) -> None:
        """Close the tests' nursery; what had closed it before is told."""
        nursery, self._tests_nursery = self._tests_nursery, None
        if nursery is not None:
            nursery.close()
            await self._wait_for(nursery.closed)
            error = nursery.error
            if error is not None and not complains_of_open_nursery(error):
                whose.findings.add(error)

    async def _wait_for(self, event: Event) -> None:
        while not event.is_set():
            if self._cancelled:
                with CancelScope(shield=True):
                    self._hear(await caught(event.wait))
            else:
                self._hear(await caught(event.wait))

    def _hear(self, error: BaseException | None) -> None:
        """Pass on to the test what the class's task gets: Ctrl-C, or a ``Cancelled``.

        Trio sends Ctrl-C to the main task of a run, which is not the test's here.
        """
        test = self._test
        if error is None or (test is not None and test.escalation.abandoned):
            return
        interrupt, cancelled, _ = split(error)
        if test is None:
            self.findings.note_interrupt(interrupt)
        elif interrupt is not None:
            test.findings.note_interrupt(interrupt)
            test.interrupt()
        if cancelled is not None:
            self._cancelled = True
            self._note_crash(
                RuntimeError(
                    f"what the setup of {self.cls.__qualname__} left open by hand was "
                    f"cancelled: {cancelled}. If a task has crashed there, its error "
                    f"is reported where it is left, in the teardown of the class."
                )
            )

    # --- Crashes between setup and teardown -----------------------------------------

    def crash(self, reason: object, *nurseries: Nursery) -> Finding:
        if self.scopes.stage is not Stage.BODY:
            return super().crash(reason, *nurseries)
        finding = _Crash(self)
        errors = [error for each in nurseries for error in errors_in(each)]
        if errors:
            finding.note(errors)
        self.findings.append(finding)
        return finding

    def _note_crash(self, error: BaseException) -> None:
        if self.crash_error is None:
            self.crash_error = error
        if self._test is None or self._test.finished:
            self.untold.append(error)
        else:
            self.tell(self._test, error)
            self._test.scopes.cancel_body(f"a task of the class crashed: {error!r}")

    def tell(self, test: TestLifecycle, error: BaseException) -> None:
        """Tell a test of a crash, and nobody else again."""
        self.verdict.told += leaves(error)
        crash = Finding(expected=False, is_crash=True)
        test.findings.note_interrupt(split(error).interrupt)
        test.findings.append(crash).resolve(error)


class _Crash(Finding):
    """A crash of which a test is told as soon as its error is known.

    What the nursery or the context raises in the end is told where the class is torn
    down, but for what a test was told.
    """

    def __init__(self, life: ClassLifecycle) -> None:
        super().__init__(expected=False, is_crash=True)
        self._life: ClassLifecycle | None = life

    def note(self, errors: list[BaseException]) -> None:
        """Note what the task, or several, has raised."""
        life, self._life = self._life, None
        if life is not None and errors:
            what = f"background tasks of {life.cls.__qualname__} crashed"
            single = len(errors) == 1
            life._note_crash(errors[0] if single else BaseExceptionGroup(what, errors))

    def resolve(self, error: BaseException | None) -> None:
        super().resolve(error)
        self.note([] if error is None else [error])
