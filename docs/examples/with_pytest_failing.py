"""Two tests that fail, to see how pytest shows it."""

import trio

from triocase import AsyncTrioTestCase


async def order(*items: str) -> list[str]:
    await trio.lowlevel.checkpoint()
    return sorted(items)


class TestOrder(AsyncTrioTestCase):
    async def test_same_item_twice(self) -> None:
        assert len(await order("tea", "tea")) == 1

    async def test_crash(self) -> None:
        self.nursery.start_soon(self.keep_stock)
        await trio.sleep_forever()

    async def keep_stock(self) -> None:
        raise RuntimeError("lost the database")
