"""Step 2: a client that races the server has to try until it is let in.

This passes, and it is how not to do it; the comment says why.
"""

import trio

from echo import LOCALHOST, ask, echo_server, free_port
from triocase import AsyncTrioTestCase


async def connect_somehow(port: int) -> trio.SocketStream:
    # Bad: it cannot tell "not yet" from "never". If the server listens elsewhere,
    # only the timeout ends the loop, and it reports the timeout, not the mistake.
    # The timeout and the pause are guesses, too small for a busy machine or too
    # large for everyone. Something else on the port would do as well.
    with trio.fail_after(5):
        while True:
            try:
                return await trio.open_tcp_stream(LOCALHOST, port)
            except OSError:
                await trio.sleep(0.001)


class TestRace(AsyncTrioTestCase):
    async def test_echo(self) -> None:
        port = free_port()
        self.nursery.start_soon(echo_server, port)
        async with await connect_somehow(port) as client:
            self.assertEqual(await ask(client, b"hello"), b"hello")
