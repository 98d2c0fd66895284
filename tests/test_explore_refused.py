"""What ``@explore_schedules`` cannot do is refused, at the earliest moment."""

from __future__ import annotations

import re
import types
import unittest
from typing import Any
from unittest import mock

import trio
from hypothesis import given
from hypothesis import strategies as st

from triocase import (
    AsyncTrioTestCase,
    _private_trio,
    autojump_clock,
    cancellation_sweep,
    explore_schedules,
    shared_run,
)

from .classes import told_of
from .explored import replaying
from .harness import ROOT, debug_error, run, told

EXAMPLE = "Write `@explore_schedules(runs=200, seed=1)`."
NO_ORDER = (
    "the test is to run in a certain order of its tasks, but its run has none of its "
    "instruments, or another queue of tasks. Let `runTrio` pass on its argument "
    "`instruments`, to a run of Trio's own."
)


class TestArguments(unittest.TestCase):
    """Bad ones are refused at decoration, with what to write."""

    maxDiff = None

    def check(
        self, kind: type[Exception], wrong: list[Any], name: str, message: str
    ) -> None:
        """Check what is said of wrong values for one argument."""
        for value in wrong:
            with self.subTest(value), self.assertRaises(kind) as caught:
                explore_schedules(**{name: value})
            self.assertEqual(str(caught.exception), message.format(value))

    def test_runs(self) -> None:
        """A number of runs is a whole number above 0."""
        message = (
            "explore_schedules(runs=...) takes a whole number from 1 on, not {!r}. "
            + EXAMPLE
        )
        self.check(ValueError, [0, -1], "runs", message)
        self.check(TypeError, ["5", 1.0, True, False, None, [5]], "runs", message)

    def test_seed(self) -> None:
        """A seed is a whole number, not below 0."""
        message = (
            "explore_schedules(seed=...) takes a whole number from 0 on, not {!r}. "
            + EXAMPLE
        )
        self.check(ValueError, [-1, -(2**40)], "seed", message)
        self.check(TypeError, ["5", "x", 1.5, True, b"5"], "seed", message)
        for seed in (None, 0, 2**70):
            explore_schedules(seed=seed)

    def test_depth(self) -> None:
        """A depth is a whole number above 0."""
        message = (
            "explore_schedules(depth=...) takes a whole number from 1 on, not {!r}. "
            'Write `@explore_schedules(strategy="pct", depth=3)`.'
        )
        self.check(ValueError, [0, -3], "depth", message)
        self.check(TypeError, ["3", 3.0, True, None], "depth", message)

    def test_strategy(self) -> None:
        """There are two."""
        message = (
            "explore_schedules(strategy=...) takes 'random' or 'pct', not {!r}. Write "
            '`@explore_schedules(strategy="pct")`.'
        )
        self.check(
            ValueError, ["PCT", "", "uniform", None, 3, ["pct"]], "strategy", message
        )

    def test_on_something_else(self) -> None:
        """It decorates a method or a class; a bare number is no number of runs."""
        function = print
        for wrong in (5, "test", None, staticmethod(function), classmethod(function)):
            for decorator in (explore_schedules, explore_schedules(runs=2)):
                with self.assertRaises(TypeError) as caught:
                    decorator(wrong)  # type: ignore[type-var]
                hint = " The decorator below returned None: swap the two."
                self.assertEqual(
                    str(caught.exception),
                    f"explore_schedules decorates a test method or a class, not "
                    f"{wrong!r}. Write `@explore_schedules` or "
                    f"`@explore_schedules(runs=200)` above `async def` or `class`."
                    + (hint if wrong is None else ""),
                )

    def test_on_a_hook(self) -> None:
        """Above a setup it has no effect, so it is refused there."""

        class Inner(AsyncTrioTestCase):
            @explore_schedules
            async def asyncSetUp(self) -> None:
                raise NotImplementedError

            async def test(self) -> None:
                raise NotImplementedError

        self.assertEqual(
            told(Inner),
            [
                f"ERROR TypeError: @explore_schedules stands above "
                f"{Inner.__qualname__}.asyncSetUp, where it has no effect: it goes for "
                f"a test from its setup to the last cleanup. Write it above the test "
                f"method or the class."
            ],
        )


class TestTogether(unittest.TestCase):
    """What it does not go together with is an ERROR of the test, which does not run."""

    maxDiff = None

    def check(self, case: type[AsyncTrioTestCase], message: str) -> None:
        """Compare what a test is told, in ``run()`` and in ``debug()``."""
        self.assertEqual(told(case), [f"ERROR TypeError: {message}"])
        error = debug_error(case)
        self.assertEqual((type(error), str(error)), (TypeError, message))

    def test_both_finders_on_a_method(self) -> None:
        """Two finders on one method contradict each other, in either order."""

        class Inner(AsyncTrioTestCase):
            @explore_schedules
            @cancellation_sweep
            async def test(self) -> None:
                raise NotImplementedError

        class Other(AsyncTrioTestCase):
            @unittest.expectedFailure
            @cancellation_sweep
            @explore_schedules(runs=5)
            async def test(self) -> None:
                raise NotImplementedError

        class Twice(AsyncTrioTestCase):
            @explore_schedules(runs=5)
            @explore_schedules
            async def test(self) -> None:
                raise NotImplementedError

        one, other = "@explore_schedules", "@cancellation_sweep"
        for case, names in [
            (Inner, f"{one} and {other}"),
            (Other, f"{other} and {one}"),
            (Twice, f"{one} and {one}"),
        ]:
            self.check(
                case,
                f"{case('test').id()} has more than one race finder: {names}. "
                f"Keep one.",
            )

    def test_both_finders_on_a_class(self) -> None:
        """Nor do they go together on a class."""

        @explore_schedules
        @cancellation_sweep
        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                raise NotImplementedError

        self.check(
            Inner,
            f"{Inner.__qualname__} has more than one race finder: @explore_schedules "
            f"and @cancellation_sweep. Keep one.",
        )

    def test_hypothesis(self) -> None:
        """An example that fails now and then is what Hypothesis calls flaky."""

        class Below(AsyncTrioTestCase):
            @given(number=st.integers())
            @explore_schedules
            async def test(self, number: int) -> None:
                raise NotImplementedError

        class Above(AsyncTrioTestCase):
            @explore_schedules
            @given(number=st.integers())
            async def test(self, number: int) -> None:
                raise NotImplementedError

        @explore_schedules
        class OfClass(AsyncTrioTestCase):
            @unittest.expectedFailure
            @given(number=st.integers())
            async def test(self, number: int) -> None:
                raise NotImplementedError

        for case in (Below, Above, OfClass):
            self.check(
                case,
                f"{case('test').id()} has @explore_schedules and Hypothesis's @given, "
                f"and each of them runs the test many times. Hypothesis takes for "
                f"granted that an example fails always or never, so it would call a "
                f"race flaky. Write them above two tests that call the same method.",
            )

    def test_shared_run(self) -> None:
        """A run that tests share has one order; the other tests of the class run."""

        @shared_run
        class OfTest(AsyncTrioTestCase):
            @explore_schedules
            async def test(self) -> None:
                raise NotImplementedError

            async def test_other(self) -> None:
                await trio.lowlevel.checkpoint()

        @explore_schedules
        @shared_run
        class OfClass(AsyncTrioTestCase):
            async def test(self) -> None:
                raise NotImplementedError

        for case in (OfTest, OfClass):
            message = (
                f"{case('test').id()} has @explore_schedules, for which each run of "
                f"the test is a Trio run of its own, in an order of its own; but it "
                f"shares one run with all tests of {case.__qualname__}, because of "
                f"@shared_run. Move the test to a class without it."
            )
            self.check(case, message)
            told = told_of(case)
            self.assertEqual(told[0], f"test: ERROR TypeError: {message}")
        self.assertEqual(told_of(OfTest)[1:], ["test_other: pass"])


class TestEnvironment(unittest.TestCase):
    """``TRIOCASE_SEED`` that is no number is an ERROR of each explored test."""

    def test_no_number(self) -> None:
        """The error names the variable; tests without the decorator do not care."""

        class Inner(AsyncTrioTestCase):
            @explore_schedules
            async def test_explored(self) -> None:
                raise NotImplementedError

            @unittest.expectedFailure
            @explore_schedules
            async def test_expected(self) -> None:
                raise NotImplementedError

            async def test_plain(self) -> None:
                await trio.lowlevel.checkpoint()

        for wrong in ["", "soon", "-1", "1.5", " 5", "1_000", "0x10", "٣", "²"]:
            message = (
                f"the environment variable TRIOCASE_SEED is {wrong!r}. It takes a "
                f"whole number, as the report of a failing test tells it."
            )
            with self.subTest(wrong), replaying(wrong):
                for name in ["test_explored", "test_expected"]:
                    error = f"ERROR ValueError: {message}"
                    self.assertEqual(told(Inner, name), [error])
                self.assertEqual(
                    str(debug_error(Inner, "test_explored")),
                    message,
                )
                self.assertEqual(told(Inner, "test_plain"), ["pass"])


class Simple(AsyncTrioTestCase):
    """A test with one explored method, and one that is not."""

    @explore_schedules(runs=3)
    async def explored(self) -> None:
        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(trio.lowlevel.checkpoint)

    @unittest.expectedFailure
    @explore_schedules(runs=3)
    async def expected(self) -> None:
        await self.explored()

    async def plain(self) -> None:
        await self.explored()


class TestTrio(unittest.TestCase):
    """A Trio that does not have what is needed is found out, and named."""

    maxDiff = None

    def check(self, *errors: str) -> None:
        """Compare what an explored test is told; the plain one runs as ever."""
        self.assertEqual(told(Simple, "explored"), [*errors])
        self.assertEqual(told(Simple, "expected"), [*errors])
        self.assertIn(str(debug_error(Simple, "explored")), errors[0])
        self.assertEqual(told(Simple, "plain"), ["pass"])

    def missing(self, names: str) -> str:
        """Return the error that names what is missing."""
        return (
            f"ERROR RuntimeError: the order of tasks is decided with names that are "
            f"private to Trio, and Trio {trio.__version__} has no {names}. Install a "
            f"release of triocase that knows it, or an earlier one of Trio."
        )

    def test_stand_in_one_module(self) -> None:
        """No other module of triocase has a private name of Trio's."""
        private = re.compile(
            r"\btrio\._(?!_)|\brunq\b|"
            r"\w\._(abort_func|cancel_points|cancel_status|next_send|core)\b"
        )
        modules = (ROOT / "triocase").glob("*.py")
        self.assertEqual(
            [path.name for path in modules if private.search(path.read_text())],
            ["_private_trio.py"],
        )

    def test_no_module(self) -> None:
        """A private module that has gone is all of its names."""
        with mock.patch.object(_private_trio, "_run", None):
            self.check(
                self.missing(
                    "GLOBAL_RUN_CONTEXT, Runner.runq, Task._abort_func, "
                    "Task._cancel_points, Task._cancel_status, Task._next_send, "
                    "CancelStatus._scope, CancelStatus._parent"
                )
            )

    def test_no_name(self) -> None:
        """One attribute that has gone is named."""
        real: Any = _private_trio._run
        without = types.SimpleNamespace(**vars(real))
        without.Runner = type("Runner", (), {})
        with mock.patch.object(_private_trio, "_run", without):
            self.check(self.missing("Runner.runq"))

    def test_another_queue(self) -> None:
        """A run whose queue of tasks is of an unknown kind is not touched."""
        with mock.patch.object(_private_trio, "deque", list):
            self.check(f"ERROR RuntimeError: {NO_ORDER}")

    def test_queue_that_is_not_obeyed(self) -> None:
        """If Trio goes its own way, there is no verdict on the test."""
        message = (
            f"ERROR RuntimeError: Trio {trio.__version__} has not run the tasks of "
            f"this test in the order that was decided, so there is no verdict. Install "
            f"a release of triocase that knows it, or an earlier one of Trio."
        )
        with mock.patch.multiple(
            _private_trio.Queue, __iter__=list.__iter__, clear=list.clear
        ):
            self.check(message)


class TestRunTrio(unittest.TestCase):
    """A test that opens its run itself has to pass on the instruments."""

    def test_with_instruments(self) -> None:
        """Then it is explored as any other."""
        taken: set[str] = set()

        class Inner(AsyncTrioTestCase):
            runs = 0

            def runTrio(self, async_fn: Any, **options: Any) -> object:
                type(self).runs += 1
                return trio.run(async_fn, **options)

            @explore_schedules(runs=30)
            async def test(self) -> None:
                word: list[str] = []

                async def take(letter: str) -> None:
                    word.append(letter)

                async with trio.open_nursery() as nursery:
                    nursery.start_soon(take, "a")
                    nursery.start_soon(take, "b")
                taken.add("".join(word))

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual((taken, Inner.runs), ({"ab", "ba"}, 30))

    def test_without_instruments(self) -> None:
        """Without them the order is Trio's own, so the test does not begin."""

        class Inner(AsyncTrioTestCase):
            runs = 0

            def runTrio(self, async_fn: Any, *, clock: Any, instruments: Any) -> object:
                type(self).runs += 1
                wanted = [each for each in instruments if "Schedule" not in repr(each)]
                return trio.run(async_fn, clock=clock, instruments=wanted)

            async def asyncSetUp(self) -> None:
                raise NotImplementedError

            @unittest.expectedFailure
            @autojump_clock
            @explore_schedules
            async def test(self) -> None:
                raise NotImplementedError

        result = run(Inner)
        self.assertEqual(len(result.told), 1)
        self.assertIn(f"ERROR RuntimeError: {NO_ORDER}", result.told[0])
        self.assertEqual(Inner.runs, 1)
