"""Who takes the forks in the order in which they lie gets to eat."""

import trio

from triocase import AsyncTrioTestCase, autojump_clock


async def philosopher(seat: int, forks: list[trio.Lock]) -> None:
    first, second = sorted([seat, (seat + 1) % len(forks)])
    async with forks[first]:
        await trio.sleep(0.01)  # think
        async with forks[second]:
            await trio.sleep(0.01)  # eat


class TestDinner(AsyncTrioTestCase):
    @autojump_clock
    async def test_all_have_eaten(self) -> None:
        forks = [trio.Lock() for _ in range(5)]
        async with trio.open_nursery() as nursery:
            for seat in range(5):
                nursery.start_soon(philosopher, seat, forks)
