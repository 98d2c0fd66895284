"""Ctrl-C while a test runs: "where was it?" is the first question, so that is printed.

What Ctrl-C does is left to whoever handles it: Trio, ``unittest -c``, or the user.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio.lowlevel import enable_ki_protection

from ._console import show
from ._signals import CTRL_C, SignalHandler
from ._task_tree import running_at, task_tree

if TYPE_CHECKING:
    from types import FrameType

    from ._lifecycle import TestRun

__unittest = True


class CtrlC(SignalHandler):
    """Hears of Ctrl-C while one test runs.

    Attributes:
        pressed: Whether there was one that was Trio's to handle.
    """

    number = CTRL_C
    pressed = False
    _test: TestRun | None = None

    def listen(self, test: TestRun) -> None:
        """Begin; called in the run, where Trio's handler is in place."""
        self._test = test
        self.install()

    def listen_no_more(self, *, run_is_dead: bool = False) -> None:
        """End, in the run if it is not dead."""
        self.remove(run_is_dead=run_is_dead)
        self._test = None  # no cycle

    @enable_ki_protection  # so that another signal does not interrupt this
    def _handle(self, number: int, frame: FrameType | None) -> None:
        super()._handle(number, frame)

    def hear(self, frame: FrameType | None) -> bool:
        """Print where each task is."""
        self.pressed = self.is_trios
        test = self._test
        assert test is not None
        tree = task_tree(test, running_at(frame))
        show(f"\nCtrl-C in {test.name}. Its tasks:\n\n{tree}\n", test.verdict)
        return False
