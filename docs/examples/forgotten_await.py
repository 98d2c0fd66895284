"""A forgotten ``await``. Without an error for it, this test would pass."""

import trio

from triocase import AsyncTrioTestCase


class Connection:
    async def close(self) -> None:
        await trio.lowlevel.checkpoint()


class TestConnection(AsyncTrioTestCase):
    async def test_may_be_closed_twice(self) -> None:
        connection = Connection()
        await connection.close()
        connection.close()
