"""Tests of a server through a socket, each with a client of its own."""

import http.client
from collections.abc import AsyncIterator
from contextlib import closing

import trio
from trio.testing import open_stream_to_socket_listener

from server_shop import serve_shop
from triocase import AsyncTrioTestCase, fixture, time_limit


async def read_all(stream: trio.abc.Stream) -> bytes:
    """Return all that comes until the other side closes."""
    return b"".join([bytes(data) async for data in stream])


@time_limit(10)
class ShopTestCase(AsyncTrioTestCase):
    @fixture
    async def listener(self) -> trio.SocketListener:
        """The server, as soon as it listens."""
        listeners: list[trio.SocketListener]
        listeners = await self.nursery.start(serve_shop, 0)
        return listeners[0]

    @fixture
    async def client(self) -> AsyncIterator[trio.SocketStream]:
        """A client that is connected to the server."""
        async with await open_stream_to_socket_listener(self.listener) as client:
            yield client

    async def get(self, path: str) -> list[bytes]:
        """Return the lines of the response."""
        await self.client.send_all(f"GET {path} HTTP/1.1\r\n\r\n".encode())
        return (await read_all(self.client)).split(b"\r\n")


class TestShop(ShopTestCase):
    async def test_price(self) -> None:
        response = await self.get("/tea")
        self.assertEqual(response[0], b"HTTP/1.1 200 OK")
        self.assertEqual(response[-1], b"3.20")

    async def test_unknown(self) -> None:
        response = await self.get("/coffee")
        self.assertEqual(response[0], b"HTTP/1.1 404 Not Found")

    async def test_client_that_leaves(self) -> None:
        await self.client.send_all(b"GET /te")
        await self.client.send_eof()
        self.assertEqual(await read_all(self.client), b"")

    async def test_other_peoples_client(self) -> None:
        host, port = self.listener.socket.getsockname()

        def fetch() -> bytes:
            with closing(http.client.HTTPConnection(host, port)) as connection:
                connection.request("GET", "/milk")
                return connection.getresponse().read()

        self.assertEqual(await trio.to_thread.run_sync(fetch), b"1.10")
