"""anyio's pytest plugin on asyncio: functions, with its fixtures."""

import asyncio
from functools import partial

import anyio
import pytest

from ..work import CHECKPOINTS, many, ran, resource

pytestmark = pytest.mark.anyio
checkpoint = partial(asyncio.sleep, 0)


@pytest.fixture(scope="module")
def anyio_backend():
    return "asyncio"


async def serve(*, task_status):
    task_status.started()
    await anyio.sleep_forever()


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
