"""While no test runs, a shared run rests; when its class is over, nothing is left."""

from __future__ import annotations

import gc
import signal
import threading
import time
import unittest
import weakref
from collections.abc import AsyncIterator, Callable
from typing import Any

import trio
import trio.testing

from triocase import (
    AsyncTrioTestCase,
    _open_runs,
    autojump_clock,
    fixture,
    mock_clock,
    shared_run,
)

from .classes import ClassRecorder, run_classes, told_of
from .harness import told


class Pausing(ClassRecorder):
    """A result that calls a function after each test, while the class's run rests."""

    def __init__(self, pause: Callable[[], object]) -> None:
        super().__init__()
        self._pause = pause

    def stopTest(self, test: Any) -> None:
        super().stopTest(test)
        self._pause()


class TestTime(unittest.TestCase):
    """While no test runs, the time of the class stands still, and so do its tasks."""

    def times(self, decorate: Any, seconds: float) -> list[float]:
        """Return how much time of the run passed while the real world paused."""
        times: list[float] = []

        @decorate
        @shared_run
        class Inner(AsyncTrioTestCase):
            async def test_a(self) -> None:
                await trio.lowlevel.checkpoint()

            test_b = test_c = test_a

            async def asyncSetUp(self) -> None:
                times.append(trio.current_time())

            async def asyncTearDown(self) -> None:
                times.append(trio.current_time())

        result = Pausing(lambda: time.sleep(seconds))
        run_classes(Inner, result=result)
        self.assertEqual(result.told, [f"test_{name}: pass" for name in "abc"])
        self.assertEqual(times, sorted(times))
        return [times[i + 1] - times[i] for i in (1, 3)]

    def test_real_clock(self) -> None:
        """Real time goes on where it stood when the test before ended."""
        for passed in self.times(lambda cls: cls, 1):
            self.assertLess(passed, 0.9)

    def test_seen_between(self) -> None:
        """Whoever asks between two tests what time it is hears the same each time."""
        seen: list[list[float]] = []

        @shared_run
        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                await trio.lowlevel.checkpoint()

        def pause() -> None:
            before = trio.current_time()
            time.sleep(0.01)
            seen.append([before, trio.current_time()])

        run_classes(Inner, result=Pausing(pause))
        ((before, after),) = seen
        self.assertEqual(before, after)

    def test_clock_with_a_rate(self) -> None:
        """So does virtual time that runs at a rate."""
        for passed in self.times(mock_clock(rate=100), 1):
            self.assertLess(passed, 90)

    def test_a_deadline_of_the_class(self) -> None:
        """A deadline of a task of the class does not pass between two tests."""

        @shared_run
        class Inner(AsyncTrioTestCase):
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                cls.late = False
                cls.class_nursery.start_soon(cls.task)

            @classmethod
            async def task(cls) -> None:
                await trio.sleep(0.9)
                cls.late = True  # never

            async def test_a(self) -> None:
                await trio.lowlevel.checkpoint()

            async def test_b(self) -> None:
                await trio.testing.wait_all_tasks_blocked()
                self.assertFalse(self.late)

        result = Pausing(lambda: time.sleep(1))
        run_classes(Inner, result=result)
        self.assertEqual(result.told, ["test_a: pass", "test_b: pass"])

    def test_autojump_clock(self) -> None:
        """A clock above the class is one for all: its setup, and each of its tests."""
        clocks: set[Any] = set()
        times: list[float] = []

        @autojump_clock
        @shared_run
        class Inner(AsyncTrioTestCase):
            @classmethod
            async def ticker(cls) -> None:
                while True:
                    await trio.sleep(100)
                    times.append(trio.current_time())

            @classmethod
            async def asyncSetUpClass(cls) -> None:
                await trio.sleep(50)
                cls.class_nursery.start_soon(cls.ticker)

            async def test_a(self) -> None:
                self.assertEqual(trio.current_time(), 50)
                clocks.add(self.clock)
                await trio.sleep(250)

            async def test_b(self) -> None:
                self.assertEqual(trio.current_time(), 300)
                clocks.add(self.clock)
                await self.advanceClock(100)

            @classmethod
            async def asyncTearDownClass(cls) -> None:
                assert trio.current_time() == 400
                await trio.sleep(200)

        self.assertEqual(told_of(Inner), ["test_a: pass", "test_b: pass"])
        self.assertEqual(times, [150, 250, 350, 450, 550])
        self.assertEqual(len(clocks), 1)

    def test_clock_of_a_parent(self) -> None:
        """Each subclass of a parent with a clock has a clock of its own."""

        @mock_clock
        @shared_run
        class Parent(AsyncTrioTestCase):
            async def test(self) -> None:
                self.assertEqual(trio.current_time(), 0)
                await self.advanceClock(5)

        class First(Parent):
            pass

        class Second(Parent):
            pass

        self.assertEqual(told_of(First, Second), ["test: pass"] * 2)

    def test_tasks_stand_still(self) -> None:
        """No task of the class takes a step between two tests."""
        steps = 0
        seen: list[int] = []

        @shared_run
        class Inner(AsyncTrioTestCase):
            @classmethod
            async def spin(cls) -> None:
                nonlocal steps
                while True:
                    await trio.lowlevel.checkpoint()
                    steps += 1

            @classmethod
            async def asyncSetUpClass(cls) -> None:
                cls.class_nursery.start_soon(cls.spin)

            async def test_a(self) -> None:
                before = steps
                while steps < before + 3:
                    await trio.lowlevel.checkpoint()

            test_b = test_a

        def pause() -> None:
            before = steps
            time.sleep(0.05)
            seen.append(steps - before)

        result = Pausing(pause)
        run_classes(Inner, result=result)
        self.assertEqual(result.told, ["test_a: pass", "test_b: pass"])
        self.assertEqual(seen, [0, 0])


class TestBetween(unittest.TestCase):
    """Trio and the process, while the run rests and after it."""

    maxDiff = None

    def test_trio_run(self) -> None:
        """Between tests `trio.run` is refused by Trio; after the class it works."""
        errors: list[str] = []

        def pause() -> None:
            with self.assertRaises(RuntimeError) as caught:
                trio.run(trio.lowlevel.checkpoint)
            errors.append(str(caught.exception))

        @shared_run
        class Inner(AsyncTrioTestCase):
            async def test_a(self) -> None:
                await trio.lowlevel.checkpoint()

            test_b = test_a

        result = Pausing(pause)
        run_classes(Inner, result=result)
        self.assertEqual(result.told, ["test_a: pass", "test_b: pass"])
        self.assertEqual(errors, ["Attempted to call run() from inside a run()"] * 2)
        trio.run(trio.lowlevel.checkpoint)

    def test_other_test_between(self) -> None:
        """A test of a plain class that is run between two of its tests fails so, too."""

        class Plain(AsyncTrioTestCase):
            async def test(self) -> None:
                raise NotImplementedError

        @shared_run
        class Inner(AsyncTrioTestCase):
            async def test_a(self) -> None:
                await trio.lowlevel.checkpoint()

        between: list[str] = []
        result = Pausing(lambda: between.extend(told(Plain)))
        run_classes(Inner, result=result)
        self.assertEqual(result.told, ["test_a: pass"])
        self.assertEqual(
            between, ["ERROR RuntimeError: Attempted to call run() from inside a run()"]
        )

    def test_nested(self) -> None:
        """Its own class, run inside a test, fails with Trio's error and harms nothing."""
        events: list[Any] = []
        nested: list[str] = []

        @shared_run
        class Inner(AsyncTrioTestCase):
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                events.append("set up")

            async def test_a(self) -> None:
                await trio.lowlevel.checkpoint()
                nested.extend(told(Inner, "test_b"))
                Inner.setUpClass()  # does nothing, so that no suite takes it for failed
                with self.assertRaises(RuntimeError) as caught:
                    Inner.tearDownClass()
                nested.append(str(caught.exception))
                await trio.lowlevel.checkpoint()

            async def test_b(self) -> None:
                await trio.lowlevel.checkpoint()
                events.append("test_b")

            @classmethod
            async def asyncTearDownClass(cls) -> None:
                events.append("torn down")

        self.assertEqual(told_of(Inner), ["test_a: pass", "test_b: pass"])
        self.assertEqual(events, ["set up", "test_b", "torn down"])
        why = "Attempted to call run() from inside a run()"
        self.assertEqual(nested, [f"ERROR RuntimeError: {why}", why])

    def test_nested_suite(self) -> None:
        """So does a suite of its own class, after which the later tests still run."""
        nested: list[str] = []

        @shared_run
        class Inner(AsyncTrioTestCase):
            async def test_a(self) -> None:
                nested.extend(told_of(Inner))
                await trio.lowlevel.checkpoint()

            async def test_b(self) -> None:
                await trio.lowlevel.checkpoint()

        self.addCleanup(Inner.tearDownClass)
        self.assertEqual(told_of(Inner), ["test_a: pass", "test_b: pass"])
        error = "ERROR RuntimeError: Attempted to call run() from inside a run()"
        self.assertEqual(
            nested,
            [f"test_a: {error}", f"test_b: {error}", f"tearDownClass (Inner): {error}"],
        )
        self.assertEqual(_open_runs.open_runs, {})

    def test_nested_others(self) -> None:
        """So do another shared class and a plain one."""
        nested: list[str] = []

        @shared_run
        class Other(AsyncTrioTestCase):
            async def test(self) -> None:
                raise NotImplementedError

        class Plain(AsyncTrioTestCase):
            async def test(self) -> None:
                raise NotImplementedError

        @shared_run
        class Inner(AsyncTrioTestCase):
            async def test_a(self) -> None:
                await trio.lowlevel.checkpoint()
                nested.extend(told_of(Other))
                nested.extend(told(Other))
                nested.extend(told(Plain))
                await trio.lowlevel.checkpoint()

            async def test_b(self) -> None:
                await trio.lowlevel.checkpoint()

        self.assertEqual(told_of(Inner), ["test_a: pass", "test_b: pass"])
        error = "ERROR RuntimeError: Attempted to call run() from inside a run()"
        self.assertEqual(nested, [f"setUpClass (Other): {error}", error, error])

    def test_nothing_is_left(self) -> None:
        """No open run, no handler, no thread, no reference to the class's life."""
        old = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, old)
        threads = set(threading.enumerate())
        handlers: list[Any] = []
        kept: list[weakref.ref[Any]] = []

        @shared_run
        class Inner(AsyncTrioTestCase):
            @fixture(scope="class")
            async def value(cls) -> AsyncIterator[int]:
                yield 3

            @classmethod
            async def asyncSetUpClass(cls) -> None:
                open_run = _open_runs.open_runs[cls]
                kept.extend(map(weakref.ref, (open_run, open_run.life)))
                kept.append(weakref.ref(cls.class_nursery))
                kept.append(weakref.ref(trio.lowlevel.current_task()))
                cls.class_nursery.start_soon(trio.sleep_forever)

            async def test_a(self) -> None:
                kept.append(weakref.ref(self.nursery))
                await trio.sleep(0.01)

            async def test_b(self) -> None:
                self.assertEqual(1, 2)

        result = Pausing(lambda: handlers.append(signal.getsignal(signal.SIGINT)))
        run_classes(Inner, result=result)
        self.assertEqual(
            result.told, ["test_a: pass", "test_b: FAIL AssertionError: 1 != 2"]
        )
        self.assertEqual(handlers, [signal.default_int_handler] * 2)
        self.assertIs(signal.getsignal(signal.SIGINT), signal.default_int_handler)
        self.assertEqual(_open_runs.open_runs, {})
        gc.collect()
        self.assertEqual([ref() for ref in kept], [None] * 5)
        # Trio keeps idle workers for a while, and triocase one watchdog.
        left = set(threading.enumerate()) - threads
        ours = [each for each in left if each.daemon and "trio" in each.name.lower()]
        self.assertCountEqual(left, ours)
