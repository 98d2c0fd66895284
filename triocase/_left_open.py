"""What user code entered by hand and never left: found, closed, and named.

Trio has no list of a task's open cancel scopes, but it refuses to leave a scope
while one inside it is still open. So the harness leaves its own scope and listens
to what Trio says. Nurseries it can ask for: ``Task.child_nurseries``.

The limit: only the code that opened a nursery can collect what its tasks raised.
What a task raises while the harness closes the nursery is not seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio import Event
from trio.abc import Instrument
from trio.lowlevel import add_instrument, current_task, remove_instrument

if TYPE_CHECKING:
    from trio import CancelScope, Nursery
    from trio.lowlevel import Task

__unittest = True


def leave_scope(scope: CancelScope) -> list[str]:
    """Leave ``scope``, and cancel what is still open inside it.

    Returns:
        A description of each thing that was left open: at most one cancel scope
        (Trio names the innermost), and every nursery.
    """
    nurseries = current_task().child_nurseries
    try:
        scope.__exit__(None, None, None)
    except RuntimeError as corrupted:
        for nursery in nurseries:
            nursery.cancel_scope.cancel()
        if nurseries:
            return [_describe(nursery) for nursery in nurseries]
        # "… that's still within its child <trio.CancelScope at 0x…>", then advice
        return [str(corrupted).partition("\n")[0].rpartition("child ")[2]]
    return []


def _describe(nursery: Nursery) -> str:
    tasks = ", ".join(sorted(task.name for task in nursery.child_tasks))
    return f"{nursery!r} ({f'with the tasks {tasks}' if tasks else 'without tasks'})"


class _Exits(Instrument):
    """Set an event each time that a task exits."""

    def __init__(self) -> None:
        self.event = Event()

    def task_exited(self, task: Task) -> None:
        self.event.set()
        self.event = Event()


async def wait_for_children(nurseries: list[Nursery]) -> None:
    """Wait until no task of ``nurseries`` runs."""
    exits = _Exits()
    add_instrument(exits)
    try:
        while any(nursery.child_tasks for nursery in nurseries):
            await exits.event.wait()
    finally:
        remove_instrument(exits)
