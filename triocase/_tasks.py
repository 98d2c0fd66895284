"""The tasks of a Trio run: those below a nursery, the outermost, and Trio's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._tracebacks import frame_of, is_library

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from trio import Nursery
    from trio.lowlevel import Task

__unittest = True


def tasks_in(nurseries: Iterable[Nursery]) -> Iterator[Task]:
    """Yield the tasks of nurseries, and those below them."""
    waiting = list(nurseries)
    while waiting:
        for task in sorted(waiting.pop(0).child_tasks, key=lambda task: str(task.name)):
            yield task
            waiting += task.child_nurseries


def root_of(task: Task) -> Task:
    """Return the outermost task of the run that ``task`` is in."""
    while task.parent_nursery is not None:
        task = task.parent_nursery.parent_task
    return task


def is_trios(task: Task) -> bool:
    """Return whether a task is one of Trio's own.

    They are in the outermost nursery, and have their names in brackets.
    """
    outermost = frame_of(task.coro)
    nursery = task.parent_nursery
    return (
        str(task.name).startswith("<")
        and (nursery is None or nursery.parent_task.parent_nursery is None)
        and outermost is not None
        and is_library(outermost)
    )
