"""``unittest.IsolatedAsyncioTestCase``, which sets asyncio's debug mode in every test."""

import asyncio
from functools import partial
from unittest import IsolatedAsyncioTestCase

from ..work import CHECKPOINTS, many, ran, resource

checkpoint = partial(asyncio.sleep, 0)


async def serve(started):
    started.set()
    await asyncio.Event().wait()


class TestEmpty(IsolatedAsyncioTestCase):
    @many(vars())
    async def test_empty(self):
        ran.append("empty")


class TestSetup(IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        await checkpoint()

    async def asyncTearDown(self):
        await checkpoint()

    @many(vars())
    async def test_setup(self):
        ran.append("setup")


class TestBackground(IsolatedAsyncioTestCase):
    @many(vars())
    async def test_background(self):
        started = asyncio.Event()
        self.task = asyncio.create_task(serve(started))  # cancelled as the loop closes
        await started.wait()
        ran.append("background")


class TestFixture(IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        context = resource(checkpoint)
        self.resource = await context.__aenter__()
        self.addAsyncCleanup(context.__aexit__, None, None, None)  # 3.10 has no better

    @many(vars())
    async def test_fixture(self):
        ran.append("fixture")


class TestCheckpoints(IsolatedAsyncioTestCase):
    async def test_checkpoints(self):
        for _ in range(CHECKPOINTS):
            await checkpoint()
        ran.append("checkpoints")
