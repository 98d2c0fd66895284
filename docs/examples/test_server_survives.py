"""A server that survives a crash in one of its handlers."""

import logging
from functools import partial

import trio
from trio.testing import open_stream_to_socket_listener

from server_shop import answer
from test_server_http import read_all
from triocase import AsyncTrioTestCase, time_limit


async def answer_or_log(stream: trio.SocketStream) -> None:
    """Answer one request; what goes wrong with one client is not for the others."""
    try:
        await answer(stream)
    except Exception:
        logging.exception("a client was not answered")


@time_limit(10)
class TestAnswerOrLog(AsyncTrioTestCase):
    async def asyncSetUp(self) -> None:
        serve = partial(trio.serve_tcp, answer_or_log, 0, host="127.0.0.1")
        [self.listener] = await self.nursery.start(serve)

    async def ask(self, request: bytes) -> bytes:
        async with await open_stream_to_socket_listener(self.listener) as client:
            await client.send_all(request)
            return await read_all(client)

    async def test_next_client_is_served(self) -> None:
        with self.assertLogs(level="ERROR") as logs:
            self.assertEqual(await self.ask(b"hello\r\n\r\n"), b"")
        self.assertIn("IndexError", logs.output[0])
        self.assertIn(b"200 OK", await self.ask(b"GET /tea HTTP/1.1\r\n\r\n"))
