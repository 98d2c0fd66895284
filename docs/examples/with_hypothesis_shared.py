"""One server for all examples; each has a client of its own."""

from collections.abc import AsyncIterator
from functools import partial

import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import open_stream_to_socket_listener

import with_hypothesis_profile  # noqa: F401
from triocase import AsyncTrioTestCase, fixture, shared_run


async def echo(stream: trio.SocketStream) -> None:
    async for data in stream:
        await stream.send_all(data)


@shared_run
class TestEcho(AsyncTrioTestCase):
    listener: trio.SocketListener

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        serve = partial(trio.serve_tcp, echo, 0, host="127.0.0.1")
        [cls.listener] = await cls.class_nursery.start(serve)

    @fixture
    async def client(self) -> AsyncIterator[trio.SocketStream]:
        async with await open_stream_to_socket_listener(self.listener) as client:
            yield client

    @given(messages=st.lists(st.binary(min_size=1)))
    async def test_comes_back(self, messages: list[bytes]) -> None:
        for message in messages:
            await self.client.send_all(message)
            answer = b""
            while len(answer) < len(message):
                answer += await self.client.receive_some()
            self.assertEqual(answer, message)
