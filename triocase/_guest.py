"""A Trio run that its host can leave alone for a while.

Trio's guest mode hands the host one piece of work after the other. The host here does
them as they come, until it is told to rest; then it takes no more, so all tasks stand
still, and so does the run's clock. As long as a task stays runnable, the next piece is
there already when the host goes on; else it comes from a thread that waits for I/O.

While the run rests, Ctrl-C is Python's and not Trio's.
"""

from __future__ import annotations

import signal
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

from outcome import Error
from trio.abc import Clock
from trio.lowlevel import enable_ki_protection, start_guest_run

from ._signals import CTRL_C, handler_of, is_trios, swap_handler
from ._watchdog import RealTime, keep_for_ever

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from outcome import Outcome
    from trio.abc import Instrument

__unittest = True


class RestingTime(Protocol):
    """A clock that stands still while the run does."""

    def rest(self) -> None:
        """Stand still."""

    def go_on(self) -> None:
        """Go on from there."""


class RealClock(Clock):
    """Real time, but for the time that the run has rested."""

    def __init__(self) -> None:
        self._rested = 0.0
        self._since: float | None = RealTime.now()

    def start_clock(self) -> None:
        pass

    def current_time(self) -> float:
        now = RealTime.now() if self._since is None else self._since
        return now - self._rested

    def deadline_to_sleep_time(self, deadline: float) -> float:
        return deadline - self.current_time()

    def rest(self) -> None:
        self._since = RealTime.now()

    def go_on(self) -> None:
        assert self._since is not None
        self._rested += RealTime.now() - self._since
        self._since = None


class GuestRun:
    """A Trio run in the thread that makes it.

    Attributes:
        outcome: What its main task has come to, or what has broken the run off; None as
            long as it is open.
        running: Whether it does not rest.
    """

    def __init__(self, time: RestingTime) -> None:
        self.outcome: Outcome[object] | None = None
        self.running = False
        self._time = time
        # What is taken from a queue is lost if a signal's handler raises just then. So
        # the work stays where it is until it is done, and the bell says no more than
        # that there may be some.
        self._jobs: deque[Callable[[], object]] = deque()
        self._bell = threading.Lock()
        self._bell.acquire()
        self._trios_handler: Any = None

    def start(
        self,
        async_fn: Callable[[], Awaitable[object]],
        clock: Clock,
        instruments: Sequence[Instrument],
    ) -> None:
        """Open the run; nothing runs in it yet.

        Raises:
            RuntimeError: There is a Trio run in this thread already.
        """
        start_guest_run(
            async_fn,
            run_sync_soon_threadsafe=self._put,
            done_callback=self._end,
            # A signal wakes the host by itself.
            host_uses_signal_set_wakeup_fd=True,
            clock=clock,
            instruments=instruments,
        )
        self._rest()

    @enable_ki_protection
    def go_on(
        self,
        begin: Callable[[], object],
        until: Callable[[], bool],
        hear: Callable[[BaseException], object],
    ) -> None:
        """Let the run go on until it is over, or ``until()`` is true after a piece.

        Args:
            begin: Called when Ctrl-C is Trio's again; before, nothing has begun.
            until: When to rest.
            hear: Called with what a signal's handler raises while all tasks wait.

        Raises:
            RuntimeError: It is called from inside the run.
        """
        self.refuse_nesting()
        if self._trios_handler is not None:
            swap_handler(CTRL_C, signal.default_int_handler, self._trios_handler)
        self.running = True
        try:
            self._time.go_on()
            begin()
            while self.outcome is None and not until():
                try:
                    while not self._jobs:
                        self._bell.acquire()
                except BaseException as error:
                    hear(error)
                else:
                    self._jobs.popleft()()
        except BaseException as error:  # raised by such a handler, while Trio works
            # What was being done is lost, and with it the run.
            self.outcome = Error(error)
            keep_for_ever(self)  # collected, it would complain
        finally:
            self._rest()

    def refuse_nesting(self) -> None:
        """Raise what Trio raises for a run in a run, if this one does not rest."""
        if self.running:
            raise RuntimeError("Attempted to call run() from inside a run()")

    @property
    def error(self) -> BaseException | None:
        """What its main task has raised, or what has broken the run off."""
        return self.outcome.error if isinstance(self.outcome, Error) else None

    def _put(self, job: Callable[[], object]) -> None:
        self._jobs.append(job)
        try:
            self._bell.release()
        except RuntimeError:
            pass  # it rings already

    def _end(self, outcome: Outcome[object]) -> None:
        self.outcome = outcome

    def _rest(self) -> None:
        self.running = False
        self._time.rest()
        handler = handler_of(CTRL_C)
        if is_trios(handler) and threading.current_thread() is threading.main_thread():
            self._trios_handler = handler
            swap_handler(CTRL_C, handler, signal.default_int_handler)
