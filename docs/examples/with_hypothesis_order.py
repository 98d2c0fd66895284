"""A payment and a withdrawal at once, with drawn amounts, in a drawn order."""

import trio
from hypothesis import given
from hypothesis import strategies as st

import with_hypothesis_profile  # noqa: F401
from race_lost_update import RepairedAccount as Account
from triocase import AsyncTrioTestCase

AMOUNTS = st.integers(0, 100)


class TestAccount(AsyncTrioTestCase):
    @given(paid=AMOUNTS, withdrawn=AMOUNTS, order=st.random_module())
    async def test_both_count(self, paid: int, withdrawn: int, order: object) -> None:
        account = Account(100)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(account.pay_in, paid)
            nursery.start_soon(account.withdraw, withdrawn)
        self.assertEqual(account.balance, 100 - withdrawn + paid)
