"""An account that may forget a payment: it acts on what it knew before it waited."""

import trio

from triocase import AsyncTrioTestCase, explore_schedules


class Account:
    def __init__(self, balance: int) -> None:
        self.balance = balance

    async def pay_in(self, amount: int) -> None:
        await trio.lowlevel.checkpoint()  # the notes are counted
        self.balance += amount

    async def withdraw(self, amount: int) -> None:
        balance = self.balance
        if amount > balance:
            raise ValueError("there is not enough money")
        await trio.lowlevel.checkpoint()  # the notes are handed out
        self.balance = balance - amount


class RepairedAccount(Account):
    async def withdraw(self, amount: int) -> None:
        if amount > self.balance:
            raise ValueError("there is not enough money")
        self.balance -= amount  # nobody else runs between the check and this
        await trio.lowlevel.checkpoint()  # the notes are handed out


class TestFaulty(AsyncTrioTestCase):
    account_type = Account

    @explore_schedules
    async def test_both_count(self) -> None:
        account = self.account_type(100)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(account.withdraw, 30)
            nursery.start_soon(account.pay_in, 50)
        self.assertEqual(account.balance, 120)


class TestRepaired(TestFaulty):
    account_type = RepairedAccount
