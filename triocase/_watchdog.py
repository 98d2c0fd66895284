"""The watchdog: one thread that looks at the tests that take long.

A test that runs is a watch with a time at which it wants to be looked at, half a second
after its start at the earliest. To add and remove one takes no lock and wakes nobody,
so a test that is over before has cost next to nothing. The thread never touches a run
loop by itself; what to do about a test that takes too long is the watch's affair.

The thread is a daemon, so it does not keep the interpreter from exiting. A fork leaves
the child without it, and without the parent's watches; the next test in the child
starts a new one.
"""

from __future__ import annotations

import math
import os
import threading
import time
from contextlib import suppress
from typing import Protocol

__unittest = True

_PAUSE = 0.5  # real seconds, while tests run


class RealTime:
    """The time by which limits count.

    Tools that freeze time replace it wherever a module holds it; not in a class.
    """

    now = staticmethod(time.monotonic)


class Watch(Protocol):
    """Something to be looked at.

    Attributes:
        due: When, by :class:`RealTime`.
    """

    due: float

    def look(self) -> None:
        """Look at it, in the watchdog's thread, and set ``due`` anew."""


class Watchdog:
    """A thread, and what it watches."""

    def __init__(self) -> None:
        self._watches: set[Watch] = set()
        self._added = False  # since the thread has last looked: so more may follow
        self._next = math.inf  # when it looks again, once it waits
        self._wake = threading.Condition()
        self.thread = threading.Thread(
            target=self._run, name="triocase watchdog", daemon=True
        )

    def add(self, watch: Watch) -> None:
        """Have a look at ``watch`` whenever it is due."""
        self._watches.add(watch)
        self._added = True
        if watch.due < self._next:
            with self._wake:
                self._wake.notify()

    def discard(self, watch: Watch) -> None:
        """Look at it no more."""
        self._watches.discard(watch)

    def _run(self) -> None:
        kept = _kept  # noqa: F841  # see there
        while True:
            # Until the thread waits, whoever adds a watch waits for it to do so.
            self._next = math.inf
            self._look()
            with self._wake:
                due = [watch.due for watch in list(self._watches)]
                if self._added:
                    due.append(RealTime.now() + _PAUSE)
                    self._added = False
                self._next = min(due, default=math.inf)
                pause = max(0.0, self._next - RealTime.now())
                self._wake.wait(None if pause == math.inf else pause)

    def _look(self) -> None:
        # Apart from the loop, whose frame would hold a watch while the thread waits.
        now = RealTime.now()
        for watch in list(self._watches):
            if watch.due <= now:
                watch.due = now + _PAUSE
                with suppress(Exception):  # whatever the test has patched
                    watch.look()


_watchdog: Watchdog | None = None
_starting = threading.Lock()
# Held by the frame of a thread that never returns, this list and what is in it live to
# the end of the process, and through it.
_kept: list[object] = []


def watchdog() -> Watchdog:
    """Return the watchdog of this process; start it if there is none.

    Where no thread can be started, it is one that never looks.
    """
    global _watchdog
    if _watchdog is None:
        with _starting:
            if _watchdog is None:
                new = Watchdog()
                try:
                    new.thread.start()
                except RuntimeError:
                    return new
                _watchdog = new
    return _watchdog


def keep_for_ever(thing: object) -> None:
    """Never let ``thing`` be collected, not even when the interpreter exits."""
    _kept.append(thing)
    watchdog()


def _forget() -> None:
    global _watchdog, _starting
    _watchdog = None
    _starting = threading.Lock()


if hasattr(os, "register_at_fork"):  # pragma: no branch  # not on Windows
    os.register_at_fork(after_in_child=_forget)
