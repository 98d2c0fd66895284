"""Faulty tests of the base class that a project writes for itself."""

import time
from contextlib import AsyncExitStack

import trio

from ..subjects.own_base import TrioTestCase


async def broken_task():
    raise OSError("lost the database")


class Test(TrioTestCase):
    async def asyncTearDown(self):
        await trio.sleep(0.01)
        print("torn down")

    async def test_deadlock(self):
        print("ran: deadlock")
        await trio.Event().wait()

    async def test_client(self):
        print("ran: client")
        [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
        async with listener:
            await listener.accept()

    async def test_blocked(self):
        print("ran: blocked")
        time.sleep(1000)

    async def test_crash(self):
        print("ran: crash")
        self.nursery.start_soon(broken_task)
        await trio.sleep(0.1)

    async def test_teardown(self):
        print("ran: teardown")
        self.nursery.start_soon(broken_task)
        await trio.sleep(0.1)

    async def test_unawaited(self):
        print("ran: unawaited")
        trio.sleep(0.1)  # noqa: ASYNC105

    async def test_cancelled(self):
        print("ran: cancelled")
        self.nursery.start_soon(trio.sleep_forever)
        self.nursery.cancel_scope.cancel()
        await trio.sleep(0.1)
        self.assertEqual(1, 2)

    async def test_assertion(self):
        print("ran: assertion")
        self.assertEqual(1, 2)


class TestFixture(TrioTestCase):
    async def asyncSetUp(self):
        self.contexts = AsyncExitStack()
        self.server = await self.contexts.enter_async_context(trio.open_nursery())

    async def asyncTearDown(self):
        self.server.cancel_scope.cancel()
        await self.contexts.aclose()

    async def test_fixture(self):
        print("ran: fixture")
        self.server.start_soon(broken_task)
        await trio.sleep(0.1)
