"""Faulty tests of ``unittest.IsolatedAsyncioTestCase``."""

import asyncio
import time
from unittest import IsolatedAsyncioTestCase


async def broken_task():
    raise OSError("lost the database")


class Test(IsolatedAsyncioTestCase):
    async def asyncTearDown(self):
        await asyncio.sleep(0.01)
        print("torn down")

    async def test_deadlock(self):
        print("ran: deadlock")
        await asyncio.Event().wait()

    async def test_client(self):
        print("ran: client")
        came = asyncio.Event()
        server = await asyncio.start_server(lambda *_: came.set(), "127.0.0.1", 0)
        async with server:
            await came.wait()

    async def test_blocked(self):
        print("ran: blocked")
        time.sleep(1000)

    async def test_crash(self):
        print("ran: crash")
        self.task = asyncio.create_task(broken_task())
        await asyncio.sleep(0.1)

    async def test_teardown(self):
        print("ran: teardown")
        self.task = asyncio.create_task(broken_task())
        await asyncio.sleep(0.1)

    async def test_unawaited(self):
        print("ran: unawaited")
        asyncio.sleep(0.1)

    async def test_cancelled(self):
        print("ran: cancelled")
        task = asyncio.create_task(asyncio.sleep(1000))
        task.cancel()
        await asyncio.sleep(0.1)
        self.assertEqual(1, 2)

    async def test_assertion(self):
        print("ran: assertion")
        self.assertEqual(1, 2)


class TestFixture(IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.server = await self.enterAsyncContext(asyncio.TaskGroup())

    async def test_fixture(self):
        print("ran: fixture")
        self.server.create_task(broken_task())
        await asyncio.sleep(0.1)
