"""Two clients at once, and a client with two tasks."""

from collections.abc import AsyncIterator

import trio
from trio.testing import open_stream_to_socket_listener

from echo_case import EchoTestCase
from triocase import fixture


class TestTwoClients(EchoTestCase):
    @fixture
    async def other(self) -> AsyncIterator[trio.SocketStream]:
        """A second client."""
        async with await open_stream_to_socket_listener(self.listener) as other:
            yield other

    async def test_own_replies(self) -> None:
        await self.client.send_all(b"one")
        await self.other.send_all(b"two")
        self.assertEqual(await self.other.receive_some(), b"two")
        self.assertEqual(await self.client.receive_some(), b"one")

    async def test_one_hangs_up(self) -> None:
        await self.other.send_all(b"bye")
        await self.other.aclose()
        await self.client.send_all(b"hello")
        self.assertEqual(await self.client.receive_some(), b"hello")


class TestLongMessage(EchoTestCase):
    async def test_reply(self) -> None:
        message = b"tea" * 1_000_000

        async def send() -> None:
            await self.client.send_all(message)
            await self.client.send_eof()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(send)
            reply = b"".join([data async for data in self.client])
        self.assertTrue(reply == message)
