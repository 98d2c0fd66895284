"""One test inside one Trio run, its own or that of its class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._calls import call_async_hook, call_sync_hook, call_test, caught, has_hook
from ._cleanups import Cleanups
from ._findings import Findings
from ._fixture_names import fixture_names
from ._fixtures import TEST_SCOPE
from ._lifecycle import Lifecycle
from ._tasks import tasks_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from trio.lowlevel import Task

    from ._case import AsyncTrioTestCase
    from ._class_lifecycle import ClassLifecycle
    from ._schedules import Schedule
    from ._verdicts import Verdict

__unittest = True

_LEAVE_IN_METHOD = (
    "What is entered by hand in the test method must be left there: write `with` or "
    "`async with`. For a nursery to outlive the method, write `await "
    "self.enterAsyncContext(trio.open_nursery())`; enter a cancel scope in setUp."
)


class TestLifecycle(Lifecycle):
    """One test: from its setup to the nursery's end.

    Attributes:
        case: The test.
        method: The test method.
        class_life: That of its class, if it is in the same Trio run.
        schedule: What decides the order of the steps of its tasks, if not Trio.
    """

    role = "test"

    def __init__(
        self,
        case: AsyncTrioTestCase,
        method: Callable[[], Any],
        verdict: Verdict,
        schedule: Schedule | None = None,
    ) -> None:
        findings = Findings(verdict, "the test")
        super().__init__(case, type(case), verdict, findings)
        self.case = case
        self.method = method
        self.cleanups = Cleanups(findings, case._trioTakeCleanups)
        self.class_life: ClassLifecycle | None = None
        self.schedule = schedule
        self.limit.looks_from_inside = schedule is not None

    def __reduce__(self) -> tuple[type[None], tuple[()]]:
        # A failing subtest is pickled while its test runs. It arrives without the run.
        return type(None), ()

    def __str__(self) -> str:
        return str(self.case)

    @property
    def parts(self) -> tuple[str, str]:
        return "the test", "the teardown of the test"

    @property
    def name(self) -> str:
        try:
            return self.case.id()
        except Exception:  # it may be the test's own
            return repr(type(self.case))

    def add_cleanup(self, function: Callable[..., object], /, *args: Any) -> None:
        self.case.addCleanup(function, *args)

    async def set_up(self) -> None:
        if self.time is not None:
            self.time.check()
        if self.schedule is not None:
            self.schedule.begin(self)
        if names := fixture_names(self.cls, TEST_SCOPE):
            await self.fixtures.set_up(self, names)
        if has_hook(self.case, "setUp"):
            await call_sync_hook(self.case, "setUp")
        if has_hook(self.case, "asyncSetUp"):
            await call_async_hook(self.case, "asyncSetUp")

    async def run_body(self) -> None:
        self.findings.expect_failure(True)
        self.scopes.body.enter()
        await self.attempt(self._call_method)
        self.findings.expect_failure(False)

    async def _call_method(self) -> None:
        if self.schedule is None:
            await call_test(self.method)
            return
        self.schedule.begin_body()
        error = await caught(call_test, self.method)
        self.schedule.end_body(error)
        if error is not None:
            try:
                raise error
            finally:
                del error

    async def tear_down(self) -> None:
        if left := self.scopes.body.leave():
            by = f"The method of {self.case}"
            await self.report_left_open(self.scopes.body, left, by, _LEAVE_IN_METHOD)
        if has_hook(self.case, "asyncTearDown") and not self.findings.stopping:
            await self.attempt(call_async_hook, self.case, "asyncTearDown")
        if has_hook(self.case, "tearDown") and not self.findings.stopping:
            await self.attempt(call_sync_hook, self.case, "tearDown")

    async def close_nursery(self) -> None:
        owner, class_life = self.nursery_owner, self.class_life
        if class_life is not None and owner.opened.is_set() and not owner.used:
            # As good as new: to close it and to open another costs as much as a test.
            owner.crash = None
            class_life.spare_owner = owner
        else:
            await super().close_nursery()

    def all_tasks(self) -> Iterator[Task]:
        if self.class_life is None:
            yield from super().all_tasks()
            return
        assert self.task is not None
        yield from tasks_in(self.task.child_nurseries)
        for task in self.context_tasks():
            yield task
            yield from tasks_in(task.child_nurseries)

    def task_groups(self) -> list[tuple[str | None, Iterable[Task]]]:
        assert self.task is not None
        nursery = () if self.nursery is None else self.nursery.child_tasks
        class_life = self.class_life
        of_class = [] if class_life is None else class_life.task_groups()[1:]
        return [
            (None, [self.task]),
            ("self.nursery:", nursery),
            ("contexts and fixtures:", self.context_tasks()),
            *of_class,
        ]
