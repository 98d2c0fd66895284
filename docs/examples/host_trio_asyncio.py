"""Tests of code that calls asyncio libraries, each with an asyncio loop around it."""

import asyncio

import trio
import trio_asyncio

from triocase import AsyncTrioTestCase


class TrioAsyncioTestCase(AsyncTrioTestCase):
    def runTrio(self, async_fn, *, clock, instruments):
        async def with_loop():
            async with trio_asyncio.open_loop():
                await async_fn()

        trio.run(with_loop, clock=clock, instruments=instruments)


class TestBridge(TrioAsyncioTestCase):
    async def test_asyncio_library_is_called(self):
        value = await trio_asyncio.aio_as_trio(asyncio.sleep)(0.01, result="slept")
        self.assertEqual(value, "slept")
