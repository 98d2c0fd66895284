"""What signals do while a test runs in the main thread.

Three of them are handled for the length of a test: SIGURG, which Python and most
programs ignore, to interrupt code that blocks the event loop; SIGINT, Ctrl-C, to print
where the test is before whoever handles it does so; and SIGALRM, if there is a handler,
to keep its error out of Trio's loop.
"""

from __future__ import annotations

import signal

# What `signal` has around these two, to turn numbers into enums and back, costs more
# than all else that a test needs them for.
from _signal import getsignal as _get  # type: ignore[import-not-found]
from _signal import signal as _set
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import FrameType

__unittest = True

BLOCKED: int | None = getattr(signal, "SIGURG", None)  # not on Windows
CTRL_C = signal.SIGINT
pthread_kill: Any = getattr(signal, "pthread_kill", None)  # nor this


def handler_of(number: int) -> Any:
    """Return the handler of a signal; what is not callable is none of Python's."""
    return _get(number)


class SignalHandler:
    """Hears of a signal before its handler does, for a while.

    Attributes:
        number: The signal.
    """

    number: int
    installed = False
    _behind: Any = None  # who handles it else

    def hear(self, frame: FrameType | None) -> bool:
        """Do what is to be done; called in the main thread.

        Args:
            frame: The innermost that was interrupted.

        Returns:
            Whether the signal was meant for this alone.
        """
        raise NotImplementedError

    def install(self) -> None:
        """Listen from now on, if this is the main thread."""
        behind = _get(self.number)
        # None is a handler that Python cannot put back. SIG_DFL lets Ctrl-C kill.
        if behind is None or (self.number == CTRL_C and not callable(behind)):
            return
        self._behind = behind
        self.installed = True
        try:
            _set(self.number, self._handle)
        except ValueError:  # another thread
            self.installed = False

    def remove(self, *, run_is_dead: bool = False) -> None:
        """Listen no more.

        Args:
            run_is_dead: Whether Trio can no longer take back its own handler.
        """
        if not self.installed:
            return
        if run_is_dead and self.is_trios:
            self._behind = signal.default_int_handler
        now = _set(self.number, self._behind)
        if now != self._handle:
            _set(self.number, now)  # the test has put its own there
        self.installed = False  # not before: a signal now still goes to Trio

    @property
    def is_trios(self) -> bool:
        """Whether it is Trio that handles the signal else, in place of Python."""
        return is_trios(self._behind)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        behind = self._behind
        if not self.installed:
            # A handler that the test has left there passes it on, after the run.
            if self.is_trios:
                behind = signal.default_int_handler
        elif self.hear(frame):
            return
        if not callable(behind):
            return
        # unittest's handler for `-c` does nothing if it is not the one installed.
        now = _set(number, behind)
        try:
            self.pass_on(behind, frame)
        finally:
            if _get(number) is behind:
                _set(number, now)

    def pass_on(self, behind: Any, frame: FrameType | None) -> None:
        """Call the handler that is behind this one, which is installed meanwhile."""
        behind(self.number, frame)


def swap_handler(number: int, old: Any, new: Any) -> None:
    """Put ``new`` in the place of ``old``, if that is the handler just now."""
    if _get(number) is old:
        _set(number, new)


def is_trios(handler: object) -> bool:
    """Return whether a handler is the one that Trio puts in place of Python's."""
    return str(getattr(handler, "__module__", "")).startswith("trio.")
