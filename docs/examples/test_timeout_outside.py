"""A timeout, and a cancellation from outside that must not look like one."""

from collections.abc import Awaitable, Callable

import trio

from triocase import AsyncTrioTestCase, autojump_clock


async def poll(source: Callable[[], Awaitable[str]]) -> str | None:
    """Return what comes, or None if nothing does within five seconds."""
    with trio.move_on_after(5):
        return await source()
    return None


@autojump_clock
class TestPoll(AsyncTrioTestCase):
    def setUp(self) -> None:
        self.results: list[str | None] = []

    async def job(self) -> None:
        self.results.append(await poll(trio.sleep_forever))

    async def test_timeout(self) -> None:
        await self.job()
        self.assertEqual(self.results, [None])
        self.assertEqual(trio.current_time(), 5)

    async def test_cancelled_from_outside(self) -> None:
        with trio.move_on_after(3) as outside:
            await self.job()
        self.assertTrue(outside.cancelled_caught)
        self.assertEqual(self.results, [])
        self.assertEqual(trio.current_time(), 3)
