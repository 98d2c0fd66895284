"""``@explore_schedules`` runs a test in many orders, and tells of the first that fails.

What a run is replayed with, what the decorator goes together with and what it refuses
have files of their own.
"""

from __future__ import annotations

import contextvars
import gc
import os
import pickle
import random
import re
import shlex
import tempfile
import threading
import unittest
import weakref
from collections import Counter
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from typing import Any
from unittest import mock

import trio
import trio.testing

from triocase import (
    AsyncTrioTestCase,
    _orders,
    cancellation_sweep,
    explore_schedules,
    fixture,
    mock_clock,
    real_clock,
)
from triocase._orders import seed_of, seeds_from
from triocase._private_trio import PATIENCE

from .explored import all_of, readable, replaying, story_in, story_of
from .harness import (
    UNITTEST,
    Process,
    debug_error,
    report,
    run,
    told,
)

AsyncFn = Callable[[], Any]


async def step() -> None:
    """Take one step."""
    await trio.lowlevel.checkpoint()


async def together(*functions: AsyncFn) -> None:
    """Run some tasks at the same time."""
    async with trio.open_nursery() as nursery:
        for function in functions:
            nursery.start_soon(function)


def orders(tasks: int, decorate: Callable[[Any], Any]) -> set[str]:
    """Return in which orders some tasks have taken their two steps: ``abba``."""
    seen: set[str] = set()

    class Inner(AsyncTrioTestCase):
        @decorate
        async def test(self) -> None:
            taken: list[str] = []

            async def two_steps(name: str) -> None:
                taken.append(name)
                await step()
                taken.append(name)

            async with trio.open_nursery() as nursery:
                for name in "abc"[:tasks]:
                    nursery.start_soon(two_steps, name)
            seen.add("".join(taken))

    assert told(Inner) == ["pass"]
    return seen


class TestOrders(unittest.TestCase):
    """Every order of the steps is possible, and no task waits for ever."""

    def test_two_tasks_of_two_steps(self) -> None:
        """All six orders are reached, of which Trio alone reaches four."""
        found = orders(2, explore_schedules(seed=1))
        self.assertEqual(found, all_of(2, steps=2))
        self.assertEqual(len(found), 6)

    def test_three_tasks_of_two_steps(self) -> None:
        """All ninety orders are reached."""
        found = orders(3, explore_schedules(runs=1200, seed=1))
        self.assertEqual(found, all_of(3, steps=2))
        self.assertEqual(len(found), 90)

    def test_priorities(self) -> None:
        """Priorities that change twice reach all six, those that never do, two."""
        with mock.patch.multiple(_orders, _SHORTEST=2, _LONGEST=3):  # short runs
            decorate = explore_schedules(runs=200, seed=1, strategy="pct", depth=3)
            self.assertEqual(orders(2, decorate), all_of(2, steps=2))
            decorate = explore_schedules(runs=50, seed=1, strategy="pct", depth=1)
            self.assertEqual(orders(2, decorate), {"aabb", "bbaa"})

    def check_gaps(self, decorate: Callable[[Any], Any], spinners: int) -> int:
        """Check how often a task was passed over; return the most times."""
        gaps: list[int] = []

        class Inner(AsyncTrioTestCase):
            @decorate
            async def test(self) -> None:
                taken: list[int] = []
                rounds = 1000
                done = trio.Event()

                async def spin(number: int) -> None:
                    while len(taken) < rounds:
                        taken.append(number)
                        await step()
                    done.set()

                async with trio.open_nursery() as nursery:
                    for number in range(spinners):
                        nursery.start_soon(spin, number)
                    await done.wait()
                for number in range(spinners):
                    own = [at for at, who in enumerate(taken) if who == number]
                    gaps.extend(b - a - 1 for a, b in pairwise([-1, *own, rounds]))

        assert told(Inner) == ["pass"]
        return max(gaps)

    def test_no_task_is_passed_over_for_ever(self) -> None:
        """A task that spins with the highest priority does not keep others from it."""
        for spinners in (2, 5):
            # One more may have its turn: the test itself, as long as it has not waited.
            most = PATIENCE * (spinners + 1) + spinners
            for strategy in ("pct", "random"):
                with self.subTest(strategy, spinners=spinners):
                    decorate = explore_schedules(runs=5, seed=3, strategy=strategy)
                    gap = self.check_gaps(decorate, spinners)
                    self.assertLessEqual(gap, most)
                    if strategy == "pct":  # priorities mean something all the same
                        self.assertGreaterEqual(gap, PATIENCE)

    def test_spinning_task_waits_for_another(self) -> None:
        """So a test that spins until something is ready ends, whoever comes first."""

        class Inner(AsyncTrioTestCase):
            @explore_schedules(runs=30, strategy="pct", seed=1)
            async def test(self) -> None:
                ready: list[bool] = []

                async def wait() -> None:
                    while not ready:
                        await step()

                async def prepare() -> None:
                    await step()
                    ready.append(True)

                await together(wait, prepare, wait)

        self.assertEqual(told(Inner), ["pass"])

    def test_what_is_woken_in_the_order_of_a_set(self) -> None:
        """An Event, a Cancel, wake their tasks in any order: a seed has just one."""
        logs: list[list[int]] = []
        kept: list[object] = []

        class Inner(AsyncTrioTestCase):
            @explore_schedules
            async def test(self) -> None:
                log: list[int] = []
                event = trio.Event()

                async def wait(number: int) -> None:
                    try:
                        await event.wait()
                        log.append(number)
                        await trio.sleep_forever()
                    finally:
                        log.append(-number)

                async with trio.open_nursery() as nursery:
                    for number in range(1, 21):
                        kept.append(bytearray(random.randrange(500)))
                        nursery.start_soon(wait, number)
                    await trio.testing.wait_all_tasks_blocked()
                    event.set()
                    await trio.testing.wait_all_tasks_blocked()
                    nursery.cancel_scope.cancel()
                logs.append(log)

        with replaying(5):
            for _ in range(8):
                self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(len(logs), 8)
        self.assertEqual({tuple(log) for log in logs}, {tuple(logs[0])})
        self.assertEqual(sorted(logs[0][:20]), [*range(1, 21)])
        self.assertNotEqual(logs[0][:20], [*range(1, 21)])
        self.assertEqual(sorted(logs[0][20:]), [*range(-20, 0)])

    def test_system_tasks_and_fixtures_are_ordered_too(self) -> None:
        """Tasks of the setup and contexts take their steps in the order of the seed."""
        seen: Counter[str] = Counter()

        class Inner(AsyncTrioTestCase):
            async def asyncSetUp(self) -> None:
                self.taken = ""
                for name in "ab":
                    self.nursery.start_soon(self.take, name)

            async def take(self, name: str) -> None:
                self.taken += name

            @explore_schedules(runs=50, seed=1)
            async def test(self) -> None:
                while len(self.taken) < 2:
                    await step()
                seen[self.taken] += 1

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(set(seen), {"ab", "ba"})


class TestRuns(unittest.TestCase):
    """Each run is a whole test."""

    maxDiff = None

    def test_how_many(self) -> None:
        """A hundred runs if it does not say, and one verdict."""

        class Inner(AsyncTrioTestCase):
            runs = 0

            @explore_schedules
            async def test_bare(self) -> None:
                Inner.runs += 1

            @explore_schedules(runs=3)
            async def test_three(self) -> None:
                Inner.runs += 1

            @explore_schedules()
            def test_sync(self) -> None:
                Inner.runs += 1

        for name, runs in [("test_bare", 100), ("test_three", 3), ("test_sync", 100)]:
            Inner.runs = 0
            result = run(Inner, name)
            self.assertEqual((result.told, result.testsRun), (["pass"], 1))
            self.assertEqual(Inner.runs, runs)
            Inner.runs = 0
            Inner(name).debug()
            self.assertEqual(Inner.runs, runs)

    def test_whole_life(self) -> None:
        """Fixtures, setups, test, teardowns and cleanups come once for each run."""
        events: list[str] = []

        class Inner(AsyncTrioTestCase):
            @fixture
            async def value(self) -> AsyncIterator[int]:
                events.append("fixture")
                yield 3
                await step()
                events.append("fixture left")

            def setUp(self) -> None:
                events.append("setUp")
                self.addCleanup(events.append, "cleanup")

            async def asyncSetUp(self) -> None:
                events.append("asyncSetUp")

            @explore_schedules(runs=3)
            async def test(self) -> None:
                self.assertEqual(self.value, 3)
                self.nursery.start_soon(self.background)
                self.addAsyncCleanup(self.clean_up)
                await step()
                events.append("test")

            async def background(self) -> None:
                try:
                    await trio.sleep_forever()
                finally:
                    events.append("background")

            async def clean_up(self) -> None:
                events.append("async cleanup")

            async def asyncTearDown(self) -> None:
                events.append("asyncTearDown")

            def tearDown(self) -> None:
                events.append("tearDown")

        whole = [
            *("fixture", "setUp", "asyncSetUp", "test", "asyncTearDown", "tearDown"),
            *("async cleanup", "cleanup", "fixture left", "background"),
        ]
        self.assertEqual(told(Inner), ["pass"])
        # A task that has not begun when the nursery is cancelled never does.
        rest = [event for event in events if event != "background"]
        self.assertEqual(rest, whole[:-1] * 3)
        events.clear()
        Inner("test").debug()
        rest = [event for event in events if event != "background"]
        self.assertEqual(rest, whole[:-1] * 3)

    def test_own_run_nursery_and_clock(self) -> None:
        """No two runs share a Trio run, a nursery, a clock or context variables."""
        seen: list[Any] = []
        variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")

        class Inner(AsyncTrioTestCase):
            @explore_schedules(runs=4)
            async def test(self) -> None:
                self.assertEqual(trio.current_time(), 0)
                self.assertIsNone(variable.get(None))
                variable.set("set")
                await trio.sleep(1000)
                root = trio.lowlevel.current_root_task()
                seen.append((root, self.nursery, self.clock))

        self.assertEqual(told(Inner), ["pass"])
        for three in zip(*seen, strict=True):
            self.assertEqual(len({id(one) for one in three}), 4)

    def test_attributes_are_fresh(self) -> None:
        """Each run finds the attributes that were there before the first."""
        case: Any = None

        class Inner(AsyncTrioTestCase):
            left: str | None = None

            @explore_schedules(runs=3)
            async def test(self) -> None:
                self.assertIsNone(self.left)
                self.assertEqual(self.given, "given")
                self.left = "something"
                del self.given

        case = Inner("test")
        case.given = "given"
        before = {**vars(case)}
        case.debug()
        self.assertEqual(vars(case), before)

    def test_cleanups_from_before_are_kept(self) -> None:
        """What was added before the test ran is called once, after the last run."""
        for finds in (False, True):
            events: list[str] = []

            class Inner(AsyncTrioTestCase):
                find: bool

                @explore_schedules(runs=3)
                async def test(self) -> None:
                    self.addCleanup(self.note, "own")
                    self.note("run")
                    self.assertFalse(self.find)

                def note(self, event: str, events: list[str] = events) -> None:
                    events.append(event)

            Inner.find = finds
            case = Inner("test")
            case.addCleanup(events.append, "before, added first")
            case.addCleanup(events.append, "before, added last")
            case.run(unittest.TestResult())
            runs = 1 if finds else 3
            self.assertEqual(
                events,
                ["run", "own"] * runs + ["before, added last", "before, added first"],
            )

    def test_clock(self) -> None:
        """It has virtual time that jumps, unless it names a clock."""

        class Inner(AsyncTrioTestCase):
            @explore_schedules(runs=2)
            async def test_none(self) -> None:
                self.assertEqual(self.clock.autojump_threshold, 0)
                await trio.sleep(10_000)

            @mock_clock(rate=0.5)
            @explore_schedules(runs=2)
            async def test_mock(self) -> None:
                self.assertEqual(self.clock.rate, 0.5)

            @explore_schedules(runs=2)
            @mock_clock
            async def test_advance(self) -> None:
                self.nursery.start_soon(self.tick)
                await self.advanceClock(3.5)
                self.assertEqual(self.ticks, 3)

            ticks = 0

            async def tick(self) -> None:
                while True:
                    await trio.sleep(1)
                    self.ticks += 1

            @explore_schedules(runs=2)
            @real_clock
            async def test_real(self) -> None:
                self.assertFalse(hasattr(self, "clock"))

        @mock_clock(rate=2)
        class Below(Inner):
            pass

        for name in ["test_none", "test_mock", "test_advance", "test_real"]:
            self.assertEqual(told(Inner, name), ["pass"])
        (text,) = told(Below, "test_none")
        self.assertIn("AssertionError: inf != 0", text)

    def test_nothing_is_left_behind(self) -> None:
        """Tasks, clocks and errors are gone, and the instance can be pickled."""
        for name in ["passing", "failing"]:
            Kept.watched.clear()
            case = Kept(name)
            case.run(unittest.TestResult())
            gc.collect()
            self.assertGreaterEqual(len(Kept.watched), 3)
            left = {watched() for watched in Kept.watched}
            self.assertEqual(left, {None})
            self.assertEqual(pickle.loads(pickle.dumps(case)).id(), case.id())
            self.assertEqual([key for key in vars(case) if "rio" in key], [])


class Kept(AsyncTrioTestCase):
    """At module level, so that it can be pickled."""

    watched: list[weakref.ref[Any]] = []

    def watch(self) -> None:
        task = trio.lowlevel.current_task()
        self.watched += map(weakref.ref, (task, self.clock, self.nursery))

    @explore_schedules(runs=2)
    async def passing(self) -> None:
        self.watch()
        self.nursery.start_soon(step)
        await step()

    @explore_schedules(runs=2)
    async def failing(self) -> None:
        self.watch()
        self.fail()


class TestVerdict(unittest.TestCase):
    """The first run that fails is the verdict."""

    maxDiff = None

    def test_first_failing_run(self) -> None:
        """No later run is run, and nothing is told of those before."""

        class Inner(AsyncTrioTestCase):
            runs = 0

            @explore_schedules(runs=20, seed=1)
            async def test(self) -> None:
                Inner.runs += 1
                self.assertNotEqual(Inner.runs, 3)

        self.assertEqual(
            readable(report(Inner)),
            f"""\
Traceback (most recent call last):
  File "test_explore.py", line N, in test
    self.assertNotEqual(Inner.runs, 3)
AssertionError: 3 == 3
Found by @explore_schedules in run 3 of 20, with seed 3280387010.
To run just that again:

    TRIOCASE_SEED=3280387010 python -m unittest {shlex.quote(Inner("test").id())}

The last steps before it (virtual seconds, the task, where it waits then):

    0  the test  fails
""",
        )
        self.assertEqual(Inner.runs, 3)

    def test_in_debug(self) -> None:
        """``debug()`` raises the bare error, with the same note."""

        class Inner(AsyncTrioTestCase):
            runs = 0

            @explore_schedules(runs=20, seed=1)
            async def test(self) -> None:
                self.addCleanup(self.fail, "later")
                Inner.runs += 1
                raise KeyError(Inner.runs)

        error: Any = debug_error(Inner)
        self.assertEqual((type(error), error.args), (KeyError, (1,)))
        self.assertIn(
            "Found by @explore_schedules in run 1 of 20, with seed 577090034.",
            error.__notes__[-1] if len(error.__notes__) == 1 else error.__notes__[0],
        )
        self.assertEqual(Inner.runs, 1)

    def test_each_error_of_the_run(self) -> None:
        """Body, teardown and cleanup: each is told, and says what it is of."""

        class Inner(AsyncTrioTestCase):
            @explore_schedules(seed=1)
            async def test(self) -> None:
                self.addCleanup(self.fail, "cleanup")
                self.fail("body")

            async def asyncTearDown(self) -> None:
                raise ValueError("teardown")

        result = run(Inner)
        note = "\nFound by @explore_schedules in run 1 of 100, with seed 577090034.\n"
        self.assertEqual(len(result.texts), 3)
        self.assertEqual(
            sorted(result.told),
            [
                "ERROR ValueError: teardown",
                "FAIL AssertionError: body",
                "FAIL AssertionError: cleanup",
            ],
        )
        for text in result.texts:
            self.assertEqual(text.count(note), 1)

    def test_in_any_stage(self) -> None:
        """A fixture, a setup, a background task, the exit of a fixture: all count."""
        for bad in ("enter", "leave", "asyncSetUp", "crash", "asyncTearDown", "clean"):

            class Inner(AsyncTrioTestCase):
                wrong = bad
                runs = 0

                def stage(self, name: str) -> None:
                    if name == self.wrong and type(self).runs == 2:
                        raise OSError(name)

                @fixture
                async def value(self) -> AsyncIterator[None]:
                    type(self).runs += 1
                    self.stage("enter")
                    yield
                    self.stage("leave")

                async def asyncSetUp(self) -> None:
                    self.stage("asyncSetUp")
                    self.addAsyncCleanup(self.later, "clean")

                @explore_schedules(runs=5, seed=1)
                async def test(self) -> None:
                    self.nursery.start_soon(self.later, "crash")
                    await trio.sleep(1)

                async def later(self, name: str) -> None:
                    self.stage(name)

                async def asyncTearDown(self) -> None:
                    self.stage("asyncTearDown")

            with self.subTest(bad):
                text = report(Inner)
                self.assertIn(f"OSError: {bad}\nFound by @explore_sched", text)
                self.assertIn(" in run 2 of 5, with seed 3639700185.\n", text)
                self.assertEqual(Inner.runs, 2)

    def test_unawaited_coroutine(self) -> None:
        """One that is made in one order alone fails that run, with its line."""

        class Inner(AsyncTrioTestCase):
            @explore_schedules(seed=1)
            async def test(self) -> None:
                taken: list[str] = []

                async def a() -> None:
                    taken.append("a")

                async def b() -> None:
                    if not taken:
                        step()
                    taken.append("b")

                await together(a, b)

        text = readable(report(Inner))
        self.assertTrue(
            text.startswith(
                """\
Traceback (most recent call last):
  File "test_explore.py", line N, in b
    step()
RuntimeWarning: coroutine 'step' was never awaited. Write `await` before the call.
Found by @explore_schedules in run """
            ),
            text,
        )

    def test_a_race(self) -> None:
        """One that no order of Trio's own shows is found."""

        class Inner(AsyncTrioTestCase):
            async def two_steps(self, name: str) -> None:
                self.taken += name
                await step()
                self.taken += name

            async def both(self) -> None:
                self.taken = ""
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self.two_steps, "a")
                    nursery.start_soon(self.two_steps, "b")
                self.assertNotIn(self.taken, ["aabb", "bbaa"])

            async def test_plain(self) -> None:
                await self.both()

            @explore_schedules
            async def test(self) -> None:
                await self.both()

        for _ in range(100):
            self.assertEqual(told(Inner, "test_plain"), ["pass"])
        (text,) = told(Inner)
        self.assertRegex(text, "FAIL AssertionError: '(aabb|bbaa)' unexpectedly found")

    def test_one_error_of_several_tests(self) -> None:
        """An error that several tests raise has the note of the last, and no other."""
        error = OSError("out of order")

        class Inner(AsyncTrioTestCase):
            @explore_schedules(seed=1)
            async def test_one(self) -> None:
                raise error

            @explore_schedules(seed=2)
            async def test_two(self) -> None:
                raise error

        for name, seed in [("test_one", 1), ("test_two", 2), ("test_one", 1)]:
            text = readable(report(Inner, name))
            (first,) = seeds_from(seed, 1)
            self.assertEqual(
                re.findall(r"Found by @.*", text),
                [f"Found by @explore_schedules in run 1 of 100, with seed {first}."],
            )
            self.assertIn(shlex.quote(Inner(name).id()), text)

    def test_what_hinders_the_report(self) -> None:
        """The error is told all the same, where a test has left no folder to be in."""
        self.addCleanup(os.chdir, os.getcwd())

        class Inner(AsyncTrioTestCase):
            @explore_schedules(seed=1)
            async def test(self) -> None:
                await step()
                with tempfile.TemporaryDirectory() as folder:
                    os.chdir(folder)
                self.fail("the real one")

        self.assertEqual(
            report(Inner),
            """\
Traceback (most recent call last):
  File "test_explore.py", line N, in test
    self.fail("the real one")
AssertionError: the real one
Found by @explore_schedules in run 1 of 100, with seed 577090034.
(No more can be told: FileNotFoundError(2, 'No such file or directory'))
""",
        )

    def test_same_each_time(self) -> None:
        """A test that names no seed has one from its names: it goes on to fail."""
        seeds: list[list[str]] = []
        for _ in range(2):

            class Inner(AsyncTrioTestCase):
                runs = 0

                @explore_schedules
                async def test_one(self) -> None:
                    type(self).runs += 1
                    self.assertNotEqual(self.runs, 7)

                test_two = test_one

            class Below(Inner):
                pass

            found = []
            for case, name in [
                (Inner, "test_one"),
                (Inner, "test_two"),
                (Below, "test_one"),
            ]:
                case.runs = 0
                found += re.findall(r"with seed (\d+)", report(case, name))
                first = seed_of(f"{case.__qualname__}.{name}")
                self.assertEqual(found[-1], str([*seeds_from(first, 7)][-1]))
            seeds.append(found)
        self.assertEqual(seeds[0], seeds[1])
        self.assertEqual(len(set(seeds[0])), 3)


class TestStory(unittest.TestCase):
    """The last steps before the failure, readable as a story."""

    maxDiff = None

    def test_times_tasks_and_lines(self) -> None:
        """Each line has the virtual time, the task, and the line where it waits."""

        class Inner(AsyncTrioTestCase):
            async def withdraw(self, amount: int) -> None:
                await trio.sleep(0.5)
                self.balance -= amount

            @explore_schedules(seed=1)
            async def test(self) -> None:
                self.balance = 100
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self.withdraw, 60)
                    await trio.sleep(0.25)
                    nursery.start_soon(self.withdraw, 60)
                self.assertEqual(self.balance, 40)

        self.assertEqual(
            story_of(Inner),
            """\
   0  the test     test_explore.py:N  await trio.sleep(0.25)
   0  withdraw #1  test_explore.py:N  await trio.sleep(0.5)
0.25  the test     test_explore.py:N  async with trio.open_nursery() as nursery:
0.25  withdraw #2  test_explore.py:N  await trio.sleep(0.5)
 0.5  withdraw #1  ends
0.75  withdraw #2  ends
0.75  the test     fails
""",
        )

    def test_time_counts_from_the_beginning(self) -> None:
        """Seconds are those since the test began, on real time too, which is said."""

        class Inner(AsyncTrioTestCase):
            @explore_schedules
            @real_clock
            async def test(self) -> None:
                await trio.sleep(0.01)
                self.fail()

        text = report(Inner)
        self.assertIn("The last steps before it (real seconds, the task, where", text)
        self.assertRegex(
            story_in(text),
            r"\A *\S+  the test  test_explore.py:N  await trio.sleep\(0.01\)\n"
            r" *0\.0\d*  the test  fails\n\Z",
        )

    def test_repeated_steps(self) -> None:
        """The same step, taken again and again, is one line."""

        class Inner(AsyncTrioTestCase):
            @explore_schedules
            async def test(self) -> None:
                for _ in range(7):
                    await step()
                await trio.sleep(1)
                for _ in range(3):
                    await trio.sleep(1)
                self.fail()

        self.assertEqual(
            story_of(Inner),
            """\
0  the test  test_explore.py:N  await trio.lowlevel.checkpoint()  (× 7)
0  the test  test_explore.py:N  await trio.sleep(1)
1  the test  test_explore.py:N  await trio.sleep(1)
2  the test  test_explore.py:N  await trio.sleep(1)
3  the test  test_explore.py:N  await trio.sleep(1)
4  the test  fails
""",
        )

    def test_length(self) -> None:
        """It has the last sixteen lines, however long the run was."""

        class Inner(AsyncTrioTestCase):
            @explore_schedules
            async def test(self) -> None:
                for _ in range(1000):
                    await trio.sleep(1)
                self.fail()

        lines = story_of(Inner).splitlines()
        self.assertEqual(len(lines), 16)
        self.assertEqual(
            [lines[0], lines[-2], lines[-1]],
            [
                " 985  the test  test_explore.py:N  await trio.sleep(1)",
                " 999  the test  test_explore.py:N  await trio.sleep(1)",
                "1000  the test  fails",
            ],
        )

    def test_ends_at_a_crash(self) -> None:
        """What a long teardown does after a crash is not told."""

        class Inner(AsyncTrioTestCase):
            @explore_schedules
            async def test(self) -> None:
                self.nursery.start_soon(self.crash)
                await trio.sleep(5)

            async def crash(self) -> None:
                await trio.sleep(1)
                raise OSError("crash")

            async def asyncTearDown(self) -> None:
                for _ in range(100):
                    await trio.sleep(1)

        lines = story_of(Inner).splitlines()
        self.assertEqual(
            sorted(lines[:2]),
            [
                "0  crash     test_explore.py:N  await trio.sleep(1)",
                "0  the test  test_explore.py:N  await trio.sleep(5)",
            ],
        )
        self.assertEqual(lines[2:], ["1  crash     ends"])

    def test_ends_at_the_failure_of_the_test(self) -> None:
        """Nor is what it does after it has failed itself."""

        class Inner(AsyncTrioTestCase):
            @explore_schedules
            async def test(self) -> None:
                await trio.sleep(1)
                self.fail()

            async def asyncTearDown(self) -> None:
                for _ in range(100):
                    await trio.sleep(1)

        self.assertEqual(
            story_of(Inner),
            """\
0  the test  test_explore.py:N  await trio.sleep(1)
1  the test  fails
""",
        )

    def test_ends_at_a_failing_subtest(self) -> None:
        """A subtest that fails is the end of it, though the test goes on."""

        class Inner(AsyncTrioTestCase):
            @explore_schedules
            async def test(self) -> None:
                await trio.sleep(1)
                with self.subTest():
                    await trio.sleep(2)
                    self.fail()
                for _ in range(100):
                    await trio.sleep(3)

        self.assertEqual(
            story_of(Inner),
            """\
0  the test  test_explore.py:N  await trio.sleep(1)
1  the test  test_explore.py:N  await trio.sleep(2)
3  the test  fails
""",
        )

    def test_in_the_setup(self) -> None:
        """What fails before the body, or after it, has its story, too."""

        class Inner(AsyncTrioTestCase):
            async def asyncSetUp(self) -> None:
                await trio.sleep(2)
                raise OSError

            @explore_schedules
            async def test(self) -> None:
                raise NotImplementedError

        class Later(AsyncTrioTestCase):
            @explore_schedules
            async def test(self) -> None:
                self.addAsyncCleanup(trio.sleep, 1)

            async def asyncTearDown(self) -> None:
                await trio.sleep(3)
                raise OSError

        line = "0  the test  test_explore.py:N  await trio.sleep"
        self.assertEqual(story_of(Inner), f"{line}(2)\n2  the test  fails\n")
        self.assertEqual(story_of(Later), f"{line}(3)\n3  the test  fails\n")

    def test_tasks_of_a_library(self) -> None:
        """A task of library functions alone is told with the one that it runs."""

        class Inner(AsyncTrioTestCase):
            @explore_schedules(seed=1)
            async def test(self) -> None:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(trio.sleep, 1)
                    nursery.start_soon(trio.sleep, 2)
                self.fail()

        lines = story_of(Inner).splitlines()
        self.assertEqual(
            sorted(lines[1:3]),
            ["0  sleep #1  in sleep", "0  sleep #2  in sleep"],
        )
        self.assertEqual(
            [lines[0], *lines[3:]],
            [
                "0  the test  test_explore.py:N  async with trio.open_nursery() as "
                "nursery:",
                "1  sleep #1  ends",
                "2  sleep #2  ends",
                "2  the test  fails",
            ],
        )

    def names_of(self, start: Callable[[trio.Nursery], object]) -> set[str]:
        """Return what the story calls the tasks that are started."""

        class Inner(AsyncTrioTestCase):
            @explore_schedules(seed=1)
            async def test(self) -> None:
                async with trio.open_nursery() as nursery:
                    start(nursery)
                self.fail()

        lines = story_of(Inner).splitlines()
        return {line[3:].partition("  ")[0] for line in lines} - {"the test"}

    def test_name_of_a_callable_object(self) -> None:
        """Trio calls it by its address, which is another one in each process."""

        class Worker:
            async def __call__(self) -> None:
                await step()

        name = f"{Worker.__module__}.{Worker.__qualname__}"
        self.assertEqual(
            self.names_of(lambda nursery: nursery.start_soon(Worker())),
            {f"<{name} object>"},
        )

    def test_names_of_the_users(self) -> None:
        """A name that the user gives is told as it is, but on one line."""
        for name, told_as in [
            ("pool.worker", "pool.worker"),
            ("https://a.b/c.html", "https://a.b/c.html"),
            ("two\n  lines", "two lines"),
            ("", ""),
        ]:
            with self.subTest(name):
                self.assertEqual(
                    self.names_of(
                        lambda nursery, n=name: nursery.start_soon(step, name=n)
                    ),
                    {told_as},
                )

    def test_task_that_is_renamed(self) -> None:
        """A task that gives itself another name is told by that from then on."""

        async def rename(name: str) -> None:
            trio.lowlevel.current_task().name = name
            await step()

        class Inner(AsyncTrioTestCase):
            @explore_schedules(seed=1)
            async def test(self) -> None:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(rename, "worker")
                await rename("main")
                self.fail("the real one")

        result = run(Inner)
        self.assertEqual(result.told, ["FAIL AssertionError: the real one"])
        self.assertEqual(
            story_in(result.texts[0]),
            """\
0  the test  test_explore.py:N  async with trio.open_nursery() as nursery:
0  worker    test_explore.py:N  await trio.lowlevel.checkpoint()
0  worker    ends
0  the test  test_explore.py:N  await trio.lowlevel.checkpoint()
0  the test  fails
""",
        )

    def test_time_that_is_patched(self) -> None:
        """The times are the clock's, whatever stands in for Trio's function."""

        class Inner(AsyncTrioTestCase):
            @explore_schedules(seed=1)
            async def test(self) -> None:
                await step()
                self.fail("the real one")

            @real_clock
            @explore_schedules(seed=1)
            async def test_real(self) -> None:
                await step()
                self.fail("the real one")

        with mock.patch("trio.current_time") as patched:
            for name in ["test", "test_real"]:
                result = run(Inner, name)
                self.assertEqual(result.told, ["FAIL AssertionError: the real one"])
                self.assertRegex(
                    story_in(result.texts[0]),
                    r"^ *[\d.]+  the test  test_explore.py:N  await trio.lowlevel.checkp.*\n"
                    r" *[\d.]+  the test  fails\n$",
                )
        patched.assert_not_called()

    def test_tasks_of_triocase(self) -> None:
        """Those of the harness are not in it; a fixture's user code is the test's."""

        class Inner(AsyncTrioTestCase):
            @fixture
            async def value(self) -> AsyncIterator[None]:
                yield

            @explore_schedules
            async def test(self) -> None:
                await trio.testing.wait_all_tasks_blocked()
                await trio.sleep(1)
                self.fail()

        self.assertEqual(
            [line for line in story_of(Inner).splitlines() if "the test" not in line],
            [],
        )

    def test_odd_awaitable(self) -> None:
        """A task whose frames Trio cannot follow is told as far as it can."""

        class Odd:
            cr_frame = None  # as a coroutine has, which has more than that

            def __init__(self) -> None:
                self.wrapped: Any = step().__await__()

            def __await__(self) -> Odd:
                return self

            def __next__(self) -> Any:
                return self.wrapped.send(None)

            def send(self, value: Any) -> Any:
                return self.wrapped.send(value)

        class Inner(AsyncTrioTestCase):
            @explore_schedules
            async def test(self) -> None:
                await Odd()
                self.fail()

        self.assertEqual(
            story_of(Inner),
            "0  the test  test_explore.py:N  await Odd()\n0  the test  fails\n",
        )

    def test_odd_awaitable_that_waits(self) -> None:
        """One that waits for another thread does not disturb the look for a deadlock."""

        class Odd:
            """An iterator that is no generator, around what Trio waits with."""

            cr_frame = None  # as above
            inner: Any

            def __await__(self) -> Odd:
                self.inner = wait().__await__()
                return self

            def __next__(self) -> Any:
                return self.inner.send(None)

            def send(self, value: Any) -> Any:
                return self.inner.send(value)

        async def wait() -> None:
            await trio.lowlevel.wait_task_rescheduled(
                lambda _: trio.lowlevel.Abort.SUCCEEDED
            )

        def wake(token: trio.lowlevel.TrioToken, task: trio.lowlevel.Task) -> None:
            token.run_sync_soon(trio.lowlevel.reschedule, task)

        async def wait_for_thread() -> None:
            arguments = trio.lowlevel.current_trio_token(), trio.lowlevel.current_task()
            timer = threading.Timer(0.05, wake, arguments)
            timer.start()
            await Odd()
            timer.join()

        class Inner(AsyncTrioTestCase):
            @explore_schedules(runs=2)
            async def test(self) -> None:
                await wait_for_thread()

            @explore_schedules(runs=2)
            async def test_child(self) -> None:
                await together(wait_for_thread, trio.testing.wait_all_tasks_blocked)

            @cancellation_sweep
            async def test_swept(self) -> None:
                await step()
                with trio.CancelScope(shield=True):
                    await wait_for_thread()

        for name in ["test", "test_child", "test_swept"]:
            with self.subTest(name):
                result = run(Inner, name)
                self.assertEqual(result.told, ["pass"], result.texts)

    def test_source_that_is_not_there(self) -> None:
        """A line whose file cannot be read is told by its number."""
        names: dict[str, Any] = {"trio": trio}
        code = "async def generated():\n    await trio.sleep(1)\n"
        exec(compile(code, "nowhere.py", "exec"), names)

        class Inner(AsyncTrioTestCase):
            @explore_schedules
            async def test(self) -> None:
                await names["generated"]()
                self.fail()

        self.assertEqual(
            story_of(Inner), "0  the test  nowhere.py:N\n1  the test  fails\n"
        )

    def test_worker_thread(self) -> None:
        """Where a thread was at work, the report says that a replay is not certain."""

        class Inner(AsyncTrioTestCase):
            @explore_schedules
            async def test(self) -> None:
                await trio.to_thread.run_sync(int)
                self.fail()

            @explore_schedules
            async def test_socket(self) -> None:
                one, other = trio.socket.socketpair()
                with one, other:
                    await self.talk(one, other)
                self.fail()

            async def talk(self, one: Any, other: Any) -> None:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(one.recv, 1)
                    await trio.sleep(1)
                    await other.send(b"x")

            @explore_schedules
            async def test_both(self) -> None:
                one, other = trio.socket.socketpair()
                with one, other:
                    await self.talk(one, other)
                await trio.to_thread.run_sync(int)
                self.fail()

            @explore_schedules
            async def test_neither(self) -> None:
                await trio.sleep(1)
                self.fail()

        waited = "It has waited for {}, so another run may take another course.\n"
        for name, things in [
            ("test", "a worker thread"),
            ("test_socket", "I/O"),
            ("test_both", "I/O and a worker thread"),
        ]:
            text = readable(report(Inner, name))
            command = f"python -m unittest {shlex.quote(Inner(name).id())}"
            self.assertIn(
                f" {command}\n\n{waited.format(things)}\nThe last steps before", text
            )
        self.assertNotIn("waited", report(Inner, "test_neither"))


class TestOthers(unittest.TestCase):
    """A test without the decorator has Trio's own order, at the same time too."""

    def test_randomness_of_trio(self) -> None:
        """Trio draws as ever from its own random numbers, in explored runs too."""
        source: Any = trio._core._run._r  # type: ignore[attr-defined]
        draws = source.random
        before = source.getstate(), random.getstate()

        class Inner(AsyncTrioTestCase):
            @explore_schedules(runs=10)
            async def test(self) -> None:
                await together(step, step)

        with mock.patch.object(source, "seed", side_effect=AssertionError):
            self.assertEqual(told(Inner), ["pass"])
        self.assertIs(trio._core._run._r, source)  # type: ignore[attr-defined]
        self.assertEqual(source.random, draws)
        self.assertEqual(random.getstate(), before[1])

        # The numbers that Trio draws make no difference.
        taken: list[set[str]] = []
        for seed in (1, 2):
            source.seed(seed)
            with replaying(5):
                taken.append(orders(3, explore_schedules))
        source.setstate(before[0])
        self.assertEqual(taken[0], taken[1])

    def test_normal_test_afterwards(self) -> None:
        """A plain test has Trio's own queue, and reaches other orders with Trio."""
        queues: list[type] = []

        class Inner(AsyncTrioTestCase):
            async def queue(self) -> None:
                runner = trio._core._run.GLOBAL_RUN_CONTEXT.runner  # type: ignore
                queues.append(type(runner.runq))

            @explore_schedules(runs=2)
            async def test_explored(self) -> None:
                await self.queue()

            async def test_plain(self) -> None:
                await self.queue()

        for name in ["test_plain", "test_explored", "test_plain"]:
            self.assertEqual(told(Inner, name), ["pass"])
        plain, one, two, after = (queue.__name__ for queue in queues)
        self.assertEqual((plain, one, two, after), ("deque", "Queue", "Queue", plain))

    def test_another_thread(self) -> None:
        """A plain test that runs in another thread meanwhile is not ordered."""
        inside, over = threading.Event(), threading.Event()
        queues: list[str] = []

        class Explored(AsyncTrioTestCase):
            @explore_schedules(runs=1)
            async def test(self) -> None:
                inside.set()
                assert over.wait(20)

        class Plain(AsyncTrioTestCase):
            async def test(self) -> None:
                runner = trio._core._run.GLOBAL_RUN_CONTEXT.runner  # type: ignore
                queues.append(type(runner.runq).__name__)
                await together(step, step)

        explored: list[str] = []
        thread = threading.Thread(target=lambda: explored.extend(told(Explored)))
        thread.start()
        try:
            self.assertTrue(inside.wait(20))
            self.assertEqual(told(Plain), ["pass"])
        finally:
            over.set()
            thread.join()
        self.assertEqual((explored, queues), (["pass"], ["deque"]))

    def test_explored_in_two_threads(self) -> None:
        """Two explored tests at the same time each have their own order."""
        alone = orders(3, explore_schedules(runs=5, seed=4))
        found: list[set[str]] = []

        def explore() -> None:
            found.append(orders(3, explore_schedules(runs=5, seed=4)))

        threads = [threading.Thread(target=explore) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(found, [alone] * 3)

    def test_what_the_first_class_patches(self) -> None:
        """What the finders need is bound at decoration, before any test is run."""
        process = Process(
            """
            import unittest
            from unittest import mock
            import trio
            from triocase import (
                AsyncTrioTestCase, cancellation_sweep, explore_schedules)

            checkpoint = trio.lowlevel.checkpoint
            run_sync = trio.to_thread.run_sync

            class Patched(AsyncTrioTestCase):
                runs = 0

                @classmethod
                def setUpClass(cls):
                    for name in [
                        "trio.lowlevel.checkpoint",
                        "trio.to_thread.run_sync",
                    ]:
                        patch = mock.patch(name)
                        patch.start()
                        cls.addClassCleanup(patch.stop)

                def setUp(self):
                    type(self).runs += 1

            class TestExplore(Patched):
                @explore_schedules(runs=3)
                async def test_a_pass(self):
                    await checkpoint()

                @explore_schedules
                async def test_b_fail(self):
                    await run_sync(int)
                    self.fail("the real one")

            class TestSweep(Patched):
                @cancellation_sweep
                async def test(self):
                    with trio.CancelScope(shield=True):
                        await checkpoint()

                @classmethod
                def tearDownClass(cls):
                    print("\\nruns:", cls.runs)
            """,
            *UNITTEST,
        )
        code, output = process.finish()
        self.assertEqual(code, 1, output)
        self.assertIn("Ran 3 tests", output)
        self.assertIn("FAILED (failures=1)", output)
        self.assertIn("\nAssertionError: the real one\nFound by @explore", output)
        self.assertIn("\n\nIt has waited for a worker thread, so another run", output)
        self.assertIn("\nruns: 2\n", output)

    def test_not_imported(self) -> None:
        """A test under neither finder never loads what they need, failing or not."""
        process = Process(
            """
            import importlib.util
            import sys
            import unittest
            import trio
            from triocase import AsyncTrioTestCase, autojump_clock, fixture

            class Test(AsyncTrioTestCase):
                @fixture
                async def value(self):
                    yield 1

                @autojump_clock
                async def test_a_pass(self):
                    await trio.sleep(1)

                async def test_b_fail(self):
                    with self.subTest():
                        self.fail()

                @autojump_clock
                async def test_c_hang(self):
                    await trio.Event().wait()

            class TestZ(unittest.TestCase):
                def test(self):
                    found = [name for name in sorted(sys.modules) if name in WATCHED]
                    print("\\nimported:", found)

            WATCHED = ["triocase." + name for name in (
                "_race_finders", "_explore", "_sweep", "_schedules", "_private_trio",
                "_cancel_points", "_swallowed", "_last_steps", "_progress", "_run_verdict", "_rerun")]
            assert all(map(importlib.util.find_spec, WATCHED))
            """,
            *UNITTEST,
        )
        code, output = process.finish()
        self.assertEqual(code, 1, output)
        self.assertIn("Ran 4 tests", output)
        self.assertIn("\nimported: []\n", output)
