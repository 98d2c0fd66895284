"""Where each thread is: the innermost frame, or the whole stack as a text."""

from __future__ import annotations

import threading
from sys import _current_frames
from traceback import StackSummary, walk_stack
from typing import TYPE_CHECKING

from ._tracebacks import is_harness, is_library

if TYPE_CHECKING:
    from types import FrameType

__unittest = True


def frames_of_other_threads() -> dict[int, FrameType]:
    """Return the innermost frame of each thread but this one."""
    frames = _current_frames()
    # Not this one's, which holds what holds it: a cycle, and with it all the others.
    frames.pop(threading.get_ident(), None)
    return frames


def thread_stacks(thread: int) -> str:
    """Return where each thread is but this one, as a text.

    Args:
        thread: The one that the test runs in, which comes first.
    """
    frames = frames_of_other_threads()
    names = {each.ident: each.name for each in threading.enumerate()}
    text = []
    for ident in sorted(frames, key=lambda ident: ident != thread):
        name = names.get(ident, f"thread {ident}")
        mark = " (the test)" if ident == thread else ""
        stack = "".join(StackSummary.extract(_stack(frames[ident])).format())
        text.append(f"{name}{mark}:\n{stack}")
    return "\n".join(text)


def _stack(innermost: FrameType) -> list[tuple[FrameType, int]]:
    """Return the frames of a thread from outer to inner, with their lines.

    If it runs a test, those of the runner around it are left out.
    """
    stack = list(walk_stack(innermost))[::-1]
    ours = [place for place, (frame, _) in enumerate(stack) if is_harness(frame)]
    if not ours:
        return stack
    return [
        (frame, line)
        for frame, line in stack[ours[0] :]
        if not is_library(frame) and "__unittest" not in frame.f_globals
    ]
