"""A test that fails. Its name does not start with "test", so nothing collects it."""

import trio

from triocase import AsyncTrioTestCase


async def greet(name: str) -> str:
    await trio.lowlevel.checkpoint()
    return "Hello!"


class TestGreet(AsyncTrioTestCase):
    async def test_greeting_has_the_name(self) -> None:
        self.assertIn("Ada", await greet("Ada"))
