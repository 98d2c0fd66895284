"""``cancellation_sweep`` beside the other things that a test can have."""

from __future__ import annotations

import contextlib
import contextvars
import copy
import gc
import math
import pickle
import signal
import sys
import time
import unittest
import weakref
from collections.abc import AsyncIterator
from typing import Any
from unittest import mock

import hypothesis
import hypothesis.strategies
import trio
import trio.lowlevel

from triocase import (
    AsyncTrioTestCase,
    autojump_clock,
    cancellation_sweep,
    deadlock_check,
    explore_schedules,
    fixture,
    mock_clock,
    real_clock,
    shared_run,
    time_limit,
)

from .harness import (
    PYTEST,
    UNITTEST,
    Process,
    Recorder,
    debug_error,
    default_limit,
    report,
    run,
    told,
)


class Swept(AsyncTrioTestCase):
    """A class that counts its runs, with a sweep of three points besides the first."""

    runs = 0

    def setUp(self) -> None:
        type(self).runs += 1

    async def work(self) -> None:
        for _ in range(3):
            await trio.sleep(1)


ALL = 1 + 4  # runs


class Sleeps(AsyncTrioTestCase):
    """A class that can be pickled."""

    @cancellation_sweep
    async def test_sleep(self) -> None:
        await trio.sleep(1)


class TestWhereItStands(unittest.TestCase):
    """The decorator goes on a method or a class; the method's own wins."""

    def test_class(self) -> None:
        """On a class it holds for each of its tests, and for those of subclasses."""

        @cancellation_sweep
        class Parent(Swept):
            async def test_one(self) -> None:
                await self.work()

        class Child(Parent):
            async def test_two(self) -> None:
                await self.work()

        for case, name in [
            (Parent, "test_one"),
            (Child, "test_one"),
            (Child, "test_two"),
        ]:
            case.runs = 0
            with self.subTest(case.__name__, name=name):
                self.assertEqual(told(case, name), ["pass"])
                self.assertEqual(case.runs, ALL)

    def test_mixin(self) -> None:
        """On a mixin it holds where that is mixed in."""

        @cancellation_sweep
        class Mixin:
            pass

        class Inner(Mixin, Swept):
            async def test(self) -> None:
                await self.work()

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(Inner.runs, ALL)

    def test_method_wins(self) -> None:
        """The method's own bound counts, and so does its own race finder."""

        @cancellation_sweep(max_points=1)
        class Inner(Swept):
            @cancellation_sweep(max_points=3)
            async def test_own(self) -> None:
                await self.work()

            @explore_schedules(runs=7)
            async def test_explored(self) -> None:
                await self.work()

            async def test_of_the_class(self) -> None:
                await self.work()

        self.assertEqual(told(Inner, "test_own"), ["pass"])
        self.assertEqual(Inner.runs, ALL)
        Inner.runs = 0
        self.assertEqual(told(Inner, "test_explored"), ["pass"])
        self.assertEqual(Inner.runs, 7)
        (text,) = told(Inner, "test_of_the_class")
        self.assertIn("goes to point 1 at most", text)

    def test_patches(self) -> None:
        """It composes with ``mock.patch``, above and below, whose values are fresh."""
        calls: list[int] = []

        class Inner(Swept):
            @cancellation_sweep
            @mock.patch.object(Swept, "extra", create=True)
            async def test_above(self, extra: mock.Mock) -> None:
                extra()
                calls.append(extra.call_count)
                await self.work()

            @mock.patch.object(Swept, "extra", create=True)
            @cancellation_sweep
            async def test_below(self, extra: mock.Mock) -> None:
                extra()
                calls.append(extra.call_count)
                await self.work()

        for name in ["test_above", "test_below"]:
            calls.clear()
            with self.subTest(name):
                self.assertEqual(told(Inner, name), ["pass"])
                self.assertEqual(calls, [1] * ALL)

    def test_untouched(self) -> None:
        """Another test of the same class runs once, on real time."""

        class Inner(Swept):
            @cancellation_sweep
            async def test_swept(self) -> None:
                raise NotImplementedError

            async def test(self) -> None:
                self.assertFalse(hasattr(self, "clock"))

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(Inner.runs, 1)


class TestClocks(unittest.TestCase):
    """A swept test has virtual time that jumps, unless it names a clock."""

    def test_autojump(self) -> None:
        """By default time jumps, from the start of the clock in each run."""
        starts: list[float] = []

        class Inner(Swept):
            @cancellation_sweep
            async def test(self) -> None:
                starts.append(self.clock.current_time())
                await trio.sleep(10_000)

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(starts, [0, 0, 0])

    def test_own_clock(self) -> None:
        """A clock that is named is the one that it has, its class's too."""
        thresholds: list[float] = []

        class Inner(Swept):
            async def ask(self) -> None:
                thresholds.append(self.clock.autojump_threshold)
                await trio.lowlevel.checkpoint()

            @cancellation_sweep
            @autojump_clock(threshold=0.01)
            async def test_autojump(self) -> None:
                await self.ask()

            @mock_clock
            @cancellation_sweep
            async def test_mock(self) -> None:
                await self.ask()

            @cancellation_sweep
            async def test_default(self) -> None:
                await self.ask()

        @mock_clock
        class OfTheClass(Inner):
            pass

        for case, name, expected in [
            (Inner, "test_autojump", 0.01),
            (Inner, "test_mock", math.inf),
            (Inner, "test_default", 0),
            (OfTheClass, "test_autojump", 0.01),
            (OfTheClass, "test_default", math.inf),
        ]:
            thresholds.clear()
            with self.subTest(case.__name__, name=name):
                self.assertEqual(told(case, name), ["pass"])
                self.assertEqual(thresholds, [expected] * 3)

    def test_mock_clock(self) -> None:
        """With a clock that moves only when told, each wait for it is a point."""

        class Inner(Swept):
            @mock_clock
            @cancellation_sweep
            async def test(self) -> None:
                self.nursery.start_soon(trio.sleep, 2)
                await self.advanceClock(3)
                self.assertEqual(self.clock.current_time(), 3)

        self.assertEqual(told(Inner), ["pass"])
        self.assertGreater(Inner.runs, 3)

    def test_real_clock(self) -> None:
        """On real time, the report says so."""

        @autojump_clock
        class Inner(Swept):
            @real_clock
            @cancellation_sweep
            async def test(self) -> None:
                self.assertFalse(hasattr(self, "clock"))
                await trio.lowlevel.checkpoint()
                self.done = True

            def tearDown(self) -> None:
                self.assertTrue(hasattr(self, "done"))

        text = report(Inner)
        self.assertIn("at point 0 of 1, ", text)
        self.assertIn("\nThe last steps before it (real seconds, the task, ", text)


class TestEachRun(unittest.TestCase):
    """Each run is a whole test."""

    maxDiff = None

    def test_stages(self) -> None:
        """From the fixtures to the cleanups, each time, with ``run`` and ``debug``."""
        events: list[str] = []

        class Base(AsyncTrioTestCase):
            @fixture
            async def first(self) -> AsyncIterator[str]:
                await trio.sleep(1)
                events.append("fixture")
                yield "value"
                await trio.sleep(1)
                events.append("fixture left")

        class Inner(Base):
            @contextlib.asynccontextmanager
            async def context(self) -> AsyncIterator[None]:
                events.append("context")
                yield
                events.append("context left")

            def setUp(self) -> None:
                events.append("setUp")
                self.addCleanup(events.append, "cleanup")

            async def asyncSetUp(self) -> None:
                await self.enterAsyncContext(self.context())
                events.append("asyncSetUp")

            async def asyncTearDown(self) -> None:
                await trio.sleep(1)
                events.append("asyncTearDown")

            def tearDown(self) -> None:
                events.append("tearDown")

            @cancellation_sweep
            async def test(self) -> None:
                self.addAsyncCleanup(self.clean)
                await trio.sleep(1)
                events.append(f"test {self.first}")

            async def clean(self) -> None:
                await trio.sleep(1)
                events.append("async cleanup")

        before = ["fixture", "setUp", "context", "asyncSetUp"]
        after = [
            *("asyncTearDown", "tearDown", "async cleanup"),
            *("context left", "cleanup", "fixture left"),
        ]
        expected = [*before, "test value", *after] + [*before, *after] * 2
        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(events, expected)
        events.clear()
        Inner("test").debug()
        self.assertEqual(events, expected)

    def test_attributes(self) -> None:
        """What a run sets on the instance is gone in the next; what was there stays."""
        seen: list[dict[str, Any]] = []

        class Inner(Swept):
            @cancellation_sweep
            async def test(self) -> None:
                seen.append({key: vars(self).get(key) for key in ("before", "number")})
                self.number = len(seen)
                self.before = "changed"
                await trio.sleep(1)

        case = Inner("test")
        case.before = "untouched"  # type: ignore[attr-defined]
        result = Recorder()
        case.run(result)
        self.assertEqual(result.told, ["pass"])
        self.assertEqual(seen, [{"before": "untouched", "number": None}] * 3)
        self.assertEqual(vars(case)["before"], "untouched")
        self.assertNotIn("number", vars(case))

    def test_context_variables(self) -> None:
        """What a run sets in a context variable is not seen in the next."""
        variable = contextvars.ContextVar("variable", default="unset")
        seen: list[str] = []

        class Inner(Swept):
            def setUp(self) -> None:
                seen.append(variable.get())
                variable.set("set")

            @cancellation_sweep
            async def test(self) -> None:
                seen.append(variable.get())
                await trio.sleep(1)

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(seen, ["unset", "set"] * 3)

    def test_earlier_cleanups(self) -> None:
        """A cleanup that was added before the test is run once, after all runs."""
        events: list[str] = []

        class Inner(Swept):
            @cancellation_sweep
            async def test(self) -> None:
                events.append("run")
                await trio.sleep(1)

        case = Inner("test")
        case.addCleanup(events.append, "cleanup")
        result = Recorder()
        case.run(result)
        self.assertEqual(result.told, ["pass"])
        self.assertEqual(events, ["run", "run", "run", "cleanup"])

    def test_nursery(self) -> None:
        """Each run has a nursery of its own, and a token of its own."""
        seen: list[object] = []

        class Inner(Swept):
            @cancellation_sweep
            async def test(self) -> None:
                seen.extend([self.nursery, trio.lowlevel.current_trio_token()])
                await trio.sleep(1)

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(len({id(each) for each in seen}), 6)

    def test_after_it(self) -> None:
        """After all runs the test can be pickled and copied, as before them."""
        case = Sleeps("test_sleep")
        pickle.dumps(case)
        result = Recorder()
        case.run(result)
        self.assertEqual(result.told, ["pass"])
        for copied in [pickle.loads(pickle.dumps(case)), copy.deepcopy(case)]:
            self.assertEqual(copied.id(), case.id())

    def test_what_it_has_made(self) -> None:
        """What a body has made is not kept by it, also where it was cancelled."""
        made: list[weakref.ref[Any]] = []

        class Thing:
            pass

        class Inner(Swept):
            @cancellation_sweep
            async def test(self) -> None:
                thing = Thing()
                made.append(weakref.ref(thing))
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self.work)
                    await self.work()

        case = Inner("test")
        result = Recorder()
        case.run(result)
        gc.collect()
        self.assertEqual(result.told, ["pass"])
        self.assertGreater(len(made), 6)
        self.assertEqual([each() for each in made], [None] * len(made))

    def test_time_limit(self) -> None:
        """The time limit holds for each run, and not for all of them together."""

        class Inner(Swept):
            @time_limit(1)
            @cancellation_sweep
            async def test(self) -> None:
                await self.work()

            def tearDown(self) -> None:
                time.sleep(0.3)

        with default_limit(None):
            self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(Inner.runs, ALL)

    def test_time_limit_exceeded(self) -> None:
        """A single run that takes longer fails, and is named."""

        class Inner(Swept):
            @time_limit(0.5)
            @cancellation_sweep
            async def test(self) -> None:
                await self.work()

            def tearDown(self) -> None:
                if self.runs == 3:
                    time.sleep(0.8)

        with default_limit(None):
            text = report(Inner)
        self.assertIn("TimeLimitExceeded: the teardown of the test ", text)
        self.assertIn("Found by @cancellation_sweep at point 1 of 3, ", text)
        self.assertEqual(Inner.runs, 3)

    def test_deadlock_check(self) -> None:
        """``deadlock_check(False)`` holds for a swept test, too."""

        class Inner(Swept):
            @deadlock_check(False)
            @time_limit(0.2)
            @cancellation_sweep
            async def test(self) -> None:
                await trio.sleep_forever()

        self.assertIn("TimeLimitExceeded: the test has not ended ", report(Inner))

    def test_run_trio_without_instruments(self) -> None:
        """One that does not pass them on is told to, after the first run."""

        class Inner(Swept):
            def runTrio(self, async_fn: Any, *, clock: Any, instruments: Any) -> None:
                trio.run(async_fn, clock=clock)

            @real_clock
            @cancellation_sweep
            async def test(self) -> None:
                raise NotImplementedError

        (text,) = run(Inner).texts
        self.assertIn("has none of its instruments", text)
        self.assertIn("before any cancellation", text)
        self.assertEqual(Inner.runs, 0)

    def test_run_trio(self) -> None:
        """``runTrio`` is called for each run, with the instruments to pass on."""

        class Inner(Swept):
            calls = 0

            def runTrio(self, async_fn: Any, *, clock: Any, instruments: Any) -> None:
                type(self).calls += 1
                trio.run(async_fn, clock=clock, instruments=instruments)

            @cancellation_sweep
            async def test(self) -> None:
                await self.work()

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(Inner.calls, ALL)


class TestSkip(unittest.TestCase):
    def test_decorator(self) -> None:
        """A skipped test is not run."""

        class Inner(Swept):
            @unittest.skip("why")
            @cancellation_sweep
            async def test_above(self) -> None:
                raise NotImplementedError

            @cancellation_sweep
            @unittest.skip("why")
            async def test_below(self) -> None:
                raise NotImplementedError

        for name in ["test_above", "test_below"]:
            self.assertEqual(told(Inner, name), ["skip why"])
        self.assertEqual(Inner.runs, 0)

    def test_in_the_first_run(self) -> None:
        """A skip in the first run skips the test, at whatever stage."""

        class Body(Swept):
            @cancellation_sweep
            async def test(self) -> None:
                await trio.sleep(1)
                self.skipTest("why")

        class SetUp(Swept):
            async def asyncSetUp(self) -> None:
                self.skipTest("why")

            @cancellation_sweep
            async def test(self) -> None:
                raise NotImplementedError

        class Sync(Swept):
            @cancellation_sweep
            def test(self) -> None:
                self.skipTest("why")

        for case in [Body, SetUp, Sync]:
            with self.subTest(case.__name__):
                self.assertEqual(told(case), ["skip why"])
                self.assertEqual(case.runs, 1)

    def test_beyond_the_last_point(self) -> None:
        """A test that is skipped has no points to complain about."""

        class Inner(Swept):
            @cancellation_sweep(max_points=1)
            async def test(self) -> None:
                await self.work()
                self.skipTest("why")

        with mock.patch.dict("os.environ", TRIOCASE_POINT="99"):
            self.assertEqual(told(Inner), ["skip why"])

    def test_in_a_later_run(self) -> None:
        """A skip in a later run is no failure, and the test has passed."""

        class Inner(Swept):
            @cancellation_sweep
            async def test(self) -> None:
                try:
                    await self.work()
                except trio.Cancelled:
                    self.skipTest("cancelled")

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(Inner.runs, ALL)


class TestExpectedFailure(unittest.TestCase):
    """A run that fails is the failure that is expected."""

    def test_fails(self) -> None:
        """One that is cancelled, or the first; an error as well as a failure."""

        class Inner(Swept):
            @unittest.expectedFailure
            @cancellation_sweep
            async def test_above(self) -> None:
                try:
                    await self.work()
                finally:
                    self.assertNotEqual(self.runs, 3)

            @cancellation_sweep
            @unittest.expectedFailure
            async def test_below(self) -> None:
                try:
                    await self.work()
                finally:
                    self.assertNotEqual(self.runs, 3)

            @unittest.expectedFailure
            @cancellation_sweep
            async def test_error(self) -> None:
                try:
                    await self.work()
                except trio.Cancelled:
                    raise OSError("lost") from None

            @unittest.expectedFailure
            @cancellation_sweep
            async def test_swallowed(self) -> None:
                with contextlib.suppress(trio.Cancelled):
                    await self.work()

            @unittest.expectedFailure
            @cancellation_sweep
            async def test_first(self) -> None:
                self.fail("broken")

        for name, expected in [
            ("test_above", "expected AssertionError: 3 == 3"),
            ("test_below", "expected AssertionError: 3 == 3"),
            ("test_error", "expected OSError: lost"),
            ("test_first", "expected AssertionError: broken"),
        ]:
            Inner.runs = 0
            with self.subTest(name):
                result = run(Inner, name)
                self.assertEqual(result.told, [expected])
                self.assertIn("Found by @cancellation_sweep ", result.texts[0])
        (text,) = told(Inner, "test_swallowed")
        self.assertTrue(text.startswith("expected RuntimeError: the test was"), text)

    def test_passes(self) -> None:
        """If none fails, that is an unexpected success."""

        class Inner(Swept):
            @unittest.expectedFailure
            @cancellation_sweep
            async def test(self) -> None:
                await self.work()

        self.assertEqual(told(Inner), ["unexpected success"])
        self.assertEqual(Inner.runs, ALL)

    def test_teardown(self) -> None:
        """What a cancelled run fails with in its teardown is expected, too."""

        class Inner(Swept):
            @unittest.expectedFailure
            @cancellation_sweep
            async def test(self) -> None:
                await self.work()

            def tearDown(self) -> None:
                self.assertNotEqual(self.runs, 3)

        (verdict,) = told(Inner)
        self.assertTrue(verdict.startswith("expected AssertionError: 3 == 3"), verdict)
        self.assertEqual(Inner.runs, 3)

    def test_teardown_of_the_first_run(self) -> None:
        """An error in the teardown of the run before is not, as without a sweep."""

        class Inner(Swept):
            @unittest.expectedFailure
            @cancellation_sweep
            async def test(self) -> None:
                await self.work()

            def tearDown(self) -> None:
                self.assertNotEqual(self.runs, 1)

        self.assertIn("FAIL AssertionError: 1 == 1", told(Inner))

    def test_misuse(self) -> None:
        """Nor is an error in how the sweep is used."""

        class Inner(Swept):
            @unittest.expectedFailure
            @cancellation_sweep(max_points=2)
            async def test(self) -> None:
                await self.work()

        self.assertTrue(told(Inner)[0].startswith("ERROR RuntimeError: "))
        with mock.patch.dict("os.environ", TRIOCASE_POINT="x"):
            self.assertTrue(told(Inner)[0].startswith("ERROR ValueError: "))


class TestSubTests(unittest.TestCase):
    def test_passing(self) -> None:
        """Subtests that pass are told once, those of the first run."""

        class Inner(Swept):
            @cancellation_sweep
            async def test(self) -> None:
                for number in range(3):
                    with self.subTest(number=number):
                        await trio.sleep(1)

        result = run(Inner)
        self.assertEqual(result.told, ["pass"])
        self.assertEqual(result.passed_subtests, 3)
        self.assertEqual(Inner.runs, ALL)

    def test_cancelled(self) -> None:
        """Cancelled passes through a subtest, and ends the body."""
        events: list[tuple[int, int]] = []

        class Inner(Swept):
            @cancellation_sweep
            async def test(self) -> None:
                for number in range(3):
                    with self.subTest(number=number):
                        await trio.sleep(1)
                        events.append((self.runs, number))

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(events, [(1, 0), (1, 1), (1, 2), (4, 0), (5, 0), (5, 1)])

    def test_failing(self) -> None:
        """A subtest that fails is told as one, with the note, and ends the sweep."""

        class Inner(Swept):
            @cancellation_sweep(seed=1)
            async def test(self) -> None:
                for number in range(3):
                    with self.subTest(number=number):
                        try:
                            await trio.sleep(1)
                        finally:
                            self.assertNotEqual((self.runs, number), (4, 1))

        result = run(Inner)
        self.assertEqual(result.told, ["subtest FAIL AssertionError: (4, 1) == (4, 1)"])
        self.assertIn(
            "Found by @cancellation_sweep at point 2 of 3, with seed 1. Cancelled was "
            "raised in the test:\n",
            result.texts[0],
        )
        self.assertEqual(Inner.runs, 4)

    def test_failing_in_the_first_run(self) -> None:
        """Several that fail are all told, and the passing ones of that run."""

        class Inner(Swept):
            @cancellation_sweep
            async def test(self) -> None:
                for number in range(4):
                    with self.subTest(number=number):
                        await trio.sleep(1)
                        self.assertEqual(number % 2, 0)

        result = run(Inner)
        self.assertEqual(result.told, ["subtest FAIL AssertionError: 1 != 0"] * 2)
        self.assertEqual(result.passed_subtests, 2)
        for text in result.texts:
            self.assertIn("before any cancellation, ", text)
        self.assertEqual(Inner.runs, 1)

    def test_skipped(self) -> None:
        """A subtest that is skipped is told so, as ever, and the sweep goes on."""

        class Inner(Swept):
            @cancellation_sweep
            async def test(self) -> None:
                with self.subTest("skipped"):
                    self.skipTest("why")
                await self.work()

        self.assertEqual(told(Inner), ["skip why"])
        self.assertEqual(Inner.runs, ALL)


class TestCtrlC(unittest.TestCase):
    """Ctrl-C ends the sweep, after the cleanups of the run that it hits."""

    def test_stops(self) -> None:
        """No later run follows, and it leaves ``run`` and ``debug``."""
        events: list[str] = []

        class Inner(Swept):
            async def asyncSetUp(self) -> None:
                self.addAsyncCleanup(self.clean)

            async def clean(self) -> None:
                await trio.sleep(1)
                events.append("cleanup")

            @cancellation_sweep
            async def test(self) -> None:
                events.append("run")
                if self.runs == 2:
                    signal.raise_signal(signal.SIGINT)
                await self.work()

        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, before)
        result = Recorder()
        with self.assertRaises(KeyboardInterrupt):
            Inner("test").run(result)
        self.assertEqual(events, ["run", "cleanup", "run", "cleanup"])
        self.assertEqual(result.told, [])
        Inner.runs = 0
        events.clear()
        with self.assertRaises(KeyboardInterrupt):
            Inner("test").debug()
        self.assertEqual(events, ["run", "cleanup", "run", "cleanup"])

    def test_errors_beside_it(self) -> None:
        """What went wrong in that run is told as without a sweep."""

        class Inner(Swept):
            interrupted_run = 3

            @cancellation_sweep
            async def test(self) -> None:
                await self.work()

            async def test_plain(self) -> None:
                pass

            async def asyncTearDown(self) -> None:
                if self.runs == self.interrupted_run:
                    self.addCleanup(self.fail, "beside")
                    raise KeyboardInterrupt

        result = Recorder()
        with self.assertRaises(KeyboardInterrupt):
            Inner("test").run(result)
        # On Python 3.10 unittest tells nothing when it is interrupted.
        told = [] if sys.version_info < (3, 11) else ["FAIL AssertionError: beside"]
        self.assertEqual(result.told, told)
        Inner.runs, Inner.interrupted_run = 0, 1
        plain = Recorder()
        with self.assertRaises(KeyboardInterrupt):
            Inner("test_plain").run(plain)
        self.assertEqual(plain.told, told)


class TestBackground(unittest.TestCase):
    def test_crash_in_a_cancelled_run(self) -> None:
        """A background task that crashes beside the cancellation is told."""

        class Inner(Swept):
            async def background(self) -> None:
                await trio.sleep(0.5)
                if self.runs > 1:
                    raise OSError("crashed")

            async def asyncSetUp(self) -> None:
                self.nursery.start_soon(self.background)

            @cancellation_sweep
            async def test(self) -> None:
                await self.work()

            async def asyncTearDown(self) -> None:
                await trio.sleep(1)

        result = run(Inner)
        self.assertEqual(result.told, ["ERROR OSError: crashed"])
        self.assertIn("at point 0 of 3, ", result.texts[0])

    def test_crash_that_cancels_the_body(self) -> None:
        """One that cancels the body before the point is told once, as what it is."""

        class Inner(Swept):
            async def background(self) -> None:
                await trio.sleep(0.5)
                if self.runs == 4:
                    raise OSError("crashed")

            async def asyncSetUp(self) -> None:
                self.nursery.start_soon(self.background)

            @cancellation_sweep
            async def test(self) -> None:
                await self.work()

        result = run(Inner)
        self.assertEqual(result.told, ["ERROR OSError: crashed"])
        self.assertIn("This time the run has not come to that point.", result.texts[0])
        self.assertEqual(Inner.runs, 4)

    def test_crash_in_the_first_run(self) -> None:
        """One in the first run fails the test before any cancellation."""

        class Inner(Swept):
            async def background(self) -> None:
                raise OSError("crashed")

            @cancellation_sweep
            async def test(self) -> None:
                self.nursery.start_soon(self.background)
                await self.work()

        result = run(Inner)
        self.assertEqual(result.told, ["ERROR OSError: crashed"])
        self.assertIn("before any cancellation", result.texts[0])

    def test_cancelled_first(self) -> None:
        """A body that a test of its own would call cancelled is so in the first run."""

        class Inner(Swept):
            async def asyncSetUp(self) -> None:
                self.scope = trio.CancelScope()
                self.enterContext(self.scope)

            @cancellation_sweep
            async def test(self) -> None:
                self.scope.cancel()
                await self.work()

        (text,) = told(Inner)
        self.assertTrue(
            text.startswith("ERROR RuntimeError: the test was cancelled, and nothing "),
            text,
        )
        self.assertEqual(Inner.runs, 1)

    def test_failfast(self) -> None:
        """``failfast`` is as without a sweep: the first error ends that test."""

        class Inner(Swept):
            @cancellation_sweep
            async def test(self) -> None:
                try:
                    await self.work()
                except trio.Cancelled:
                    raise OSError("lost") from None

        result = run(Inner, failfast=True)
        self.assertEqual(result.told, ["ERROR OSError: lost"])
        self.assertTrue(result.shouldStop)

    def test_debug(self) -> None:
        """``debug()`` raises nothing if all runs pass, and else the first error."""

        class Inner(Swept):
            @cancellation_sweep
            async def test(self) -> None:
                await self.work()

            @cancellation_sweep
            async def test_skipped(self) -> None:
                self.skipTest("why")

            @cancellation_sweep
            async def test_fails(self) -> None:
                try:
                    await self.work()
                except trio.Cancelled:
                    self.addCleanup(self.fail, "later")
                    raise OSError("lost") from None

        Inner("test").debug()
        self.assertEqual(Inner.runs, ALL)
        self.assertEqual(repr(debug_error(Inner, "test_skipped")), "SkipTest('why')")
        self.assertEqual(repr(debug_error(Inner, "test_fails")), "OSError('lost')")


class TestRefused(unittest.TestCase):
    """What runs a test many times itself, or shares a run, is refused with a reason."""

    maxDiff = None

    def test_hypothesis(self) -> None:
        """Hypothesis's ``given``, above or below."""

        class Inner(AsyncTrioTestCase):
            @cancellation_sweep
            @hypothesis.given(hypothesis.strategies.integers())
            async def test_above(self, number: int) -> None:
                raise NotImplementedError

            @hypothesis.given(hypothesis.strategies.integers())
            @cancellation_sweep
            async def test_below(self, number: int) -> None:
                raise NotImplementedError

        @cancellation_sweep
        class OfTheClass(AsyncTrioTestCase):
            @hypothesis.given(hypothesis.strategies.integers())
            async def test(self, number: int) -> None:
                raise NotImplementedError

        for case, name in [
            (Inner, "test_above"),
            (Inner, "test_below"),
            (OfTheClass, "test"),
        ]:
            with self.subTest(case.__name__, name=name):
                self.assertEqual(
                    told(case, name),
                    [
                        f"ERROR TypeError: {case.__module__}.{case.__qualname__}.{name} "
                        f"has @cancellation_sweep and Hypothesis's @given, and each of "
                        f"them runs the test many times. Hypothesis takes for granted "
                        f"that an example fails always or never, so it would call a "
                        f"race flaky. Write them above two tests that call the same "
                        f"method."
                    ],
                )

    def test_shared_run(self) -> None:
        """A class whose tests share a run."""

        @shared_run
        class Method(AsyncTrioTestCase):
            @cancellation_sweep
            async def test(self) -> None:
                raise NotImplementedError

        @cancellation_sweep
        @shared_run
        class Class(AsyncTrioTestCase):
            async def test(self) -> None:
                raise NotImplementedError

        for case in [Method, Class]:
            with self.subTest(case.__name__):
                self.assertEqual(
                    told(case),
                    [
                        f"ERROR TypeError: {case.__module__}.{case.__qualname__}.test "
                        f"has @cancellation_sweep, for which each run of the test is a "
                        f"Trio run of its own, in an order of its own; but it shares "
                        f"one run with all tests of {case.__qualname__}, because of "
                        f"@shared_run. Move the test to a class without it."
                    ],
                )


class TestRunners(unittest.TestCase):
    """Under unittest and pytest alike."""

    SOURCE = """
        import trio
        from triocase import AsyncTrioTestCase, cancellation_sweep

        class TestIt(AsyncTrioTestCase):
            def setUp(self):
                self.free = 1

            async def borrow(self):
                self.free -= 1
                try:
                    await trio.sleep(1)
                finally:
                    self.free += 1

            @cancellation_sweep
            async def test_good(self):
                await self.borrow()
                for number in range(3):
                    with self.subTest(number=number):
                        await self.borrow()

            @cancellation_sweep
            async def test_leak(self):
                await self.borrow()
                self.free -= 1
                await trio.sleep(1)
                self.free += 1

            @cancellation_sweep
            async def test_swallow(self):
                try:
                    await self.borrow()
                except trio.Cancelled:
                    pass

            @cancellation_sweep
            def test_sync(self):
                pass

            async def test_plain(self):
                await self.borrow()

            def tearDown(self):
                self.assertEqual(self.free, 1)
    """

    def check(self, output: str) -> None:
        self.assertIn("Found by @cancellation_sweep at point 2 of 2, ", output)
        self.assertIn("swallowed Cancelled. Write `raise` ", output)
        self.assertIn("has @cancellation_sweep, but is no async test: ", output)
        self.assertNotIn("Exception ignored", output)

    def test_unittest(self) -> None:
        """Under ``python -m unittest``."""
        code, output = Process(self.SOURCE, *UNITTEST).finish()
        self.assertEqual(code, 1, output)
        self.check(output)
        self.assertIn("FAILED (failures=1, errors=2)", output)
        for name, verdict in [
            ("test_good", "ok"),
            ("test_leak", "FAIL"),
            ("test_plain", "ok"),
            ("test_swallow", "ERROR"),
            ("test_sync", "ERROR"),
        ]:
            self.assertRegex(output, rf"{name} \(.*\) \.\.\. {verdict}\n")

    def test_pytest(self) -> None:
        """Under pytest, in several processes."""
        code, output = Process(self.SOURCE, *PYTEST, "-rA", "-n", "2").finish()
        self.assertEqual(code, 1, output)
        self.check(output)
        self.assertRegex(output, r"3 failed, 2 passed")
        for name in ["good", "plain"]:
            self.assertIn(f"PASSED test_it.py::TestIt::test_{name}\n", output)

    def test_threads(self) -> None:
        """A sweep in a thread other than the main one is as in that."""
        output: list[list[str]] = []

        class Inner(Swept):
            @cancellation_sweep
            async def test(self) -> None:
                await self.work()

        async def elsewhere() -> None:
            output.append(await trio.to_thread.run_sync(told, Inner))

        trio.run(elsewhere)
        self.assertEqual(output, [["pass"]])
        self.assertEqual(Inner.runs, ALL)
