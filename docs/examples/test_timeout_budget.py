"""A deadline that is passed on to another service."""

import math
from collections.abc import Awaitable, Callable

import trio

from triocase import AsyncTrioTestCase, autojump_clock

Fetch = Callable[[dict[str, str]], Awaitable[str]]


async def ask(fetch: Fetch) -> str:
    """Ask another service, and tell it how many seconds the caller will wait."""
    seconds = trio.current_effective_deadline() - trio.current_time()
    headers = {} if seconds == math.inf else {"Timeout": f"{seconds:.1f}"}
    return await fetch(headers)


@autojump_clock
class TestAsk(AsyncTrioTestCase):
    async def fetch(self, headers: dict[str, str]) -> str:
        self.headers = headers
        return "42"

    async def test_what_is_left_is_passed_on(self) -> None:
        with trio.fail_after(10):
            await trio.sleep(3)
            await ask(self.fetch)
        self.assertEqual(self.headers, {"Timeout": "7.0"})

    async def test_the_nearest_of_two_deadlines_counts(self) -> None:
        with trio.fail_after(10), trio.move_on_after(60):
            await ask(self.fetch)
        self.assertEqual(self.headers, {"Timeout": "10.0"})

    async def test_no_deadline(self) -> None:
        await ask(self.fetch)
        self.assertEqual(self.headers, {})
