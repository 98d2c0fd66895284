"""What signals do while a test runs in the main thread.

Two of them are handled for the length of a test: SIGURG, which Python and most programs
ignore, to interrupt code that blocks the event loop; and SIGINT, Ctrl-C, to print where
the test is before whoever handles it does so.
"""

from __future__ import annotations

import signal

# What `signal` has around these two, to turn numbers into enums and back, costs more
# than all else that a test needs them for.
from _signal import getsignal as _get  # type: ignore[import-not-found]
from _signal import signal as _set
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

__unittest = True

BLOCKED: int | None = getattr(signal, "SIGURG", None)  # not on Windows
CTRL_C = signal.SIGINT
pthread_kill: Any = getattr(signal, "pthread_kill", None)  # nor this


class SignalHandler:
    """A function that hears of a signal before its handler does, for a while.

    Args:
        number: The signal.
        hear: Gets the frame that was interrupted, in the main thread. Returns whether
            the signal was meant for it alone.
    """

    def __init__(self, number: int, hear: Callable[[FrameType | None], bool]) -> None:
        self._number = number
        self._hear: Callable[[FrameType | None], bool] | None = hear
        self._behind: Any = None  # who handles it else

    def install(self) -> None:
        """Listen from now on, if this is the main thread."""
        behind = _get(self._number)
        # None is a handler that Python cannot put back. SIG_DFL lets Ctrl-C kill.
        if behind is None or (self._number == CTRL_C and not callable(behind)):
            return
        try:
            _set(self._number, self._handle)
        except ValueError:  # another thread
            return
        self._behind = behind

    def remove(self, *, run_is_dead: bool = False) -> None:
        """Listen no more.

        Args:
            run_is_dead: Whether Trio can no longer take back its own handler.
        """
        if self._behind is not None:
            if run_is_dead and str(self._behind.__module__).startswith("trio."):
                self._behind = signal.default_int_handler  # what it takes the place of
            now = _set(self._number, self._behind)
            if now != self._handle:
                _set(self._number, now)  # the test has put its own there
            self._behind = None
        self._hear = None  # its test and it are in no cycle

    @property
    def installed(self) -> bool:
        """Whether it listens."""
        return self._behind is not None

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if (self._hear is not None and self._hear(frame)) or not callable(self._behind):
            return
        # unittest's handler for `-c` does nothing if it is not the one installed.
        behind = self._behind
        _set(number, behind)
        try:
            behind(number, frame)
        finally:
            if _get(number) is behind:
                _set(number, self._handle)
