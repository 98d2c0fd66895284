"""Whether somebody is at work on a test with a debugger, and needs all the time.

A debugger of Python code sets a trace function; so does coverage, which is none. Those
that derive from ``bdb`` (pdb and its kin) and pydevd (the IDEs) are told by what the
function belongs to. Newer ones register with ``sys.monitoring``.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ._tracebacks import package_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import FrameType

__unittest = True

_monitoring: Any = getattr(sys, "monitoring", None)  # new in 3.12
_OPENED_IN = "triocase._run_test", "triocase._class_run"
_MODULES = frozenset({"bdb", "pdb", "pydevd", "_pydevd_bundle", "_pydevd_frame_eval"})


def debugger_is_on() -> bool:
    """Return whether a debugger follows what this thread does."""
    trace = sys.gettrace()
    return (trace is not None and _is_debuggers(trace)) or _monitors()


def debugger_in(frame: FrameType | None) -> bool:
    """Return whether a debugger is or was at work on the test that a thread runs.

    Args:
        frame: The innermost of the thread, which may be another one.
    """
    # It may have left its marks on the runner's frames, in an earlier test.
    while frame is not None and frame.f_globals.get("__name__") not in _OPENED_IN:
        if frame.f_trace is not None and _is_debuggers(frame.f_trace):
            return True
        frame = frame.f_back
    return False


def debugger_in_any(innermost: Iterable[FrameType]) -> bool:
    """Return whether a debugger is at work in one of some threads.

    Args:
        innermost: The innermost frame of each.
    """
    for each in innermost:
        frame: FrameType | None = each
        while frame is not None:
            if package_of(frame) in _MODULES:
                return True
            frame = frame.f_back
    return _monitors()


def _monitors() -> bool:
    return (
        _monitoring is not None
        and _monitoring.get_tool(_monitoring.DEBUGGER_ID) is not None
    )


def _is_debuggers(trace: Any) -> bool:
    # A function, a method, or an object that can be called.
    owner = getattr(trace, "__self__", trace)
    kinds = getattr(owner, "__mro__", None) or type(owner).__mro__
    names = {str(kind.__module__).partition(".")[0] for kind in kinds}
    names.add(str(getattr(trace, "__module__", None)).partition(".")[0])
    return not names.isdisjoint(_MODULES)
