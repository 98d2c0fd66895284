"""How far a long search is: a few characters on a terminal, wiped at the end."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from ._watchdog import RealTime

if TYPE_CHECKING:
    from ._verdicts import Verdict

__unittest = True

_QUIET = 1.0  # real seconds before anything is shown
_PAUSE = 0.1  # real seconds between two texts


class Progress:
    """What is shown on the process's own stderr, past the runner's capture.

    It goes where the cursor is and back again, so it needs no line of its own: the name
    of the test may stand before it.
    """

    def __init__(self, verdict: Verdict) -> None:
        self._verdict = verdict
        self._next = RealTime.now() + _QUIET
        self._shown = 0  # characters

    def show(self, text: str) -> None:
        """Show a text in place of the last one, if it is time for that."""
        if RealTime.now() >= self._next:
            self._next = RealTime.now() + _PAUSE
            self._write(text)

    def wipe(self) -> None:
        """Show nothing any more."""
        if self._shown:
            self._write("")

    def _write(self, text: str) -> None:
        # A closed stream, a broken pipe; or what the test has patched.
        with suppress(Exception), self._verdict.uncaptured() as stderr:
            if stderr is not None and stderr.isatty():
                blank = max(0, self._shown - len(text))
                width = len(text) + blank
                stderr.write(text + " " * blank + "\b" * width)
                stderr.flush()
                self._shown = len(text)
