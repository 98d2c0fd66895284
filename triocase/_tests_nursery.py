"""The nursery in which the tests of a class have their tasks, one after the other.

It is nobody's but theirs: in the class's own, the error with which a test's task ends
would be a crash of the class. Trio has one for a task that leaves a nursery open. This
nursery closes with it, and the next test gets a new one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio import Event, open_nursery, sleep_forever
from trio.lowlevel import spawn_system_task

from ._calls import caught

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextvars import Context

    from trio import Nursery

__unittest = True


class TestsNursery:
    """A nursery in a task of its own.

    Attributes:
        opened: Set when it is open.
        closed: Set when all of its tasks have ended.
        error: What has closed it, if anything did.
    """

    def __init__(self) -> None:
        self.opened = Event()
        self.closed = Event()
        self.error: BaseException | None = None
        self._nursery: Nursery | None = None
        spawn_system_task(self._run)

    def start(
        self, async_fn: Callable[[], Awaitable[object]], context: Context
    ) -> None:
        """Start a task with a copy of these context variables."""
        assert self._nursery is not None
        context.run(self._nursery.start_soon, async_fn)

    @property
    def is_closing(self) -> bool:
        """Whether something in it has ended with an error, or has cancelled it."""
        assert self._nursery is not None
        return self._nursery.cancel_scope.cancel_called

    @property
    def is_sound(self) -> bool:
        """Whether a test can be started in it: it is open, and there is no task."""
        assert self._nursery is not None
        return not (self.is_closing or self._nursery.child_tasks)

    def close(self) -> None:
        """Let it close."""
        assert self._nursery is not None
        self._nursery.cancel_scope.cancel("there is no test any more")

    async def _run(self) -> None:
        self.error = await caught(self._hold_open)
        self.closed.set()

    async def _hold_open(self) -> None:
        async with open_nursery() as self._nursery:
            self.opened.set()
            await sleep_forever()
