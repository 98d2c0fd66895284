"""Five philosophers sit around a table; between any two of them lies a fork."""

import trio

from triocase import AsyncTrioTestCase

NAMES = ["Aristotle", "Descartes", "Hypatia", "Kant", "Plato"]


async def philosopher(left: trio.Lock, right: trio.Lock) -> None:
    async with left:
        await trio.sleep(0.01)  # think
        async with right:
            await trio.sleep(0.01)  # eat


class TestDinner(AsyncTrioTestCase):
    async def test_all_have_eaten(self) -> None:
        forks = [trio.Lock() for _ in NAMES]
        async with trio.open_nursery() as nursery:
            for seat, name in enumerate(NAMES):
                left, right = forks[seat], forks[(seat + 1) % len(forks)]
                nursery.start_soon(philosopher, left, right, name=name)
