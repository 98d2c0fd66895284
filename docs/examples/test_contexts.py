"""Contexts that are entered before the test and left after it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import trio

from triocase import AsyncTrioTestCase


async def count(numbers: trio.MemorySendChannel[int]) -> None:
    number = 0
    while True:
        await numbers.send(number)
        number += 1


@asynccontextmanager
async def counter() -> AsyncIterator[trio.MemoryReceiveChannel[int]]:
    """Count in the background, until the block ends."""
    send, receive = trio.open_memory_channel[int](0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(count, send)
        yield receive
        nursery.cancel_scope.cancel()


class TestCounter(AsyncTrioTestCase):
    def setUp(self) -> None:
        self.enterContext(trio.fail_after(5))
        self.folder = Path(self.enterContext(TemporaryDirectory()))

    async def asyncSetUp(self) -> None:
        self.numbers = await self.enterAsyncContext(counter())

    async def test_numbers_are_written(self) -> None:
        file = trio.Path(self.folder / "numbers")
        await file.write_text(f"{[await self.numbers.receive() for _ in range(3)]}")
        self.assertEqual(await file.read_text(), "[0, 1, 2]")
