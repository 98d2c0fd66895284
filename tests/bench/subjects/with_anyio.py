"""anyio's pytest plugin on Trio: functions, with its fixtures."""

import anyio
import pytest
from trio.lowlevel import checkpoint

from ..work import CHECKPOINTS, many, ran, resource, serve

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def anyio_backend():
    return "trio"


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
async def test_background():
    async with anyio.create_task_group() as group:
        await group.start(serve)
        ran.append("background")
        group.cancel_scope.cancel()


@many(vars())
async def test_fixture(value):
    ran.append("fixture")


async def test_checkpoints():
    for _ in range(CHECKPOINTS):
        await checkpoint()
    ran.append("checkpoints")
