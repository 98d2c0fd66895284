# ruff: noqa: ASYNC105
"""Tests of classes that share one Trio run; the verdict of each is in its name.

Every runner of the matrix runs this file beside ``kinds.py``. What it tells of the setup
and the teardown of a class, and of which test, differs: see ``Cell.by_class``.
"""

import os
import unittest
from pathlib import Path

import trio

from triocase import (
    AsyncTrioTestCase,
    autojump_clock,
    deadlock_check,
    fixture,
    shared_run,
    time_limit,
)


@shared_run
class TestShared(AsyncTrioTestCase):
    @fixture(scope="class")
    async def numbers(cls):
        await trio.lowlevel.checkpoint()
        yield [1, 2]
        await trio.lowlevel.checkpoint()

    @classmethod
    async def asyncSetUpClass(cls):
        with Path(__file__).with_name("runs").open("a") as file:
            file.write(f"{os.getpid()}\n")
        cls.send, receive = trio.open_memory_channel(0)
        cls.class_nursery.start_soon(cls.answer, receive)

    @classmethod
    async def answer(cls, requests):
        async for reply in requests:
            await reply.send("answer")

    @fixture
    async def shared_number(self):
        yield self.numbers[0]
        await trio.lowlevel.checkpoint()

    async def crash(self, error):
        await trio.lowlevel.checkpoint()
        raise error

    async def test_pass_shared(self):
        send, receive = trio.open_memory_channel(0)
        await self.send.send(send)
        self.assertEqual(await receive.receive(), "answer")

    def test_pass_shared_sync(self):
        trio.current_time()

    async def test_pass_shared_fixture(self):
        self.assertEqual(self.shared_number, 1)

    async def test_pass_shared_sleep(self):
        await trio.sleep(0.01)

    async def test_pass_shared_subtests(self):
        for i in range(3):
            with self.subTest(i=i):
                await trio.lowlevel.checkpoint()

    async def test_pass_shared_background(self):
        self.nursery.start_soon(trio.sleep_forever)
        await trio.lowlevel.checkpoint()

    async def test_fail_shared(self):
        await trio.lowlevel.checkpoint()
        self.assertEqual(1, 2)

    async def test_fail_shared_subtests(self):
        for i in range(3):
            with self.subTest(i=i):
                await trio.lowlevel.checkpoint()
                self.assertNotEqual(i, 1)

    async def test_fail_shared_background(self):
        self.nursery.start_soon(self.crash, AssertionError("background"))
        await trio.sleep_forever()

    async def test_error_shared(self):
        await trio.lowlevel.checkpoint()
        raise KeyError("x")

    async def test_error_shared_background(self):
        self.nursery.start_soon(self.crash, ValueError("background"))
        await trio.sleep_forever()

    async def test_error_shared_cleanup(self):
        self.addAsyncCleanup(self.crash, ValueError("cleanup"))

    async def test_error_shared_never_awaited(self):
        trio.sleep(1)

    async def test_error_shared_deadlock(self):
        await trio.Event().wait()

    @deadlock_check(False)
    @time_limit(0.5)
    async def test_error_shared_limit(self):
        await trio.sleep_forever()

    @unittest.skip("decorated")
    async def test_skip_shared_decorated(self):
        raise NotImplementedError

    async def test_skip_shared(self):
        await trio.lowlevel.checkpoint()
        self.skipTest("called")

    @unittest.expectedFailure
    async def test_expected_shared(self):
        await trio.lowlevel.checkpoint()
        self.fail("expected")

    @unittest.expectedFailure
    async def test_unexpected_shared(self):
        await trio.lowlevel.checkpoint()


@autojump_clock
@shared_run
class TestSharedClock(AsyncTrioTestCase):
    async def test_pass_clock_of_class(self):
        start = trio.current_time()
        await trio.sleep(1000)
        self.assertEqual(trio.current_time() - start, 1000)


@shared_run
class TestSharedCrash(AsyncTrioTestCase):
    @classmethod
    async def crash(cls):
        raise OSError("crash")

    async def test_error_crash_of_class(self):
        self.class_nursery.start_soon(self.crash)
        await trio.sleep_forever()


class TestNeighbour(AsyncTrioTestCase):
    async def test_pass_neighbour(self):
        await trio.lowlevel.checkpoint()


class TestNotShared(AsyncTrioTestCase):
    @classmethod
    async def asyncSetUpClass(cls):
        raise NotImplementedError

    async def test_error_no_decorator(self):
        raise NotImplementedError


@shared_run
class TestClassSetup(AsyncTrioTestCase):
    @classmethod
    async def asyncSetUpClass(cls):
        await trio.lowlevel.checkpoint()
        raise OSError("setup")

    async def test_error_class_setup(self):
        raise NotImplementedError


@shared_run
class TestClassSkip(AsyncTrioTestCase):
    @classmethod
    async def asyncSetUpClass(cls):
        await trio.lowlevel.checkpoint()
        raise unittest.SkipTest("setUpClass of TestClassSkip")

    async def test_skip_class_setup(self):
        raise NotImplementedError


@shared_run
class TestClassTeardown(AsyncTrioTestCase):
    @classmethod
    async def asyncTearDownClass(cls):
        await trio.lowlevel.checkpoint()
        raise OSError("teardown")

    async def test_error_class_teardown(self):
        await trio.lowlevel.checkpoint()
