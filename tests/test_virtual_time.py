"""Virtual time: the clock of each test, worker threads beside it, advanceClock."""

from __future__ import annotations

import asyncio
import functools
import math
import random
import socket
import threading
import time
import unittest
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from unittest import mock

import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from triocase import AsyncTrioTestCase, autojump_clock, mock_clock, real_clock

from .harness import Process, debug_error, report, run, told

YEAR = 365 * 24 * 60 * 60.0


def spend(seconds: float) -> None:
    """Spend real time in a task's step."""
    time.sleep(seconds)


class VirtualTestCase(unittest.TestCase):
    def check(self, case: type[AsyncTrioTestCase], name: str = "test") -> None:
        """The inner test passes, in run() and in debug(), and takes little time."""
        start = time.perf_counter()
        result = run(case, name)
        self.assertEqual(result.told, ["pass"], result.texts)
        case(name).debug()
        self.assertLess(time.perf_counter() - start, 10)


class TestClock(VirtualTestCase):
    def test_autojump(self) -> None:
        """A year of sleep takes no time, and is exactly a year."""

        class Inner(AsyncTrioTestCase):
            @autojump_clock
            async def test(self) -> None:
                await trio.sleep(YEAR)
                self.assertEqual(trio.current_time(), YEAR)

        self.check(Inner)

    def test_autojump_timeout(self) -> None:
        """Timeouts fire, in order, each at its time; those that are left do not."""

        class Inner(AsyncTrioTestCase):
            @autojump_clock
            async def test(self) -> None:
                with trio.move_on_after(5) as outer:
                    with trio.fail_after(10):
                        await trio.sleep(4.5)
                    with self.assertRaises(trio.TooSlowError), trio.fail_after(0.25):
                        await trio.sleep_forever()
                    self.assertEqual(trio.current_time(), 4.75)
                    await trio.sleep_forever()
                self.assertTrue(outer.cancelled_caught)
                self.assertEqual(trio.current_time(), 5)

        self.check(Inner)

    def test_autojump_threshold(self) -> None:
        """Time jumps only when all tasks have been blocked for the threshold."""

        class Inner(AsyncTrioTestCase):
            @autojump_clock(threshold=0.2)
            async def test(self) -> None:
                start = time.perf_counter()
                await trio.sleep(1000)
                self.assertGreaterEqual(time.perf_counter() - start, 0.19)
                self.assertEqual(trio.current_time(), 1000)

        self.check(Inner)

    def test_mock_clock_stands_still(self) -> None:
        """Without autojump time moves only when told."""

        class Inner(AsyncTrioTestCase):
            @mock_clock
            async def test(self) -> None:
                self.nursery.start_soon(trio.sleep, 1)
                spend(0.02)
                await wait_all_tasks_blocked(0.02)
                self.assertEqual(trio.current_time(), 0)
                self.clock.jump(0.5)
                self.assertEqual(trio.current_time(), 0.5)

        self.check(Inner)

    def test_rate(self) -> None:
        """With a rate, time runs at so many virtual seconds for each real one."""

        class Inner(AsyncTrioTestCase):
            @mock_clock(rate=1000)
            async def test(self) -> None:
                start = time.perf_counter()
                await trio.sleep(100)
                self.assertGreaterEqual(time.perf_counter() - start, 0.09)
                self.assertGreaterEqual(trio.current_time(), 100)

        self.check(Inner)

    def test_real_clock(self) -> None:
        """Time is real without a decorator, and with real_clock."""

        @autojump_clock
        class Inner(AsyncTrioTestCase):
            @real_clock
            async def test(self) -> None:
                start = time.perf_counter()
                await trio.sleep(0.05)
                self.assertGreaterEqual(time.perf_counter() - start, 0.05)
                self.assertNotIsInstance(trio.lowlevel.current_clock(), MockClock)

        self.check(Inner)

    def test_is_the_clock_of_the_run(self) -> None:
        """self.clock is the MockClock of the run, in all stages."""

        @autojump_clock
        class Inner(AsyncTrioTestCase):
            def look(self) -> None:
                self.assertIsInstance(self.clock, MockClock)
                self.assertIs(self.clock, trio.lowlevel.current_clock())

            async def wait(self) -> None:
                self.look()
                await trio.sleep(10)

            def setUp(self) -> None:
                self.look()
                self.addCleanup(self.wait)

            async def asyncSetUp(self) -> None:
                await self.wait()

            async def test(self) -> None:
                await self.wait()
                await trio.to_thread.run_sync(lambda: self.clock)

            async def asyncTearDown(self) -> None:
                await self.wait()

            def tearDown(self) -> None:
                self.look()

        self.check(Inner)

    def test_is_fresh_for_each_run(self) -> None:
        """Each run has a clock of its own, which starts at 0, also when run again."""
        seen: list[MockClock] = []

        @mock_clock
        class Inner(AsyncTrioTestCase):
            def setUp(self) -> None:
                self.assertEqual(trio.current_time(), 0)
                self.assertNotIn(self.clock, seen)
                seen.append(self.clock)

            async def test(self) -> None:
                await self.advanceClock(5)
                self.clock.rate = 7
                self.clock.autojump_threshold = 3

            @autojump_clock(threshold=0)
            async def test_other(self) -> None:
                self.assertEqual(self.clock.rate, 0)
                await trio.sleep(5)

        case = Inner("test")
        for name in ["test", "test_other", "test"]:
            self.check(Inner, name)
        for _ in range(3):
            case.debug()
        self.assertEqual(len(seen), 9)

    def test_own_clock_shadows_ours(self) -> None:
        """A test may assign its own self.clock, also on the class."""

        class Inner(AsyncTrioTestCase):
            @autojump_clock
            async def test(self) -> None:
                self.clock = "mine"  # type: ignore[assignment]
                self.assertEqual(self.clock, "mine")
                await trio.sleep(1000)
                await self.advanceClock(1)

        class Other(AsyncTrioTestCase):
            clock = "mine"  # type: ignore[assignment]

            async def test(self) -> None:
                self.assertEqual(self.clock, "mine")

        self.check(Inner)
        self.check(Other)

    def test_on_real_time(self) -> None:
        """self.clock is an AttributeError that names the decorators."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                self.assertFalse(hasattr(self, "clock"))
                self.clock.jump(1)

        name = f"{Inner.__module__}.{Inner.__qualname__}"
        if run(Inner).errors[0][1].count(f"({name}.test)"):
            name += ".test"  # how unittest calls a test since 3.11
        self.assertEqual(
            told(Inner),
            [
                f"ERROR AttributeError: {Inner.__qualname__}.clock: test ({name}) runs on "
                f"real time. Decorate it, or its class, with `@autojump_clock` or "
                f"`@mock_clock`."
            ],
        )
        self.assertIsInstance(debug_error(Inner), AttributeError)

    def test_outside_of_a_test(self) -> None:
        """Before and after the run it is an AttributeError, too."""

        @autojump_clock
        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                pass

        case = Inner("test")
        for _ in range(2):
            with self.assertRaises(AttributeError) as caught:
                _ = case.clock
            self.assertEqual(
                str(caught.exception),
                f"{Inner.__qualname__}.clock is there only while a test runs, from its "
                f"setup to the last cleanup.",
            )
            case.debug()
        self.assertIsNotNone(Inner.clock)

    def test_patched_time(self) -> None:
        """Tests may patch what the harness uses."""

        class Inner(AsyncTrioTestCase):
            @autojump_clock
            @mock.patch("time.perf_counter", None)
            @mock.patch("trio.testing.wait_all_tasks_blocked", None)
            @mock.patch("trio.testing.MockClock", None)
            @mock.patch("trio.testing.active_thread_count", None)
            @mock.patch("trio.lowlevel.current_statistics", None)
            async def test(self, *_: object) -> None:
                await trio.to_thread.run_sync(int)
                await self.advanceClock(2)
                await trio.sleep(3)

        self.check(Inner)

    def test_in_threads(self) -> None:
        """Tests that run in several threads at once have a clock each."""

        class Inner(AsyncTrioTestCase):
            @autojump_clock
            async def test(self) -> None:
                for i in range(100):
                    await trio.sleep(i)
                self.assertEqual(trio.current_time(), 4950)

        found: list[list[str]] = []
        threads = [
            threading.Thread(target=lambda: found.append(told(Inner))) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(found, [["pass"]] * 4)


class TestRunTrio(VirtualTestCase):
    def test_gets_the_clock(self) -> None:
        """runTrio gets the clock and the instruments; None and none in real time."""
        seen: list[object] = []

        class Inner(AsyncTrioTestCase):
            def runTrio(
                self,
                async_fn: Callable[[], Awaitable[object]],
                *,
                clock: trio.abc.Clock | None,
                instruments: Sequence[trio.abc.Instrument],
            ) -> None:
                seen.append(clock and type(clock))
                seen.append(len(instruments))
                trio.run(async_fn, clock=clock, instruments=instruments)

            async def test_real(self) -> None:
                pass

            @autojump_clock
            async def test_virtual(self) -> None:
                await trio.sleep(YEAR)

        self.check(Inner, "test_real")
        self.assertEqual(seen, [None, 0] * 2)
        self.check(Inner, "test_virtual")
        self.assertEqual(seen[4:], [MockClock, 1] * 2)

    def test_that_drops_them(self) -> None:
        """A run without the clock or the instruments is an ERROR, not real time."""

        def dropping(*names: str) -> type[AsyncTrioTestCase]:
            class Inner(AsyncTrioTestCase):
                def runTrio(self, async_fn: Any, **kwargs: Any) -> None:
                    for name in names:
                        del kwargs[name]
                    trio.run(async_fn, **kwargs)

                @mock_clock
                async def test(self) -> None:
                    raise NotImplementedError

            return Inner

        for case in [dropping("clock"), dropping("instruments")]:
            self.assertEqual(
                told(case),
                [
                    "ERROR RuntimeError: the test asks for virtual time, but its run has "
                    "another clock, or none of its instruments. Let `runTrio` pass on "
                    "its arguments `clock` and `instruments`."
                ],
            )


class TestThreads(VirtualTestCase):
    def test_timeout_around_a_thread(self) -> None:
        """A timeout around a short call in a thread does not fire."""

        class Inner(AsyncTrioTestCase):
            @autojump_clock
            async def test(self) -> None:
                for limiter in [None, trio.CapacityLimiter(1)]:
                    start = trio.current_time()
                    with trio.fail_after(5):
                        await trio.to_thread.run_sync(
                            time.sleep, 0.2, limiter=limiter, abandon_on_cancel=True
                        )
                    self.assertGreater(trio.current_time() - start, 0.15)
                    self.assertLess(trio.current_time() - start, 4)

        self.check(Inner)

    def test_timeout_that_fires(self) -> None:
        """Time runs at the real rate while a thread works, so a short timeout fires."""

        class Inner(AsyncTrioTestCase):
            @autojump_clock
            async def test(self) -> None:
                release = threading.Event()
                start = time.perf_counter()
                with trio.move_on_after(0.1) as scope:
                    await trio.to_thread.run_sync(release.wait, abandon_on_cancel=True)
                self.assertTrue(scope.cancelled_caught)
                self.assertGreater(time.perf_counter() - start, 0.09)
                release.set()

        self.check(Inner)

    def test_jumps_again_afterwards(self) -> None:
        """When the thread is done, time stands still and jumps; the clock is as it was."""

        class Inner(AsyncTrioTestCase):
            @autojump_clock
            async def test(self) -> None:
                for _ in range(3):
                    await trio.to_thread.run_sync(time.sleep, 0.01)
                    start = trio.current_time()
                    spend(0.01)
                    self.assertEqual(trio.current_time(), start)
                    self.assertEqual(self.clock.rate, 0)
                    self.assertEqual(self.clock.autojump_threshold, 0)
                    await trio.sleep(YEAR)
                    self.assertAlmostEqual(trio.current_time() - start, YEAR)

        self.check(Inner)

    def test_thread_that_waits_for_a_timer(self) -> None:
        """A thread that waits for a sleep in the run gets it, at the real rate."""

        class Inner(AsyncTrioTestCase):
            async def wait(self, **kwargs: bool) -> None:
                def in_thread() -> None:
                    trio.from_thread.run(trio.sleep, 0.1)

                start = time.perf_counter()
                await trio.to_thread.run_sync(in_thread, **kwargs)
                self.assertGreaterEqual(time.perf_counter() - start, 0.09)

            @autojump_clock
            async def test(self) -> None:
                await self.wait()
                await self.wait(abandon_on_cancel=True)

        self.check(Inner)

    def test_thread_that_waits_for_a_task(self) -> None:
        """A thread that waits for an event which a sleeping task sets gets it."""

        class Inner(AsyncTrioTestCase):
            @autojump_clock
            async def test(self) -> None:
                release = threading.Event()

                async def later() -> None:
                    await trio.sleep(0.1)
                    release.set()

                self.nursery.start_soon(later)
                await trio.to_thread.run_sync(release.wait)

        self.check(Inner)

    def test_thread_that_never_ends(self) -> None:
        """A thread that was abandoned is nobody's concern: time jumps again."""

        class Inner(AsyncTrioTestCase):
            @autojump_clock
            async def test(self) -> None:
                release = threading.Event()
                self.addCleanup(release.set)
                with trio.move_on_after(0.05):
                    await trio.to_thread.run_sync(release.wait, abandon_on_cancel=True)
                await trio.sleep(YEAR)

        self.check(Inner)

    def test_background_thread(self) -> None:
        """It does not matter which task waits for the thread."""

        class Inner(AsyncTrioTestCase):
            @autojump_clock
            async def test(self) -> None:
                self.nursery.start_soon(trio.to_thread.run_sync, time.sleep, 0.1)
                await wait_all_tasks_blocked()
                start = time.perf_counter()
                await trio.sleep(0.05)
                self.assertGreaterEqual(time.perf_counter() - start, 0.04)

        self.check(Inner)

    def test_several_threads(self) -> None:
        """Time runs until the last thread is done, and no faster for many of them."""

        class Inner(AsyncTrioTestCase):
            @autojump_clock
            async def test(self) -> None:
                real = time.perf_counter()
                async with trio.open_nursery() as nursery:
                    for i in range(5):
                        nursery.start_soon(trio.to_thread.run_sync, time.sleep, i / 50)
                self.assertGreater(trio.current_time(), 0.04)
                self.assertLessEqual(trio.current_time(), time.perf_counter() - real)

        self.check(Inner)

    def test_task_that_waits_for_a_limiter(self) -> None:
        """A call that waits for its limiter is not at work: time jumps."""

        class Inner(AsyncTrioTestCase):
            @autojump_clock
            async def test(self) -> None:
                limiter = trio.CapacityLimiter(1)

                async def hold() -> None:
                    async with limiter:
                        await trio.sleep(YEAR)

                async with trio.open_nursery() as nursery:
                    nursery.start_soon(hold)
                    await wait_all_tasks_blocked()
                    await trio.to_thread.run_sync(int, limiter=limiter)
                self.assertGreaterEqual(trio.current_time(), YEAR)

        self.check(Inner)

    def test_what_the_test_sets_meanwhile(self) -> None:
        """The test's own settings of the clock stand, beside threads too."""

        class Inner(AsyncTrioTestCase):
            @autojump_clock
            async def test(self) -> None:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(trio.to_thread.run_sync, time.sleep, 0.1)
                    await wait_all_tasks_blocked()
                    self.assertEqual(self.clock.autojump_threshold, 0)
                    self.clock.autojump_threshold = math.inf
                    self.clock.jump(100)
                start = trio.current_time()
                self.assertGreaterEqual(start, 100)
                self.assertEqual(self.clock.autojump_threshold, math.inf)
                await wait_all_tasks_blocked(0.01)
                self.assertEqual(trio.current_time(), start)
                self.clock.rate = 5000
                self.clock.autojump_threshold = 0
                await trio.to_thread.run_sync(time.sleep, 0.1)
                self.assertGreater(trio.current_time(), start + 400)
                self.assertEqual(self.clock.rate, 5000)

        self.check(Inner)

    def test_frozen_time(self) -> None:
        """With mock_clock time moves only when told, threads or not."""

        class Inner(AsyncTrioTestCase):
            @mock_clock
            async def test(self) -> None:
                with trio.fail_after(0.001):
                    await trio.to_thread.run_sync(time.sleep, 0.05)
                self.assertEqual(trio.current_time(), 0)

        self.check(Inner)

    def test_threshold_beside_a_thread(self) -> None:
        """Time does not jump beside a thread, whatever the threshold."""

        class Inner(AsyncTrioTestCase):
            @autojump_clock(threshold=0.01)
            async def test(self) -> None:
                with trio.fail_after(5):
                    await trio.to_thread.run_sync(time.sleep, 0.2)
                self.assertLess(trio.current_time(), 4)
                self.assertEqual(self.clock.autojump_threshold, 0.01)
                await trio.sleep(YEAR)

        self.check(Inner)

    def test_many_threads_without_timers(self) -> None:
        """A wait for a thread is not taken for a wait for I/O; the clock is put back."""

        class Inner(AsyncTrioTestCase):
            @autojump_clock
            async def test(self) -> None:
                for i in range(130):
                    await trio.to_thread.run_sync(time.sleep, 0.0005)
                    self.assertEqual(self.clock.autojump_threshold, 0, i)
                    self.assertEqual(self.clock.rate, 0)
                await trio.sleep(YEAR)

        self.check(Inner)

    def test_deadlines_that_wake_nobody(self) -> None:
        """A deadline whose scope is shielded wakes no task; time jumps on to the next."""

        class Inner(AsyncTrioTestCase):
            @autojump_clock
            async def test(self) -> None:
                token = trio.lowlevel.current_trio_token()
                alarm = threading.Timer(30, token.run_sync_soon, [lambda: None])
                alarm.start()
                self.addCleanup(alarm.cancel)
                start = time.perf_counter()
                for _ in range(70):
                    with trio.move_on_after(1), trio.CancelScope(shield=True):
                        await trio.sleep(2)
                    await trio.lowlevel.checkpoint()
                self.assertLess(time.perf_counter() - start, 20)

        self.check(Inner)

    def test_busy_task_beside_a_thread(self) -> None:
        """What a task does meanwhile takes its time: a timeout is as long as it says."""

        class Inner(AsyncTrioTestCase):
            async def poll(self, wait: Callable[[], Awaitable[None]]) -> None:
                while True:
                    spend(0.005)
                    await wait()

            async def timeout(self) -> None:
                release = threading.Event()
                self.addCleanup(release.set)
                start = time.perf_counter()
                with trio.move_on_after(0.3) as scope:
                    await trio.to_thread.run_sync(
                        release.wait, 20, abandon_on_cancel=True
                    )
                self.assertTrue(scope.cancelled_caught)
                self.assertLess(time.perf_counter() - start, 3)

            @autojump_clock
            async def test_checkpoints(self) -> None:
                self.nursery.start_soon(self.poll, trio.lowlevel.checkpoint)
                await self.timeout()

            @autojump_clock
            async def test_sleeps(self) -> None:
                self.nursery.start_soon(self.poll, functools.partial(trio.sleep, 0.001))
                await self.timeout()

        self.check(Inner, "test_checkpoints")
        self.check(Inner, "test_sleeps")

    def test_deadline_set_from_outside(self) -> None:
        """A host that sets a deadline while all tasks are blocked is heard."""

        class Inner(AsyncTrioTestCase):
            def runTrio(self, async_fn: Any, **kwargs: Any) -> None:
                asyncio.run(self.host(async_fn, kwargs))

            async def host(self, async_fn: Any, kwargs: Any) -> None:
                loop = asyncio.get_running_loop()
                done = loop.create_future()
                trio.lowlevel.start_guest_run(
                    async_fn,
                    run_sync_soon_threadsafe=loop.call_soon_threadsafe,
                    done_callback=done.set_result,
                    **kwargs,
                )
                loop.call_later(0.2, self.set_deadline)
                (await done).unwrap()

            def set_deadline(self) -> None:
                self.scope.deadline = trio.current_time() + 5

            @autojump_clock
            async def test(self) -> None:
                with trio.CancelScope() as self.scope:
                    await trio.sleep_forever()
                self.assertEqual(trio.current_time(), 5)

        self.check(Inner)

    def test_waiting_for_a_socket(self) -> None:
        """With nothing to jump to, the run waits for I/O without using the CPU."""

        class Inner(AsyncTrioTestCase):
            @autojump_clock
            async def test(self) -> None:
                end, theirs = socket.socketpair()
                ours = trio.socket.from_stdlib_socket(end)
                with ours, theirs:
                    sender = threading.Timer(0.5, theirs.send, [b"x"])
                    sender.start()
                    cpu = time.process_time()
                    await ours.recv(1)
                    self.assertLess(time.process_time() - cpu, 0.2)
                    self.assertEqual(trio.current_time(), 0)
                    sender.join()
                await trio.sleep(YEAR)

        self.check(Inner)


class TestAdvanceClock(VirtualTestCase):
    def test_ticker(self) -> None:
        """A ticker fires at each of its times; clock.jump fires it once."""

        class Inner(AsyncTrioTestCase):
            async def tick(self, ticks: list[float]) -> None:
                while True:
                    await trio.sleep(1)
                    ticks.append(trio.current_time())

            async def check(self) -> None:
                ticks: list[float] = []
                self.nursery.start_soon(self.tick, ticks)
                await self.advanceClock(3.5)
                self.assertEqual(ticks, [1, 2, 3])
                self.assertEqual(trio.current_time(), 3.5)
                await self.advanceClock(0.5)
                self.assertEqual(ticks, [1, 2, 3, 4])
                self.clock.jump(3.5)
                await wait_all_tasks_blocked()
                self.assertEqual(ticks, [1, 2, 3, 4, 7.5])

            @mock_clock
            async def test_mock(self) -> None:
                await self.check()

            @autojump_clock
            async def test_autojump(self) -> None:
                await self.check()

        self.check(Inner, "test_mock")
        self.check(Inner, "test_autojump")

    def test_order(self) -> None:
        """Timers fire in the order of their deadlines; tasks settle in between."""

        class Inner(AsyncTrioTestCase):
            @mock_clock
            async def test(self) -> None:
                events: list[object] = []

                async def sleeper(seconds: float) -> None:
                    await trio.sleep(seconds)
                    for _ in range(10):
                        await trio.lowlevel.checkpoint()
                    events.append((seconds, trio.current_time()))
                    # a timer that is set on the way, and may be due on the way
                    self.nursery.start_soon(sleeper, seconds + 0.25)

                for seconds in [3, 1, 2]:
                    self.nursery.start_soon(sleeper, seconds)
                await self.advanceClock(2.5)
                self.assertEqual(events, [(1, 1), (2, 2), (1.25, 2.25)])

        self.check(Inner)

    def test_first_lets_tasks_settle(self) -> None:
        """Tasks that were just started set their timers before time moves."""

        class Inner(AsyncTrioTestCase):
            @mock_clock
            async def test(self) -> None:
                fired = trio.Event()

                async def sleeper() -> None:
                    for _ in range(10):
                        await trio.lowlevel.checkpoint()
                    await trio.sleep(1)
                    fired.set()

                self.nursery.start_soon(sleeper)
                await self.advanceClock(1)
                self.assertTrue(fired.is_set())

        self.check(Inner)

    def test_zero(self) -> None:
        """Zero seconds fire what is due, and let tasks settle."""

        class Inner(AsyncTrioTestCase):
            @mock_clock
            async def test(self) -> None:
                fired = trio.Event()

                async def sleeper() -> None:
                    await trio.sleep(1)
                    fired.set()

                self.nursery.start_soon(sleeper)
                await wait_all_tasks_blocked()
                self.clock.jump(1)
                self.assertFalse(fired.is_set())
                await self.advanceClock(0)
                self.assertTrue(fired.is_set())
                self.assertEqual(trio.current_time(), 1)

        self.check(Inner)

    def test_without_timers(self) -> None:
        """Time moves with nothing on the way, and by awkward fractions too."""

        class Inner(AsyncTrioTestCase):
            @mock_clock
            async def test(self) -> None:
                await self.advanceClock(YEAR)
                for _ in range(10):
                    await self.advanceClock(0.1)
                self.assertAlmostEqual(trio.current_time(), YEAR + 1)

        self.check(Inner)

    def test_many_small_timers(self) -> None:
        """No timer is passed over or fired twice because of rounding."""

        class Inner(AsyncTrioTestCase):
            @mock_clock
            async def test(self) -> None:
                ticks = 0

                async def tick() -> None:
                    nonlocal ticks
                    while True:
                        await trio.sleep_until(0.1 * (ticks + 1))
                        ticks += 1

                self.nursery.start_soon(tick)
                await self.advanceClock(123.45)
                self.assertEqual(ticks, 1234)

        self.check(Inner)

    def test_jump_while_settling(self) -> None:
        """What moves time while tasks settle counts."""

        class Inner(AsyncTrioTestCase):
            @mock_clock
            async def test(self) -> None:
                async def jump() -> None:
                    self.clock.jump(0.75)

                self.nursery.start_soon(jump)
                await self.advanceClock(1)
                self.assertEqual(trio.current_time(), 1)

        self.check(Inner)

    def test_tasks_that_settle_themselves(self) -> None:
        """Tasks that wait until all others are blocked do so before time moves on."""

        class Inner(AsyncTrioTestCase):
            @mock_clock
            async def test(self) -> None:
                seen: list[float] = []

                async def worker(cushion: float) -> None:
                    await trio.sleep(1)
                    await wait_all_tasks_blocked(cushion)
                    seen.append(trio.current_time())

                for i in range(20):
                    self.nursery.start_soon(worker, 0.01 * (i % 2))
                await self.advanceClock(3)
                self.assertEqual(seen, [1] * 20)
                self.assertEqual(self.clock.autojump_threshold, math.inf)

        self.check(Inner)

    def test_two_at_once(self) -> None:
        """Two of them end in their turn, and time stands still afterwards."""

        class Inner(AsyncTrioTestCase):
            @mock_clock
            async def test(self) -> None:
                ends: list[float] = []

                async def advance(seconds: float) -> None:
                    await self.advanceClock(seconds)
                    ends.append(trio.current_time())

                async with trio.open_nursery() as nursery:
                    nursery.start_soon(advance, 5)
                    nursery.start_soon(advance, 3)
                self.assertEqual(ends, [3, 5])
                self.nursery.start_soon(trio.sleep, 1)
                await wait_all_tasks_blocked(0.01)
                self.assertEqual(trio.current_time(), 5)

        self.check(Inner)

    def test_beside_a_thread(self) -> None:
        """A thread at work does not hold it up."""

        class Inner(AsyncTrioTestCase):
            @autojump_clock
            async def test(self) -> None:
                release = threading.Event()
                self.nursery.start_soon(trio.to_thread.run_sync, release.wait)
                await self.advanceClock(YEAR)
                self.assertGreaterEqual(trio.current_time(), YEAR)
                release.set()

        self.check(Inner)

    def test_everywhere(self) -> None:
        """It works in every stage and in background tasks, and can be cancelled."""

        @mock_clock
        class Inner(AsyncTrioTestCase):
            async def asyncSetUp(self) -> None:
                self.addAsyncCleanup(self.advanceClock, 1)
                await self.advanceClock(1)

            async def test(self) -> None:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self.advanceClock, 1)
                with trio.move_on_after(0.5) as scope:
                    await self.advanceClock(1)
                self.assertTrue(scope.cancelled_caught)
                self.assertEqual(trio.current_time(), 2.5)

            async def asyncTearDown(self) -> None:
                await self.advanceClock(1)

        self.check(Inner)

    def test_running_clock(self) -> None:
        """Beside a rate, time moves by so much at least."""

        class Inner(AsyncTrioTestCase):
            @mock_clock(rate=1)
            async def test(self) -> None:
                start = trio.current_time()
                await self.advanceClock(YEAR)
                self.assertGreaterEqual(trio.current_time() - start, YEAR)
                self.assertLess(trio.current_time() - start, YEAR + 5)

            @mock_clock(rate=1000)
            async def test_timers(self) -> None:
                # Some are over by the time that advanceClock looks at them.
                for _ in range(1000):
                    self.nursery.start_soon(trio.sleep, random.uniform(0, 300))
                await self.advanceClock(300)

        self.check(Inner)
        self.check(Inner, "test_timers")

    def test_wrong_seconds(self) -> None:
        """Negative, infinite, NaN and what is no number is refused; time stands still."""

        class Inner(AsyncTrioTestCase):
            seconds: Any

            @mock_clock
            async def test(self) -> None:
                try:
                    await self.advanceClock(self.seconds)
                finally:
                    self.assertEqual(trio.current_time(), 0)

        for seconds, error in [
            *((-1, ValueError), (-1e-9, ValueError), (math.nan, ValueError)),
            *((math.inf, ValueError), ("1", TypeError), (None, TypeError)),
            *((True, TypeError),),
        ]:
            with self.subTest(seconds=seconds):
                Inner.seconds = seconds
                self.assertEqual(
                    told(Inner),
                    [
                        f"ERROR {error.__name__}: advanceClock() takes virtual seconds, a "
                        f"finite number that is not negative; not {seconds!r}. Write "
                        f"`await self.advanceClock(1.5)`."
                    ],
                )
                self.assertIsInstance(debug_error(Inner), error)

    def test_real_time(self) -> None:
        """A test on real time is refused, and the report shows the test's line alone."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                await self.advanceClock(1)

            def __str__(self) -> str:
                return "test (Inner)"

        self.assertEqual(
            report(Inner),
            "Traceback (most recent call last):\n"
            '  File "test_virtual_time.py", line N, in test\n'
            "    await self.advanceClock(1)\n"
            "RuntimeError: advanceClock() moves virtual time, and test (Inner) has none. "
            "Decorate the test, or its class, with `@mock_clock` or `@autojump_clock`.\n",
        )

    def test_outside_of_a_test(self) -> None:
        """Outside of a test there is no time to move."""

        @mock_clock
        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                raise NotImplementedError

        with self.assertRaisesRegex(RuntimeError, "has none"):
            trio.run(Inner("test").advanceClock, 1)


class TestPytest(unittest.TestCase):
    def test_the_same(self) -> None:
        """Under pytest, the decorators do the same."""
        source = """
            import time
            import trio
            from triocase import *

            @autojump_clock
            class TestPytest(AsyncTrioTestCase):
                async def test_year(self):
                    await trio.sleep(31536000)
                    await trio.to_thread.run_sync(time.sleep, 0.01)

                @mock_clock
                async def test_mock(self):
                    await self.advanceClock(10)

                @real_clock
                async def test_real(self):
                    self.clock
            """
        arguments = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=line")
        code, output = Process(source, *arguments, "test_it.py").finish()
        self.assertEqual(code, 1)
        self.assertIn("1 failed, 2 passed", output)
        self.assertIn("runs on real time", output)
