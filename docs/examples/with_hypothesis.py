"""A first property: values arrive in the order in which they were sent."""

import trio
from hypothesis import given
from hypothesis import strategies as st

from triocase import AsyncTrioTestCase, autojump_clock


class TestChannel(AsyncTrioTestCase):
    async def asyncSetUp(self):
        self.send, self.receive = trio.open_memory_channel(3)

    @given(st.lists(st.integers()))
    @autojump_clock
    async def test_values_arrive_in_order(self, values):
        self.nursery.start_soon(self.send_slowly, values)
        self.assertEqual([value async for value in self.receive], values)

    async def send_slowly(self, values):
        async with self.send:
            for value in values:
                await trio.sleep(1)
                await self.send.send(value)
