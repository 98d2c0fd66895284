"""A pool that may lose a connection: who is cancelled at the wrong time keeps it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from triocase import AsyncTrioTestCase, cancellation_sweep, explore_schedules


class Connection:
    async def ask(self, question: str) -> str:
        await trio.lowlevel.checkpoint()  # the network
        return f"the answer to {question}"


class Pool:
    def __init__(self, size: int) -> None:
        self.free = [Connection() for _ in range(size)]
        self._slots = trio.Semaphore(size)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        async with self._slots:
            connection = self.free.pop()
            await connection.ask("are you still there?")
            try:
                yield connection
            finally:
                self.free.append(connection)


class RepairedPool(Pool):
    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        async with self._slots:
            connection = self.free.pop()
            try:  # as soon as it is out of the pool
                await connection.ask("are you still there?")
                yield connection
            finally:
                self.free.append(connection)


class TestFaulty(AsyncTrioTestCase):
    pool_type = Pool

    def setUp(self) -> None:
        self.pool = self.pool_type(1)

    def tearDown(self) -> None:
        self.assertEqual(len(self.pool.free), 1)

    async def ask(self) -> None:
        async with self.pool.connection() as connection:
            for question in ["who?", "when?"]:
                await connection.ask(question)

    @cancellation_sweep
    async def test_client(self) -> None:
        await self.ask()

    @explore_schedules
    async def test_client_that_is_called_off(self) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.ask)
            for _ in range(3):
                await trio.lowlevel.checkpoint()  # the user loses patience
            nursery.cancel_scope.cancel()


class TestRepaired(TestFaulty):
    pool_type = RepairedPool
