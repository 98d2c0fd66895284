"""One database for all tests, and a rollback after each of them.

``asyncSetUp`` does what each test needs, and adds the cleanup that undoes it. The
cleanup runs even if the test or the rest of the setup fails.
"""

import sqlite3

import trio

from triocase import AsyncTrioTestCase


class Database:
    """A database in memory; each call is made in a worker thread."""

    def __init__(self) -> None:
        self._sqlite = sqlite3.connect(":memory:", check_same_thread=False)
        self._sqlite.execute("CREATE TABLE users (name)")

    async def add_user(self, name: str) -> None:
        statement = "INSERT INTO users VALUES (?)"
        await trio.to_thread.run_sync(self._sqlite.execute, statement, [name])

    async def users(self) -> list[str]:
        statement = "SELECT name FROM users"
        rows = await trio.to_thread.run_sync(self._sqlite.execute, statement)
        return [name for [name] in rows]

    async def rollback(self) -> None:
        await trio.to_thread.run_sync(self._sqlite.rollback)

    def close(self) -> None:
        self._sqlite.close()


class TestUsers(AsyncTrioTestCase):
    database: Database

    @classmethod
    def setUpClass(cls) -> None:
        cls.database = Database()
        cls.addClassCleanup(cls.database.close)

    async def asyncSetUp(self) -> None:
        self.addAsyncCleanup(self.database.rollback)
        await self.database.add_user("Ada")

    async def test_user_is_added(self) -> None:
        await self.database.add_user("Grace")
        self.assertEqual(await self.database.users(), ["Ada", "Grace"])

    async def test_users_of_another_test_are_gone(self) -> None:
        self.assertEqual(await self.database.users(), ["Ada"])
