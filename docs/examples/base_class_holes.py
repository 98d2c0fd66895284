"""Tests that must not pass. With the base class before, all of them do."""

import functools
from collections.abc import Awaitable, Callable

import trio

from test_from_a_base_class_after import TrioTestCase


async def price(drink: str) -> int:
    await trio.lowlevel.checkpoint()
    return {"tea": 2, "milk": 1}[drink]


class PriceTests:
    """A mixin, so its tests are wrapped by nobody."""

    async def test_1_from_a_mixin(self) -> None:
        self.assertEqual(await price("tea"), 20)


def with_tea(test: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """Call a test with a drink."""

    @functools.wraps(test)
    def wrapper(self: TrioTestCase) -> Awaitable[None]:
        return test(self, "tea")

    return wrapper


class TestHoles(PriceTests, TrioTestCase):
    @with_tea
    async def test_2_below_a_decorator(self, drink: str) -> None:
        self.assertEqual(await price(drink), 20)

    async def test_3_await_is_missing(self) -> None:
        self.check_price("tea", 20)

    async def check_price(self, drink: str, expected: int) -> None:
        self.assertEqual(await price(drink), expected)

    async def test_4_background_is_stopped(self) -> None:
        self.nursery.start_soon(trio.sleep_forever)
        self.nursery.cancel_scope.cancel()
        self.assertEqual(await price("tea"), 20)

    async def test_5_async_cleanup(self) -> None:
        self.addCleanup(self.check_price, "tea", 20)
