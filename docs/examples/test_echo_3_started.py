"""Step 3: ``nursery.start`` waits until the server says that it listens.

A server that fails to start raises its error right there, in the test.
"""

import trio

from echo import LOCALHOST, ask, echo_server, free_port
from triocase import AsyncTrioTestCase


class TestStarted(AsyncTrioTestCase):
    async def test_echo(self) -> None:
        port = free_port()
        await self.nursery.start(echo_server, port)
        async with await trio.open_tcp_stream(LOCALHOST, port) as client:
            self.assertEqual(await ask(client, b"hello"), b"hello")

    async def test_port_in_use(self) -> None:
        port = free_port()
        await self.nursery.start(echo_server, port)
        with self.assertRaises(OSError):
            await self.nursery.start(echo_server, port)
