# ruff: noqa: ASYNC105, ASYNC115
"""One test of every kind; the verdict that each must get is in its name.

Every runner of the matrix runs this file, under a name that it discovers.
"""

import sys
import unittest

import trio

from triocase import (
    AsyncTrioTestCase,
    autojump_clock,
    cancellation_sweep,
    deadlock_check,
    explore_schedules,
    fixture,
    mock_clock,
    time_limit,
)

if sys.version_info < (3, 11):
    from exceptiongroup import ExceptionGroup


class TestKinds(AsyncTrioTestCase):
    @fixture
    async def number(self):
        await trio.lowlevel.checkpoint()
        yield 3
        await trio.lowlevel.checkpoint()

    async def crash(self, error):
        await trio.lowlevel.checkpoint()
        raise error

    async def test_pass(self):
        await trio.sleep(0)

    def test_pass_sync(self):
        trio.current_time()

    async def test_pass_fixture(self):
        self.assertEqual(self.number, 3)

    async def test_pass_subtests(self):
        for i in range(3):
            with self.subTest(i=i):
                await trio.lowlevel.checkpoint()

    async def test_pass_background(self):
        self.nursery.start_soon(trio.sleep_forever)
        await trio.lowlevel.checkpoint()

    async def test_fail(self):
        await trio.lowlevel.checkpoint()
        self.assertEqual(1, 2)

    def test_fail_sync(self):
        self.fail("sync")

    async def test_fail_subtests(self):
        for i in range(3):
            with self.subTest(i=i):
                await trio.lowlevel.checkpoint()
                self.assertNotEqual(i, 1)

    async def test_fail_background(self):
        self.nursery.start_soon(self.crash, AssertionError("background"))
        await trio.sleep_forever()

    async def test_fail_group(self):
        raise ExceptionGroup("two", [AssertionError("one"), AssertionError("two")])

    async def test_error(self):
        await trio.lowlevel.checkpoint()
        raise KeyError("x")

    async def test_error_background(self):
        self.nursery.start_soon(self.crash, ValueError("background"))
        await trio.sleep_forever()

    async def test_error_child(self):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.crash, ValueError("child"))

    async def test_error_group(self):
        raise ExceptionGroup("two", [AssertionError("one"), ValueError("two")])

    async def test_error_cleanup(self):
        self.addAsyncCleanup(self.crash, ValueError("cleanup"))

    async def test_error_never_awaited(self):
        trio.sleep(1)

    async def test_error_value(self):
        return 3

    async def test_error_generator(self):
        yield 3

    async def test_error_deadlock(self):
        await trio.Event().wait()

    @deadlock_check(False)
    @time_limit(0.5)
    async def test_error_limit(self):
        await trio.sleep_forever()

    @unittest.skip("decorated")
    async def test_skip_decorated(self):
        raise NotImplementedError

    async def test_skip_called(self):
        self.skipTest("called")

    async def test_skip_raised(self):
        await trio.lowlevel.checkpoint()
        raise unittest.SkipTest("raised")

    async def test_skip_background(self):
        self.nursery.start_soon(self.crash, unittest.SkipTest("background"))
        await trio.sleep_forever()

    @unittest.expectedFailure
    async def test_expected(self):
        await trio.lowlevel.checkpoint()
        self.fail("expected")

    @unittest.expectedFailure
    async def test_expected_background(self):
        self.nursery.start_soon(self.crash, ValueError("expected"))
        await trio.sleep_forever()

    @unittest.expectedFailure
    async def test_unexpected(self):
        await trio.lowlevel.checkpoint()


@autojump_clock
class TestClocks(AsyncTrioTestCase):
    async def test_pass_autojump(self):
        start = trio.current_time()
        await trio.sleep(1000)
        self.assertEqual(trio.current_time() - start, 1000)

    @mock_clock
    async def test_pass_advance(self):
        await self.advanceClock(3.5)
        self.assertEqual(self.clock.current_time(), 3.5)

    async def test_error_deadlock_in_virtual_time(self):
        await trio.Event().wait()


class TestRaces(AsyncTrioTestCase):
    value = 0

    async def asyncTearDown(self):
        self.assertEqual(self.value, 0)

    async def append(self, order, i):
        order.append(i)

    @explore_schedules(runs=10)
    async def test_pass_explored(self):
        await trio.sleep(1)

    @explore_schedules(runs=10)
    async def test_pass_explored_subtests(self):
        for i in range(3):
            with self.subTest(i=i):
                await trio.lowlevel.checkpoint()

    @explore_schedules(runs=10)
    async def test_fail_explored(self):
        order = []
        async with trio.open_nursery() as nursery:
            for i in range(3):
                nursery.start_soon(self.append, order, i)
        self.assertEqual(order, sorted(order))

    @explore_schedules(runs=10)
    async def test_skip_explored(self):
        self.skipTest("explored")

    @unittest.expectedFailure
    @explore_schedules(runs=10)
    async def test_expected_explored(self):
        self.fail("expected")

    @cancellation_sweep
    async def test_pass_swept(self):
        await trio.sleep(1)

    @cancellation_sweep
    async def test_fail_swept(self):
        self.value = 1
        await trio.sleep(1)
        self.value = 0


class TestCancelled(AsyncTrioTestCase):
    def setUp(self):
        self.scope = self.enterContext(trio.CancelScope())

    async def test_error_cancelled(self):
        self.scope.cancel()
        await trio.lowlevel.checkpoint()


class TestSetup(AsyncTrioTestCase):
    async def asyncSetUp(self):
        raise OSError("setup")

    async def test_error_setup(self):
        raise NotImplementedError


class TestTeardown(AsyncTrioTestCase):
    async def test_error_teardown(self):
        await trio.lowlevel.checkpoint()

    async def asyncTearDown(self):
        raise OSError("teardown")


@unittest.skip("class")
class TestSkippedClass(AsyncTrioTestCase):
    async def test_skip_class(self):
        raise NotImplementedError


class TestColour(AsyncTrioTestCase):
    async def setUp(self):
        raise NotImplementedError

    async def test_error_colour(self):
        raise NotImplementedError


class Base(AsyncTrioTestCase):
    async def check(self):
        self.fail("inherited")


class TestInherited(Base):
    async def test_fail_inherited(self):
        await self.check()
