"""A cleanup that is shielded, and waits for an answer that does not come."""

import trio

from triocase import AsyncTrioTestCase, time_limit


class Connection:
    def __init__(self, socket: trio.socket.SocketType) -> None:
        self.socket = socket

    async def aclose(self) -> None:
        with trio.CancelScope(shield=True), self.socket:
            await self.socket.recv(1)


@time_limit(1)
class TestConnection(AsyncTrioTestCase):
    async def test_is_closed(self) -> None:
        here, there = trio.socket.socketpair()
        self.addCleanup(there.close)
        connection = Connection(here)
        self.addAsyncCleanup(connection.aclose)
        self.assertGreater(connection.socket.fileno(), 0)
