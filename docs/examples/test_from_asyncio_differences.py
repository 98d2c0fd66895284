"""What passes with ``IsolatedAsyncioTestCase`` and fails here, and the other way round.

Each test here runs the same test on both base classes, and compares the verdicts.
"""

import asyncio
import gc
import unittest
import warnings
from collections.abc import Awaitable, Callable
from unittest import IsolatedAsyncioTestCase

import trio

from triocase import AsyncTrioTestCase


class FirstError(unittest.TestResult):
    """Keeps the type of the first error or failure."""

    verdict = "pass"

    def addError(self, test: object, err: tuple) -> None:
        if err[0] and self.verdict == "pass":
            self.verdict = err[0].__name__

    def addFailure(self, test: object, err: tuple) -> None:
        self.addError(test, err)

    def addSubTest(self, test: object, subtest: object, err: tuple | None) -> None:
        self.addError(test, err or (None,))


def verdict(case: type[unittest.TestCase]) -> str:
    """Run the method ``runTest`` of a class, and return what unittest is told."""
    result = FirstError()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        case().run(result)
        gc.collect()  # asyncio tells its log of a crash when the task is garbage
    return result.verdict


class TestDifferences(unittest.TestCase):
    def test_background_task_crashes(self) -> None:
        """asyncio writes it to its log."""

        async def crash() -> None:
            raise RuntimeError("lost the database")

        class OnAsyncio(IsolatedAsyncioTestCase):
            async def runTest(self) -> None:
                self.task = asyncio.create_task(crash())
                await asyncio.sleep(0.01)

        class OnTrio(AsyncTrioTestCase):
            async def runTest(self) -> None:
                self.nursery.start_soon(crash)
                await trio.sleep(1000)

        with self.assertLogs("asyncio"):
            self.assertEqual(verdict(OnAsyncio), "pass")
        self.assertEqual(verdict(OnTrio), "RuntimeError")

    def test_background_task_fails_at_its_end(self) -> None:
        """asyncio cancels what is left, and writes its errors to its log."""

        async def fail_at_the_end(sleep: Callable[[float], Awaitable[object]]) -> None:
            try:
                await sleep(1000)
            finally:
                raise RuntimeError("not closed")

        class OnAsyncio(IsolatedAsyncioTestCase):
            async def runTest(self) -> None:
                self.task = asyncio.create_task(fail_at_the_end(asyncio.sleep))
                await asyncio.sleep(0)

        class OnTrio(AsyncTrioTestCase):
            async def runTest(self) -> None:
                self.nursery.start_soon(fail_at_the_end, trio.sleep)
                await trio.lowlevel.checkpoint()

        with self.assertLogs("asyncio"):
            self.assertEqual(verdict(OnAsyncio), "pass")
        self.assertEqual(verdict(OnTrio), "RuntimeError")

    def both(self, name: str, method: object) -> tuple[str, str]:
        """Run the same class body on both, with one method of a setup or a test."""
        body = {"runTest": lambda self: None, name: method}
        return (
            verdict(type("OnAsyncio", (IsolatedAsyncioTestCase,), body)),
            verdict(type("OnTrio", (AsyncTrioTestCase,), body)),
        )

    def test_await_is_missing(self) -> None:
        """unittest leaves it at a warning of Python's."""

        async def check(self: unittest.TestCase) -> None:
            self.fail("checked")

        async def dropped(self: unittest.TestCase) -> None:
            check(self)

        async def returned(self: unittest.TestCase) -> object:
            return check(self)

        self.assertEqual(self.both("runTest", dropped), ("pass", "RuntimeWarning"))
        self.assertEqual(self.both("runTest", returned), ("pass", "TypeError"))

    def test_wrong_colour(self) -> None:
        """unittest leaves that at a warning, too."""

        async def fails(self: unittest.TestCase) -> None:
            self.fail("set up")

        async def generator(self: unittest.TestCase):
            self.fail("tested")
            yield

        for name in ["setUp", "tearDown"]:
            self.assertEqual(self.both(name, fails), ("pass", "TypeError"))
        self.assertEqual(self.both("runTest", generator), ("pass", "TypeError"))

    def test_sync_methods_are_inside(self) -> None:
        """A sync setup, test or teardown may use the nursery and the clock."""

        def loop(self: unittest.TestCase) -> None:
            asyncio.get_running_loop()

        def nursery(self: AsyncTrioTestCase) -> None:
            self.nursery.start_soon(trio.sleep, trio.current_time())

        for name in ["setUp", "runTest", "tearDown"]:
            self.assertEqual(self.both(name, loop)[0], "RuntimeError")
            self.assertEqual(self.both(name, nursery)[1], "pass")

    def test_timeout_around_subtests(self) -> None:
        """There, each subtest that is cancelled is an error."""

        class OnAsyncio(IsolatedAsyncioTestCase):
            async def runTest(self) -> None:
                try:
                    await asyncio.wait_for(self.subtests(), 0.02)
                except asyncio.TimeoutError:
                    pass

            async def subtests(self) -> None:
                for number in range(3):
                    with self.subTest(number=number):
                        await asyncio.sleep(0.015)

        class OnTrio(AsyncTrioTestCase):
            async def runTest(self) -> None:
                with trio.move_on_after(0.02):
                    for number in range(3):
                        with self.subTest(number=number):
                            await trio.sleep(0.015)

        self.assertEqual(verdict(OnAsyncio), "CancelledError")
        self.assertEqual(verdict(OnTrio), "pass")
