"""Tests that need a server, and are skipped where there is none."""

from collections.abc import AsyncIterator

import trio

from triocase import AsyncTrioTestCase, fixture


class TestMemcached(AsyncTrioTestCase):
    @fixture
    async def server(self) -> AsyncIterator[trio.SocketStream]:
        """A connection to the memcached of this machine."""
        try:
            stream = await trio.open_tcp_stream("127.0.0.1", 11211)
        except OSError as error:
            self.skipTest(f"no memcached: {error}")
        async with stream:
            yield stream

    async def test_version(self) -> None:
        await self.server.send_all(b"version\r\n")
        reply = await self.server.receive_some()
        self.assertTrue(reply.startswith(b"VERSION"))
