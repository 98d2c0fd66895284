"""The time limit of one test, in real time, and what is done when it is over.

The watchdog's thread looks at the test once a second. Before the limit it does nothing
to the run, for whatever wakes a run changes its schedule. Then it asks the run, through
its token, to take the next step:

1. Cancel the body; or, at the limit of the teardown, all that is left.
2. Switch off the shields of the tasks that have not ended.
3. Abandon the run.

Each step is given some seconds to have its effect. In a run that does not answer, a
task blocks the event loop. In the main thread a signal interrupts it, and raises
``LoopBlocked`` where Trio would raise ``KeyboardInterrupt``: in the user's code, and
never in Trio's. If that does not help, the stacks of all threads are printed.
"""

from __future__ import annotations

import math
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from trio import RunFinishedError, WouldBlock
from trio.lowlevel import (
    current_trio_token,
    currently_ki_protected,
    enable_ki_protection,
)

from ._abandon import abandon_run
from ._console import show, thread_stacks, threads
from ._debuggers import debugger_in, debugger_in_any, debugger_is_on
from ._errors import LoopBlocked, TimeLimitExceeded
from ._groups import CANCELLATION, leaves, split
from ._shields import switch_shields_off
from ._signals import BLOCKED, SignalHandler, pthread_kill
from ._task_tree import running_at, task_tree, tasks_in, where_stuck
from ._watchdog import RealTime, watchdog

if sys.version_info < (3, 11):
    from exceptiongroup import BaseExceptionGroup

if TYPE_CHECKING:
    from types import FrameType

    from trio.lowlevel import TrioToken

    from ._findings import Finding
    from ._lifecycle import TestRun
    from ._task_tree import Running
    from ._watchdog import Watchdog

__unittest = True

_LOOK = 1.0  # real seconds between two looks, and for the run to answer
_INTERRUPTIONS = 3  # of code that blocks, until it counts as impossible
_GRACE = 4.0  # real seconds for a step to have its effect


class _Interruption(SignalHandler):
    """Interrupts what blocks the event loop."""

    def __init__(self, number: int, limit: TimeLimit) -> None:
        self.number = number
        self._limit = limit

    def hear(self, frame: FrameType | None) -> bool:
        return self._limit.interrupt(frame)


class TimeLimit:
    """The time limit of one test: of its setup and body, then of its teardown.

    Attributes:
        seconds: The limit, infinite for none.
        due: When the watchdog is to look again.
        abandoned: Whether the run had to be abandoned.
    """

    seconds = math.inf
    due = math.inf
    abandoned = False
    _test: TestRun | None = None
    _handler: SignalHandler | None = None
    _in_teardown = False
    _step = 0
    # What is asked for in one turn is too late in the next.
    _turn = 0
    _deadline = math.inf  # of this turn
    _asked = 0  # the turn in which the run was asked to act
    _blocked = 0  # the turn in which it did not answer
    _silences = 0, 0  # the turn, and how often it did not
    _threads_shown = False
    _finding: Finding | None = None  # the last, in setup and body or in the teardown
    _message: list[str]
    _token: TrioToken
    _thread: int
    _watchdog: Watchdog

    # --- In the thread of the test ------------------------------------------------

    def listen(self) -> None:
        """Be ready to interrupt what blocks the loop; called before the run."""
        if self.seconds != math.inf and BLOCKED is not None:
            self._handler = _Interruption(BLOCKED, self)
            self._handler.install()

    def start(self, test: TestRun) -> None:
        """Begin to count; called in the run."""
        if self.seconds == math.inf or debugger_is_on():
            return
        self._watchdog = watchdog()
        self._test = test
        self._token = current_trio_token()
        self._thread = threading.get_ident()
        self._begin_turn(self.seconds)
        self.due = self._deadline if self.seconds < _LOOK else RealTime.now() + _LOOK
        self._watchdog.add(self)

    def begin_teardown(self) -> None:
        """Count anew, for the teardown and the cleanups."""
        self._check_in_the_end()
        self._in_teardown = True
        self._step = 0
        self._finding = None
        self._begin_turn(self.seconds)

    def stop(self) -> None:
        """Count no more; called after the run."""
        if self._test is not None:
            self._watchdog.discard(self)
            self._check_in_the_end()
            self._test = self._finding = None
        if self._handler is not None:
            self._handler.remove()
            self._handler = None  # no cycle

    def take_over(self, error: BaseException) -> None:
        """Keep what was in flight when the limit cancelled the code or interrupted it.

        Python keeps it as the context of what has taken its place, which is not told.
        """
        exceeded = self._untold
        if exceeded is None or self._test is None:
            return
        in_flight = []
        for leaf in leaves(error):
            context: BaseException | None = leaf
            # Trio's primitives raise WouldBlock in themselves, where they then wait.
            while isinstance(context, (*CANCELLATION, WouldBlock)):
                context = context.__context__
            if context is not leaf and context is not None:
                in_flight.append(context)
                self._test.findings.note_interrupt(split(context).interrupt)
        if len(in_flight) == 1:
            exceeded.__context__ = in_flight[0]
        elif in_flight:
            exceeded.__context__ = BaseExceptionGroup(
                "in flight when the time limit was over", in_flight
            )

    def _begin_turn(self, seconds: float) -> None:
        self._deadline = RealTime.now() + seconds
        self._turn += 1

    def _check_in_the_end(self) -> None:
        """Tell that it was too late, if the run has never come to act on that."""
        late = RealTime.now() - self._deadline
        if late > 0 and self._finding is None and self._test is not None:
            self._test.findings.add(
                TimeLimitExceeded(
                    f"{self._who()} took {self.seconds + late:.4g} seconds, longer "
                    f"than its time limit of {self}."
                )
            )

    @property
    def _untold(self) -> BaseException | None:
        """The error of this time limit that has not been told yet."""
        return None if self._finding is None else self._finding.error

    def _switch_off(self) -> None:
        self.seconds = self._deadline = self.due = math.inf

    # --- In the watchdog's thread -------------------------------------------------

    def look(self) -> None:
        """Look at the test, which goes on meanwhile."""
        turn = self._turn
        now = RealTime.now()
        self.due = now + _LOOK
        frames = threads()
        if debugger_in_any(frames.values()) or debugger_in(frames.get(self._thread)):
            self._switch_off()
        elif now < self._deadline:
            self.due = min(self.due, self._deadline)
        elif self._asked != turn:
            self._asked = turn
            # A run that has ended, but has not let go of the test, does not answer.
            with suppress(RunFinishedError, OSError):
                self._token.run_sync_soon(self._act, turn)
        else:
            self._meet_silence(turn)

    def _meet_silence(self, turn: int) -> None:
        """Do what can be done from outside about a run that does not answer."""
        before, count = self._silences
        count = count + 1 if before == turn else 1
        self._silences = turn, count
        self._blocked = turn
        if BLOCKED is not None and self._handler and self._handler.installed:
            pthread_kill(self._thread, BLOCKED)
            helpless = count >= _INTERRUPTIONS
        else:
            helpless = True
        test = self._test
        if helpless and not self._threads_shown and test is not None:
            text = (
                f"\n{test.name} has not ended within its time limit. It blocks the "
                f"event loop, and does not let itself be interrupted. Where each "
                f"thread is:\n\n{thread_stacks(self._thread)}"
            )
            self._threads_shown = True
            # Not in this thread: to print may take for ever.
            args = text, test.verdict
            threading.Thread(target=show, args=args, daemon=True).start()

    # --- In the run ---------------------------------------------------------------

    def _act(self, turn: int) -> None:
        """Take the next step; called by Trio, between steps of tasks."""
        test = self._test
        if test is None or turn != self._turn or self.seconds == math.inf:
            return
        if debugger_is_on():
            self._switch_off()
            return
        self._begin_turn(_GRACE)
        self._step += 1
        if self._finding is None or (self._step > 1 and self._untold is None):
            self._add_error(test, None)
        self._deadline = RealTime.now() + _GRACE  # to draw that may have taken long
        if self._step == 1:
            because = f"its time limit of {self}"
            if self._in_teardown:
                test.cut_teardown(because)
            else:
                test.cancel_body(because)
        elif self._step == 2:
            self._switch_shields_off(test)
        else:
            self.abandoned = True
            self._remark(
                "It went on although it was cancelled, so its Trio run was abandoned."
            )
            if not test.finished:
                left = "what was left of it" if self._in_teardown else "its teardown"
                self._remark(f"Not run: {left}, and its async cleanups.")
            abandon_run(test.ctrl_c.listen_no_more)

    def _switch_shields_off(self, test: TestRun) -> None:
        others = [] if self._in_teardown or not test.nursery else [test.nursery]
        if switch_shields_off(test.stuck_tasks(), tasks_in(others)):
            self._remark(
                f"It was shielded from cancellation. After {_GRACE:g} seconds that was "
                f"switched off."
            )

    def _remark(self, text: str) -> None:
        """Say in the error what else was done."""
        assert self._untold is not None
        self._message.insert(-1, text)
        self._untold.args = ("\n".join(self._message),)

    def interrupt(self, frame: FrameType | None) -> bool:
        """Raise an error in the code that blocks the loop, where that is safe."""
        test = self._test
        if test is None or self._blocked != self._turn or self.seconds == math.inf:
            return False
        if not currently_ki_protected():
            self._note_block(test, frame)
            raise LoopBlocked
        return True

    @enable_ki_protection  # so that another signal does not interrupt this
    def _note_block(self, test: TestRun, frame: FrameType | None) -> None:
        self._blocked = 0
        if self._silences[1] <= _INTERRUPTIONS or self._untold is None:
            self._add_error(test, running_at(frame))  # of each place, not without end

    def _add_error(self, test: TestRun, running: Running | None) -> None:
        """Add an error to the test's findings, with where the test is now.

        Args:
            test: The test.
            running: What blocks the event loop, if anything does.
        """
        self._message = [
            f"{self._who()} has not ended within its time limit of {self}."
        ]
        if running is not None and running.task is None:
            self._message.append("A cleanup blocks that runs after its Trio run.")
        elif running is not None:
            self._message.append("It blocks the event loop, so no other task can run.")
        if running is None or running.task is not None:
            self._message.append(f"Its tasks:\n\n{task_tree(test, running)}")
        error = TimeLimitExceeded("\n".join(self._message))
        self._finding = test.findings.add(error)
        with suppress(Exception):  # what the test awaits may be odd
            error.__traceback__ = where_stuck(test, running)

    def _who(self) -> str:
        return "the teardown of the test" if self._in_teardown else "the test"

    def __str__(self) -> str:
        return "1 second" if self.seconds == 1 else f"{self.seconds:g} seconds"
