"""A test that stops at a prompt."""

import trio

from triocase import AsyncTrioTestCase, autojump_clock


async def deliver(shelf: trio.MemorySendChannel[str]) -> None:
    """Bring a packet of tea every minute."""
    while True:
        await trio.sleep(60)
        await shelf.send("tea")


class TestShelf(AsyncTrioTestCase):
    @autojump_clock
    async def test_tea_is_delivered(self) -> None:
        send, shelf = trio.open_memory_channel[str](2)
        self.nursery.start_soon(deliver, send, name="delivery")
        await trio.sleep(150)
        breakpoint()
        await trio.sleep(60)
        self.assertEqual(shelf.receive_nowait(), "tea")
