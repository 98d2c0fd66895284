"""Step 4: on port 0 the system picks a free port, and the listener knows which.

No port is guessed, so tests that run at the same time do not meet.
"""

import trio

from echo import ask, echo_server
from triocase import AsyncTrioTestCase


class TestPort0(AsyncTrioTestCase):
    async def test_echo(self) -> None:
        listeners = await self.nursery.start(echo_server, 0)
        host, port = listeners[0].socket.getsockname()
        async with await trio.open_tcp_stream(host, port) as client:
            self.assertEqual(await ask(client, b"hello"), b"hello")
