"""The base class that a project writes for itself: one run, and one nursery in it."""

import functools
import inspect
import unittest
from contextlib import AsyncExitStack

import trio
from trio.lowlevel import checkpoint

from ..work import CHECKPOINTS, many, ran, resource, serve


class TrioTestCase(unittest.TestCase):
    def __init_subclass__(cls):
        super().__init_subclass__()
        for name, method in list(vars(cls).items()):
            if name.startswith("test") and inspect.iscoroutinefunction(method):
                setattr(cls, name, in_trio(method))

    async def asyncSetUp(self):
        pass

    async def asyncTearDown(self):
        pass


def in_trio(method):
    async def main(self):
        async with trio.open_nursery() as self.nursery:
            await self.asyncSetUp()
            try:
                await method(self)
            finally:
                await self.asyncTearDown()
            self.nursery.cancel_scope.cancel()

    @functools.wraps(method)
    def test(self):
        trio.run(main, self)

    return test


class TestEmpty(TrioTestCase):
    @many(vars())
    async def test_empty(self):
        ran.append("empty")


class TestSetup(TrioTestCase):
    async def asyncSetUp(self):
        await checkpoint()

    async def asyncTearDown(self):
        await checkpoint()

    @many(vars())
    async def test_setup(self):
        ran.append("setup")


class TestBackground(TrioTestCase):
    @many(vars())
    async def test_background(self):
        await self.nursery.start(serve)
        ran.append("background")


class TestFixture(TrioTestCase):
    async def asyncSetUp(self):
        self.contexts = AsyncExitStack()
        self.resource = await self.contexts.enter_async_context(resource(checkpoint))

    async def asyncTearDown(self):
        await self.contexts.aclose()

    @many(vars())
    async def test_fixture(self):
        ran.append("fixture")


class TestCheckpoints(TrioTestCase):
    async def test_checkpoints(self):
        for _ in range(CHECKPOINTS):
            await checkpoint()
        ran.append("checkpoints")
