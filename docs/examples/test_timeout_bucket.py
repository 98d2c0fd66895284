"""A rate limiter."""

import math

import trio

from triocase import AsyncTrioTestCase, autojump_clock


class Bucket:
    """Lets through ``burst`` calls at once, then one every ``interval`` seconds."""

    def __init__(self, burst: int, interval: float) -> None:
        self.burst = burst
        self.interval = interval
        self._full_at = -math.inf

    async def take(self) -> None:
        """Wait until there is a token, and take it."""
        self._full_at = max(self._full_at, trio.current_time()) + self.interval
        await trio.sleep_until(self._full_at - self.burst * self.interval)


@autojump_clock
class TestBucket(AsyncTrioTestCase):
    async def times(self, bucket: Bucket, count: int) -> list[float]:
        """Take so many tokens, and return when there was each."""
        times = []
        for _ in range(count):
            await bucket.take()
            times.append(trio.current_time())
        return times

    async def test_burst_and_then_one_by_one(self) -> None:
        times = await self.times(Bucket(3, 0.5), 6)
        self.assertEqual(times, [0, 0, 0, 0.5, 1, 1.5])

    async def test_is_filled_while_nobody_calls(self) -> None:
        bucket = Bucket(3, 0.5)
        await self.times(bucket, 3)
        await trio.sleep(60)
        self.assertEqual(await self.times(bucket, 4), [60, 60, 60, 60.5])

    async def test_tenths_of_a_second(self) -> None:
        for index, time in enumerate(await self.times(Bucket(1, 0.1), 20)):
            self.assertAlmostEqual(time, index / 10)
