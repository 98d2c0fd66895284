"""The time limit of a test or a class, in real time, and the watchdog's looks at it.

The watchdog's thread looks twice a second. Before the limit it does nothing to the run,
for whatever wakes a run changes its schedule, unless it seems to be deadlocked. At the
limit, and some seconds after each step that had no effect, it asks the run, through its
token, to take the next step towards the end of the test. A run that does not answer has
a task that blocks the event loop.
"""

from __future__ import annotations

import math
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from trio import RunFinishedError

from ._blocked_loop import BlockedLoop
from ._deadlock import DeadlockCheck, ThreadTime, TokenHolders
from ._debuggers import debugger_in, debugger_in_any, debugger_is_on
from ._errors import TimeLimitExceeded
from ._escalation import Cause
from ._thread_stacks import frames_of_other_threads
from ._watchdog import RealTime, watchdog

if TYPE_CHECKING:
    from ._lifecycle import Lifecycle
    from ._watchdog import Watchdog

__unittest = True

_LOOK = 0.5  # real seconds between two looks
_ANSWER = 1.0  # real seconds for the run to answer


class TimeLimit:
    """The time limit of one test: of its setup and body, then of its teardown.

    That of a class counts its setup and its teardown, and pauses in between.

    Attributes:
        seconds: The limit, infinite for none.
        finds_deadlocks: Whether to look for deadlocks, too.
        looks_from_inside: Whether the run itself does that, and nobody is to wake it.
        due: When the watchdog is to look again.
        turn: The number of this turn: a stretch of time with a deadline of its own.
            What is asked for in one is too late in the next.
        life: The test or the class, while it is watched.
        holders: Who holds the token of the run.
        thread_clock: Of the test's thread, for :class:`ThreadTime`; set to find
            deadlocks.
    """

    seconds = math.inf
    finds_deadlocks = False
    looks_from_inside = False
    due = math.inf
    turn = 0
    life: Lifecycle | None = None
    holders: TokenHolders | None = None
    thread_clock: int
    _deadline = math.inf  # of this turn
    _asked = 0  # the turn in which the run was asked to act
    _blocked_loop: BlockedLoop | None = None
    _deadlocks: DeadlockCheck | None = None
    _thread: int
    _watchdog: Watchdog

    # --- In the thread of the test ------------------------------------------------

    def listen(self) -> None:
        """Be ready to interrupt what blocks the loop; called before the run."""
        if self.seconds != math.inf or self.finds_deadlocks:
            self._blocked_loop = BlockedLoop(self)
            self._blocked_loop.install()

    def start(self, life: Lifecycle) -> None:
        """Begin to count; called in the run."""
        if debugger_is_on() or not (
            self.seconds < math.inf or self.finds_deadlocks or self.looks_from_inside
        ):
            return
        self._watchdog = watchdog()
        self.life = life
        self.holders = self.holders or TokenHolders()
        self._thread = threading.get_ident()
        if self.finds_deadlocks:
            self.thread_clock = ThreadTime.clock_of(self._thread)
        self._count_from_now()

    def pause(self) -> None:
        """Count no more until the teardown begins."""
        if self.life is not None:
            self._watchdog.discard(self)
            self._check_in_the_end(self.life)
            self._begin_turn(math.inf)

    def begin_teardown(self, life: Lifecycle) -> None:
        """Count anew, for the teardown and the cleanups."""
        if self.life is not None:
            self._check_in_the_end(life)
            if self._deadline == math.inf:
                self._count_from_now()
            else:
                self._begin_turn(self.seconds)
        life.escalation.begin_teardown()

    def stop(self) -> None:
        """Count no more; called after the run."""
        if self.life is not None:
            self._watchdog.discard(self)
            self._check_in_the_end(self.life)
            self.life = self._deadlocks = None
        self.listen_no_more()

    def listen_no_more(self) -> None:
        """Interrupt nothing any more; called where :meth:`listen` was."""
        if self._blocked_loop is not None:
            self._blocked_loop.remove()
            self._blocked_loop = None  # no cycle

    def _count_from_now(self) -> None:
        self._begin_turn(self.seconds)
        self.due = min(self._deadline, RealTime.now() + _LOOK)
        self._watchdog.add(self)

    def _begin_turn(self, seconds: float) -> None:
        self._deadline = RealTime.now() + seconds
        self.turn += 1

    def _check_in_the_end(self, life: Lifecycle) -> None:
        """Tell that it was too late, if the run has never come to act on that."""
        late = RealTime.now() - self._deadline
        if late > 0 and not life.escalation.reported:
            who, seconds = life.escalation.who, self.seconds + late
            life.findings.add(
                TimeLimitExceeded(
                    f"{who} took {seconds:.4g} seconds, longer than its time limit of "
                    f"{self}."
                )
            )

    def _switch_off(self) -> None:
        self.seconds = self.due = math.inf
        self.finds_deadlocks = False
        self._begin_turn(math.inf)

    # --- In the watchdog's thread -------------------------------------------------

    def look(self) -> None:
        """Look at the test, which goes on meanwhile."""
        turn, life = self.turn, self.life
        now = RealTime.now()
        self.due = now + _LOOK
        frames = frames_of_other_threads()
        own = frames.get(self._thread)
        if debugger_in_any(frames.values()) or debugger_in(own):
            self._switch_off()
        elif life is None or own is None:
            pass  # it has just ended
        elif now < self._deadline:
            if not self.looks_from_inside and self._deadlocks_count(life):
                self.due = min(self.due, self._deadlock_check(life).look())
            self.due = min(self.due, self._deadline)
        else:
            self.due = now + _ANSWER
            if self._asked != turn:
                self._asked = turn
                # A run that has ended, but has not let go of the test, does not answer.
                assert self.holders is not None
                with suppress(RunFinishedError, OSError):
                    self.holders.token.run_sync_soon(self.end, turn, self.cause)
            else:
                self._blocked_loop = self._blocked_loop or BlockedLoop(self)
                self._blocked_loop.interrupt(life, self._thread, turn)

    def _deadlocks_count(self, life: Lifecycle) -> bool:
        return self.finds_deadlocks and not life.escalation.step

    def _deadlock_check(self, life: Lifecycle) -> DeadlockCheck:
        if self._deadlocks is None:
            assert self.holders is not None
            self._deadlocks = DeadlockCheck(life, self, self.holders)
        return self._deadlocks

    # --- In the run, between steps of tasks ---------------------------------------

    def look_from_inside(self) -> None:
        """Look for a deadlock, where no task can run and there is no deadline.

        If somebody else holds the token, the watchdog looks from then on: nobody tells
        the run when the token is let go.
        """
        if self.life is not None and self._deadlocks_count(self.life):
            held = self._deadlock_check(self.life).look_from_inside()
            self.looks_from_inside = not held

    def end(self, turn: int, cause: Cause) -> None:
        """Take the next step towards the end of the test.

        Args:
            turn: That in which there was a reason to.
            cause: Why; that of the first step counts.
        """
        if self.life is None or turn != self.turn:
            return
        if debugger_is_on():
            self._switch_off()
            return
        self._begin_turn(math.inf)
        seconds = self.life.escalation.take_step(self.life, cause)
        self._deadline = RealTime.now() + seconds

    @property
    def cause(self) -> Cause:
        """Why a test is ended at its limit."""
        verdict = f"has not ended within its time limit of {self}."
        because = f"its time limit of {self}"
        return Cause(TimeLimitExceeded, verdict, verdict, because)

    def __str__(self) -> str:
        return "1 second" if self.seconds == 1 else f"{self.seconds:g} seconds"
