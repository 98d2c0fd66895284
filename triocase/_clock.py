"""Virtual time for one run: Trio's own ``MockClock``, told when not to jump.

With an ``autojump_threshold`` the clock jumps to the next deadline when every task is
blocked. That is wrong in two cases, which an instrument of the run looks for:

* A worker thread is at work. The task that waits for it is blocked, so a timeout
  around a short call would be over at once. Time that stood still instead would never
  reach the timer that a thread waits for. So it runs, at the real rate.
* There is no deadline to jump to. The run loop would try again and again, at full
  speed, until a socket wakes a task. So it waits.

In both the threshold and the rate are put aside after a task's step, and put back
before the next one: tasks find the clock as they have left it, and time stands still
while they run.

This module is imported when the first test asks for virtual time: ``trio.testing``
imports pytest where that is installed.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from trio.abc import Instrument
from trio.lowlevel import current_clock, current_statistics
from trio.testing import MockClock, active_thread_count, wait_all_tasks_blocked

if TYPE_CHECKING:
    from trio.lowlevel import Task

    from ._options import Clock

__unittest = True

_PASSES = 64  # of the run loop between two looks at its deadlines, which have a price


class VirtualTime(Instrument):
    """The clock of one run, and the instrument that keeps an eye on it.

    Attributes:
        clock: What the test sees as ``self.clock``.
    """

    def __init__(self, option: Clock) -> None:
        self.clock = MockClock(*option)
        self._aside: tuple[float, float] | None = None  # threshold and rate
        self._passes = 0
        self._watching = False

    def check(self) -> None:
        """Refuse a run without this clock and this instrument.

        Raises:
            RuntimeError: ``runTrio`` was overridden and has not passed them on.
        """
        if current_clock() is not self.clock or not self._watching:
            raise RuntimeError(
                "the test asks for virtual time, but its run has another clock, or "
                "none of its instruments. Let `runTrio` pass on its arguments `clock` "
                "and `instruments`."
            )

    async def advance(self, seconds: float) -> None:
        """Move time forward, and let every timer on the way fire at its own time."""
        end = self.clock.current_time() + seconds
        await wait_all_tasks_blocked()
        while (left := end - self.clock.current_time()) > 0:
            # A deadline may be over meanwhile, where the clock has a rate.
            step = max(0, current_statistics().seconds_to_next_deadline)
            self.clock.jump(min(left, step))
            await wait_all_tasks_blocked()

    # --- When not to jump ---------------------------------------------------------

    def before_run(self) -> None:
        """Note that this is an instrument of the run."""
        self._watching = True

    def after_task_step(self, task: Task) -> None:
        """Let time run if the task has started a worker thread."""
        if self.clock.autojump_threshold != math.inf and active_thread_count():
            self._put_aside(rate=self.clock.rate or 1.0)

    def before_io_wait(self, timeout: float) -> None:
        """Let the run loop wait if there is nothing else to do."""
        self._passes += 1
        if self._aside is None and self._passes % _PASSES == 0:
            now = current_statistics()
            if now.tasks_runnable == 0 and now.seconds_to_next_deadline == math.inf:
                self._put_aside(rate=self.clock.rate)

    def before_task_step(self, task: Task) -> None:
        """Put back what was put aside."""
        if self._aside is not None:
            self.clock.autojump_threshold, self.clock.rate = self._aside
            self._aside = None

    def _put_aside(self, rate: float) -> None:
        self._aside = self.clock.autojump_threshold, self.clock.rate
        self.clock.autojump_threshold, self.clock.rate = math.inf, rate
