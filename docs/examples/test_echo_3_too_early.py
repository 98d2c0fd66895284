"""A test that fails: nothing makes its client wait for the server."""

import unittest

import trio

from echo import echo_server
from triocase import AsyncTrioTestCase


class TestEcho(AsyncTrioTestCase):
    @unittest.expectedFailure
    async def test_reply(self) -> None:
        self.nursery.start_soon(echo_server, 8000)
        async with await trio.open_tcp_stream("127.0.0.1", 8000) as client:
            await client.send_all(b"hello")
            self.assertEqual(await client.receive_some(), b"hello")
