"""A server that crashes: it takes every message for text."""

from functools import partial

import trio
from trio.testing import open_stream_to_socket_listener

from triocase import AsyncTrioTestCase


async def shout(stream: trio.SocketStream) -> None:
    """Send everything back in capitals."""
    async for data in stream:
        await stream.send_all(data.decode().upper().encode())


class TestShout(AsyncTrioTestCase):
    async def test_any_bytes_do_no_harm(self) -> None:
        serve = partial(trio.serve_tcp, shout, 0, host="127.0.0.1")
        [listener] = await self.nursery.start(serve)
        async with await open_stream_to_socket_listener(listener) as client:
            await client.send_all(b"\xff")
            await client.receive_some()
