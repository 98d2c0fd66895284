"""A server that is never told to stop."""

from functools import partial

import trio

from triocase import AsyncTrioTestCase, time_limit


async def shout(stream: trio.SocketStream) -> None:
    async for data in stream:
        await stream.send_all(data.upper())


@time_limit(1)
class TestShout(AsyncTrioTestCase):
    async def test_answers(self) -> None:
        async with trio.open_nursery() as nursery:
            serve = partial(trio.serve_tcp, shout, 0, host="127.0.0.1")
            (listener,) = await nursery.start(serve)
            client = await trio.open_tcp_stream(*listener.socket.getsockname())
            async with client:
                await client.send_all(b"hello")
                self.assertEqual(await client.receive_some(), b"HELLO")
