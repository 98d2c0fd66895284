"""Coroutines that nobody awaited: each fails the test in which it is found.

When the interpreter drops a coroutine that never started, it calls one function of the
``warnings`` module, which then goes through the filters. While a test runs, that
function is ours. No filter is touched, so all other warnings are shown as ever.

The limit: what something still holds at the end of the test (the instance, a cycle of
references) is dropped later. Then Python warns, or the test that runs meanwhile fails,
with the line that made the coroutine. Not so for what a failure's frames hold: a runner
may keep them for long, and we know whose it is.
"""

from __future__ import annotations

import inspect
import sys
import threading
import warnings
from collections import Counter, deque
from contextvars import ContextVar
from types import CoroutineType
from typing import TYPE_CHECKING, Any, NamedTuple

from trio.lowlevel import enable_ki_protection

from ._places import Place, traceback_at
from ._tracebacks import frames_of, is_library

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Token
    from types import FrameType

    Unawaited = CoroutineType[Any, Any, Any]

__unittest = True

_HOOK = "_warn_unawaited_coroutine"
# What is not ours goes to the function of Python's own. What we have replaced may be
# somebody's function around ours, and is only put back.
_python_warns: Callable[[Unawaited], None] = getattr(warnings, _HOOK)
_replaced = _python_warns
_lock = threading.Lock()
_running: list[UnawaitedWatch] = []
# Tasks and worker threads have a copy of the context in which their test began.
_mine: ContextVar[UnawaitedWatch] = ContextVar("triocase_unawaited_watch")


class Found(NamedTuple):
    """A coroutine that was never awaited.

    Attributes:
        name: Its qualified name.
        made: Where it was made; None if that was not remembered.
        defined: Where its code begins.
        dropped: Where it was dropped; None if that was not in code of the user's.
    """

    name: str
    made: Place | None
    defined: Place
    dropped: Place | None

    def explained(self, times: int) -> RuntimeWarning:
        """Return the error that tells a reader about it, raised where it was made."""
        text = f"coroutine '{self.name}' was never awaited"
        if times > 1:
            text += f", {times} times"
        text += ". Write `await` before the call."
        if self.made is None:
            text += (
                " (It was made in another thread or before this test, so this is where "
                "it is defined.)"
            )
        if self.dropped not in (None, self.made):
            text += f"\nIt was dropped here:\n{self.dropped}"
        trace = traceback_at(*self.made or self.defined)
        return RuntimeWarning(text).with_traceback(trace)


class _OwnedName(str):
    """The name of a coroutine, with the watch of the test that has made it.

    A coroutine has no other attribute that can be set.
    """

    owner: UnawaitedWatch


class UnawaitedWatch:
    """Looks for coroutines that are never awaited while one test runs.

    Attributes:
        found: What was found since :meth:`take` was called, from any thread.
        claimed: What the frames of failures hold, until :meth:`release` is called.
        deputy: For the watch of a class, that of the test which runs: it takes all.
    """

    def __init__(self) -> None:
        self.found: deque[Found] = deque()
        self.claimed: list[Unawaited] = []
        self.deputy: UnawaitedWatch | None = None
        self._token: Token[UnawaitedWatch] | None = None
        self._remembering = False

    def start(self) -> None:
        """Watch what this context drops, and its copies; and all others, if alone."""
        global _replaced
        with _lock:
            _running.append(self)
            if getattr(warnings, _HOOK) is not _on_unawaited:
                _replaced = getattr(warnings, _HOOK)
                setattr(warnings, _HOOK, _on_unawaited)
        self._token = _mine.set(self)

    def stop(self) -> None:
        """Put everything back."""
        self.forget_lines()
        with _lock:
            if self in _running:
                _running.remove(self)
            # Not if somebody has put a function over ours, which they will take off.
            if not _running and getattr(warnings, _HOOK) is _on_unawaited:
                setattr(warnings, _HOOK, _replaced)
        if self._token is not None:
            _mine.reset(self._token)
            self._token = None

    def remember_lines(self) -> None:
        """Have the interpreter note for each coroutine the line that makes it.

        That has a price for each coroutine, so it is for the time of user code alone.
        """
        if sys.get_coroutine_origin_tracking_depth() == 0:
            sys.set_coroutine_origin_tracking_depth(1)
            self._remembering = True

    def forget_lines(self) -> None:
        """End that, in the thread where it was begun."""
        if self._remembering and sys.get_coroutine_origin_tracking_depth() == 1:
            sys.set_coroutine_origin_tracking_depth(0)
        self._remembering = False

    def note(self, coroutine: Unawaited, dropped: FrameType | None = None) -> None:
        """Note a coroutine; called where it is dropped, so with no word too many."""
        origin, code = coroutine.cr_origin, coroutine.cr_code
        if dropped is not None and is_library(dropped):
            dropped = None
        self.found.append(
            Found(
                coroutine.__qualname__,
                made=Place(*origin[0]) if origin else None,
                defined=Place(code.co_filename, code.co_firstlineno, code.co_name),
                dropped=dropped
                and Place(
                    dropped.f_code.co_filename, dropped.f_lineno, dropped.f_code.co_name
                ),
            )
        )

    def claim(self, error: BaseException) -> None:
        """Hold what the frames of ``error`` have made and not awaited."""
        for frame in frames_of(error):
            if frame.f_code.co_flags & inspect.CO_OPTIMIZED:  # a function's
                for value in frame.f_locals.values():
                    if type(value) is CoroutineType and _is_new(value):
                        self.claimed.append(value)

    def release(self) -> None:
        """At the end of the test, let go of it, so that it is dropped if it can be."""
        for coroutine in self.claimed:
            if _is_new(coroutine):
                coroutine.__qualname__ = _OwnedName(coroutine.__qualname__)
                coroutine.__qualname__.owner = self
            del coroutine
        self.claimed.clear()

    def take(self) -> list[RuntimeWarning]:
        """Return the errors that tell of what was found, each once, in order."""
        found: Counter[Found] = Counter()
        while self.found:
            found[self.found.popleft()] += 1
        return [one.explained(times) for one, times in found.items()]


def _is_new(coroutine: Unawaited) -> bool:
    return inspect.getcoroutinestate(coroutine) == inspect.CORO_CREATED


@enable_ki_protection
def _on_unawaited(coroutine: Unawaited) -> None:
    """Take the place of Python's own function: called where a coroutine is dropped."""
    running = list(_running)
    name = coroutine.__qualname__
    watch = name.owner if isinstance(name, _OwnedName) else None
    if watch is None:
        watch = _mine.get(None)
        watch = (watch and watch.deputy) or watch
        if watch not in running and len(running) == 1:  # a thread that the test started
            (watch,) = running
    if watch is None or watch not in running:
        _python_warns(coroutine)
    else:
        frame = inspect.currentframe()
        watch.note(coroutine, frame and frame.f_back)
        del frame  # no cycle
