"""A retry with back-off and jitter that gives up in the end."""

import random
from collections.abc import Awaitable, Callable
from itertools import count, pairwise

import trio

from triocase import AsyncTrioTestCase, autojump_clock


async def retry(
    connect: Callable[[], Awaitable[str]],
    *,
    limit: float = 60,
    jitter: Callable[[], float] = random.random,
) -> str:
    """Connect, with 1, 2, 4 … seconds between the attempts, and up to as many more.

    Raises:
        trio.TooSlowError: There is no connection within ``limit`` seconds.
    """
    with trio.fail_after(limit):
        for attempt in count():
            try:
                return await connect()
            except OSError:
                await trio.sleep(2**attempt * (1 + jitter()))
    raise AssertionError("count() does not end")


@autojump_clock
class TestRetry(AsyncTrioTestCase):
    def setUp(self) -> None:
        self.times: list[float] = []
        self.refusals = 4

    async def connect(self) -> str:
        """Note the time, and refuse a few times."""
        self.times.append(trio.current_time())
        if len(self.times) <= self.refusals:
            raise ConnectionRefusedError
        return "connected"

    async def test_without_jitter(self) -> None:
        await retry(self.connect, jitter=lambda: 0)
        self.assertEqual(self.times, [0, 1, 3, 7, 15])

    async def test_jitter_that_is_known(self) -> None:
        await retry(self.connect, jitter=lambda: 0.5)
        self.assertEqual(self.times, [0, 1.5, 4.5, 10.5, 22.5])

    async def test_jitter_with_a_seed(self) -> None:
        await retry(self.connect, jitter=random.Random(1).random)
        for attempt, (before, after) in enumerate(pairwise(self.times)):
            self.assertGreaterEqual(after - before, 2**attempt)
            self.assertLess(after - before, 2 * 2**attempt)

    async def test_gives_up(self) -> None:
        self.refusals = 1000
        with self.assertRaises(trio.TooSlowError):
            await retry(self.connect, jitter=lambda: 0)
        self.assertEqual(self.times, [0, 1, 3, 7, 15, 31])
        self.assertEqual(trio.current_time(), 60)
