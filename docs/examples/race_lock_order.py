"""Two transfers that may wait for each other: each holds the lock the other wants."""

from dataclasses import dataclass, field

import trio

from triocase import AsyncTrioTestCase, explore_schedules


@dataclass
class Account:
    number: int
    balance: int
    lock: trio.Lock = field(default_factory=trio.Lock)


async def transfer(amount: int, source: Account, target: Account) -> None:
    async with source.lock, target.lock:
        source.balance -= amount
        target.balance += amount


async def repaired_transfer(amount: int, source: Account, target: Account) -> None:
    first, second = sorted([source, target], key=lambda account: account.number)
    async with first.lock, second.lock:  # in the same order, whatever the direction
        source.balance -= amount
        target.balance += amount


class TestFaulty(AsyncTrioTestCase):
    transfer = staticmethod(transfer)

    def setUp(self) -> None:
        self.ada, self.bob = Account(1, 100), Account(2, 100)

    @explore_schedules
    async def test_both_ways(self) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.pay_at_the_counter)
            nursery.start_soon(self.pay_online)
        self.assertEqual((self.ada.balance, self.bob.balance), (110, 90))

    async def pay_at_the_counter(self) -> None:
        await self.transfer(20, self.ada, self.bob)

    async def pay_online(self) -> None:
        for _step in ["log in", "choose the account", "confirm the amount"]:
            await trio.lowlevel.checkpoint()
        await self.transfer(30, self.bob, self.ada)


class TestRepaired(TestFaulty):
    transfer = staticmethod(repaired_transfer)
