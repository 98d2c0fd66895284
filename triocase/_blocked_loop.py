"""What is done about a run that does not answer, because a task blocks the event loop.

In the main thread a signal interrupts it, and raises ``LoopBlocked`` where Trio would
raise ``KeyboardInterrupt``: in the user's code, and never in Trio's. If that does not
help, the stacks of all threads are printed.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from trio.lowlevel import currently_ki_protected, enable_ki_protection

from ._console import show, thread_stacks
from ._errors import LoopBlocked
from ._signals import BLOCKED, SignalHandler, pthread_kill
from ._task_tree import running_at

if TYPE_CHECKING:
    from types import FrameType

    from ._lifecycle import Lifecycle
    from ._time_limit import TimeLimit

__unittest = True

_INTERRUPTIONS = 3  # of code that blocks, until it counts as impossible


class BlockedLoop(SignalHandler):
    """Interrupts what blocks the event loop of one test."""

    number = BLOCKED or 0
    _turn = 0  # of the time limit, in which the run did not answer
    _silences = 0, 0  # the turn, and how often it did not
    _threads_shown = False

    def __init__(self, limit: TimeLimit) -> None:
        self._limit = limit

    # --- In the watchdog's thread -------------------------------------------------

    def meet_silence(self, life: Lifecycle, thread: int, turn: int) -> None:
        """Do what can be done from outside."""
        before, count = self._silences
        count = count + 1 if before == turn else 1
        self._silences = turn, count
        self._turn = turn
        if self.installed:
            pthread_kill(thread, self.number)
        if (count >= _INTERRUPTIONS or not self.installed) and not self._threads_shown:
            text = (
                f"\n{life.name} has not ended in time. It blocks "
                f"the event loop, and does not let itself be interrupted. Where each "
                f"thread is:\n\n{thread_stacks(thread)}"
            )
            self._threads_shown = True
            # Not in this thread: to print may take for ever.
            args = text, life.verdict
            threading.Thread(target=show, args=args, daemon=True).start()

    # --- In the run ---------------------------------------------------------------

    def hear(self, frame: FrameType | None) -> bool:
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
        if self._silences[1] <= _INTERRUPTIONS or life.ending.untold is None:
            # Of each place, not without end.
            life.ending.add_error(life, self._limit.cause, running_at(frame))
