"""A ``time.sleep`` in async code."""

import time

import trio

from triocase import AsyncTrioTestCase, time_limit


async def retry(send: trio.MemorySendChannel[int]) -> None:
    while True:
        time.sleep(60)
        await send.send(1)


@time_limit(1)
class TestRetry(AsyncTrioTestCase):
    async def test_tries_again(self) -> None:
        send, receive = trio.open_memory_channel[int](0)
        self.nursery.start_soon(retry, send)
        with trio.fail_after(5):
            self.assertEqual(await receive.receive(), 1)
