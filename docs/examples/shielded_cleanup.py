"""A cleanup that is shielded, and waits for an answer that does not come."""

import trio

from triocase import AsyncTrioTestCase, time_limit


class Connection:
    def __init__(self) -> None:
        self.closed = trio.Event()

    async def aclose(self) -> None:
        with trio.CancelScope(shield=True):
            await self.closed.wait()


@time_limit(1)
class TestConnection(AsyncTrioTestCase):
    async def test_is_closed(self) -> None:
        connection = Connection()
        self.addAsyncCleanup(connection.aclose)
        self.assertFalse(connection.closed.is_set())
