"""What user code entered by hand and never left: found, closed, and named.

Trio has no list of a task's open cancel scopes, but it refuses to leave a scope
while one inside it is still open. So the harness leaves its own scope and listens
to what Trio says. Nurseries it can ask for: ``Task.child_nurseries``.

The limit: of several cancel scopes that were left open, Trio names the innermost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio import Cancelled, CancelScope, Event
from trio.abc import Instrument
from trio.lowlevel import add_instrument, current_task, remove_instrument

from ._calls import caught
from ._exception_groups import leaves

if TYPE_CHECKING:
    from collections.abc import Callable

    from trio import Nursery
    from trio.lowlevel import Task

__unittest = True


class CheckedScope:
    """A cancel scope of the harness's that finds what is left open inside it.

    Attributes:
        scope: The scope, to be cancelled or shielded.
        left_open: The nurseries that were open inside it when it was left.
    """

    def __init__(self) -> None:
        self.scope = CancelScope()
        self.left_open: list[Nursery] = []
        self._open_before = 0

    def nurseries(self, task: Task) -> list[Nursery]:
        """Return those that are open inside the scope, which ``task`` is in."""
        return task.child_nurseries[self._open_before :]

    def enter(self) -> None:
        """Enter the scope."""
        self._open_before = len(current_task().child_nurseries)
        self.scope.__enter__()

    def leave(self) -> list[str]:
        """Leave the scope, and cancel the nurseries that are still open inside it.

        Returns:
            A description of each thing that was left open.
        """
        try:
            self.scope.__exit__(None, None, None)
        except RuntimeError as corrupted:
            self.left_open = self.nurseries(current_task())
            for nursery in self.left_open:
                nursery.cancel_scope.cancel("it was left open")
            found = [_describe(nursery) for nursery in self.left_open]
            # "… that's still within its child <trio.CancelScope at 0x…>", then advice
            innermost = str(corrupted).partition("\n")[0].rpartition("child ")[2]
            address = innermost.partition(",")[0]
            scopes = [repr(nursery.cancel_scope) for nursery in self.left_open]
            if not any(scope.startswith(address) for scope in scopes):
                found.append(innermost)
            return found
        return []

    async def join(self) -> list[BaseException]:
        """Wait until the tasks of what was left open have ended.

        Returns:
            What they have raised, and each Ctrl-C that came meanwhile.
        """
        errors = []
        with CancelScope(shield=True):
            while any(nursery.child_tasks for nursery in self.left_open):
                interrupt = await caught(join, self.left_open)
                if interrupt is not None:
                    errors.append(interrupt)
        for nursery in self.left_open:
            errors += errors_in(nursery)
        return errors


def _describe(nursery: Nursery) -> str:
    tasks = ", ".join(sorted(task.name for task in nursery.child_tasks))
    return f"{nursery!r} ({f'with the tasks {tasks}' if tasks else 'without tasks'})"


class _Exits(Instrument):
    """Tell when a task has exited: call a function, and set the event ``next``."""

    def __init__(self, look: Callable[[], object]) -> None:
        self.next = Event()
        self._look = look

    def task_exited(self, task: Task) -> None:
        self._look()
        self.next.set()
        self.next = Event()


async def join(
    nurseries: list[Nursery], look: Callable[[], object] = lambda: None
) -> None:
    """Wait until no task of ``nurseries`` runs; call ``look`` as tasks exit."""
    exits = _Exits(look)
    add_instrument(exits)
    try:
        while any(nursery.child_tasks for nursery in nurseries):
            await exits.next.wait()
    finally:
        remove_instrument(exits)


def complains_of_open_nursery(error: BaseException | None) -> bool:
    """Return whether it is Trio's own, about a nursery that a task has left open."""
    return error is not None and all(
        isinstance(leaf, RuntimeError) and "Nursery stack corrupted" in str(leaf)
        for leaf in leaves(error)
    )


def errors_of_tasks(nursery: Nursery) -> list[BaseException]:
    """Return what the tasks of an open nursery have raised so far, ``Cancelled`` too.

    Only the code that opened a nursery can collect that from Trio, at its end. A
    nursery that is left open has no such end; so look for a list of exceptions among
    the nursery's attributes, whatever they are called.
    """
    return [
        error
        for value in vars(nursery).values()
        if isinstance(value, list)
        for error in value
        if isinstance(error, BaseException)
    ]


def errors_in(nursery: Nursery) -> list[BaseException]:
    """Return what the tasks of an open nursery have raised, without ``Cancelled``."""
    return [
        each for each in errors_of_tasks(nursery) if not isinstance(each, Cancelled)
    ]
