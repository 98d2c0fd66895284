"""What is done about a run that does not answer, because a task blocks the event loop.

In the main thread a signal interrupts it, and raises ``LoopBlocked`` where Trio would
raise ``KeyboardInterrupt``: in the user's code, and never in Trio's. If that does not
help, the stacks of all threads are printed.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from trio.lowlevel import currently_ki_protected, enable_ki_protection

from ._console import show
from ._errors import LoopBlocked
from ._signals import INTERRUPTION, SignalHandler, pthread_kill
from ._task_tree import running_at
from ._thread_stacks import thread_stacks

if TYPE_CHECKING:
    from types import FrameType

    from ._lifecycle import Lifecycle
    from ._time_limit import TimeLimit

__unittest = True

_INTERRUPTIONS = 3  # of code that blocks, until it counts as impossible


class BlockedLoop(SignalHandler):
    """Interrupts what blocks the event loop of one test."""

    number = INTERRUPTION
    _turn = 0  # of the time limit, in which to interrupt; 0 once that was done
    _unanswered = 0, 0  # the last turn in which the run did not answer, and how often
    _threads_shown = False

    def __init__(self, limit: TimeLimit) -> None:
        self._limit = limit

    # --- In the watchdog's thread -------------------------------------------------

    def interrupt(self, life: Lifecycle, thread: int, turn: int) -> None:
        """Interrupt the code that blocks, or else print where each thread is.

        Args:
            life: That of the test or the class.
            thread: The one that it runs in.
            turn: That of the time limit, in which the run does not answer.
        """
        before, count = self._unanswered
        count = count + 1 if before == turn else 1
        self._unanswered = turn, count
        self._turn = turn
        if self.installed:
            pthread_kill(thread, self.number)
        if (count >= _INTERRUPTIONS or not self.installed) and not self._threads_shown:
            text = (
                f"\n{life.name} has not ended in time. It blocks the event loop, and "
                f"does not let itself be interrupted. Where each thread is:\n\n"
                f"{thread_stacks(thread)}"
            )
            self._threads_shown = True
            # Not in this thread: to print may take for ever.
            args = text, life.verdict
            threading.Thread(target=show, args=args, daemon=True).start()

    # --- In the run ---------------------------------------------------------------

    def intercept(self, frame: FrameType | None) -> bool:
        """Raise an error in the code that blocks the loop, where that is safe."""
        life = self._limit.life
        if life is None or self._turn != self._limit.turn:
            return False
        if not currently_ki_protected():
            self._note(life, frame)
            raise LoopBlocked
        return True

    @enable_ki_protection  # so that another signal does not interrupt this
    def _note(self, life: Lifecycle, frame: FrameType | None) -> None:
        self._turn = 0
        if self._unanswered[1] <= _INTERRUPTIONS or life.escalation.untold is None:
            # One for each place, but not without end.
            life.escalation.add_error(life, self._limit.cause, running_at(frame))
