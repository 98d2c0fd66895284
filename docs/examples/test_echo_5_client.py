"""Step 5: a base class gives every test a server and a connected client.

The client is an async context, left after the test; the server ends after that.
"""

import trio

from echo import ask, echo_server, receive
from triocase import AsyncTrioTestCase


class EchoTestCase(AsyncTrioTestCase):
    async def asyncSetUp(self) -> None:
        await super().asyncSetUp()
        listeners = await self.nursery.start(echo_server, 0)
        self.address = listeners[0].socket.getsockname()
        self.client = await self.enterAsyncContext(await self.connect())

    async def connect(self) -> trio.SocketStream:
        return await trio.open_tcp_stream(*self.address)


class TestOneClient(EchoTestCase):
    async def test_reply_is_the_message(self) -> None:
        self.assertEqual(await ask(self.client, b"hello"), b"hello")

    async def test_end_of_messages_is_the_end_of_replies(self) -> None:
        await self.client.send_eof()
        self.assertEqual(await self.client.receive_some(), b"")


class TestTwoClients(EchoTestCase):
    async def asyncSetUp(self) -> None:
        await super().asyncSetUp()
        self.other = await self.enterAsyncContext(await self.connect())

    async def test_each_gets_its_own_reply(self) -> None:
        await self.client.send_all(b"one")
        self.assertEqual(await ask(self.other, b"two"), b"two")
        self.assertEqual(await receive(self.client, 3), b"one")
