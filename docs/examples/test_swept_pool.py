"""A fixture that asserts what must hold wherever its test was cancelled."""

from collections.abc import AsyncIterator

import trio

from race_pool_leak import RepairedPool
from triocase import AsyncTrioTestCase, cancellation_sweep, fixture


@cancellation_sweep
class TestPool(AsyncTrioTestCase):
    @fixture
    async def pool(self) -> AsyncIterator[RepairedPool]:
        pool = RepairedPool(3)
        yield pool
        self.assertEqual(len(pool.free), 3, "a connection was not given back")

    async def ask(self, question: str) -> None:
        async with self.pool.connection() as connection:
            await connection.ask(question)

    async def test_one_client(self) -> None:
        await self.ask("who?")

    async def test_two_clients(self) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.ask, "who?")
            nursery.start_soon(self.ask, "when?")
