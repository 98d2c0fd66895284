"""A cache that may fetch a value twice: who waits for the lock does not look again."""

import trio

from triocase import AsyncTrioTestCase, explore_schedules


class Prices:
    """Prices from a shop that wants to be asked once for each, and no more."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._known: dict[str, int] = {}
        self._lock = trio.Lock()

    async def price(self, item: str) -> int:
        if item not in self._known:
            async with self._lock:
                self._known[item] = await self._ask(item)
        return self._known[item]

    async def _ask(self, item: str) -> int:
        self.asked.append(item)
        await trio.lowlevel.checkpoint()  # the network
        return len(item)


class RepairedPrices(Prices):
    async def price(self, item: str) -> int:
        async with self._lock:
            if item not in self._known:  # now that nobody else is asking
                self._known[item] = await self._ask(item)
        return self._known[item]


class TestFaulty(AsyncTrioTestCase):
    prices_type = Prices

    def setUp(self) -> None:
        self.prices = self.prices_type()

    @explore_schedules
    async def test_is_asked_once(self) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.show, "tea")
            nursery.start_soon(self.order, "tea")
        self.assertEqual(self.prices.asked, ["tea"])

    async def show(self, item: str) -> None:
        await self.prices.price(item)

    async def order(self, item: str) -> None:
        for _step in ["log in", "take from the shelf", "find the address"]:
            await trio.lowlevel.checkpoint()
        await self.prices.price(item)


class TestRepaired(TestFaulty):
    prices_type = RepairedPrices
