"""A nursery that ends before the fixtures do, as that of a pytest-trio test does."""

from collections.abc import AsyncIterator

import trio
from trio.testing import wait_all_tasks_blocked

from triocase import AsyncTrioTestCase, fixture


class Connection:
    """Something that is of no use when it is closed."""

    is_open = True

    async def keep_alive(self) -> None:
        """Send pings until cancelled, then a goodbye."""
        try:
            await trio.sleep_forever()
        finally:
            if not self.is_open:
                raise RuntimeError("goodbye on a closed connection")


class TestConnection(AsyncTrioTestCase):
    @fixture
    async def connection(self) -> AsyncIterator[Connection]:
        connection = Connection()
        yield connection
        connection.is_open = False

    @fixture
    async def tasks(self) -> AsyncIterator[trio.Nursery]:
        """The last fixture, and so the first to end."""
        async with trio.open_nursery() as nursery:
            yield nursery
            nursery.cancel_scope.cancel()

    async def test_goodbye_is_in_time(self) -> None:
        self.tasks.start_soon(self.connection.keep_alive)
        await wait_all_tasks_blocked()
