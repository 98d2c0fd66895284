"""What is printed while a test runs, for a person who wants to know where it is.

A runner that captures what tests print would show it when the test is over, which may
be never. So it goes to the process's own stderr, past the runner.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from sys import _current_frames
from traceback import StackSummary, walk_stack
from typing import TYPE_CHECKING

from ._tracebacks import is_harness, is_library

if TYPE_CHECKING:
    from types import FrameType

    from ._verdicts import Verdict

__unittest = True


def show(text: str, verdict: Verdict) -> None:
    """Print a text past the runner, if it can be printed; wait until it is."""
    # A closed stream, a broken pipe; or what the test has patched.
    with suppress(Exception), verdict.uncaptured() as stderr:
        if stderr is not None:
            print(text, file=stderr, flush=True)


def threads() -> dict[int, FrameType]:
    """Return the innermost frame of each other thread."""
    frames = _current_frames()
    # Not this one's, which holds what holds it: a cycle, and with it all the others.
    frames.pop(threading.get_ident(), None)
    return frames


def thread_stacks(thread: int) -> str:
    """Return where each thread is, as a text.

    Args:
        thread: The one that the test runs in, which comes first.
    """
    frames = threads()
    names = {each.ident: each.name for each in threading.enumerate()}
    text = []
    for ident in sorted(frames, key=lambda ident: ident != thread):
        name = names.get(ident, f"thread {ident}")
        mark = " (the test)" if ident == thread else ""
        stack = "".join(StackSummary.extract(_frames(frames[ident])).format())
        text.append(f"{name}{mark}:\n{stack}")
    return "\n".join(text)


def _frames(innermost: FrameType) -> list[tuple[FrameType, int]]:
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
