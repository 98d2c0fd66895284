"""Tests of a handler without a socket, in virtual time."""

from collections.abc import AsyncIterator

import trio
import trio.testing

from server_shop import answer
from triocase import AsyncTrioTestCase, autojump_clock, fixture


@autojump_clock
class TestAnswer(AsyncTrioTestCase):
    @fixture
    async def client(self) -> AsyncIterator[trio.abc.HalfCloseableStream]:
        """One end of a connection; the handler has the other."""
        client, server = trio.testing.memory_stream_pair()
        self.nursery.start_soon(answer, server)
        async with client:
            yield client

    async def receive_line(self) -> bytes:
        """Return the first line that comes; it may come in pieces."""
        received = b""
        while b"\r\n" not in received:
            received += await self.client.receive_some()
        return received.partition(b"\r\n")[0]

    async def test_request_in_pieces(self) -> None:
        for piece in [b"GET ", b"/tea HTTP/1.1\r", b"\n\r\n"]:
            await trio.sleep(3)
            await self.client.send_all(piece)
        self.assertEqual(await self.receive_line(), b"HTTP/1.1 200 OK")
        self.assertEqual(trio.current_time(), 9)

    async def test_client_that_is_too_slow(self) -> None:
        await self.client.send_all(b"GET /tea")
        self.assertEqual(await self.receive_line(), b"HTTP/1.1 408 Request Timeout")
        self.assertEqual(trio.current_time(), 10)
