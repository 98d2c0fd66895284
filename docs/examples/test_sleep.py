"""A first test: an ``async def`` method that awaits Trio."""

import trio

from triocase import AsyncTrioTestCase


class TestSleep(AsyncTrioTestCase):
    async def test_sleep_takes_its_time(self) -> None:
        start = trio.current_time()
        await trio.sleep(0.005)
        self.assertGreaterEqual(trio.current_time() - start, 0.005)
