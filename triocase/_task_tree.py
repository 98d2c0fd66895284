"""Where every task of a test waits, or of a class, as one text.

::

    test_chat.TestChat.test_talk (the test)
      File "test_chat.py", line 12, in test_talk
        async with trio.open_nursery() as nursery:
      waits in trio.open_nursery, for its tasks
      nursery:
        test_chat.handler × 200
          File "test_chat.py", line 5, in handler
            await self.bell.wait()
          waits for an Event

Each task has the frames of the user's code, from outer to inner, and below them what it
waits for in one of Trio's primitives, or else the function of Trio's that the innermost
has called. Equal siblings are told once.
"""

from __future__ import annotations

import inspect
import sys
from collections import Counter
from traceback import StackSummary
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple

from trio.lowlevel import current_task

from ._contexts import NurseryManager
from ._primitives import awaited
from ._tasks import is_trios, root_of
from ._tracebacks import frame_of, is_harness, is_library

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import CodeType

    from trio.lowlevel import Task

    from ._lifecycle import Lifecycle

__unittest = True

_PUBLIC_MODULES = (
    *("trio", "trio.abc", "trio.from_thread", "trio.lowlevel", "trio.socket"),
    *("trio.testing", "trio.to_thread"),
)
_DEEPEST = 30  # level of nurseries in nurseries that is shown
_MOST_LINES = 200  # for each group of tasks

Stack = list["tuple[FrameType, int]"]  # from outer to inner, each with its line


class Running(NamedTuple):
    """What runs now, while all other tasks are suspended.

    Attributes:
        task: The task, unless Trio itself runs, or something that is in no run.
        stack: Where it is.
    """

    task: Task | None
    stack: Stack


def running_at(frame: FrameType | None) -> Running:
    """Return what runs in this thread.

    Args:
        frame: The innermost of the thread.
    """
    try:
        task = current_task()
    except RuntimeError:
        task = None
    outermost = None if task is None else frame_of(task.coro)
    stack: Stack = []
    while frame is not None:
        stack.append((frame, frame.f_lineno))
        if frame is outermost:
            return Running(task, stack[::-1])
        if is_harness(frame) and task is None:
            break
        frame = frame.f_back
    return Running(None, stack[::-1])


def stack_of(task: Task, running: Running | None) -> Stack:
    """Return where a task is."""
    if running is not None and task is running.task:
        return running.stack
    # Before Trio 0.32, a task that has ended has frames that are None.
    return list(task.iter_await_frames()) if frame_of(task.coro) else []


def task_tree(life: Lifecycle, running: Running | None) -> str:
    """Return the tasks of a test, whose run is open, as a text."""
    try:
        return _Snapshot(life, running).text()
    except Exception as error:  # what the test has patched is patched for us, too
        return f"(They cannot be shown: {error!r})"


def where_stuck(life: Lifecycle, running: Running | None) -> TracebackType | None:
    """Return the place that the test does not get away from, as a traceback.

    It is where the task is that runs, or the test's own; if that has come to code of
    the harness, it is where the first task is that it waits for.
    """
    for stack in _stuck(life, running):
        while stack and is_library(stack[-1][0]):
            stack = stack[:-1]
        if stack:
            trace = None
            for frame, line in reversed(stack):
                trace = TracebackType(trace, frame, frame.f_lasti, line)
            return trace
    return None


def _stuck(life: Lifecycle, running: Running | None) -> Iterator[Stack]:
    if running is not None:
        yield running.stack
    for task in life.stuck_tasks():
        yield stack_of(task, running)


class _Node(NamedTuple):
    """One task: what is shown of it, and of the tasks in its nurseries."""

    name: str
    frames: tuple[tuple[str, int, str], ...]
    state: str
    nurseries: tuple[tuple[_Node, ...], ...]


class _Snapshot:
    """The tasks of one test at one moment."""

    def __init__(self, life: Lifecycle, running: Running | None) -> None:
        self._life = life
        self._running = running
        self._calls = _public_calls(life.cls)
        self._seen: set[Task] = set()

    def text(self) -> str:
        life = self._life
        assert life.task is not None
        # One after the other: each task is shown where it is met first.
        groups = [(title, self._nodes(tasks)) for title, tasks in life.task_groups()]
        others = self._others(root_of(life.task))
        groups.append(("other tasks of the run:", self._nodes(others)))
        lines: list[str] = []
        for title, nodes in groups:
            shown = _lines(nodes)
            if len(shown) > _MOST_LINES:
                shown[_MOST_LINES:] = [f"… and {len(shown) - _MOST_LINES} lines more"]
            if title is None:
                lines += shown
            elif nodes:
                lines += [title, *_indented(shown)]
        return "\n".join(lines)

    def _others(self, task: Task) -> Iterator[Task]:
        """Yield the user's tasks below ``task`` that are not seen yet."""
        for nursery in task.child_nurseries:
            for child in nursery.child_tasks - self._seen:
                if is_harness(frame_of(child.coro)) or is_trios(child):
                    yield from self._others(child)
                else:
                    yield child

    def _nodes(self, tasks: Iterable[Task], depth: int = 0) -> tuple[_Node, ...]:
        new = set(tasks) - self._seen
        self._seen |= new
        return tuple(sorted(self._node(task, depth) for task in new))

    def _node(self, task: Task, depth: int) -> _Node:
        stack = stack_of(task, self._running)
        frames = [(frame, line) for frame, line in stack if not is_library(frame)]
        if depth == _DEEPEST:
            nurseries = []
        else:
            nurseries = [
                self._nodes(nursery.child_tasks, depth + 1)
                for nursery in task.child_nurseries
            ]
        return _Node(
            self._name(task),
            tuple(
                (frame.f_code.co_filename, line, frame.f_code.co_name)
                for frame, line in frames
            ),
            self._state(task, stack, bool(frames)),
            tuple(filter(None, nurseries)),
        )

    def _state(self, task: Task, stack: Stack, has_frames: bool) -> str:
        """Return what a task does below the frames that are shown of it."""
        if self._running is not None and task is self._running.task:
            return "is running"
        if not stack:
            return "has ended"
        calls: list[str] = []
        thing = owner = None
        for frame, _ in stack:
            if not is_library(frame):
                calls.clear()
                thing = None
            elif frame.f_code in self._calls:
                calls.append(self._calls[frame.f_code])
                if described := awaited(frame, self._holder):
                    thing, owner = described, _owner(calls[-1])
        if not has_frames and is_harness(stack[0][0]) and not _calls_user(stack):
            if task is self._life.task:
                return "waits for what is below"
            return "waits for its turn"
        if not calls:
            return ""
        if thing is None or calls[-1] != "trio.lowlevel.wait_task_rescheduled":
            return f"waits in {calls[0]}"  # it has got what it wants, or has not begun
        if owner == _owner(calls[0]):
            return f"waits for {thing}"
        return f"waits in {calls[0]}, for {thing}"

    def _name(self, task: Task) -> str:
        if task is self._life.task:
            return f"{self._life.name} (the {self._life.role})"
        return str(task.name)

    def _holder(self, task: Task) -> str:
        ended = frame_of(task.coro) is None
        return self._name(task) + (" (which has ended)" if ended else "")


def _owner(method: str) -> str:
    return method.rpartition(".")[0]


def _calls_user(stack: Stack) -> bool:
    """Return whether the harness has called something of the user's choice last."""
    ours = [frame for frame, _ in stack if is_harness(frame)]
    name = ours[-1].f_globals["__name__"]
    return name == "triocase._calls" and ours[-1].f_code.co_name.startswith("call")


def _public_calls(case: type) -> dict[CodeType, str]:
    """Return the names under which users call the functions of Trio, and ours."""
    manager: Any = NurseryManager
    calls = {manager.__aexit__.__code__: "trio.open_nursery, for its tasks"}

    def add(owner: Any, prefix: str) -> None:
        for name in dir(owner):
            if not name.startswith("_"):
                value = inspect.getattr_static(owner, name, None)
                if inspect.isfunction(value):
                    calls.setdefault(value.__code__, f"{prefix}.{name}")
                elif inspect.isclass(value) and inspect.ismodule(owner):
                    add(value, f"{prefix}.{name}")

    for name in _PUBLIC_MODULES:
        if name in sys.modules:
            add(sys.modules[name], name)
    for parent in case.__mro__:
        if parent.__module__ == "triocase":
            add(parent, "self")
    return calls


def _lines(nodes: Iterable[_Node]) -> list[str]:
    lines = []
    for node, times in Counter(nodes).items():
        lines.append(node.name if times == 1 else f"{node.name} × {times}")
        entries = [(*frame, None) for frame in node.frames]
        lines += "".join(StackSummary.from_list(entries).format()).splitlines()
        if node.state:
            lines.append(f"  {node.state}")
        for nursery in node.nurseries:
            lines.append("  nursery:")
            lines += _indented(_lines(nursery), "    ")
    return lines


def _indented(lines: list[str], by: str = "  ") -> list[str]:
    return [by + line for line in lines]
