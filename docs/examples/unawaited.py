"""A test that would be green for ever: what it asserts is a coroutine."""

import trio

from triocase import AsyncTrioTestCase


async def greet(name: str) -> str:
    await trio.lowlevel.checkpoint()
    return ""


class TestGreet(AsyncTrioTestCase):
    async def test_greeting_is_not_empty(self) -> None:
        self.assertTrue(greet("Ada"))
