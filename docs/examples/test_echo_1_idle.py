"""The handler alone, without a socket, in virtual time."""

import trio
from trio.testing import memory_stream_pair

from echo import echo
from triocase import AsyncTrioTestCase, autojump_clock


@autojump_clock
class TestIdle(AsyncTrioTestCase):
    def setUp(self) -> None:
        self.client, server = memory_stream_pair()
        self.nursery.start_soon(echo, server)

    async def test_silent_client(self) -> None:
        self.assertEqual(await self.client.receive_some(), b"")
        self.assertEqual(trio.current_time(), 60)

    async def test_late_message(self) -> None:
        await trio.sleep(59)
        await self.client.send_all(b"hello")
        self.assertEqual(await self.client.receive_some(), b"hello")
        self.assertEqual(await self.client.receive_some(), b"")
        self.assertEqual(trio.current_time(), 119)
