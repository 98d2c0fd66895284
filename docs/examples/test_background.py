"""Background tasks: which of them a test waits for, and which are cancelled when."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from triocase import AsyncTrioTestCase


class TestWaiting(AsyncTrioTestCase):
    async def test_nursery_in_the_test_waits_for_its_tasks(self) -> None:
        done = []

        async def work(item: str) -> None:
            await trio.sleep(0.001)
            done.append(item)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(work, "left")
            nursery.start_soon(work, "right")
        self.assertCountEqual(done, ["left", "right"])

    async def test_tasks_of_self_nursery_are_cancelled(self) -> None:
        self.nursery.start_soon(trio.sleep_forever)  # the test ends all the same


class Connection:
    """Something that a task must not use when it is closed."""

    is_open = True

    async def keep_alive(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Send pings until cancelled, then a goodbye."""
        task_status.started()
        try:
            await trio.sleep_forever()
        finally:
            if not self.is_open:
                raise RuntimeError("goodbye on a closed connection")


@asynccontextmanager
async def connect() -> AsyncIterator[Connection]:
    connection = Connection()
    yield connection
    connection.is_open = False


class TestOrder(AsyncTrioTestCase):
    async def asyncSetUp(self) -> None:
        self.connection = await self.enterAsyncContext(connect())
        # Entered after the connection, so its tasks end before the connection does.
        # The tasks of self.nursery end after it: too late for this one.
        nursery = await self.enterAsyncContext(trio.open_nursery())
        await nursery.start(self.connection.keep_alive)

    async def test_connection_is_open(self) -> None:
        self.assertTrue(self.connection.is_open)
