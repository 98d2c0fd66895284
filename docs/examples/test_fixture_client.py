"""A client that has logged in, as a fixture: each test has one of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from triocase import AsyncTrioTestCase, fixture


class Client:
    """A client of a library. This one has no network; a real one would await it."""

    def __init__(self) -> None:
        self.reader: str | None = None
        self.loans: list[str] = []

    async def log_in(self, reader: str) -> None:
        await trio.lowlevel.checkpoint()
        self.reader = reader

    async def log_out(self) -> None:
        await trio.lowlevel.checkpoint()
        self.reader = None

    async def borrow(self, book: str) -> None:
        await trio.lowlevel.checkpoint()
        if self.reader is None:
            raise PermissionError("log in first")
        self.loans.append(book)


@asynccontextmanager
async def connect() -> AsyncIterator[Client]:
    await trio.lowlevel.checkpoint()
    yield Client()


class LibraryTestCase(AsyncTrioTestCase):
    @fixture
    async def client(self) -> AsyncIterator[Client]:
        """A client that has logged in."""
        async with connect() as client:
            await client.log_in("Ada")
            yield client  # this is self.client
            await client.log_out()


class TestLoans(LibraryTestCase):
    async def test_book_is_borrowed(self) -> None:
        await self.client.borrow("Emma")
        self.assertEqual(self.client.loans, ["Emma"])

    async def test_nothing_is_borrowed_after_the_end(self) -> None:
        await self.client.log_out()
        with self.assertRaises(PermissionError):
            await self.client.borrow("Emma")
