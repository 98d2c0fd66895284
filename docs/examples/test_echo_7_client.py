"""Tests that begin with a client."""

from echo_case import EchoTestCase


class TestClient(EchoTestCase):
    async def test_reply(self) -> None:
        await self.client.send_all(b"hello")
        self.assertEqual(await self.client.receive_some(), b"hello")

    async def test_two_messages(self) -> None:
        for message in [b"one", b"two"]:
            await self.client.send_all(message)
            self.assertEqual(await self.client.receive_some(), message)
