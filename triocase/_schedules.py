"""The order of the steps of a Trio run, decided step by step, and what is seen of them.

The run gets a queue of ours, ``_private_trio.Queue``, which hands out one task at a
time, as the order says. Each step is checked to be that of the task which was chosen.
"""

from __future__ import annotations

import math
from contextlib import suppress
from typing import TYPE_CHECKING

import trio
from trio import current_time
from trio.abc import Instrument
from trio.lowlevel import current_statistics, current_trio_token

from ._errors import TimeLimitExceeded
from ._escalation import Cause
from ._last_steps import LastSteps
from ._private_trio import Queue, take_over

if TYPE_CHECKING:
    from collections.abc import Callable

    from trio.lowlevel import Task

    from ._orders import Order
    from ._test_lifecycle import TestLifecycle

__unittest = True

# Steps of all tasks while time stands still. A test that takes more goes on for ever.
MOST_STEPS = 100_000
_STEPS_A_LOOK = 1000


class Schedule(Instrument):
    """The order of the steps of one run, and what is seen of them.

    Attributes:
        last_steps: What to show of them in a report.
        numbers: The number of each task of the run, counted as they are started.
    """

    def __init__(self, order: Order) -> None:
        self.last_steps = LastSteps()
        self.numbers: dict[Task, int] = {}
        self._queue = Queue(order, self.numbers)
        self._started = 0
        self._life: TestLifecycle | None = None
        self._now: Callable[[], float] = current_time
        self._steps = 0
        self._time_stood_still = 0  # for how many looks at it
        self._time = -math.inf
        self._is_idle = False
        self._subtest_failed = False
        self._obeyed = True
        self._heard_end = False  # Trio drops an instrument in which an error is raised

    def begin(self, life: TestLifecycle) -> None:
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
        self.last_steps.begin(life.task, self._now())

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
        take_over(self._queue)

    def after_run(self) -> None:
        self._heard_end = True

    def task_spawned(self, task: Task) -> None:
        self.numbers[task] = self._started
        self.last_steps.spawned(task)
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
        life, last_steps = self._life, self.last_steps
        if life is not None:
            if last_steps.knows(task):
                ended = task not in self.numbers
                last_steps.note(task, self._now(), ended=ended)
            trouble = life.findings.trouble or self._subtest_failed
            if trouble and not last_steps.over:
                last_steps.end(task, self._now())

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
                self.last_steps.from_outside.add("what holds its token")


_GOES_ON = Cause(
    TimeLimitExceeded,
    f"goes on for ever: its tasks have taken {MOST_STEPS:,} steps while time stood "
    f"still.",
    f"took {MOST_STEPS:,} steps while time stood still, and has not ended since it was "
    f"cancelled.",
    "it takes steps for ever",
)
