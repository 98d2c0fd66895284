"""The base class of ``test_from_a_base_class_before.py``, moved, and its tests."""

from collections.abc import Awaitable, Callable

import trio
from trio.testing import memory_stream_pair

from triocase import AsyncTrioTestCase, autojump_clock, time_limit


@time_limit(5)
class TrioTestCase(AsyncTrioTestCase):
    """The base class of this project's tests: its defaults, and its helpers."""

    async def connect(self, handler: Callable[..., Awaitable[None]]) -> trio.abc.Stream:
        """Start ``handler`` in the background; return a client that talks to it."""
        client, server = memory_stream_pair()
        self.nursery.start_soon(handler, server)
        return await self.enterAsyncContext(client)


async def shout(stream: trio.abc.Stream) -> None:
    """Answer in upper case, after a second of thought."""
    while data := await stream.receive_some():
        await trio.sleep(1)
        await stream.send_all(data.upper())


@autojump_clock
class TestShout(TrioTestCase):
    async def asyncSetUp(self) -> None:
        self.client = await self.connect(shout)

    async def test_answer_is_in_upper_case(self) -> None:
        await self.client.send_all(b"tea")
        self.assertEqual(await self.client.receive_some(), b"TEA")

    async def test_answer_takes_a_second(self) -> None:
        await self.client.send_all(b"tea")
        await self.client.receive_some()
        self.assertEqual(trio.current_time(), 1)
