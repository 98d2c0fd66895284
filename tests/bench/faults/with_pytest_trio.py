"""Faulty tests of pytest-trio."""

import time

import pytest
import trio

pytestmark = pytest.mark.trio


@pytest.fixture
async def around():
    yield
    await trio.sleep(0.01)
    print("torn down")


@pytest.fixture
async def server():
    async with trio.open_nursery() as nursery:
        yield nursery
        nursery.cancel_scope.cancel()


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


async def test_crash(nursery):
    print("ran: crash")
    nursery.start_soon(broken_task)
    await trio.sleep(0.1)


async def test_teardown(around, nursery):
    print("ran: teardown")
    nursery.start_soon(broken_task)
    await trio.sleep(0.1)


async def test_unawaited():
    print("ran: unawaited")
    trio.sleep(0.1)  # noqa: ASYNC105


async def test_cancelled(nursery):
    print("ran: cancelled")
    nursery.start_soon(trio.sleep_forever)
    nursery.cancel_scope.cancel()
    await trio.sleep(0.1)
    assert 1 == 2


async def test_assertion():
    print("ran: assertion")
    assert 1 == 2


async def test_fixture(server):
    print("ran: fixture")
    server.start_soon(broken_task)
    await trio.sleep(0.1)
