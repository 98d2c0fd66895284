"""A timeout that must not fire, and the same timeout when it must."""

import trio

from triocase import AsyncTrioTestCase, autojump_clock


async def next_order(orders: trio.MemoryReceiveChannel[str]) -> str | None:
    """Return the next order, or None if there is none within a minute."""
    with trio.move_on_after(60):
        return await orders.receive()
    return None


@autojump_clock
class TestNextOrder(AsyncTrioTestCase):
    def setUp(self) -> None:
        self.send, self.orders = trio.open_memory_channel[str](0)

    async def order_after(self, seconds: float) -> None:
        await trio.sleep(seconds)
        await self.send.send("tea")

    async def test_order_at_the_last_moment(self) -> None:
        self.nursery.start_soon(self.order_after, 59.5)
        self.assertEqual(await next_order(self.orders), "tea")
        self.assertEqual(trio.current_time(), 59.5)

    async def test_order_comes_too_late(self) -> None:
        self.nursery.start_soon(self.order_after, 60.5)
        self.assertIsNone(await next_order(self.orders))
        self.assertEqual(trio.current_time(), 60)
