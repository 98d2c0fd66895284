"""A connection for each test, in a transaction that is rolled back after it."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import trio

from triocase import AsyncTrioTestCase, fixture


class Connection:
    """A connection to the database; each call is made in a worker thread."""

    def __init__(self, file: Path) -> None:
        # Without an isolation level, transactions begin and end where we say so.
        self._sqlite = sqlite3.connect(
            file, check_same_thread=False, isolation_level=None
        )

    async def execute(
        self, statement: str, *values: object
    ) -> list[tuple[object, ...]]:
        def run() -> list[tuple[object, ...]]:
            return self._sqlite.execute(statement, values).fetchall()

        return await trio.to_thread.run_sync(run)

    async def aclose(self) -> None:
        await trio.to_thread.run_sync(self._sqlite.close)


@asynccontextmanager
async def connect(file: Path) -> AsyncIterator[Connection]:
    connection = Connection(file)
    try:
        yield connection
    finally:
        await connection.aclose()


class OrdersTestCase(AsyncTrioTestCase):
    file: Path

    @classmethod
    def setUpClass(cls) -> None:
        folder = TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.file = Path(folder.name, "orders")
        setup = sqlite3.connect(cls.file)
        setup.execute("CREATE TABLE orders (item)")
        setup.close()

    @fixture
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection to the database of the class."""
        async with connect(self.file) as connection:
            yield connection

    @fixture
    async def transaction(self) -> AsyncIterator[None]:
        """Undoes after the test whatever it has done to the database."""
        await self.connection.execute("BEGIN")
        yield
        await self.connection.execute("ROLLBACK")


class TestOrders(OrdersTestCase):
    async def items(self) -> list[object]:
        return [
            item for [item] in await self.connection.execute("SELECT * FROM orders")
        ]

    async def test_order_is_kept(self) -> None:
        await self.connection.execute("INSERT INTO orders VALUES (?)", "tea")
        self.assertEqual(await self.items(), ["tea"])

    async def test_order_of_another_test_is_gone(self) -> None:
        self.assertEqual(await self.items(), [])
