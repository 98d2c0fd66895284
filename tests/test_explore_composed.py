"""``@explore_schedules`` goes together with the rest: limits, subtests, skips, runners."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
import threading
import time
import unittest
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import pytest
import trio
import trio.lowlevel
import trio.testing

from triocase import (
    AsyncTrioTestCase,
    DeadlockError,
    TimeLimitExceeded,
    _time_limit,
    autojump_clock,
    cancellation_sweep,
    deadlock_check,
    explore_schedules,
    mock_clock,
    real_clock,
    time_limit,
)

from .explored import few_steps, readable
from .harness import (
    PYTEST,
    UNITTEST,
    Process,
    Recorder,
    debug_error,
    hasty,
    impatient,
    report,
    run,
    told,
)

CLOCKS: list[Callable[[Any], Any]] = [autojump_clock, mock_clock, real_clock]
FOUND = "Found by @explore_schedules in run {} of {}, with seed {}.\n"
# The seeds of the first runs with seed=1.
ONE, TWO, THREE = 577090034, 3639700185, 3280387010


@contextlib.contextmanager
def late_watchdog() -> Iterator[None]:
    """Let no test be looked at from outside."""
    with mock.patch.object(_time_limit, "_LOOK", 1000):
        yield


class TestDeadlock(unittest.TestCase):
    """A deadlock is found from inside, at once, on every clock."""

    maxDiff = None

    def test_report(self) -> None:
        """The report has the tree of tasks, and then how it was found."""

        class TestLocks(AsyncTrioTestCase):
            @explore_schedules(seed=1)
            async def test(self) -> None:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self.wait)
                    await trio.sleep(3)

            async def wait(self) -> None:
                await trio.Event().wait()

        name = "tests.test_explore_composed.TestDeadlock.test_report.<locals>.TestLocks"
        self.assertEqual(
            readable(report(TestLocks)),
            f"""\
Traceback (most recent call last):
  File "test_explore_composed.py", line N, in test
    async with trio.open_nursery() as nursery:
triocase.DeadlockError: the test is deadlocked: each of its tasks waits, and nothing \
can wake any of them.
Its tasks:

{name}.test (the test)
  File "test_explore_composed.py", line N, in test
    async with trio.open_nursery() as nursery:
  waits in trio.open_nursery, for its tasks
  nursery:
    {name}.wait
      File "test_explore_composed.py", line N, in wait
        await trio.Event().wait()
      waits for an Event
Found by @explore_schedules in run 1 of 100, with seed {ONE}.
To run just that again:

    TRIOCASE_SEED={ONE} python -m unittest '{name}.test'

The last steps before it (virtual seconds, the task, where it waits then):

    0  the test  test_explore_composed.py:N  await trio.sleep(3)
    0  wait      test_explore_composed.py:N  await trio.Event().wait()
    3  the test  test_explore_composed.py:N  async with trio.open_nursery() as nursery:
""",
        )

    def test_on_every_clock(self) -> None:
        """It takes no real time, and the watchdog has no part in it."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                await trio.lowlevel.checkpoint()
                with contextlib.suppress(trio.TooSlowError):
                    await trio.Event().wait()

        for clock in CLOCKS:
            case = clock(explore_schedules(type("Limited", (Inner,), {})))
            with self.subTest(clock), late_watchdog():
                start = time.perf_counter()
                (text,) = told(case)
                self.assertIn("ERROR DeadlockError: the test is deadlocked", text)
                self.assertIsInstance(debug_error(case), DeadlockError)
                self.assertLess(time.perf_counter() - start, 10)

    def test_in_any_stage(self) -> None:
        """A setup and a cleanup that wait for ever are found, too."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                self.addAsyncCleanup(trio.sleep_forever)

        class Setup(AsyncTrioTestCase):
            async def asyncSetUp(self) -> None:
                await trio.sleep_forever()

            async def test(self) -> None:
                raise NotImplementedError

        for case in (Inner, Setup):
            with late_watchdog():
                (text,) = told(explore_schedules(case))
            self.assertIn("DeadlockError", text)

    def test_in_some_orders(self) -> None:
        """One of two locks, taken in either order, is found after runs that pass."""

        class Inner(AsyncTrioTestCase):
            taken = 0

            @explore_schedules(seed=2)
            async def test(self) -> None:
                one, other = trio.Lock(), trio.Lock()

                async def take(first: trio.Lock, second: trio.Lock) -> None:
                    async with first, second:
                        Inner.taken += 1

                async with trio.open_nursery() as nursery:
                    nursery.start_soon(take, one, other)
                    nursery.start_soon(take, other, one)

        self.assertIn("DeadlockError", told(Inner)[0])
        self.assertGreaterEqual(Inner.taken, 2)

    def test_no_false_alarm(self) -> None:
        """Cushions, timers, sockets, threads and tokens are none."""

        class Inner(AsyncTrioTestCase):
            async def test_cushion(self) -> None:
                self.nursery.start_soon(trio.sleep_forever)
                await trio.testing.wait_all_tasks_blocked(0.05)

            async def test_timer(self) -> None:
                self.nursery.start_soon(trio.sleep_forever)
                await trio.sleep(0.05)

            async def test_socket(self) -> None:
                one, other = trio.socket.socketpair()
                with one, other:
                    thread = threading.Thread(target=self.send_late, args=[other])
                    thread.start()
                    self.assertEqual(await one.recv(1), b"x")
                    thread.join()

            def send_late(self, sock: Any) -> None:
                time.sleep(0.05)
                os.write(sock.fileno(), b"x")

            async def test_worker(self) -> None:
                self.nursery.start_soon(trio.sleep_forever)
                await trio.to_thread.run_sync(time.sleep, 0.05)

            async def test_token(self) -> None:
                event = trio.Event()
                thread = threading.Thread(
                    target=self.set_late,
                    args=[trio.lowlevel.current_trio_token(), event],
                )
                thread.start()
                await event.wait()
                thread.join()

            def set_late(self, token: trio.lowlevel.TrioToken, event: Any) -> None:
                time.sleep(0.05)
                token.run_sync_soon(event.set)

            async def test_signal(self) -> None:
                with trio.open_signal_receiver(signal.SIGUSR1) as signals:
                    timer = threading.Timer(0.05, signal.raise_signal, [signal.SIGUSR1])
                    timer.start()
                    self.assertEqual(await signals.__anext__(), signal.SIGUSR1)
                    timer.join()

        names = unittest.defaultTestLoader.getTestCaseNames(Inner)
        self.assertEqual(len(names), 6)
        for clock in (autojump_clock, real_clock):
            case = clock(explore_schedules(runs=2)(type("Clocked", (Inner,), {})))
            for name in names:
                with self.subTest(name, clock=clock), hasty():
                    self.assertEqual(told(case, name), ["pass"])

    def test_token_that_is_let_go(self) -> None:
        """A thread that has the token may end without a word: it is found then."""

        class Idle(trio.abc.Instrument):
            """Lets the thread end when the run has looked and found it."""

            def __init__(self) -> None:
                self.seen = threading.Event()

            def before_io_wait(self, timeout: float) -> None:
                if not trio.lowlevel.current_statistics().tasks_runnable:
                    self.seen.set()

        class Inner(AsyncTrioTestCase):
            @time_limit(20)
            async def test(self) -> None:
                idle = Idle()
                trio.lowlevel.add_instrument(idle)
                thread = threading.Thread(
                    target=self.forget,
                    args=[trio.lowlevel.current_trio_token(), idle.seen],
                )
                self.addCleanup(thread.join)
                thread.start()
                await trio.Event().wait()

            def forget(self, token: object, seen: threading.Event) -> None:
                assert seen.wait(20)

        for clock in (autojump_clock, real_clock):
            case = clock(explore_schedules(seed=1)(type("Clocked", (Inner,), {})))
            with self.subTest(clock), hasty():
                text = readable(report(case))
                self.assertIn("triocase.DeadlockError: the test is deadlocked: ", text)
                self.assertIn(
                    "\n\nIt has waited for what holds its token, so another run may "
                    "take another course.\n\nThe last steps before it (",
                    text,
                )

    def test_check_that_is_off(self) -> None:
        """With ``deadlock_check(False)`` the limit remains."""

        class Inner(AsyncTrioTestCase):
            @deadlock_check(False)
            @explore_schedules
            @time_limit(0.1)
            async def test(self) -> None:
                await trio.Event().wait()

        with impatient():
            (text,) = told(Inner)
        self.assertIn("TimeLimitExceeded: the test has not ended within its time", text)


class TestSteps(unittest.TestCase):
    """A test that takes steps for ever while time stands still is ended."""

    maxDiff = None

    def test_report(self) -> None:
        """It has the tree of tasks; it took a hundred thousand steps."""
        steps: list[None] = []

        class TestSpin(AsyncTrioTestCase):
            @explore_schedules(seed=1)
            async def test(self) -> None:
                while True:
                    await trio.lowlevel.checkpoint()
                    steps.append(None)

        name = f"{TestSpin.__module__}.{TestSpin.__qualname__}.test"
        text = readable(report(TestSpin))
        self.assertEqual(
            text.partition("The last steps")[0],
            f"""\
Traceback (most recent call last):
  File "test_explore_composed.py", line N, in test
    await trio.lowlevel.checkpoint()
triocase.TimeLimitExceeded: the test goes on for ever: its tasks have taken 100,000 \
steps while time stood still.
Its tasks:

{name} (the test)
  File "test_explore_composed.py", line N, in test
    await trio.lowlevel.checkpoint()
  waits in trio.lowlevel.checkpoint
Found by @explore_schedules in run 1 of 100, with seed {ONE}.
To run just that again:

    TRIOCASE_SEED={ONE} python -m unittest '{name}'

""",
        )
        self.assertLess(abs(len(steps) - 101_000), 1100)

    def test_whatever_is_off(self) -> None:
        """It holds without a time limit, without a deadlock check, on each clock."""

        class Inner(AsyncTrioTestCase):
            @time_limit(None)
            async def test_no_limit(self) -> None:
                await self.spin()

            @deadlock_check(False)
            async def test_no_check(self) -> None:
                await self.spin()

            @deadlock_check(False)
            @time_limit(None)
            async def test_neither(self) -> None:
                await self.spin()

            @time_limit(None)
            async def test_cleanup(self) -> None:
                self.addAsyncCleanup(self.spin)

            @time_limit(None)
            async def test_background(self) -> None:
                self.nursery.start_soon(self.spin)
                await trio.sleep(1)

            async def spin(self) -> None:
                while True:
                    await trio.lowlevel.checkpoint()

        names = unittest.defaultTestLoader.getTestCaseNames(Inner)
        self.assertEqual(len(names), 5)
        for clock in (autojump_clock, mock_clock):
            case = clock(explore_schedules(type("Clocked", (Inner,), {})))
            for name in names:
                with self.subTest(name, clock=clock), few_steps():
                    (text,) = told(case, name)
                    self.assertRegex(
                        text, "ERROR TimeLimitExceeded: the .*test goes on for ever: "
                    )
                    self.assertIsInstance(debug_error(case, name), TimeLimitExceeded)

    def test_swallows_cancelled(self) -> None:
        """One that goes on all the same is abandoned, and the next one runs."""

        class Inner(AsyncTrioTestCase):
            @explore_schedules
            @time_limit(None)
            async def test(self) -> None:
                while True:
                    with contextlib.suppress(trio.Cancelled):
                        await trio.lowlevel.checkpoint()

        with few_steps(), impatient():
            (text,) = told(Inner)
        self.assertIn("goes on for ever: its tasks have taken 100,000 steps", text)
        self.assertIn("\nIt went on although it was cancelled", text)
        self.assertEqual(trio.run(self.answer), 42)

    async def answer(self) -> int:
        await trio.lowlevel.checkpoint()
        return 42

    def test_long_simulation(self) -> None:
        """Many steps in which time moves on are fine; so are many in real time."""

        class Inner(AsyncTrioTestCase):
            async def steps(self, seconds: float) -> None:
                for _ in range(12):
                    for _ in range(900):
                        await trio.lowlevel.checkpoint()
                    await trio.sleep(seconds)

            @explore_schedules(runs=1)
            async def test_virtual(self) -> None:
                await self.steps(1)

            @real_clock
            @explore_schedules(runs=1)
            async def test_real(self) -> None:
                await self.steps(0)

            @mock_clock(rate=10)
            @explore_schedules(runs=1)
            async def test_rate(self) -> None:
                await self.steps(0)

        with few_steps():
            for name in ["test_virtual", "test_real", "test_rate"]:
                self.assertEqual(told(Inner, name), ["pass"])


class TestTimeLimit(unittest.TestCase):
    def test_for_each_run(self) -> None:
        """Each run has all of it."""

        class Inner(AsyncTrioTestCase):
            runs = 0

            @time_limit(1.5)
            @explore_schedules(runs=4, seed=1)
            async def test(self) -> None:
                Inner.runs += 1
                time.sleep(0.4)

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(Inner.runs, 4)

    def test_exceeded(self) -> None:
        """A run that exceeds it is the verdict, with its number and seed."""

        class Inner(AsyncTrioTestCase):
            runs = 0

            @time_limit(0.5)
            @explore_schedules(runs=4, seed=1)
            @real_clock
            async def test(self) -> None:
                Inner.runs += 1
                await trio.sleep(100 if Inner.runs == 2 else 0)

        with impatient():
            text = report(Inner)
        self.assertIn("has not ended within its time limit of 0.5 seconds", text)
        self.assertIn(FOUND.format(2, 4, TWO), text)
        self.assertEqual(Inner.runs, 2)

    def test_blocked_loop(self) -> None:
        """So is one that blocks the event loop: it shows the line that does."""

        class Inner(AsyncTrioTestCase):
            @time_limit(0.2)
            @explore_schedules(seed=1)
            async def test(self) -> None:
                time.sleep(1000)

        with impatient():
            text = report(Inner)
        self.assertIn("    time.sleep(1000)\n", text)
        self.assertIn(FOUND.format(1, 100, ONE), text)

    def test_no_wake_up_before_it(self) -> None:
        """The watchdog does not wake a run before its limit, however it looks."""

        class Steps(trio.abc.Instrument):
            count = 0

            def before_task_step(self, task: object) -> None:
                self.count += 1

        class Inner(AsyncTrioTestCase):
            @explore_schedules(runs=1)
            @real_clock
            async def test_timer(self) -> None:
                steps = await self.counted()
                await trio.sleep(0.3)
                self.assertEqual(steps.count, 1)  # its own

            @explore_schedules(runs=1)
            @real_clock
            async def test_like_a_deadlock(self) -> None:
                steps = await self.counted()
                with trio.move_on_after(0.5):
                    await trio.Event().wait()
                self.assertEqual(steps.count, 1)

            async def counted(self) -> Steps:
                await trio.testing.wait_all_tasks_blocked()
                steps = Steps()
                trio.lowlevel.add_instrument(steps)
                return steps

            @explore_schedules(runs=1)
            @mock_clock
            async def test_socket(self) -> None:
                one, other = trio.socket.socketpair()
                with one, other:
                    timer = threading.Timer(0.3, os.write, [other.fileno(), b"x"])
                    timer.start()
                    steps = await self.counted()
                    await one.recv(1)
                    timer.join()
                self.assertEqual(steps.count, 1)

        with impatient(), hasty():
            for name in ["test_timer", "test_like_a_deadlock", "test_socket"]:
                self.assertEqual(told(Inner, name), ["pass"])


class TestSubTests(unittest.TestCase):
    """What a subtest has to tell is told by the run that counts."""

    maxDiff = None

    def test_passing(self) -> None:
        """Subtests that pass are told once, not once for each run."""

        class Inner(AsyncTrioTestCase):
            @explore_schedules(runs=5)
            async def test(self) -> None:
                for number in range(3):
                    with self.subTest(number):
                        await trio.lowlevel.checkpoint()
                        with self.subTest("nested"):
                            await trio.lowlevel.checkpoint()

        result = run(Inner)
        self.assertEqual((result.told, result.passed_subtests), (["pass"], 6))

    def test_failing(self) -> None:
        """Each that fails is told, with the note; the test goes on to its end."""

        class Inner(AsyncTrioTestCase):
            runs = 0
            ends = 0

            @explore_schedules(runs=5, seed=1)
            async def test(self) -> None:
                Inner.runs += 1
                for number in range(3):
                    with self.subTest(number=number):
                        await trio.lowlevel.checkpoint()
                        if Inner.runs == 2 and number != 1:
                            raise ValueError(number)
                Inner.ends += 1

        result = run(Inner)
        self.assertEqual(
            result.told, ["subtest ERROR ValueError: 0", "subtest ERROR ValueError: 2"]
        )
        self.assertEqual((Inner.runs, Inner.ends, result.passed_subtests), (2, 2, 1))
        for text in result.texts:
            self.assertIn("\n" + FOUND.format(2, 5, TWO), text)

    def test_nested(self) -> None:
        """A failure in a nested one is its own; the outer one has not passed."""

        class Inner(AsyncTrioTestCase):
            @explore_schedules(seed=1)
            async def test(self) -> None:
                with self.subTest("outer"):
                    with self.subTest("inner"):
                        self.fail("inner")
                    await trio.lowlevel.checkpoint()
                self.fail("test")

        result = run(Inner)
        self.assertEqual(
            result.told,
            ["subtest FAIL AssertionError: inner", "FAIL AssertionError: test"],
        )
        self.assertEqual(result.passed_subtests, 0)

    def test_skipped(self) -> None:
        """A skip in a subtest skips that alone, and ends no exploration."""

        class Inner(AsyncTrioTestCase):
            runs = 0

            @explore_schedules(runs=5)
            async def test(self) -> None:
                Inner.runs += 1
                with self.subTest("skipped"):
                    self.skipTest("why")
                await trio.lowlevel.checkpoint()

        told_by_plain = self.plain(Inner)
        Inner.runs = 0
        self.assertEqual(told(Inner), told_by_plain)
        self.assertEqual(Inner.runs, 5)

    def plain(self, explored: type[AsyncTrioTestCase]) -> list[str]:
        """Return what a test is told that does the same in one run."""

        class Plain(explored):  # type: ignore[misc,valid-type]
            async def test_plain(self) -> None:
                await self.test()

        return told(Plain, "test_plain")

    def test_failfast(self) -> None:
        """With failfast, the first one that fails ends the test."""

        class Inner(AsyncTrioTestCase):
            @explore_schedules(seed=1)
            async def test(self) -> None:
                with self.subTest():
                    await trio.lowlevel.checkpoint()
                    self.fail("0")
                raise NotImplementedError

        result = run(Inner, failfast=True)
        self.assertEqual(result.told, ["subtest FAIL AssertionError: 0"])
        self.assertTrue(result.shouldStop)
        (text,) = result.texts
        self.assertIn(FOUND.format(1, 100, ONE), text)

    def test_failfast_in_a_nested_one(self) -> None:
        """So does one inside another, which has nothing of its own to tell then."""

        class Inner(AsyncTrioTestCase):
            @explore_schedules(seed=1)
            async def test(self) -> None:
                with self.subTest("outer"):
                    with self.subTest("inner"):
                        await trio.lowlevel.checkpoint()
                        self.fail("0")
                    raise NotImplementedError

        result = run(Inner, failfast=True)
        self.assertEqual(result.told, ["subtest FAIL AssertionError: 0"])
        self.assertEqual(result.passed_subtests, 0)

    def test_in_debug(self) -> None:
        """In ``debug()`` the first that fails is raised, as ever."""

        class Inner(AsyncTrioTestCase):
            runs = 0

            @explore_schedules(runs=5, seed=1)
            async def test(self) -> None:
                Inner.runs += 1
                with self.subTest("first"):
                    await trio.lowlevel.checkpoint()
                    self.assertLess(Inner.runs, 3, "first")
                if Inner.runs == 3:
                    raise NotImplementedError

        self.assertIn("first", str(debug_error(Inner)))
        self.assertEqual(Inner.runs, 3)


class TestSkips(unittest.TestCase):
    def test_in_the_first_run(self) -> None:
        """It skips the test, in any stage, and there is no other run."""

        class Inner(AsyncTrioTestCase):
            runs = 0

            @explore_schedules(runs=5)
            async def test(self) -> None:
                Inner.runs += 1
                await trio.lowlevel.checkpoint()
                self.skipTest("why")

            @explore_schedules(runs=5)
            async def test_raise(self) -> None:
                Inner.runs += 1
                self.nursery.start_soon(self.background)
                await trio.sleep_forever()

            async def background(self) -> None:
                raise unittest.SkipTest("why")

        class Setup(Inner):
            async def asyncSetUp(self) -> None:
                Inner.runs += 1
                self.skipTest("why")

        for case, name in [(Inner, "test"), (Inner, "test_raise"), (Setup, "test")]:
            Inner.runs = 0
            self.assertEqual(told(case, name), ["skip why"])
            self.assertEqual(Inner.runs, 1)
            with self.assertRaises(unittest.SkipTest):
                case(name).debug()

    def test_in_a_later_run(self) -> None:
        """It skips that run: the test has passed, if no other run fails."""

        class Inner(AsyncTrioTestCase):
            runs = 0

            @explore_schedules(runs=5, seed=1)
            async def test(self) -> None:
                Inner.runs += 1
                if Inner.runs in (2, 5):
                    self.skipTest("why")

            @explore_schedules(runs=5, seed=1)
            async def test_failing(self) -> None:
                await self.test()
                self.assertLess(Inner.runs, 3)

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(Inner.runs, 5)
        Inner.runs = 0
        Inner("test").debug()
        Inner.runs = 0
        self.assertIn(FOUND.format(3, 5, THREE), report(Inner, "test_failing"))

    def test_beside_an_error(self) -> None:
        """A run that is skipped and has an error beside it has failed."""

        class Inner(AsyncTrioTestCase):
            @explore_schedules(runs=5, seed=1)
            async def test(self) -> None:
                self.addCleanup(self.fail, "cleanup")
                self.skipTest("why")

        result = run(Inner)
        self.assertEqual(
            sorted(result.told), ["FAIL AssertionError: cleanup", "skip why"]
        )
        self.assertIn(FOUND.format(1, 5, ONE), result.texts[0])

    def test_pytests_own(self) -> None:
        """pytest's signal for it is one, too; that for a failure is a failure."""

        class Inner(AsyncTrioTestCase):
            runs = 0

            async def come_to(self, run: int, signal: Callable[[str], object]) -> None:
                type(self).runs += 1
                if self.runs == run:
                    await trio.lowlevel.checkpoint()
                    signal("why")
                await trio.sleep(1)

            @explore_schedules(runs=5, seed=1)
            async def test_first(self) -> None:
                await self.come_to(1, pytest.skip)

            @explore_schedules(runs=5, seed=1)
            async def test_later(self) -> None:
                await self.come_to(3, pytest.skip)

            @explore_schedules(runs=5, seed=1)
            async def test_fail(self) -> None:
                await self.come_to(3, pytest.fail)

            @explore_schedules(runs=5, seed=1)
            async def test_xfail(self) -> None:
                await self.come_to(3, pytest.xfail)

            @cancellation_sweep(seed=1)
            async def test_sweep_first(self) -> None:
                await self.come_to(1, pytest.skip)

            @cancellation_sweep(seed=1)
            async def test_sweep_later(self) -> None:
                await self.come_to(2, pytest.skip)

            @cancellation_sweep(seed=1)
            async def test_sweep_fail(self) -> None:
                try:
                    await self.come_to(9, pytest.fail)
                finally:
                    if self.runs == 2:
                        pytest.fail("why")

            @cancellation_sweep(seed=1)
            async def test_sweep_xfail(self) -> None:
                try:
                    await self.come_to(9, pytest.xfail)
                finally:
                    if self.runs == 2:
                        pytest.xfail("why")

        explored = FOUND.format(3, 5, THREE)
        swept = "Found by @cancellation_sweep at point 0 of 1, with seed 1. "
        for name, verdict, runs, note in [
            # unittest itself does not know it: it is the first run that is told.
            ("test_first", "ERROR Skipped: why", 1, None),
            ("test_later", "pass", 5, None),
            ("test_fail", "ERROR Failed: why", 3, explored),
            ("test_xfail", "ERROR XFailed: why", 3, explored),
            ("test_sweep_first", "ERROR Skipped: why", 1, None),
            ("test_sweep_later", "pass", 3, None),
            ("test_sweep_fail", "ERROR Failed: why", 2, swept),
            ("test_sweep_xfail", "ERROR XFailed: why", 2, swept),
        ]:
            Inner.runs = 0
            with self.subTest(name):
                result = run(Inner, name)
                self.assertEqual((result.told, Inner.runs), ([verdict], runs))
                for text in result.texts:
                    if note is None:
                        self.assertNotIn("Found by", text)
                    else:
                        self.assertIn(f"\n{note}", text)

    def test_decorators(self) -> None:
        """A test that is skipped by its decorator, or its class's, starts no run."""

        class Inner(AsyncTrioTestCase):
            def runTrio(self, *args: Any, **options: Any) -> object:
                raise NotImplementedError

            @explore_schedules
            @unittest.skip("below")
            async def test_below(self) -> None:
                raise NotImplementedError

            @unittest.skipIf(True, "above")
            @explore_schedules
            async def test_above(self) -> None:
                raise NotImplementedError

            async def test_class(self) -> None:
                raise NotImplementedError

        for name in ["below", "above"]:
            self.assertEqual(told(Inner, f"test_{name}"), [f"skip {name}"])
        skipped = unittest.skip("class")(explore_schedules(Inner))
        self.assertEqual(told(skipped, "test_class"), ["skip class"])


class TestExpectedFailures(unittest.TestCase):
    maxDiff = None

    def test_a_failing_run(self) -> None:
        """A run whose test fails is the expected failure, in either order."""

        class Inner(AsyncTrioTestCase):
            runs = 0

            @unittest.expectedFailure
            @explore_schedules(runs=5, seed=1)
            async def test_above(self) -> None:
                Inner.runs += 1
                self.assertLess(Inner.runs, 3, "body")

            @explore_schedules(runs=5, seed=1)
            @unittest.expectedFailure
            async def test_below(self) -> None:
                await self.test_above()

        for name in ["test_above", "test_below"]:
            Inner.runs = 0
            result = run(Inner, name)
            self.assertEqual(len(result.told), 1)
            self.assertIn("expected AssertionError: 3 not less than 3", result.told[0])
            self.assertTrue(result.wasSuccessful())
            self.assertEqual(Inner.runs, 3)

    def test_no_failing_run(self) -> None:
        """If all runs pass it is an unexpected success."""

        class Inner(AsyncTrioTestCase):
            runs = 0

            @unittest.expectedFailure
            @explore_schedules(runs=5)
            async def test(self) -> None:
                Inner.runs += 1

        self.assertEqual(told(Inner), ["unexpected success"])
        self.assertEqual(Inner.runs, 5)

    def test_subtest(self) -> None:
        """A subtest that fails is one as well, as without the decorator."""

        class Inner(AsyncTrioTestCase):
            @unittest.expectedFailure
            @explore_schedules(seed=1)
            async def test(self) -> None:
                with self.subTest():
                    await trio.lowlevel.checkpoint()
                    self.fail("expected")

            @unittest.expectedFailure
            async def test_plain(self) -> None:
                with self.subTest():
                    await trio.lowlevel.checkpoint()
                    self.fail("expected")

        explored, plain = (
            [line.splitlines()[0] for line in told(Inner, name)]
            for name in ("test", "test_plain")
        )
        self.assertEqual(explored, plain)

    def test_other_stages(self) -> None:
        """An error of the teardown is never expected."""

        class Inner(AsyncTrioTestCase):
            async def asyncTearDown(self) -> None:
                raise OSError("teardown")

            @unittest.expectedFailure
            @explore_schedules(seed=1)
            async def test(self) -> None:
                await trio.lowlevel.checkpoint()

        result = run(Inner)
        self.assertTrue(result.told[0].startswith("ERROR OSError: teardown"))
        self.assertFalse(result.wasSuccessful())


class TestClasses(unittest.TestCase):
    """On a class it holds for its tests; a method's own wins, subclasses inherit."""

    def runs_of(self, case: type[Any], name: str) -> int:
        """Return how often a test is run."""
        case.runs = 0
        self.assertEqual(told(case, name), ["pass"])
        return int(case.runs)

    def test_class_method_and_parent(self) -> None:
        """The method's own wins over the class's, and that over the parent's."""

        class Plain(AsyncTrioTestCase):
            runs = 0

            async def test(self) -> None:
                type(self).runs += 1

            @explore_schedules(runs=2)
            async def test_two(self) -> None:
                type(self).runs += 1

            @cancellation_sweep
            async def test_swept(self) -> None:
                type(self).runs += 1

        @explore_schedules(runs=3)
        class Three(Plain):
            def test_sync(self) -> None:
                type(self).runs += 1

        class Below(Three):
            pass

        @cancellation_sweep
        class Swept(Three):
            pass

        @explore_schedules(runs=4)
        class Mixin:
            pass

        class Mixed(Mixin, Plain):
            pass

        for case, name, runs in [
            (Plain, "test", 1),
            (Plain, "test_two", 2),
            (Three, "test", 3),
            (Three, "test_sync", 3),
            (Three, "test_two", 2),
            (Three, "test_swept", 2),
            (Below, "test", 3),
            (Below, "test_two", 2),
            (Swept, "test", 2),
            (Swept, "test_two", 2),
            (Mixed, "test", 4),
        ]:
            with self.subTest(case, name=name):
                self.assertEqual(self.runs_of(case, name), runs)

    def test_beside_other_decorators(self) -> None:
        """It composes with patches, clocks and limits in any order."""

        class Inner(AsyncTrioTestCase):
            runs = 0

            @mock.patch.object(sys, "argv", ["patched"])
            @explore_schedules(runs=2)
            @time_limit(5)
            async def test_below(self) -> None:
                self.check()

            @time_limit(5)
            @explore_schedules(runs=2)
            @mock_clock
            @mock.patch.object(sys, "argv", ["patched"])
            @deadlock_check(False)
            async def test_above(self) -> None:
                self.check()

            def check(self) -> None:
                Inner.runs += 1
                self.assertEqual(sys.argv, ["patched"])

        for name in ["test_below", "test_above"]:
            self.assertEqual(self.runs_of(Inner, name), 2)


class TestCtrlC(unittest.TestCase):
    """Ctrl-C stops the exploration, and the run of all tests."""

    def test_in_a_run(self) -> None:
        """The cleanups of that run are run, and those from before; then it stops."""
        for method in ("run", "debug"):
            for real in (False, True):
                events: list[str] = []

                class Inner(AsyncTrioTestCase):
                    runs = 0
                    raises: bool

                    @explore_schedules(runs=5)
                    async def test(self, events: list[str] = events) -> None:
                        Inner.runs += 1
                        events.append("test")
                        self.addAsyncCleanup(self.clean_up, events)
                        if Inner.runs == 2:
                            if self.raises:
                                raise KeyboardInterrupt
                            signal.raise_signal(signal.SIGINT)
                            raise NotImplementedError

                    async def clean_up(self, events: list[str]) -> None:
                        await trio.lowlevel.checkpoint()
                        events.append("cleanup")

                Inner.raises = not real
                case = Inner("test")
                case.addCleanup(events.append, "from before")
                result = Recorder()
                before = signal.signal(signal.SIGINT, signal.default_int_handler)
                try:
                    with (
                        self.subTest(method, real=real),
                        self.assertRaises(KeyboardInterrupt),
                    ):
                        case.run(result) if method == "run" else case.debug()
                finally:
                    signal.signal(signal.SIGINT, before)
                self.assertEqual(events[:4], ["test", "cleanup"] * 2)
                self.assertEqual(result.told, [])
                self.assertEqual((Inner.runs, case._outcome), (2, None))  # type: ignore

    def test_error_beside_it(self) -> None:
        """What else has gone wrong in that run is told."""

        class Inner(AsyncTrioTestCase):
            @explore_schedules(runs=5)
            async def test(self) -> None:
                self.addCleanup(self.fail, "cleanup")
                raise KeyboardInterrupt

        result = Recorder()
        with self.assertRaises(KeyboardInterrupt):
            Inner("test").run(result)
        if sys.version_info >= (3, 11):  # 3.10 tells at the end, which never comes
            self.assertEqual(result.told, ["FAIL AssertionError: cleanup"])


TESTS = """
import unittest
import trio
from triocase import (
    AsyncTrioTestCase, cancellation_sweep, explore_schedules, fixture)

class TestIt(AsyncTrioTestCase):
    runs = 0

    @fixture
    async def value(self):
        yield 3

    async def step(self):
        TestIt.runs += 1
        async with trio.open_nursery() as nursery:
            for _ in range(self.value):
                nursery.start_soon(trio.lowlevel.checkpoint)

    @explore_schedules
    async def test_a_pass(self):
        await self.step()

    def test_b_runs(self):
        self.assertEqual(self.runs, 100)
        TestIt.runs = 0

    @explore_schedules(seed=1)
    async def test_c_fail(self):
        await self.step()
        self.assertLess(self.runs, 3)

    @explore_schedules
    async def test_d_skip(self):
        self.skipTest("why")

    @explore_schedules
    async def test_e_deadlock(self):
        await trio.Event().wait()

    @unittest.expectedFailure
    @explore_schedules
    async def test_f_expected(self):
        self.fail()

    @explore_schedules(runs=3)
    async def test_g_subtests(self):
        for number in range(2):
            with self.subTest(number):
                await self.step()
"""
PYTESTS = """
    @explore_schedules
    async def test_h_skip(self):
        pytest.skip("why")

    @explore_schedules(seed=1)
    async def test_i_fail(self):
        await self.step()
        pytest.fail("pytest's own")

    def test_j_again(self):
        TestIt.runs = 0

    @explore_schedules(runs=3)
    async def test_k_skip_later(self):
        await self.step()
        if self.runs == 2:
            pytest.skip("why")

    def test_l_runs(self):
        assert self.runs == 3
        TestIt.runs = 0

    @explore_schedules(seed=1)
    async def test_m_xfail(self):
        await self.step()
        if self.runs == 3:
            pytest.xfail("not yet")

    def test_n_runs(self):
        assert self.runs == 3
        TestIt.runs = 0

    @cancellation_sweep
    async def test_o_skip(self):
        await self.step()
        pytest.skip("why")

    def test_p_runs(self):
        assert self.runs == 1
        TestIt.runs = 0

    @cancellation_sweep(seed=1)
    async def test_q_skip_later(self):
        TestIt.runs += 1
        if self.runs == 2:
            pytest.skip("why")
        await trio.sleep(1)

    def test_r_runs(self):
        assert self.runs == 3
"""


class TestRunners(unittest.TestCase):
    """The same verdicts under unittest and pytest."""

    maxDiff = None

    def test_unittest(self) -> None:
        """One verdict for each test, however many runs it had."""
        code, output = Process(TESTS, *UNITTEST).finish()
        self.assertEqual(code, 1, output)
        verdicts = re.findall(r"(?m)^test_(\w).* \.\.\. (.*)$", output)
        self.assertEqual(
            verdicts,
            [
                ("a", "ok"),
                ("b", "ok"),
                ("c", "FAIL"),
                ("d", "skipped 'why'"),
                ("e", "ERROR"),
                ("f", "expected failure"),
                ("g", "ok"),
            ],
        )
        self.assertIn("\nRan 7 tests in ", output)
        self.assertIn(FOUND.format(3, 100, THREE), output)

    def test_pytest(self) -> None:
        """Under pytest, too; its own signals are known."""
        source = f"import pytest\n{TESTS}{PYTESTS}"
        code, output = Process(source, *PYTEST, "-rs").finish()
        self.assertEqual(code, 1, output)
        # The skips, whose reasons are as they were given.
        reasons = re.findall(r"(?m)^SKIPPED \[\d\] test_it.py:\d+: (.*)$", output)
        self.assertEqual(reasons, ["why"] * len(reasons))
        self.assertEqual(len(reasons), 3)
        verdicts = re.findall(r"(?m)^test_it.py::TestIt::test_(\w)\w+ ([A-Z]+)", output)
        self.assertEqual(
            verdicts,
            [
                ("a", "PASSED"),
                ("b", "PASSED"),
                ("c", "FAILED"),
                ("d", "SKIPPED"),
                ("e", "FAILED"),
                ("f", "XFAIL"),
                ("g", "PASSED"),
                ("h", "SKIPPED"),
                ("i", "FAILED"),
                ("j", "PASSED"),
                ("k", "PASSED"),
                ("l", "PASSED"),
                ("m", "XFAIL"),
                ("n", "PASSED"),
                ("o", "SKIPPED"),
                ("p", "PASSED"),
                ("q", "PASSED"),
                ("r", "PASSED"),
            ],
        )
        self.assertIn(FOUND.format(3, 100, THREE), output)
        self.assertIn("python -m pytest test_it.py::TestIt::test_c_fail\n", output)
        (failed,) = re.findall(r"(?s)_ TestIt.test_i_fail _(.*)short test", output)
        self.assertIn("pytest's own", failed)
        self.assertIn("\nE   Found by @explore_schedules in run 1 of 100", failed)
