"""The points at which the body of a test, or a task that it started, can be cancelled.

A cancellation comes while a task is suspended. Most often the task waits for something
and may be interrupted, so that is a point. In a shielded checkpoint it may not: there a
cancellation has its effect when the task next looks whether it is cancelled, which
Trio's functions do when they begin. If the task does so before it is suspended again,
that is a point, too: ``send`` on a channel with room, twice, has one between the two.
(It may have looked inside a shield that was opened and closed meanwhile. Then there is
a point too many, which costs a run and hides nothing.)

Suspensions are counted in the run that nothing interferes with. Those are noted which
are points. Another run, in the same order, cancels the body at one of them.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from trio.lowlevel import Task, current_task

from ._private_trio import (
    can_be_cancelled,
    cancel_checks,
    is_in_reach,
    next_cancelled,
    shields_around,
)
from ._schedules import Schedule
from ._swallowed import SwallowCheck

if TYPE_CHECKING:
    from trio import CancelScope

    from ._orders import Order
    from ._places import Place
    from ._test_lifecycle import TestLifecycle

__unittest = True


class Delivery(NamedTuple):
    """A ``Cancelled`` that a task has got.

    Attributes:
        task: What to call the task.
        place: Where it has waited; None if in code of the harness.
    """

    task: str
    place: Place | None


class _Suspension(NamedTuple):
    """One in which a task cannot be cancelled.

    Attributes:
        serial: Its number, among those of all tasks of the body.
        checks: How often the task has looked whether it is cancelled by the end of it.
        shields: The shields around it.
    """

    serial: int
    checks: int
    shields: set[CancelScope]


class PointSchedule(Schedule):
    """A schedule that counts points, or cancels the body at one of them.

    Attributes:
        points: The serial numbers of the suspensions that are points. The first, 0, is
            before the first step of the body.
        reached: Whether the run has come to the point where the body is cancelled.
    """

    _swallow_check: SwallowCheck

    def __init__(self, order: Order, cancel_at: int | None = None) -> None:
        super().__init__(order)
        self.points = [0]
        self.reached = False
        self._cancel_at = cancel_at
        self._cancelled_at: Task | None = None
        self._serial = 0
        self._in_body = False
        # The tasks of the body: its own, and those started by one of them.
        self._tasks: dict[Task, _Suspension | None] = {}
        self._deliveries: dict[Task, Delivery] = {}  # the first to each of them
        # What subtests have reported, which is as good as raised.
        self._reported: list[BaseException] = []

    def begin(self, life: TestLifecycle) -> None:
        super().begin(life)
        name_of = self.last_steps.name_of
        self._swallow_check = SwallowCheck(life, self._tasks, name_of)

    def begin_body(self) -> None:
        self._in_body = True
        self._tasks[self._own_task] = None
        if self._cancel_at == 0:
            self._cancel(self._own_task)

    def end_body(self, error: BaseException | None) -> None:
        own = self._own_task
        self._in_body = False
        self._look_back(own)
        del self._tasks[own]
        self.points.sort()
        raised = [*self._reported, *([] if error is None else [error])]
        self._reported.clear()
        self._swallow_check.check(own, raised)

    def subtest_failed(self, error: BaseException) -> None:
        super().subtest_failed(error)
        self._reported.append(error)

    @property
    def delivery(self) -> Delivery | None:
        """What the task got whose point it is; without a line, what the test's got."""
        found = [
            self._deliveries[task]
            for task in (self._cancelled_at, self._own_task, *self._deliveries)
            if task in self._deliveries
        ]
        with_line = [each for each in found if each.place and each.place.line]
        return next(iter(with_line + found), None)

    # --- In the run ---------------------------------------------------------------

    def task_spawned(self, task: Task) -> None:
        super().task_spawned(task)
        if self._in_body:
            with suppress(RuntimeError):  # started by no task, but between two steps
                if current_task() in self._tasks:
                    self._tasks[task] = None

    def task_exited(self, task: Task) -> None:
        super().task_exited(task)
        if task in self._tasks:
            if self._in_body:
                self._look_back(task)
            del self._tasks[task]
        nursery = task.parent_nursery
        if self.reached and nursery is not None:
            self._swallow_check.check_exited(task, nursery)

    def before_task_step(self, task: Task) -> None:
        if not self.reached or task not in self._tasks:
            return
        cancelled = next_cancelled(task)
        if cancelled is not None and is_in_reach(task, self._body):
            last_steps = self.last_steps
            last_steps.look_at(task)
            if task is self._own_task or last_steps.place is not None:
                delivery = Delivery(last_steps.name_of(task), last_steps.place)
                self._deliveries.setdefault(task, delivery)
            self._swallow_check.note(task, cancelled)

    def after_task_step(self, task: Task) -> None:
        super().after_task_step(task)
        # Others are ours: they look after a context, and run no code of the user's.
        if self._in_body and task in self._tasks and self.last_steps.knows(task):
            self._note_suspension(task)

    def _note_suspension(self, task: Task) -> None:
        self._look_back(task)
        self._serial += 1
        self._tasks[task] = None
        in_checkpoint = self.last_steps.in_checkpoint
        if self.last_steps.place is None and task is not self._own_task:
            return  # a context that waits for its turn, in code of ours
        shields = shields_around(task, self._body)
        if (can_be_cancelled(task) or in_checkpoint) and not shields:
            self.points.append(self._serial)
        else:
            checks = cancel_checks(task) + in_checkpoint
            self._tasks[task] = _Suspension(self._serial, checks, shields)
        if self._serial == self._cancel_at:
            self._cancel(task)

    def _look_back(self, task: Task) -> None:
        """See whether a task has looked whether it is cancelled, in its last step.

        A shield that is still there has been there all the time.
        """
        before = self._tasks[task]
        if before is not None and not (
            before.shields & shields_around(task, self._body)
        ):
            waits = can_be_cancelled(task)  # Trio has counted that as a look
            if cancel_checks(task) - waits > before.checks:
                self.points.append(before.serial)

    @property
    def _own_task(self) -> Task:
        assert self._life is not None and self._life.task is not None
        return self._life.task

    @property
    def _body(self) -> CancelScope:
        assert self._life is not None
        return self._life.scopes.body.scope

    def _cancel(self, task: Task) -> None:
        assert self._life is not None
        self.reached = True
        self._cancelled_at = task
        self._life.findings.expects_cancellation = True
        self._body.cancel("the cancellation sweep")
