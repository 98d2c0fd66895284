"""The order of the steps of a Trio run, decided step by step.

Trio runs its runnable tasks in batches, and all that it leaves to chance is the order
within a batch. Two tasks of two steps have six orders, and Trio reaches four of them.
So the run gets another queue of runnable tasks, which hands out one of them at a time
and keeps the others back: each batch is one step, and its task is our choice.

Nothing else of Trio's loop is changed, and no other run. Trio's own random numbers are
drawn as ever, and make no difference.

The names of Trio's that this takes are private. They stand in this module and nowhere
else. :func:`check_trio` looks for them before they are needed, and each step is checked
to be that of the task which was chosen.
"""

from __future__ import annotations

import math
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import trio
from trio import Cancelled, current_time
from trio.abc import Instrument
from trio.lowlevel import Task, current_statistics, current_trio_token

from ._ending import Cause
from ._errors import TimeLimitExceeded
from ._story import Story

try:
    from trio._core import _run
except ImportError:  # pragma: no cover  # a release of Trio's that there is not yet
    _run = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trio import CancelScope

    from ._orders import Order
    from ._test_run import TestRun

__unittest = True

# How often a runnable task may be passed over, for each task that is runnable.
PATIENCE = 50
# Steps of all tasks while time stands still. A test that takes more goes on for ever.
MOST_STEPS = 100_000
_STEPS_A_LOOK = 1000


# --- What is private to Trio ---------------------------------------------------------


def check_trio() -> None:
    """See whether Trio has what is needed here.

    Raises:
        RuntimeError: It has not.
    """
    needed = {
        "Runner": ("runq",),
        "Task": ("_abort_func", "_cancel_points", "_cancel_status", "_next_send"),
        "CancelStatus": ("_scope", "_parent"),
    }
    missing = [] if hasattr(_run, "GLOBAL_RUN_CONTEXT") else ["GLOBAL_RUN_CONTEXT"]
    for owner, names in needed.items():
        kind = getattr(_run, owner, None)
        missing += [f"{owner}.{name}" for name in names if not hasattr(kind, name)]
    if missing:
        raise RuntimeError(
            f"the order of tasks is decided with names that are private to Trio, and "
            f"Trio {trio.__version__} has no {', '.join(missing)}. Install a release "
            f"of triocase that knows it, or an earlier one of Trio."
        )


def _take_over(queue: _Queue) -> None:
    """Give the current run, in which no task has run yet, another queue."""
    context: Any = _run.GLOBAL_RUN_CONTEXT
    runner = context.runner
    if type(runner.runq) is deque and not runner.runq:
        runner.runq = queue
        queue.in_use = True


def can_be_cancelled(task: Task) -> bool:
    """Return whether a suspended task waits for something, and may be interrupted."""
    return task._abort_func is not None


def cancel_points(task: Task) -> int:
    """Return how often a task has looked whether it is cancelled."""
    return task._cancel_points


def shields_around(task: Task, scope: CancelScope) -> set[CancelScope]:
    """Return the shields around what a task does, up to a scope that is around it."""
    shields = set()
    status: Any = task._cancel_status
    while status is not None and status._scope is not scope:
        if status._scope.shield:
            shields.add(status._scope)
        status = status._parent
    return shields


def is_within(task: Task, scope: CancelScope) -> bool:
    """Return whether what a task does is inside a scope."""
    status: Any = task._cancel_status
    while status is not None and status._scope is not scope:
        status = status._parent
    return status is not None


def next_cancelled(task: Task) -> Cancelled | None:
    """Return the ``Cancelled`` that a task is about to get, if it is."""
    error = getattr(task._next_send, "error", None)
    return error if isinstance(error, Cancelled) else None


class _Queue(list[Task]):
    """The runnable tasks of a run, in place of the deque that Trio has for them.

    The one that has waited longest comes first. Trio appends to it, asks whether it is
    empty, and once a pass takes all that is in it for its batch.

    Attributes:
        in_use: Whether a run has it.
        chosen: The task that was handed out last.
    """

    def __init__(self, order: Order, numbers: dict[Task, int]) -> None:
        super().__init__()
        self.in_use = False
        self.chosen: Task | None = None
        self._order = order
        self._number_of = numbers.__getitem__
        # Of each task but those that are new: its number, and at which choice it came.
        self._numbers: list[int] = []
        self._since: list[int] = []
        self._choices = 0

    def __iter__(self) -> Iterator[Task]:
        """Hand out one task, and keep the others."""
        if not self:
            return iter(())
        numbers, index = self._numbers, 0
        if len(self) > 1:
            if len(self) > len(numbers):
                self._number_new()
            self._choices += 1
            if self._choices - self._since[0] <= PATIENCE * len(numbers):
                index = self._order.choose(numbers)
        if numbers:
            del numbers[index], self._since[index]
        self.chosen = self.pop(index)
        return iter((self.chosen,))

    def _number_new(self) -> None:
        known = len(self._numbers)
        # What has woken several at once may have gone through them in any order.
        new = self[known:] = sorted(self[known:], key=self._number_of)
        self._numbers += map(self._number_of, new)
        self._since += [self._choices] * len(new)

    def clear(self) -> None:
        """Do nothing: what was handed out has been taken out already."""


# --- One run -------------------------------------------------------------------------


class Schedule(Instrument):
    """The order of the steps of one run, and what is seen of them.

    Attributes:
        story: The last steps.
        numbers: The tasks of the run, in the order in which they were started.
    """

    def __init__(self, order: Order) -> None:
        self.story = Story()
        self.numbers: dict[Task, int] = {}
        self._queue = _Queue(order, self.numbers)
        self._started = 0
        self._life: TestRun | None = None
        self._now: Callable[[], float] = current_time
        self._steps = 0
        self._time_stood_still = 0  # for how many looks at it
        self._time = -math.inf
        self._is_idle = False
        self._subtest_failed = False
        self._obeyed = True
        self._heard_end = False  # Trio drops an instrument in which an error is raised

    def begin(self, life: TestRun) -> None:
        """Begin, before the setup of the test.

        Raises:
            RuntimeError: It does not decide the order of this run.
        """
        if not self._queue.in_use:
            raise RuntimeError(
                "the test is to run in a certain order of its tasks, but its run has "
                "none of its instruments, or another queue of tasks. Let `runTrio` "
                "pass on its argument `instruments`, to a run of Trio's own."
            )
        self._life = life
        if life.time is not None:
            self._now = life.time.clock.current_time
        assert life.task is not None
        self.story.begin(life.task, self._now())

    def begin_body(self) -> None:
        """Hear that the body begins."""

    def end_body(self, error: BaseException | None) -> None:
        """Hear that the body is over, and what it has raised."""

    def subtest_failed(self, error: BaseException) -> None:
        """Hear what a subtest has failed with."""
        self._subtest_failed = True

    def check(self) -> None:
        """After the run: see whether the order was that which was decided.

        Raises:
            RuntimeError: Trio has gone its own way.
        """
        if self._queue.in_use and not (self._obeyed and self._heard_end):
            raise RuntimeError(
                f"Trio {trio.__version__} has not run the tasks of this test in the "
                f"order that was decided, so there is no verdict. Install a release of "
                f"triocase that knows it, or an earlier one of Trio."
            )

    # --- In the run ---------------------------------------------------------------

    def before_run(self) -> None:
        _take_over(self._queue)

    def after_run(self) -> None:
        self._heard_end = True

    def task_spawned(self, task: Task) -> None:
        self.numbers[task] = self._started
        self.story.spawned(task)
        self._started += 1

    def task_exited(self, task: Task) -> None:
        del self.numbers[task]

    def after_task_step(self, task: Task) -> None:
        self._is_idle = False
        if task is not self._queue.chosen:
            self._obeyed = False
        self._steps += 1
        if self._steps % _STEPS_A_LOOK == 0:
            self._look_at_time()
        life, story = self._life, self.story
        if life is not None:
            if story.knows(task):
                ended = task not in self.numbers
                story.note(task, self._now(), ended=ended)
            if (life.findings.trouble or self._subtest_failed) and not story.over:
                story.end(task, self._now())

    def _look_at_time(self) -> None:
        time = self._now()
        self._time_stood_still += 1
        if time != self._time:
            self._time, self._time_stood_still = time, 0
        steps = self._time_stood_still * _STEPS_A_LOOK
        if steps and steps % MOST_STEPS == 0 and self._life is not None:
            limit = self._life.limit
            current_trio_token().run_sync_soon(limit.end, limit.turn, _GOES_ON)

    def before_io_wait(self, timeout: float) -> None:
        """Look for a deadlock when no task can run: once, until one has."""
        life = self._life
        if self._queue or self._is_idle or life is None:
            return
        self._is_idle = True
        stands_still = life.time is not None and life.time.stands_still
        if life.limit.looks_from_inside and (
            stands_still or current_statistics().seconds_to_next_deadline == math.inf
        ):
            with suppress(Exception):  # what a task awaits may be odd
                life.limit.look_from_inside()
            if not life.limit.looks_from_inside:
                self.story.from_outside.add("what holds its token")


_GOES_ON = Cause(
    TimeLimitExceeded,
    f"goes on for ever: its tasks have taken {MOST_STEPS:,} steps while time stood "
    f"still.",
    f"took {MOST_STEPS:,} steps while time stood still, and has not ended since it was "
    f"cancelled.",
    "it takes steps for ever",
)
