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

CTRL_C = signal.SIGINT
# Windows has none of these.
ALARM: int | None = getattr(signal, "SIGALRM", None)
INTERRUPTION: int | None = getattr(signal, "SIGURG", None)
pthread_kill: Any = getattr(signal, "pthread_kill", None)


def handler_of(number: int) -> Any:
    """Return the handler of a signal; what is not callable is none of Python's."""
    return _get(number)


class SignalHandler:
    """Intercepts a signal for a while, in front of the handler that was there before.

    Attributes:
        number: The signal; None if the system has none such.
        installed: Whether it does so now.
    """

    number: int | None
    installed = False
    _previous: Any = None  # the handler that was there before

    def intercept(self, frame: FrameType | None) -> bool:
        """Do what is to be done first; called in the main thread.

        Args:
            frame: The innermost that was interrupted.

        Returns:
            Whether the signal was meant for this alone, so that no other hears of it.
        """
        raise NotImplementedError

    def install(self) -> None:
        """Intercept the signal from now on, if this is the main thread."""
        if self.number is None:
            return
        previous = _get(self.number)
        # None is a handler that Python cannot put back. SIG_DFL lets Ctrl-C kill.
        if previous is None or (self.number == CTRL_C and not callable(previous)):
            return
        self._previous = previous
        self.installed = True
        try:
            _set(self.number, self._handle)
        except ValueError:  # another thread
            self.installed = False

    def remove(self, *, run_is_dead: bool = False) -> None:
        """Intercept it no more.

        Args:
            run_is_dead: Whether Trio can no longer take back its own handler.
        """
        if not self.installed:
            return
        if run_is_dead and self.previous_is_trios:
            self._previous = signal.default_int_handler
        now = _set(self.number, self._previous)
        if now != self._handle:
            _set(self.number, now)  # the test has put its own there
        self.installed = False  # not before: a signal now still goes to Trio

    @property
    def previous_is_trios(self) -> bool:
        """Whether the handler that was there before is Trio's, in place of Python's."""
        return is_trios(self._previous)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        previous = self._previous
        if not self.installed:
            # A handler that the test has left there passes it on, after the run.
            if self.previous_is_trios:
                previous = signal.default_int_handler
        elif self.intercept(frame):
            return
        if not callable(previous):
            return
        # unittest's handler for `-c` does nothing if it is not the one installed.
        now = _set(number, previous)
        try:
            self.call_previous(previous, frame)
        finally:
            if _get(number) is previous:
                _set(number, now)

    def call_previous(self, previous: Any, frame: FrameType | None) -> None:
        """Call the handler that was there before, which is installed meanwhile."""
        previous(self.number, frame)


def swap_handler(number: int, old: Any, new: Any) -> None:
    """Put ``new`` in the place of ``old``, if that is the handler just now."""
    if _get(number) is old:
        _set(number, new)


def is_trios(handler: object) -> bool:
    """Return whether a handler is the one that Trio puts in place of Python's."""
    return str(getattr(handler, "__module__", "")).startswith("trio.")
