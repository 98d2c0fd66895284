"""A project's own base class says which clock its tests have."""

import time
from collections.abc import Awaitable, Callable

import trio

from triocase import AsyncTrioTestCase, autojump_clock, real_clock

DAY = 24 * 60 * 60


async def timed(async_fn: Callable[[], Awaitable[object]]) -> float:
    """Return how many seconds a call takes, by the clock of the system."""
    start = time.perf_counter()
    await async_fn()
    return time.perf_counter() - start


@autojump_clock
class ShopTestCase(AsyncTrioTestCase):
    """The base class of all tests of this project."""


class TestOffers(ShopTestCase):
    async def test_virtual_time_from_the_base_class(self) -> None:
        await trio.sleep(DAY)
        self.assertEqual(trio.current_time(), DAY)

    @real_clock
    async def test_real_time_for_one_method(self) -> None:
        async def nap() -> None:
            await trio.sleep(0.02)

        self.assertGreater(await timed(nap), 0.01)
