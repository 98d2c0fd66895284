"""Run each test as a guest of an asyncio loop.

A base class that overrides ``runTrio`` decides how the Trio run is opened; its tests
notice nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import trio

from triocase import AsyncTrioTestCase


class AsyncioHostedTestCase(AsyncTrioTestCase):
    def runTrio(
        self,
        async_fn: Callable[[], Awaitable[object]],
        *,
        clock: trio.abc.Clock | None,
        instruments: Sequence[trio.abc.Instrument],
    ) -> object:
        # Not asyncio.run: since Python 3.11 it takes Ctrl-C for itself. Here Trio gets
        # it, so the test's cleanups run.
        loop = asyncio.new_event_loop()
        try:
            done = loop.create_future()
            trio.lowlevel.start_guest_run(
                async_fn,
                run_sync_soon_threadsafe=loop.call_soon_threadsafe,
                done_callback=done.set_result,
                clock=clock,
                instruments=instruments,
            )
            return loop.run_until_complete(done).unwrap()
        finally:
            loop.close()


class TestBothLoops(AsyncioHostedTestCase):
    async def test_asyncio_calls_trio(self) -> None:
        called = trio.Event()
        asyncio.get_running_loop().call_later(0.001, called.set)
        await called.wait()
