"""Faulty tests of anyio's pytest plugin, on Trio.

It has no nursery for each test: the tests open a task group where they need one.
"""

import time

import anyio
import pytest
import trio

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def anyio_backend():
    return "trio"


@pytest.fixture
async def around():
    yield
    await trio.sleep(0.01)
    print("torn down")


@pytest.fixture
async def server():
    async with anyio.create_task_group() as group:
        yield group
        group.cancel_scope.cancel()


async def broken_task():
    raise OSError("lost the database")


async def test_deadlock():
    print("ran: deadlock")
    await trio.Event().wait()


async def test_client():
    print("ran: client")
    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with listener:
        await listener.accept()


async def test_blocked():
    print("ran: blocked")
    time.sleep(1000)


async def test_crash():
    print("ran: crash")
    async with anyio.create_task_group() as group:
        group.start_soon(broken_task)
        await trio.sleep(0.1)


async def test_teardown(around):
    print("ran: teardown")
    async with anyio.create_task_group() as group:
        group.start_soon(broken_task)
        await trio.sleep(0.1)


async def test_unawaited():
    print("ran: unawaited")
    trio.sleep(0.1)  # noqa: ASYNC105


async def test_cancelled():
    print("ran: cancelled")
    async with anyio.create_task_group() as group:
        group.start_soon(trio.sleep_forever)
        group.cancel_scope.cancel()
        await trio.sleep(0.1)
        assert 1 == 2


async def test_assertion():
    print("ran: assertion")
    assert 1 == 2


async def test_fixture(server):
    print("ran: fixture")
    server.start_soon(broken_task)
    await trio.sleep(0.1)
