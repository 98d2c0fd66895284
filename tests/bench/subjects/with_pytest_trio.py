"""pytest-trio: functions, with its fixtures."""

import pytest
from trio.lowlevel import checkpoint

from ..work import CHECKPOINTS, many, ran, resource, serve

pytestmark = pytest.mark.trio


@pytest.fixture
async def around():
    await checkpoint()
    yield
    await checkpoint()


@pytest.fixture
async def value():
    async with resource(checkpoint) as value:
        yield value


@many(vars())
async def test_empty():
    ran.append("empty")


@many(vars())
async def test_setup(around):
    ran.append("setup")


@many(vars())
async def test_background(nursery):
    await nursery.start(serve)
    ran.append("background")


@many(vars())
async def test_fixture(value):
    ran.append("fixture")


async def test_checkpoints():
    for _ in range(CHECKPOINTS):
        await checkpoint()
    ran.append("checkpoints")
