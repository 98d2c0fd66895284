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

from trio import Cancelled
from trio.lowlevel import Task, current_task

from ._groups import leaves
from ._left_open import errors_of_tasks
from ._schedules import (
    Schedule,
    can_be_cancelled,
    cancel_points,
    is_within,
    next_cancelled,
    shields_around,
)
from ._tracebacks import frame_of, is_harness, is_library, related, user_frames

if TYPE_CHECKING:
    from trio import CancelScope, Nursery

    from ._orders import Order
    from ._tracebacks import Place

__unittest = True


class _Suspension(NamedTuple):
    """One in which a task cannot be cancelled.

    Attributes:
        serial: Its number, among those of all tasks of the body.
        looks: How often the task has looked whether it is cancelled by the end of it.
        shields: The shields around it.
    """

    serial: int
    looks: int
    shields: set[CancelScope]


class Delivery(NamedTuple):
    """A ``Cancelled`` that a task has got, and where."""

    task: str
    place: Place | None


class PointSchedule(Schedule):
    """A schedule that counts points, or cancels the body at one of them.

    Attributes:
        points: The serial numbers of the suspensions that are points. The first, 0, is
            before the first step of the body.
        deliveries: The first ``Cancelled`` that each task has got from that.
        reached: Whether the run has come to the point.
    """

    def __init__(self, order: Order, cancel_at: int | None = None) -> None:
        super().__init__(order)
        self.points = [0]
        self.deliveries: dict[Task, Delivery] = {}
        self.reached = False
        self._cancel_at = cancel_at
        self._cancelled_at: Task | None = None
        self._serial = 0
        self._in_body = False
        # The tasks of the body: its own, and those started by one of them.
        self._tasks: dict[Task, _Suspension | None] = {}
        # What each has got. Its frames hold all that the task has made, so it is let go
        # as soon as the task has ended.
        self._got: dict[Task, list[Cancelled]] = {}
        self._got_from_children: dict[Task, list[Cancelled]] = {}
        self._reported: list[
            BaseException
        ] = []  # by subtests, which is as good as raised
        self._known_errors: dict[Nursery, int] = {}

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
        self._check_what_was_raised(own, raised)

    def subtest_failed(self, error: BaseException) -> None:
        super().subtest_failed(error)
        self._reported.append(error)

    @property
    def delivery(self) -> Delivery | None:
        """What the task got whose point it is; without a line, what the test's got."""
        found = [
            self.deliveries[task]
            for task in (self._cancelled_at, self._own_task, *self.deliveries)
            if task in self.deliveries
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
            new = self._new_errors(nursery)
            self._check_what_was_raised(task, new)
            self._pass_up(nursery.parent_task, new)

    def before_task_step(self, task: Task) -> None:
        if not self.reached or task not in self._tasks:
            return
        cancelled = next_cancelled(task)
        if cancelled is not None and self._is_cancelled_here(task):
            story, is_own = self.story, task is self._own_task
            story.look_at(task)
            if is_own or story.place is not None:
                name = story.name_of(task)
                self.deliveries.setdefault(task, Delivery(name, story.place))
            if self._is_users(task):
                self._got.setdefault(task, []).append(cancelled)

    def after_task_step(self, task: Task) -> None:
        super().after_task_step(task)
        # Others are ours: they look after a context, and run no code of the user's.
        if self._in_body and task in self._tasks and self.story.knows(task):
            self._note_suspension(task)

    def _note_suspension(self, task: Task) -> None:
        self._look_back(task)
        self._serial += 1
        self._tasks[task] = None
        in_checkpoint = self.story.in_checkpoint
        if self.story.place is None and task is not self._own_task:
            return  # a context that waits for its turn, in code of ours
        if (can_be_cancelled(task) or in_checkpoint) and not self._is_shielded(task):
            self.points.append(self._serial)
        else:
            looks = cancel_points(task) + in_checkpoint
            shields = shields_around(task, self._body)
            self._tasks[task] = _Suspension(self._serial, looks, shields)
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
            if cancel_points(task) - waits > before.looks:
                self.points.append(before.serial)

    @property
    def _own_task(self) -> Task:
        assert self._life is not None and self._life.task is not None
        return self._life.task

    @property
    def _body(self) -> CancelScope:
        assert self._life is not None
        return self._life.scopes.body.scope

    def _is_shielded(self, task: Task) -> bool:
        return bool(shields_around(task, self._body))

    def _cancel(self, task: Task) -> None:
        assert self._life is not None
        self.reached = True
        self._cancelled_at = task
        self._life.findings.expects_cancellation = True
        self._body.cancel("the cancellation sweep")

    # --- Who swallows Cancelled ----------------------------------------------------

    def _is_cancelled_here(self, task: Task) -> bool:
        """Return whether the body's cancellation has an effect on what a task does."""
        return is_within(task, self._body) and not self._is_shielded(task)

    def _is_users(self, task: Task) -> bool:
        return task is self._own_task or not is_harness(frame_of(task.coro))

    def _new_errors(self, nursery: Nursery) -> list[BaseException]:
        """Return what a nursery has got since this was called last."""
        errors = errors_of_tasks(nursery)
        known = self._known_errors.get(nursery, 0)
        self._known_errors[nursery] = len(errors)
        return errors[known:]

    def _pass_up(self, parent: Task, errors: list[BaseException]) -> None:
        """Note what a task gets from its nursery, where it waits for its children."""
        if (
            parent in self._tasks
            and self._is_users(parent)
            and self._is_cancelled_here(parent)
        ):
            self._got_from_children.setdefault(parent, []).extend(
                leaf
                for error in errors
                for leaf in leaves(error)
                if isinstance(leaf, Cancelled)
            )

    def _check_what_was_raised(self, task: Task, errors: list[BaseException]) -> None:
        """Tell if a task has ended, and swallowed what it got.

        Either nothing of it has come out of the task; or one was caught in code of the
        user's, and is not even the context of what has come out. (Trio itself may lose
        one where it raises another.)
        """
        own = self._got.pop(task, [])
        got = own + self._got_from_children.pop(task, [])
        if got:
            raised = {id(each) for error in errors for each in related(error)}
            lost = [cancelled for cancelled in got if id(cancelled) not in raised]
            if len(lost) < len(got):
                lost = [each for each in lost if each in own and _users_caught(each)]
            if lost:
                self._tell_swallowed(task, lost[0])

    def _tell_swallowed(self, task: Task, cancelled: Cancelled) -> None:
        assert self._life is not None
        name = self.story.name_of(task)
        who = name if task is self._own_task else f"the task {name!r}"
        error = RuntimeError(
            f"{who} was cancelled here, and swallowed Cancelled. Write `raise` at the "
            f"end of the `except` that catches it, so that it reaches its scope."
        )
        self._life.findings.add(error.with_traceback(user_frames(cancelled)))


def _users_caught(cancelled: Cancelled) -> bool:
    """Return whether it has got no further than to a frame of the user's."""
    entry = cancelled.__traceback__
    return entry is not None and not is_library(entry.tb_frame)
