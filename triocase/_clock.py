"""Virtual time for one run: Trio's own ``MockClock``, told when not to jump.

With an ``autojump_threshold`` the clock jumps to the next deadline when every task is
blocked. That is wrong in two cases, which an instrument of the run looks for:

* A worker thread is at work. The task that waits for it is blocked, so a timeout
  around a short call would be over at once. Time that stood still instead would never
  reach the timer that a thread waits for. So it runs, at the real rate.
* There is no deadline to jump to. The run loop would try again and again, at full
  speed, until a socket wakes a task. So it tries a few times a second.

In both the threshold and the rate are put aside after a task's step, and put back
before the next one: tasks find the clock as they have left it. Time stands still in a
step; beside a thread, the clock catches up after it.

This module is imported when the first test asks for virtual time: ``trio.testing``
imports pytest where that is installed.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from trio import sleep_until
from trio.abc import Instrument
from trio.lowlevel import current_clock, current_statistics
from trio.testing import MockClock, active_thread_count, wait_all_tasks_blocked

from ._watchdog import RealTime

if TYPE_CHECKING:
    from trio.lowlevel import Task

    from ._options import ClockOption

__unittest = True

_PASSES = 64  # of the run loop between two looks at its deadlines, which have a price
_PAUSE = 0.05  # real seconds between two tries to jump, where there is no deadline


class VirtualTime(Instrument):
    """The clock of one run, and the instrument that keeps an eye on it.

    Attributes:
        clock: What the test sees as ``self.clock``.
        steps: How many steps the tasks of the run have taken.
    """

    def __init__(self, option: ClockOption) -> None:
        self.clock = MockClock(*option)
        self.steps = 0
        self._aside: tuple[float, float] | None = None  # threshold and rate
        self._stopped: float | None = None  # when, while a thread was at work
        self._passes = 0
        self._watching = False
        self._advances = 0
        self._threshold = 0.0  # before the first of these advances
        self._rate_at_rest = self.clock.rate

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

    @property
    def stands_still(self) -> bool:
        """Whether time moves only when a task moves it."""
        return self.clock.rate == 0 and self.clock.autojump_threshold == math.inf

    async def advance(self, seconds: float) -> None:
        """Move time forward, and let every timer on the way fire at its own time.

        That is what the clock does when it jumps to a deadline of ours.
        """
        clock = self.clock
        end = clock.current_time() + seconds
        if self._advances == 0:
            self._threshold = clock.autojump_threshold
        self._advances += 1
        clock.autojump_threshold = 0
        try:
            await wait_all_tasks_blocked()
            await sleep_until(end)
            await wait_all_tasks_blocked()
        finally:
            self._advances -= 1
            if self._advances == 0:
                clock.autojump_threshold = self._threshold

    def rest(self) -> None:
        """Let time stand still, for a run that does nothing."""
        self._rate_at_rest = self.clock.rate
        self.clock.rate = 0.0

    def go_on(self) -> None:
        """Let time go on as before."""
        self.clock.rate = self._rate_at_rest

    # --- When not to jump ---------------------------------------------------------

    def before_run(self) -> None:
        """Note that this is an instrument of the run."""
        self._watching = True

    def after_task_step(self, task: Task) -> None:
        """Let time run while a worker thread is at work."""
        self.steps += 1
        stopped, self._stopped = self._stopped, None
        if self.clock.autojump_threshold == math.inf or self._advances:
            return
        if active_thread_count():
            if stopped is not None and self.clock.rate == 0:
                self.clock.jump(RealTime.now() - stopped)
            self._put_aside(math.inf, self.clock.rate or 1.0)

    def before_io_wait(self, timeout: float) -> None:
        """Let the run loop pause if there is nothing to do, and nothing to jump to."""
        self._passes += 1
        if self._passes % _PASSES or self._aside is not None:
            return
        if current_statistics().seconds_to_next_deadline == math.inf:
            pause = max(_PAUSE, self.clock.autojump_threshold)
            self._put_aside(pause, self.clock.rate)

    def before_task_step(self, task: Task) -> None:
        """Put back what was put aside."""
        if self._aside is not None:
            if self.clock.autojump_threshold == math.inf:
                self._stopped = RealTime.now()
            self.clock.autojump_threshold, self.clock.rate = self._aside
            self._aside = None

    def _put_aside(self, threshold: float, rate: float) -> None:
        self._aside = self.clock.autojump_threshold, self.clock.rate
        self.clock.autojump_threshold, self.clock.rate = threshold, rate
