"""Step 5: fixtures of a base class give every test a server and a connected client.

The client is closed after the test; the server in the nursery ends after that.
"""

from collections.abc import AsyncIterator

import trio

from echo import ask, echo_server, receive
from triocase import AsyncTrioTestCase, fixture


class EchoTestCase(AsyncTrioTestCase):
    @fixture
    async def address(self) -> tuple[str, int]:
        """Where the server listens."""
        listeners = await self.nursery.start(echo_server, 0)
        host, port = listeners[0].socket.getsockname()
        return host, port

    @fixture
    async def client(self) -> AsyncIterator[trio.SocketStream]:
        """A client that is connected to the server."""
        async with await trio.open_tcp_stream(*self.address) as client:
            yield client


class TestOneClient(EchoTestCase):
    async def test_reply_is_the_message(self) -> None:
        self.assertEqual(await ask(self.client, b"hello"), b"hello")

    async def test_end_of_messages_is_the_end_of_replies(self) -> None:
        await self.client.send_eof()
        self.assertEqual(await self.client.receive_some(), b"")


class TestTwoClients(EchoTestCase):
    @fixture
    async def other(self) -> AsyncIterator[trio.SocketStream]:
        """A second client."""
        async with await trio.open_tcp_stream(*self.address) as other:
            yield other

    async def test_each_gets_its_own_reply(self) -> None:
        await self.client.send_all(b"one")
        self.assertEqual(await ask(self.other, b"two"), b"two")
        self.assertEqual(await receive(self.client, 3), b"one")
