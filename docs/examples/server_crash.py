"""A server that crashes when a request has no path."""

from test_server_http import ShopTestCase, read_all


class TestMalformed(ShopTestCase):
    async def test_request_without_a_path(self) -> None:
        await self.client.send_all(b"hello\r\n\r\n")
        response = await read_all(self.client)
        self.assertTrue(response.startswith(b"HTTP/1.1 400"))
