"""Coroutines that nobody awaited: each fails the test in which it is found.

When the interpreter drops a coroutine that never started, it calls one function of the
``warnings`` module, which then goes through the filters. While a test runs, that
function is ours. No filter is touched, so all other warnings are shown as ever.

The limit: a coroutine is found when it is dropped. What still holds one at the end of
the test (the instance, a cycle of references) drops it later: then Python warns, or
the test that runs meanwhile fails, with the line that made the coroutine.
"""

from __future__ import annotations

import inspect
import sys
import threading
import warnings
from traceback import FrameSummary, format_list
from typing import TYPE_CHECKING, Any

from trio.lowlevel import enable_ki_protection

from ._tracebacks import is_library

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CoroutineType, FrameType

    Unawaited = CoroutineType[Any, Any, Any]

__unittest = True

_HOOK = "_warn_unawaited_coroutine"
_lock = threading.Lock()
_watches: dict[int, UnawaitedWatch] = {}  # by thread: in each the innermost test's
_python_warns: Callable[[Any], None] = getattr(warnings, _HOOK)


class UnawaitedWatch:
    """Reports the coroutines that are found never awaited while one test runs."""

    def __init__(self, report: Callable[[RuntimeWarning], None]) -> None:
        self.report = report
        self._thread = 0
        self._around: UnawaitedWatch | None = None
        self._remembering = False

    def start(self) -> None:
        """Report coroutines that this thread drops, and threads without a test."""
        global _python_warns
        with _lock:
            self._thread = threading.get_ident()
            self._around = _watches.get(self._thread)
            _watches[self._thread] = self
            if len(_watches) == 1 and getattr(warnings, _HOOK) is not _on_unawaited:
                _python_warns = getattr(warnings, _HOOK)
                setattr(warnings, _HOOK, _on_unawaited)

    def stop(self) -> None:
        """Put everything back."""
        self.forget_lines()
        with _lock:
            if self._around is not None:
                _watches[self._thread] = self._around
            else:
                del _watches[self._thread]
            # Not if somebody has put a function over ours, which they will take off.
            if not _watches and getattr(warnings, _HOOK) is _on_unawaited:
                setattr(warnings, _HOOK, _python_warns)

    def remember_lines(self) -> None:
        """Have the interpreter note for each coroutine the line that makes it.

        That costs some 0.1 µs a coroutine, so it is for the time of user code alone.
        """
        if sys.get_coroutine_origin_tracking_depth() == 0:
            sys.set_coroutine_origin_tracking_depth(1)
            self._remembering = True

    def forget_lines(self) -> None:
        """End that, in the thread where it was begun."""
        if self._remembering and sys.get_coroutine_origin_tracking_depth() == 1:
            sys.set_coroutine_origin_tracking_depth(0)
        self._remembering = False


@enable_ki_protection
def _on_unawaited(coroutine: Unawaited) -> None:
    """Take the place of Python's own function: called where a coroutine is dropped."""
    watch = _watches.get(threading.get_ident())
    if watch is None and len(_watches) == 1:  # a worker thread of the test's, say
        (watch,) = _watches.values()
    if watch is None:
        _python_warns(coroutine)
    else:
        explanation = _explanation(coroutine, inspect.currentframe())
        watch.report(RuntimeWarning(explanation))


def _explanation(coroutine: Unawaited, hook: FrameType | None) -> str:
    """Say where a coroutine was made, and where it was dropped if that is elsewhere.

    ``hook`` is the frame that the interpreter calls as it drops the coroutine.
    """
    if coroutine.cr_origin:
        places = [FrameSummary(*place) for place in reversed(coroutine.cr_origin)]
        text = "It was made here:\n"
    else:
        code = coroutine.cr_code
        places = [FrameSummary(code.co_filename, code.co_firstlineno, code.co_name)]
        text = "It was made in another thread or before this test, by a call of:\n"
    text += "".join(format_list(places))
    if hook is not None and (frame := hook.f_back) and not is_library(frame):
        code = frame.f_code
        dropped = FrameSummary(code.co_filename, frame.f_lineno, code.co_name)
        if dropped not in places:
            text += "It was dropped here:\n" + "".join(format_list([dropped]))
    return (
        f"coroutine '{coroutine.__qualname__}' was never awaited. {text}"
        f"Write `await` before the call."
    )
