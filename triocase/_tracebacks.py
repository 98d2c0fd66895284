"""Which frames of a traceback tell a reader something, and which are in the way.

Between the test and the code that failed stand the harness, Trio and contextlib. The
harness's frames go, wherever they are; library frames go above the user's first one,
and from a group's own traceback, where all that they show is how a nursery ends.
"""

from __future__ import annotations

import sys
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

from trio import Cancelled

if sys.version_info < (3, 11):
    from exceptiongroup import BaseExceptionGroup

if TYPE_CHECKING:
    from collections.abc import Iterator

__unittest = True

_HARNESS = "triocase"
_LIBRARIES = frozenset({_HARNESS, "trio", "outcome", "contextlib"})


def frame_of(thing: Any) -> FrameType | None:
    """Return the frame of a coroutine or generator that has not ended, or of itself."""
    if isinstance(thing, FrameType):
        return thing
    for attribute in ("cr_frame", "gi_frame", "ag_frame"):
        if hasattr(thing, attribute):
            frame: FrameType | None = getattr(thing, attribute)
            return frame
    return None


def is_harness(frame: FrameType | None) -> bool:
    """Return whether a frame is the harness's."""
    return frame is not None and package_of(frame) == _HARNESS


def is_library(frame: FrameType) -> bool:
    """Return whether a frame is the harness's, Trio's or contextlib's."""
    return package_of(frame) in _LIBRARIES


def package_of(frame: FrameType) -> str:
    """Return the name of the outermost package that a frame's code is in."""
    return str(frame.f_globals.get("__name__")).partition(".")[0]


def shown_entries(error: BaseException) -> list[TracebackType]:
    """Return the traceback entries of ``error`` that tell a reader something."""
    found = []
    entry = error.__traceback__
    while entry is not None:
        if not is_harness(entry.tb_frame):
            found.append(entry)
        entry = entry.tb_next
    if isinstance(error, BaseExceptionGroup):
        # All that libraries show in a group's own traceback is how a nursery ends.
        return [entry for entry in found if not is_library(entry.tb_frame)]
    while found and is_library(found[0].tb_frame):
        del found[0]
    return found


def linked(entries: list[TracebackType]) -> TracebackType | None:
    """Return one traceback of these entries."""
    chain = None
    for entry in reversed(entries):
        chain = TracebackType(chain, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return chain


def joined(
    above: list[TracebackType], below: list[TracebackType]
) -> list[TracebackType]:
    """Continue one traceback with another, at the first frame that stands in both."""
    for i, upper in enumerate(above):
        for j, lower in enumerate(below):
            if upper.tb_frame is lower.tb_frame:
                return above[:i] + below[j:]
    return above + below


def user_traceback(error: BaseException) -> TracebackType | None:
    """Return the traceback of ``error`` down to the user's last frame."""
    shown = shown_entries(error)
    _cut_libraries(shown)
    return linked(shown)


def tidy(error: BaseException, failure: type[BaseException]) -> None:
    """Take frames that tell a reader nothing from all tracebacks of ``error``."""
    for one in related(error):
        shown = shown_entries(one)
        if isinstance(one, Cancelled):
            _cut_libraries(shown)
        elif isinstance(one, failure):
            # How an assertion method fails. unittest itself leaves that out of the
            # exception that it is told about, but not of a group's leaves.
            while len(shown) > 1 and "__unittest" in shown[-1].tb_frame.f_globals:
                del shown[-1]
        one.with_traceback(linked(shown))  # an exception class may be frozen


def _cut_libraries(entries: list[TracebackType]) -> None:
    """Cut what libraries did below the user's last frame."""
    while entries and is_library(entries[-1].tb_frame):
        del entries[-1]


def related(error: BaseException) -> Iterator[BaseException]:
    """Yield ``error`` and all that hangs together with it, each once.

    That is causes, contexts, and what is in a group.
    """
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [one.__cause__, one.__context__]
        if isinstance(one, BaseExceptionGroup):
            waiting += one.exceptions


def frames_of(error: BaseException) -> Iterator[FrameType]:
    """Yield the frames that ``error`` and what hangs together with it hold."""
    for one in related(error):
        entry = one.__traceback__
        while entry is not None:
            yield entry.tb_frame
            entry = entry.tb_next
