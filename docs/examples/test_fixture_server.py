"""A server in a fixture. It uses another fixture, up to its own end."""

from collections.abc import AsyncIterator
from tempfile import TemporaryFile
from typing import TextIO

import trio
from trio.testing import open_stream_to_socket_listener

from triocase import AsyncTrioTestCase, fixture


async def serve(
    journal: TextIO, *, task_status: trio.TaskStatus[list[trio.SocketListener]]
) -> None:
    """Welcome each client, and keep a journal."""

    async def welcome(stream: trio.SocketStream) -> None:
        print("a client", file=journal)
        await stream.send_all(b"welcome")

    try:
        await trio.serve_tcp(welcome, 0, host="127.0.0.1", task_status=task_status)
    finally:
        print("the end", file=journal)


class TestServer(AsyncTrioTestCase):
    @fixture
    async def journal(self) -> AsyncIterator[TextIO]:
        with TemporaryFile("w+") as journal:
            yield journal
            journal.seek(0)
            self.assertTrue(journal.read().endswith("the end\n"))

    @fixture
    async def listener(self) -> AsyncIterator[trio.SocketListener]:
        async with trio.open_nursery() as nursery:
            [listener] = await nursery.start(serve, self.journal)
            yield listener
            nursery.cancel_scope.cancel()

    async def test_client_is_welcome(self) -> None:
        async with await open_stream_to_socket_listener(self.listener) as client:
            self.assertEqual(await client.receive_some(), b"welcome")
