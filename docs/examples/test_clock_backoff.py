"""A retry that waits longer each time, and the exact times of its attempts."""

from collections.abc import Awaitable, Callable

import trio

from triocase import AsyncTrioTestCase, autojump_clock


async def retry(connect: Callable[[], Awaitable[None]], attempts: int) -> None:
    """Try to connect, with 1, 2, 4 … seconds between the attempts."""
    for attempt in range(attempts - 1):
        try:
            return await connect()
        except OSError:
            await trio.sleep(2**attempt)
    return await connect()


class TestRetry(AsyncTrioTestCase):
    @autojump_clock
    async def test_waits_longer_each_time(self) -> None:
        times = []

        async def refuse() -> None:
            times.append(trio.current_time())
            raise ConnectionRefusedError

        with self.assertRaises(ConnectionRefusedError):
            await retry(refuse, attempts=5)
        self.assertEqual(times, [0, 1, 3, 7, 15])
