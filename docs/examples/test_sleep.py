"""A first test: an ``async def`` method that awaits Trio, in virtual time."""

import trio

from triocase import AsyncTrioTestCase, autojump_clock


class TestSleep(AsyncTrioTestCase):
    @autojump_clock
    async def test_sleep_efficiently_and_reliably(self) -> None:
        start = trio.current_time()
        await trio.sleep(1)
        self.assertEqual(trio.current_time() - start, 1)
