"""``nursery.start`` waits until the server is ready, and port 0 is any free port."""

from trio.testing import open_stream_to_socket_listener

from echo import echo_server
from triocase import AsyncTrioTestCase


class TestEcho(AsyncTrioTestCase):
    async def test_reply(self) -> None:
        [listener] = await self.nursery.start(echo_server, 0)
        async with await open_stream_to_socket_listener(listener) as client:
            await client.send_all(b"hello")
            self.assertEqual(await client.receive_some(), b"hello")

    async def test_port_in_use(self) -> None:
        [listener] = await self.nursery.start(echo_server, 0)
        _host, port = listener.socket.getsockname()
        with self.assertRaises(OSError):
            await self.nursery.start(echo_server, port)
