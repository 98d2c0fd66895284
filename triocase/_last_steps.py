"""The last steps that the tasks of a run have taken, as a text.

::

    0    withdraw #1  bank.py:12  await trio.sleep(0.1)
    0.1  withdraw #2  ends
    0.1  the test     fails

Each line is a step: when it was taken, by which task, and the user's line at which it
ended, where the task waits from then on.
"""

from __future__ import annotations

import os
import re
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

import trio
from trio.lowlevel import checkpoint, wait_readable, wait_writable

from ._places import Place, source_line
from ._tasks import is_trios
from ._tracebacks import frame_of, is_harness, is_library

if TYPE_CHECKING:
    from types import FrameType

    from trio.lowlevel import Task

__unittest = True

_SHOWN = 16  # lines

_CHECKPOINT = checkpoint.__code__
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
_THREAD = trio.to_thread.run_sync.__code__
_READ = wait_readable.__code__
_WRITE = wait_writable.__code__


class _Step(NamedTuple):
    time: float
    task: Task
    where: Place | None  # None: it has ended
    times: int = 1  # in a row


class LastSteps:
    """The last steps of one run, up to the one in which something went wrong.

    Attributes:
        from_outside: What the tasks have waited for that nobody can replay.
        place: Where the task waits that was looked at last; None if the harness has
            called no code of the user's in it.
        in_checkpoint: Whether it is in ``trio.lowlevel.checkpoint()``.
        over: Whether something has gone wrong, so that no more is noted.
    """

    def __init__(self) -> None:
        self.from_outside: set[str] = set()
        self.place: Place | None = None
        self.in_checkpoint = False
        self.over = False
        self._steps: deque[_Step] = deque(maxlen=_SHOWN)
        # The user's tasks, and that of the test: which one it is of the same name.
        self._numbers: dict[Task, int] = {}
        self._counts: dict[str, int] = {}
        self._libraries: dict[object, bool] = {}  # by the name of the module
        self._begun_at = 0.0
        self._main: Task | None = None
        self._noted = False  # the last step

    def begin(self, main: Task, time: float) -> None:
        """Begin, at a time of the run's, with the task of the test itself."""
        self._main, self._begun_at = main, time
        self._numbers[main] = 0

    def spawned(self, task: Task) -> None:
        """Take notice of a new task."""
        name = task.name
        ours = name.startswith("triocase.") and is_harness(frame_of(task.coro))
        if not (ours or is_trios(task)):
            self._counts[name] = self._numbers[task] = self._counts.get(name, 0) + 1

    def knows(self, task: Task) -> bool:
        """Return whether it is one of the user's tasks, or that of the test."""
        return task in self._numbers

    def note(self, task: Task, time: float, *, ended: bool) -> None:
        """Note a step of a task that has ended with it, or waits."""
        self.place = None
        if not ended:
            self.look_at(task)
        self._noted = not self.over and (ended or self.place is not None)
        if self._noted:
            step = _Step(time, task, self.place)
            if self._steps and self._steps[-1][:3] == step[:3]:
                step = step._replace(times=self._steps.pop().times + 1)
            self._steps.append(step)

    def look_at(self, task: Task) -> None:
        """Find where a task waits."""
        self.in_checkpoint = False
        outermost: FrameType | None = None
        users: FrameType | None = None
        known = self._libraries
        line = 0
        try:
            for frame, at in task.iter_await_frames():
                outermost = outermost or frame
                module = frame.f_globals.get("__name__")
                library = known.get(module)
                if library is None:
                    library = known[module] = is_library(frame)
                # By identity: to find a code object in a dict costs more than the rest.
                code = frame.f_code
                if not library:
                    users, line = frame, at
                elif code is _CHECKPOINT:
                    self.in_checkpoint = True
                elif code is _THREAD:
                    self.from_outside.add("a worker thread")
                elif code is _READ or code is _WRITE:
                    self.from_outside.add("I/O")
        except Exception:  # what a task awaits may be odd
            pass
        if users is not None:
            code = users.f_code
            self.place = Place(code.co_filename, line, code.co_name)
        elif outermost is None or is_harness(outermost):
            self.place = None
        else:
            self.place = Place("", 0, outermost.f_code.co_name)

    def end(self, task: Task, time: float) -> None:
        """Note no more: something has gone wrong in the step that was just taken."""
        self.over = True
        if task is self._main:
            if self._noted:  # it has gone on in the same step, to the teardown
                last = self._steps.pop()
                if last.times > 1:
                    self._steps.append(last._replace(times=last.times - 1))
            self._steps.append(_Step(time, task, None))

    def text(self) -> str:
        """Return the last steps, each on a line."""
        told: list[tuple[str, str, str]] = []
        for step in self._steps:
            if step.where is not None:
                where = _short(step.where)
            else:
                where = "fails" if step.task is self._main else "ends"
            more = f"  (× {step.times:,})" if step.times > 1 else ""
            time = f"{step.time - self._begun_at:.3f}".rstrip("0").rstrip(".")
            told.append((time, self.name_of(step.task), where + more))
        times_wide, names_wide = (
            max((len(line[column]) for line in told), default=0) for column in (0, 1)
        )
        return "\n".join(
            f"{time:>{times_wide}}  {name:<{names_wide}}  {where}"
            for time, name, where in told
        )

    def name_of(self, task: Task) -> str:
        """Return what to call a task."""
        if task is self._main:
            return "the test"
        name, short = str(task.name), task.coro.__name__
        if not name.endswith(f".{task.coro.__qualname__}"):  # Trio's name for it
            # On one line, and without what differs from one process to the next.
            short = " ".join(_ADDRESS.sub("", name).split())
        several = self._counts.get(name, 0) > 1
        return f"{short} #{self._numbers.get(task)}" if several else short


def _short(place: Place) -> str:
    if not place.line:
        return f"in {place.function}"
    source = source_line(place.file, place.line).strip()
    return f"{os.path.basename(place.file)}:{place.line}  {source}".rstrip()
