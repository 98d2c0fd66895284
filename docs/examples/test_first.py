"""A first test: an ``async def`` method that awaits Trio, in real time."""

import trio

from triocase import AsyncTrioTestCase


class TestFirst(AsyncTrioTestCase):
    async def test_sleep_takes_a_second(self) -> None:
        start = trio.current_time()
        await trio.sleep(1)
        self.assertGreaterEqual(trio.current_time() - start, 1)
