"""What the race finders need of Trio that is private: its queue, and where tasks are.

Trio runs its runnable tasks in batches, and all that it leaves to chance is the order
within a batch. Two tasks of two steps have six orders, and Trio reaches four of them.
So a run gets another queue of runnable tasks, which hands out one of them at a time and
keeps the others back: each batch is one step, and its task is our choice.

Nothing else of Trio's loop is changed, and no other run. Trio's own random numbers are
drawn as ever, and make no difference.

The private names stand in this module and nowhere else. :func:`check_trio` looks for
them before they are needed.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

import trio
from trio import Cancelled
from trio.lowlevel import Task

try:
    from trio._core import _run
except ImportError:  # pragma: no cover  # a release of Trio's that there is not yet
    _run = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trio import CancelScope

    from ._orders import Order

__unittest = True

# How often a runnable task may be passed over, for each task that is runnable.
PATIENCE = 50


def check_trio() -> None:
    """See whether Trio has what is needed here.

    Raises:
        RuntimeError: It has not.
    """
    needed = {
        "Runner": ("runq",),
        "Task": ("_abort_func", "_cancel_points", "_cancel_status", "_next_send"),
        "CancelStatus": ("_scope", "_parent"),
    }
    missing = [] if hasattr(_run, "GLOBAL_RUN_CONTEXT") else ["GLOBAL_RUN_CONTEXT"]
    for owner, names in needed.items():
        kind = getattr(_run, owner, None)
        missing += [f"{owner}.{name}" for name in names if not hasattr(kind, name)]
    if missing:
        raise RuntimeError(
            f"the order of tasks is decided with names that are private to Trio, and "
            f"Trio {trio.__version__} has no {', '.join(missing)}. Install a release "
            f"of triocase that knows it, or an earlier one of Trio."
        )


def take_over(queue: Queue) -> None:
    """Give the current run, in which no task has run yet, another queue."""
    context: Any = _run.GLOBAL_RUN_CONTEXT
    runner = context.runner
    if type(runner.runq) is deque and not runner.runq:
        runner.runq = queue
        queue.in_use = True


def can_be_cancelled(task: Task) -> bool:
    """Return whether a suspended task waits for something, and may be interrupted."""
    return task._abort_func is not None


def cancel_checks(task: Task) -> int:
    """Return how often a task has looked whether it is cancelled."""
    return task._cancel_points


def shields_around(task: Task, scope: CancelScope) -> set[CancelScope]:
    """Return the shields around what a task does, up to a scope that is around it."""
    shields = set()
    status: Any = task._cancel_status
    while status is not None and status._scope is not scope:
        if status._scope.shield:
            shields.add(status._scope)
        status = status._parent
    return shields


def is_in_reach(task: Task, scope: CancelScope) -> bool:
    """Return whether what a task does is inside a scope, with no shield between."""
    status: Any = task._cancel_status
    while status is not None and status._scope is not scope:
        if status._scope.shield:
            return False
        status = status._parent
    return status is not None


def next_cancelled(task: Task) -> Cancelled | None:
    """Return the ``Cancelled`` that a task is about to get, if it is."""
    error = getattr(task._next_send, "error", None)
    return error if isinstance(error, Cancelled) else None


class Queue(list[Task]):
    """The runnable tasks of a run, in place of the deque that Trio has for them.

    The one that has waited longest comes first. Trio appends to it, asks whether it is
    empty, and once a pass takes all that is in it for its batch.

    Attributes:
        in_use: Whether a run has it.
        chosen: The task that was handed out last.
    """

    def __init__(self, order: Order, numbers: dict[Task, int]) -> None:
        super().__init__()
        self.in_use = False
        self.chosen: Task | None = None
        self._order = order
        self._number_of = numbers.__getitem__
        # Of each task but those that are new: its number, and at which choice it came.
        self._numbers: list[int] = []
        self._since: list[int] = []
        self._choices = 0

    def __iter__(self) -> Iterator[Task]:
        """Hand out one task, and keep the others."""
        if not self:
            return iter(())
        numbers, index = self._numbers, 0
        if len(self) > 1:
            if len(self) > len(numbers):
                self._number_new()
            self._choices += 1
            if self._choices - self._since[0] <= PATIENCE * len(numbers):
                index = self._order.choose(numbers)
        if numbers:
            del numbers[index], self._since[index]
        self.chosen = self.pop(index)
        return iter((self.chosen,))

    def _number_new(self) -> None:
        known = len(self._numbers)
        # What has woken several at once may have gone through them in any order.
        new = self[known:] = sorted(self[known:], key=self._number_of)
        self._numbers += map(self._number_of, new)
        self._since += [self._choices] * len(new)

    def clear(self) -> None:
        """Do nothing: what was handed out has been taken out already."""
