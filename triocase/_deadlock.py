"""A test whose tasks all wait, while nothing can wake any of them.

Only the run itself knows for certain. But to ask it is to wake it, and whatever wakes
a run changes its schedule. So a run is asked only when there is every reason to believe
that nothing is left to be changed:

1. From outside, in the watchdog's thread. The run has not got on for a second: its
   thread has done nothing or, in virtual time, no task has taken a step. Each task
   waits for something that another task does: its frames tell. Nobody else holds the
   run's token, with which a thread or a signal receiver would wake it: its references
   tell.
2. In the run, at the moment when it would go to sleep. Its tasks and its token once
   more; and no task can run, there is no deadline that comes, and nobody waits for I/O.

A run that answers no is not asked again before one of its tasks has taken a step.

The limits: a token that anything holds hides a deadlock, as does a task that waits for
I/O. Nobody sees what wakes a task without a token, a handler of a signal for example.
What I/O a run waits for is known with epoll alone, and what a thread has done on Linux.
"""

from __future__ import annotations

import gc
import math
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import trio
from trio.abc import Instrument
from trio.lowlevel import (
    ParkingLot,
    add_instrument,
    current_statistics,
    current_trio_token,
    remove_instrument,
    wait_task_rescheduled,
)

from ._contexts import NurseryManager
from ._errors import DeadlockError
from ._escalation import Cause
from ._tasks import is_trios, root_of, tasks_in
from ._tracebacks import is_library
from ._watchdog import RealTime

if TYPE_CHECKING:
    from types import CodeType, FrameType

    from trio.lowlevel import Task

    from ._lifecycle import Lifecycle
    from ._time_limit import TimeLimit

__unittest = True

_UNCHANGED = 1.0  # real seconds for which the run must not have got on
_MARGIN = 0.2  # real seconds, for a clock to jump

# Where a task waits for another one. In these Trio's public functions end.
_INSIDE: frozenset[CodeType] = frozenset(
    function.__code__
    for function in (
        *(trio.Event.wait, ParkingLot.park, trio.sleep_forever),
        *(trio.MemorySendChannel.send, trio.MemoryReceiveChannel.receive),
        NurseryManager.__aexit__,
    )
)
_TIMER = trio.sleep_until.__code__
_THREAD = trio.to_thread.run_sync.__code__
_LIMITER = trio.CapacityLimiter.acquire_on_behalf_of.__code__
_BARE = wait_task_rescheduled.__code__

_ENTRY_QUEUE = 1  # task of Trio's own that always waits for I/O


class ThreadTime:
    """The time that a thread has spent at work, which stands still while it waits.

    Attributes:
        known: Whether the system tells; and Python, who refers to an object.
        clock_of: Returns the clock of the thread with an ident, if that is known.
        read: Returns what a clock says, in seconds.
    """

    known = sys.platform == "linux" and sys.implementation.name == "cpython"

    if sys.platform == "linux" and known:  # pragma: no branch  # here the tests run
        clock_of = staticmethod(time.pthread_getcpuclockid)
        read = staticmethod(time.clock_gettime)


class TokenHolders:
    """Who holds the token of a run; made in the run, before any code of the user's.

    Attributes:
        token: The token.
    """

    def __init__(self) -> None:
        self.token = current_trio_token()
        self._own = 0
        self._own = self.count()

    def count(self) -> int:
        """Return how many references there are that were not there at first."""
        # No variable holds it here: on 3.10 what a trace function sees would count.
        return sys.getrefcount(self.token) - self._own


class DeadlockCheck:
    """The search for a deadlock in one test."""

    def __init__(
        self, life: Lifecycle, limit: TimeLimit, holders: TokenHolders
    ) -> None:
        self._life = life
        self._holders = holders
        self._limit = limit
        self._progress: float = -1  # of the run, at the last look
        self._since = 0.0  # when that was seen first
        self._asked = False
        self._not_garbage = 0  # references to the token that a collection has left
        self._asking = threading.Lock()

    # --- In the watchdog's thread -------------------------------------------------

    def look(self) -> float:
        """Look from outside; return when there would be a reason to ask the run."""
        now = RealTime.now()
        progress = self._progress_of_run()
        if progress != self._progress:
            self._progress, self._since = progress, now
        due = self._since + self._patience
        if now < due:
            return due
        if not self._asked:
            held = self._foreign_holders()
            # Tracebacks hold the token, for example, until they are collected.
            collect = bool(held) and gc.isenabled() and held != self._not_garbage
            if held == 0 or collect:
                self._asked = True
                with self._asking:
                    self._holders.token.run_sync_soon(self._begin_to_answer, collect)
        return math.inf

    def _progress_of_run(self) -> float:
        """Return something that grows with each step of a task."""
        if self._life.time is not None:
            return self._life.time.steps  # a run whose clock jumps is never at rest
        return ThreadTime.read(self._limit.thread_clock)

    @property
    def _patience(self) -> float:
        """For how long the run must not have got on, in real seconds."""
        virtual = self._life.time
        threshold = math.inf if virtual is None else virtual.clock.autojump_threshold
        # To wake the run before its clock has jumped is to put that off.
        return max(_UNCHANGED, 0.0 if threshold == math.inf else threshold + _MARGIN)

    # --- In either thread ---------------------------------------------------------

    def _foreign_holders(self) -> int | None:
        """Return how many references to the token there are that could wake a task.

        Returns:
            None if a task waits for something else than another task, anyway.
        """
        assert self._life.task is not None
        own = 0
        for task in tasks_in(root_of(self._life.task).child_nurseries):
            if not is_trios(task):
                frames = _library_frames(task)
                if not self._waits_for_a_task(frames):
                    return None
                # One that waits to get a thread holds the token for it.
                own += {_THREAD, _LIMITER} <= {frame.f_code for frame in frames}
        return self._holders.count() - own

    def _waits_for_a_task(self, frames: list[FrameType]) -> bool:
        """Return whether nothing but another task can wake the task that is there."""
        calls = [frame.f_code for frame in frames]
        for frame in frames:
            if frame.f_code is _TIMER and frame.f_locals["deadline"] < math.inf:
                return self._time_stands_still
        return not _INSIDE.isdisjoint(calls) or calls[-1:] == [_BARE]

    @property
    def _time_stands_still(self) -> bool:
        return self._life.time is not None and self._life.time.stands_still

    # --- In the run ---------------------------------------------------------------

    def _begin_to_answer(self, collect: bool) -> None:
        with self._asking:
            pass  # the watchdog's thread has let go of the token
        if collect:
            gc.collect()
        add_instrument(_Question(self))

    def look_from_inside(self) -> bool:
        """Look at a run that nobody may wake; return whether others hold its token."""
        if self._foreign_holders() and gc.isenabled():
            gc.collect()
        self.answer()
        return bool(self._foreign_holders())

    def answer(self) -> None:
        """Look from inside, when all tasks that could run have run."""
        limit = self._limit
        held = self._foreign_holders()
        if held:
            self._not_garbage = held
            self.begin_anew()  # for a thread that lets go of it is no step of a task
        statistics = current_statistics()
        io: Any = statistics.io_statistics
        seconds = statistics.seconds_to_next_deadline
        timers = seconds < math.inf  # what is due fires only after the wait for I/O
        if (
            held == 0
            and (not timers or (self._time_stands_still and seconds > 0))
            and not statistics.tasks_runnable
            and not statistics.run_sync_soon_queue_size
            and io.backend == "epoll"
            and (io.tasks_waiting_read, io.tasks_waiting_write) == (_ENTRY_QUEUE, 0)
        ):
            self._holders.token.run_sync_soon(limit.end, limit.turn, _cause(timers))

    def begin_anew(self) -> None:
        """Let the run be asked again: it has been no deadlock."""
        self._asked = False


class _Question(Instrument):
    """Asks the run once, and is gone with the next step of a task."""

    def __init__(self, check: DeadlockCheck) -> None:
        self._check = check

    def before_io_wait(self, timeout: float) -> None:
        self._check.answer()

    def before_task_step(self, task: Task) -> None:
        remove_instrument(self)
        self._check.begin_anew()


def _library_frames(task: Task) -> list[FrameType]:
    """Return the frames below the innermost of the user's, from inner to outer."""
    frames = []
    for frame, _ in reversed(list(task.iter_await_frames())):
        if not is_library(frame):
            break
        frames.append(frame)
    return frames


def _cause(timers: bool) -> Cause:
    """Return why a deadlocked test is ended.

    Args:
        timers: Whether a task waits for time that stands still.
    """
    verdict = (
        "is deadlocked: each of its tasks waits, and nothing can wake any of them."
    )
    if timers:
        verdict += (
            "\nIts clock stands still, so its timers never fire. `await "
            "self.advanceClock(...)` moves time; with `@autojump_clock` it jumps."
        )
    afterwards = "was deadlocked, and has not ended since it was cancelled."
    return Cause(DeadlockError, verdict, afterwards, "it is deadlocked")
