"""What is left behind when a test is over: nothing."""

from __future__ import annotations

import contextlib
import copy
import gc
import pickle
import threading
import tracemalloc
import unittest
import weakref
from collections.abc import AsyncIterator
from typing import Any

import trio

from triocase import AsyncTrioTestCase, autojump_clock, fixture

from .harness import Process, Recorder, run, told


class Crash(ValueError):
    """A ValueError that can be watched."""


@autojump_clock
class Busy(AsyncTrioTestCase):
    """A test that uses all there is; at module level, so that it can be pickled."""

    watched: list[weakref.ref[Any]] = []

    def watch(self, thing: object) -> None:
        self.watched.append(weakref.ref(thing))

    @contextlib.asynccontextmanager
    async def server(self) -> AsyncIterator[trio.Nursery]:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            yield nursery
            nursery.cancel_scope.cancel()

    @fixture
    async def client(self) -> AsyncIterator[Crash]:
        value = Crash("something that can be watched")
        self.watch(value)
        self.watch(trio.lowlevel.current_task())
        async with self.server():
            yield value

    @fixture
    async def returned(self) -> Crash:
        return self.client

    async def asyncSetUp(self) -> None:
        self.watch(self.nursery)
        self.watch(self.clock)
        self.watch(trio.lowlevel.current_task())
        self.watch(await self.enterAsyncContext(self.server()))
        self.nursery.start_soon(trio.sleep_forever)
        self.addAsyncCleanup(trio.lowlevel.checkpoint)
        with self.subTest(1):
            await trio.lowlevel.checkpoint()

    async def passing(self) -> None:
        await trio.lowlevel.checkpoint()

    async def crashing(self) -> None:
        self.nursery.start_soon(self.crash)
        await trio.sleep_forever()

    async def crash(self) -> None:
        error = Crash("crash")
        self.watch(error)
        raise error

    async def grouping(self) -> None:
        with self.assertRaisesGroup(ValueError, AssertionError):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self.crash)
                self.fail("group")
        self.addCleanup(self.crash)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.crash)
            self.fail("group")


NAMES = ["passing", "crashing", "grouping"]


class TestInstance(unittest.TestCase):
    def test_holds_no_references(self) -> None:
        """Nursery, clock, tasks, contexts and errors are gone; the instance lives."""
        for name in NAMES:
            for method in ["run", "debug"]:
                with self.subTest(name, method=method):
                    Busy.watched.clear()
                    case = Busy(name)
                    try:
                        case.run(Recorder()) if method == "run" else case.debug()
                    except Exception:
                        self.assertEqual(method, "debug")
                    gc.collect()
                    self.assertGreaterEqual(len(Busy.watched), 4)
                    self.assertEqual([r() for r in Busy.watched if r()], [])

    def test_is_in_no_cycle(self) -> None:
        """An instance that nobody uses any more is gone at once, with its fixtures."""

        class Inner(AsyncTrioTestCase):
            @fixture
            async def client(self) -> AsyncIterator[None]:
                yield

            async def test(self) -> None:
                await trio.lowlevel.checkpoint()

        gc.collect()
        gc.disable()
        self.addCleanup(gc.enable)
        case = Inner("test")
        seen = weakref.ref(case)
        case.run(Recorder())
        del case
        self.assertIsNone(seen())

    def test_has_the_attributes_that_it_had(self) -> None:
        """A run leaves no attribute on the instance."""
        for name in NAMES:
            case = Busy(name)
            before = dict(vars(case))
            case.run(Recorder())
            self.assertEqual(vars(case), before)

    def test_can_be_pickled_and_copied(self) -> None:
        """Before and after the run; the copy is a test like any other."""
        for name in NAMES:
            case = Busy(name)
            for _ in range(2):
                for twin in [pickle.loads(pickle.dumps(case)), copy.deepcopy(case)]:
                    self.assertEqual(twin, case)
                    self.assertEqual(run_twice(twin), run_twice(Busy(name)))
                case.run(Recorder())

    def test_made_only_to_be_looked_at(self) -> None:
        """An instance without a test can be made, and all its attributes read."""
        case = Busy("runTest")
        for name in dir(case):
            getattr(case, name, None)

    def test_can_run_again(self) -> None:
        """The same instance may be run many times."""
        case = Busy("passing")
        for _ in range(3):
            result = Recorder()
            case.run(result)
            self.assertEqual(result.told, ["pass"])


def run_twice(case: unittest.TestCase) -> list[str]:
    result = Recorder()
    case.run(result)
    case.run(result)
    return result.told


class TestProcess(unittest.TestCase):
    def test_threads(self) -> None:
        """No thread is left, and none was needed."""
        before = threading.enumerate()
        for name in NAMES:
            run(Busy, name)
        self.assertEqual(threading.enumerate(), before)

    def test_in_threads_at_once(self) -> None:
        """Tests may run in several threads at once, each in a run of its own."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                self.nursery.start_soon(trio.sleep_forever)
                for _ in range(50):
                    await trio.lowlevel.checkpoint()

        verdicts: list[list[str]] = []
        threads = [
            threading.Thread(target=lambda: verdicts.append(told(Inner)))
            for _ in range(5)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(verdicts, [["pass"]] * 5)

    def test_memory_does_not_grow(self) -> None:
        """A few hundred tests leave no more memory in use than a few dozen."""

        def used(count: int) -> int:
            for _ in range(count):
                for name in NAMES:
                    run(Busy, name)
            Busy.watched.clear()
            gc.collect()
            return tracemalloc.get_traced_memory()[0]

        used(5)
        tracemalloc.start()
        try:
            before = used(20)
            after = used(60)
        finally:
            tracemalloc.stop()
        self.assertLess(after - before, 50_000)

    def test_nothing_is_said(self) -> None:
        """No warning, no unraisable exception, nothing on stderr but the report."""
        code, output = Process(
            """
            import gc, trio
            from triocase import AsyncTrioTestCase, autojump_clock, fixture

            class TestIt(AsyncTrioTestCase):
                async def asyncSetUp(self):
                    await self.enterAsyncContext(trio.open_nursery())

                async def test_pass(self):
                    self.nursery.start_soon(trio.sleep_forever)

                async def test_left_open(self):
                    nursery = await trio.open_nursery().__aenter__()
                    nursery.start_soon(trio.sleep_forever)

                async def test_left_scope(self):
                    trio.CancelScope().__enter__()

                def tearDown(self):
                    gc.collect()
            """,
            *("-X", "dev", "-W", "error", "-m", "unittest", "-v", "test_it"),
        ).finish()
        self.assertEqual(code, 1)
        self.assertRegex(
            output.partition("=====")[0],
            r"^test_left_open .* ERROR\ntest_left_scope .* ERROR\ntest_pass .* ok\n\n$",
        )
