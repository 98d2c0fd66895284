"""A server and its database, started once for all tests of a class."""

import sqlite3
from collections.abc import AsyncIterator

import trio
from trio.testing import open_stream_to_socket_listener

from triocase import AsyncTrioTestCase, fixture, shared_run


class Database:
    """A connection to a database of orders; each call is made in a worker thread."""

    def __init__(self) -> None:
        # Without an isolation level, transactions begin and end where we say so.
        self._sqlite = sqlite3.connect(
            ":memory:", check_same_thread=False, isolation_level=None
        )

    async def execute(self, statement: str, *values: str) -> list[tuple[str, ...]]:
        def run() -> list[tuple[str, ...]]:
            return self._sqlite.execute(statement, values).fetchall()

        return await trio.to_thread.run_sync(run)

    async def aclose(self) -> None:
        await trio.to_thread.run_sync(self._sqlite.close)


class Api:
    """The server to be tested; a request is a line such as "POST /orders tea"."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def serve(
        self, *, task_status: trio.TaskStatus[list[trio.SocketListener]]
    ) -> None:
        await trio.sleep(0.02)  # it reads its settings, and fills its caches
        await trio.serve_tcp(self.answer, 0, host="127.0.0.1", task_status=task_status)

    async def answer(self, stream: trio.SocketStream) -> None:
        async for request in stream:
            answer = await self.answer_to(*request.decode().split())
            await stream.send_all(answer.encode())

    async def answer_to(self, method: str, path: str, *items: str) -> str:
        if path != "/orders":
            return "404"
        if method == "POST":
            for item in items:
                await self.database.execute("INSERT INTO orders VALUES (?)", item)
            return "201"
        rows = await self.database.execute("SELECT item FROM orders")
        return " ".join(["200", *(item for [item] in rows)])


@shared_run
class TestApi(AsyncTrioTestCase):
    listener: trio.SocketListener

    @fixture(scope="class")
    async def database(cls) -> AsyncIterator[Database]:
        """A connection to a database with its tables."""
        database = Database()
        await database.execute("CREATE TABLE orders (item)")
        yield database
        await database.aclose()

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        api = Api(cls.database)
        [cls.listener] = await cls.class_nursery.start(api.serve)

    @fixture
    async def transaction(self) -> AsyncIterator[None]:
        """Undoes after the test whatever it has done to the database."""
        await self.database.execute("BEGIN")
        yield
        await self.database.execute("ROLLBACK")

    @fixture
    async def client(self) -> AsyncIterator[trio.SocketStream]:
        """A client of the server, for this test alone."""
        async with await open_stream_to_socket_listener(self.listener) as client:
            yield client

    async def request(self, request: str) -> str:
        await self.client.send_all(request.encode())
        return bytes(await self.client.receive_some()).decode()

    async def test_there_are_no_orders_yet(self) -> None:
        self.assertEqual(await self.request("GET /orders"), "200")

    async def test_order_is_kept(self) -> None:
        self.assertEqual(await self.request("POST /orders tea"), "201")
        self.assertEqual(await self.request("GET /orders"), "200 tea")

    async def test_order_of_several(self) -> None:
        self.assertEqual(await self.request("POST /orders tea milk"), "201")
        self.assertEqual(await self.request("GET /orders"), "200 tea milk")

    async def test_order_of_nothing(self) -> None:
        self.assertEqual(await self.request("POST /orders"), "201")
        self.assertEqual(await self.request("GET /orders"), "200")

    async def test_unknown_path(self) -> None:
        self.assertEqual(await self.request("GET /shop"), "404")
