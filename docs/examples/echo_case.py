"""What every test of the echo server needs."""

from collections.abc import AsyncIterator

import trio
from trio.testing import open_stream_to_socket_listener

from echo import echo_server
from triocase import AsyncTrioTestCase, fixture, time_limit


@time_limit(10)
class EchoTestCase(AsyncTrioTestCase):
    @fixture
    async def listener(self) -> trio.SocketListener:
        """The server, which runs until the end of the test."""
        listeners: list[trio.SocketListener] = await self.nursery.start(echo_server, 0)
        return listeners[0]

    @fixture
    async def client(self) -> AsyncIterator[trio.SocketStream]:
        """A client of the server."""
        async with await open_stream_to_socket_listener(self.listener) as client:
            yield client
            await client.send_eof()
            self.assertEqual(await client.receive_some(), b"")  # nothing is left over
