"""triocase, as it comes: a Trio run for each test."""

from trio.lowlevel import checkpoint

from triocase import AsyncTrioTestCase, fixture

from ..work import CHECKPOINTS, many, ran, resource, serve


class TestEmpty(AsyncTrioTestCase):
    @many(vars())
    async def test_empty(self):
        ran.append("empty")


class TestSetup(AsyncTrioTestCase):
    async def asyncSetUp(self):
        await checkpoint()

    async def asyncTearDown(self):
        await checkpoint()

    @many(vars())
    async def test_setup(self):
        ran.append("setup")


class TestBackground(AsyncTrioTestCase):
    @many(vars())
    async def test_background(self):
        await self.nursery.start(serve)
        ran.append("background")


class TestFixture(AsyncTrioTestCase):
    @fixture
    async def resource(self):
        async with resource(checkpoint) as value:
            yield value

    @many(vars())
    async def test_fixture(self):
        ran.append("fixture")


class TestCheckpoints(AsyncTrioTestCase):
    async def test_checkpoints(self):
        for _ in range(CHECKPOINTS):
            await checkpoint()
        ran.append("checkpoints")
