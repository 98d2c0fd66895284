"""Cleanups: sync and async in one list, last in first out, each of them run."""

from __future__ import annotations

import unittest
from typing import Any

import trio

from .harness import WithEvents, debug_error, told


class Noting(WithEvents):
    def note(self, event: str) -> None:
        trio.current_time()  # inside the run
        self.events.append(event)

    async def anote(self, event: str, *, error: BaseException | None = None) -> None:
        await trio.lowlevel.checkpoint()
        self.events.append(event)
        if error is not None:
            raise error


class TestCleanups(unittest.TestCase):
    def test_one_list(self) -> None:
        """addCleanup and addAsyncCleanup share a list; both take async functions."""

        class Inner(Noting):
            async def test(self) -> None:
                self.addCleanup(self.note, "1")
                self.addAsyncCleanup(self.anote, "2")
                self.addCleanup(self.anote, "3", error=None)
                self.addAsyncCleanup(self.anote, event="4")
                self.addCleanup(self.note, event="5")

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(Inner.events, ["5", "4", "3", "2", "1"])

    def test_added_by_a_cleanup(self) -> None:
        """A cleanup that a cleanup adds runs next, as in unittest."""

        class Inner(Noting):
            async def test(self) -> None:
                self.addCleanup(self.note, "last")
                self.addCleanup(self.more)

            async def more(self) -> None:
                await self.anote("more")
                self.addAsyncCleanup(self.anote, "added")

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(Inner.events, ["more", "added", "last"])

    def test_added_before_the_run(self) -> None:
        """Cleanups may be added as early as in __init__."""

        class Inner(Noting):
            def __init__(self, name: str) -> None:
                super().__init__(name)
                self.addAsyncCleanup(self.anote, "early")

            async def test(self) -> None:
                self.addCleanup(self.note, "late")

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(Inner.events, ["late", "early"])

    def test_each_error_is_reported(self) -> None:
        """Every cleanup runs, and every error is reported."""

        class Inner(Noting):
            async def test(self) -> None:
                for event in "12":
                    self.addCleanup(self.anote, event, error=ValueError(event))

        self.assertEqual(told(Inner), ["ERROR ValueError: 2", "ERROR ValueError: 1"])
        self.assertEqual(Inner.events, ["2", "1"])

    def test_async_generator_is_refused(self) -> None:
        """A cleanup that is an async generator would run nothing: an error."""

        class Inner(Noting):
            async def generator(self) -> Any:
                yield  # never

            async def test(self) -> None:
                self.addCleanup(self.generator)

            async def test_sync(self) -> None:
                self.addCleanup(self.generator)
                self.assertFalse(self.doCleanups())

        for name in ["test", "test_sync"]:
            (verdict,) = told(Inner, name)
            self.assertIn("generator is an async generator: it contains", verdict)
        with self.assertRaisesRegex(TypeError, "is an async generator"):
            case = Inner("test")
            case._callCleanup(case.generator)

    def test_that_came_too_late(self) -> None:
        """A cleanup that a background task adds at its end runs, inside the run."""

        class Inner(Noting):
            function: Any

            async def test(self) -> None:
                self.nursery.start_soon(self.task)

            async def task(self) -> None:
                try:
                    await trio.sleep_forever()
                finally:
                    self.addCleanup(type(self).function, self, "late")

        for function in [Noting.note, Noting.anote]:
            Inner.function = function
            Inner.events.clear()
            self.assertEqual(told(Inner), ["pass"])
            self.assertEqual(Inner.events, ["late"])

    def test_async_one_outside_of_the_run(self) -> None:
        """An async cleanup cannot run without a run: a clear error."""
        case = Noting("asyncSetUp")
        with self.assertRaisesRegex(
            RuntimeError,
            r"^the async cleanup <bound method .*> was to be run outside of the test's "
            r"Trio run and cannot be awaited. Add it while the test runs, in setUp at "
            r"the earliest.$",
        ):
            case._callCleanup(case.anote, "x")

    def test_cancelled_cleanup(self) -> None:
        """A cleanup that is cancelled by the user's own scope is no pass."""

        class Inner(Noting):
            def setUp(self) -> None:
                self.enterContext(trio.CancelScope()).cancel()
                self.addCleanup(self.note, "last")
                self.addCleanup(trio.sleep_forever)

            def test(self) -> None:
                pass

        (verdict,) = told(Inner)
        self.assertIn("ERROR RuntimeError: the test was cancelled", verdict)
        self.assertEqual(Inner.events, ["last"])


class TestDoAsyncCleanups(unittest.TestCase):
    def test_runs_them_now(self) -> None:
        """await self.doAsyncCleanups() runs what there is, and tells how it went."""

        class Inner(Noting):
            async def test(self) -> None:
                self.addAsyncCleanup(self.anote, "1")
                self.addCleanup(self.note, "2")
                self.assertTrue(await self.doAsyncCleanups())
                self.note("body")
                self.addCleanup(self.note, "3")

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(Inner.events, ["2", "1", "body", "3"])

    def test_reports_errors(self) -> None:
        """Errors are reported as those of cleanups, and the body goes on."""

        class Inner(Noting):
            async def test(self) -> None:
                self.addAsyncCleanup(self.anote, "1", error=ValueError("one"))
                self.addAsyncCleanup(self.anote, "2", error=ValueError("two"))
                self.assertFalse(await self.doAsyncCleanups())
                self.note("body")

        self.assertEqual(
            told(Inner), ["ERROR ValueError: two", "ERROR ValueError: one"]
        )
        self.assertEqual(Inner.events, ["2", "1", "body"])
        self.assertEqual(repr(debug_error(Inner)), "ValueError('two')")

    def test_lets_cancellation_through(self) -> None:
        """A timeout around it takes effect; what is left runs at the end."""

        class Inner(Noting):
            async def test(self) -> None:
                self.addAsyncCleanup(self.anote, "1")
                self.addAsyncCleanup(trio.sleep_forever)
                with trio.move_on_after(0.01) as scope:
                    await self.doAsyncCleanups()
                self.assertTrue(scope.cancelled_caught)
                self.note("body")

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(Inner.events, ["body", "1"])

    def test_in_a_background_task(self) -> None:
        """It belongs in the test's task: contexts and scopes are left there."""

        class Inner(Noting):
            async def test(self) -> None:
                self.nursery.start_soon(self.doAsyncCleanups)
                await trio.sleep_forever()

        self.assertEqual(
            told(Inner),
            [
                "ERROR RuntimeError: doAsyncCleanups() belongs in the test itself, in "
                "asyncSetUp or asyncTearDown; it was called in a fixture or a "
                "background task."
            ],
        )


class TestDoCleanups(unittest.TestCase):
    def test_sync_cleanups_run_now(self) -> None:
        """doCleanups() runs sync cleanups inside the run, and tells how it went."""

        class Inner(Noting):
            async def test(self) -> None:
                self.addCleanup(self.note, "1")
                self.assertTrue(self.doCleanups())
                self.addCleanup(self.fail, "cleanup")
                self.assertFalse(self.doCleanups())
                self.note("body")

        self.assertEqual(told(Inner), ["FAIL AssertionError: cleanup"])
        self.assertEqual(Inner.events, ["1", "body"])

    def test_async_cleanups_are_an_error(self) -> None:
        """Meeting an async cleanup, it says what to write, and loses none."""

        class Inner(Noting):
            async def test(self) -> None:
                self.addCleanup(self.note, "1")
                self.addAsyncCleanup(self.anote, "2")
                self.addCleanup(self.note, "3")
                try:
                    self.doCleanups()
                finally:
                    self.note("body")

        (verdict,) = told(Inner)
        self.assertRegex(
            verdict,
            r"^ERROR RuntimeError: doCleanups\(\) cannot await the cleanup <bound method "
            r"Noting.anote of .*>. Write `await self.doAsyncCleanups\(\)` instead.$",
        )
        self.assertEqual(Inner.events, ["3", "body", "2", "1"])

    def test_outside_of_the_run(self) -> None:
        """Before and after the run it is unittest's own."""
        case = Noting("asyncSetUp")
        case.events = []
        case.addCleanup(case.events.append, "1")
        self.assertTrue(case.doCleanups())
        self.assertEqual(case.events, ["1"])
