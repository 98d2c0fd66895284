"""Ctrl-C while a test runs: "where was it?" is the first question, so that is printed.

What Ctrl-C does is left to whoever handles it: Trio, ``unittest -c``, or the user.
But what a handler raises in Trio's own loop ends what the test waits in instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trio.lowlevel import (
    current_trio_token,
    currently_ki_protected,
    enable_ki_protection,
)

from ._console import show
from ._signals import CTRL_C, SignalHandler
from ._task_tree import running_at, task_tree

if TYPE_CHECKING:
    from types import FrameType

    from ._lifecycle import Lifecycle

__unittest = True


class CtrlC(SignalHandler):
    """Intercepts Ctrl-C while one test runs.

    Attributes:
        pressed: Whether there was one that was Trio's to handle.
    """

    number = CTRL_C
    pressed = False
    _may_raise = False
    _life: Lifecycle | None = None

    def listen(self, life: Lifecycle) -> None:
        """Begin; called in the run, where Trio's handler is in place."""
        self._life = life
        self.install()

    def listen_no_more(self, *, run_is_dead: bool = False) -> None:
        """End, in the run if it is not dead."""
        self.remove(run_is_dead=run_is_dead)
        self._life = None  # no cycle

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self._may_raise = not currently_ki_protected()
        self._handle_it(number, frame)

    @enable_ki_protection  # so that another signal does not interrupt this
    def _handle_it(self, number: int, frame: FrameType | None) -> None:
        super()._handle(number, frame)

    def intercept(self, frame: FrameType | None) -> bool:
        """Print where each task is."""
        self.pressed = self.previous_is_trios
        life = self._life
        assert life is not None
        tree = task_tree(life, running_at(frame))
        show(f"\nCtrl-C in {life.name}. Its tasks:\n\n{tree}\n", life.verdict)
        return False

    def call_previous(self, previous: Any, frame: FrameType | None) -> None:
        """Let a handler that is not Trio's raise in code of the user's only."""
        try:
            super().call_previous(previous, frame)
        except BaseException as error:
            life = self._life
            if self._may_raise or life is None:
                raise
            # In Trio's own loop it would break the run off.
            life.findings.add(error)
            current_trio_token().run_sync_soon(life.interrupt)
