"""One watchdog serves the process, and nobody notices it."""

from __future__ import annotations

import gc
import itertools
import re
import threading
import time
import unittest
import weakref
from typing import Any
from unittest import mock

import trio
import trio.lowlevel

from triocase import AsyncTrioTestCase, _watchdog, time_limit

from .harness import UNITTEST, Process, impatient, run, told


class TestThread(unittest.TestCase):
    def test_many_threads(self) -> None:
        """Tests of several threads are each ended at their own limit."""

        class Inner(AsyncTrioTestCase):
            @time_limit(0.1)
            async def test_hangs(self) -> None:
                await trio.sleep_forever()

            @time_limit(30)
            async def test_passes(self) -> None:
                await trio.sleep(1)

        verdicts: dict[str, list[str]] = {"test_hangs": [], "test_passes": []}
        threads = [
            threading.Thread(
                target=lambda name=name: verdicts[name].extend(told(Inner, name))
            )
            for name in ["test_hangs", "test_passes"] * 5
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(verdicts["test_passes"], ["pass"] * 5)
        self.assertEqual(len(verdicts["test_hangs"]), 5)
        for text in verdicts["test_hangs"]:
            self.assertIn("ERROR TimeLimitExceeded", text)

    def test_what_it_sleeps_through(self) -> None:
        """It rests when no test runs, and notices the next one with a short limit."""

        class Inner(AsyncTrioTestCase):
            @time_limit(0.1)
            async def test(self) -> None:
                await trio.sleep_forever()

        watchdog = _watchdog.Watchdog()
        watchdog.thread.name = "of this test"
        watchdog.thread.start()
        with mock.patch.object(_watchdog, "_PAUSE", 0.05):
            with mock.patch.object(_watchdog, "_watchdog", watchdog):
                for _ in range(3):
                    while watchdog._next != float("inf"):
                        threading.Event().wait(0.01)
                    self.assertEqual(len(run(Inner).texts), 1)

    def test_trouble(self) -> None:
        """What goes wrong in it, for all that a test patches, does not end it."""

        class Inner(AsyncTrioTestCase):
            @time_limit(0.1)
            async def test(self) -> None:
                await trio.sleep_forever()

        looks: list[int] = []

        def fail(frame: object) -> bool:
            looks.append(1)
            if len(looks) < 3:
                raise OSError
            return False

        with impatient(), mock.patch("triocase._time_limit.debugger_in", fail):
            with mock.patch.object(_watchdog, "_PAUSE", 0.05):
                self.assertEqual(len(run(Inner).texts), 1)
        self.assertEqual(len(run(Inner).texts), 1)

    def test_started_in_two_threads_at_once(self) -> None:
        """Who comes second takes the one that is there."""
        found: list[_watchdog.Watchdog] = []
        here = _watchdog.watchdog()
        with mock.patch.object(_watchdog, "_watchdog", None):
            with _watchdog._starting:
                thread = threading.Thread(
                    target=lambda: found.append(_watchdog.watchdog())
                )
                thread.start()
                threading.Event().wait(0.1)  # until it waits for the lock
                _watchdog._watchdog = here
            thread.join()
        self.assertEqual(found, [here])

    def test_leaves_no_reference(self) -> None:
        """It holds nothing of a test that it has looked at."""
        dead: list[weakref.ref[Any]] = []

        class Thing:
            pass

        async def forgotten() -> None:
            raise NotImplementedError

        class Inner(AsyncTrioTestCase):
            def leave(self) -> None:
                thing = Thing()
                coroutine = forgotten()  # noqa: F841
                dead.append(weakref.ref(thing))
                time.sleep(1.3)

            async def test(self) -> None:
                self.leave()

        gc.collect()
        gc.disable()
        try:
            (text,) = told(Inner)
            self.assertIsNone(dead[0]())
        finally:
            gc.enable()
        self.assertIn("forgotten' was never awaited", text)

    def test_leaves_no_reference_while_it_waits(self) -> None:
        """It holds no watch that was not due yet when it looked for those that are."""

        class Later:
            due = float("inf")

            def look(self) -> None:
                raise NotImplementedError

        later = Later()
        dead = weakref.ref(later)
        watchdog = _watchdog.Watchdog()
        watchdog.add(later)
        watchdog.thread.name = "of this test"
        watchdog.thread.start()
        time.sleep(0.2)  # until it has looked, and waits
        watchdog.discard(later)
        del later
        self.assertIsNone(dead())

    def test_look_that_fails(self) -> None:
        """A look that fails before it has said when it is due again is not repeated at once."""
        looks: list[float] = []

        class Broken:
            due = 0.0

            def look(self) -> None:
                looks.append(time.monotonic())
                raise OSError

        broken = Broken()
        watchdog = _watchdog.watchdog()
        with mock.patch.object(_watchdog, "_PAUSE", 0.1):
            watchdog.add(broken)
            while len(looks) < 3:
                time.sleep(0.01)
            watchdog.discard(broken)
        for before, after in itertools.pairwise(looks):
            self.assertGreater(after - before, 0.09)

    def test_started_once(self) -> None:
        """Two threads that need the first one at the same time get the same."""
        with mock.patch.multiple(_watchdog, _watchdog=None, Watchdog=mock.DEFAULT) as m:
            threads = [threading.Thread(target=_watchdog.watchdog) for _ in range(2)]
            with _watchdog._starting:
                for thread in threads:
                    thread.start()
                time.sleep(0.1)  # until both wait for the lock
            for thread in threads:
                thread.join()
            m["Watchdog"].assert_called_once_with()

    def test_that_cannot_be_started(self) -> None:
        """Where no thread can be started, tests run without a limit."""

        class Inner(AsyncTrioTestCase):
            @time_limit(0.1)
            async def test(self) -> None:
                await trio.sleep(0.3)
                self.assertIsNone(_watchdog._watchdog)

        with mock.patch.object(_watchdog, "_watchdog", None):
            with mock.patch("threading.Thread.start", side_effect=RuntimeError):
                (text,) = told(Inner)
        self.assertIn("longer than its time limit of 0.1 seconds", text)

    def test_after_a_fork(self) -> None:
        """A child has none, and no lock that somebody else holds."""
        with (
            mock.patch.object(_watchdog, "_watchdog", _watchdog.watchdog()),
            mock.patch.object(_watchdog, "_starting", threading.Lock()) as lock,
        ):
            lock.acquire()
            _watchdog._forget()
            self.assertIsNone(_watchdog._watchdog)
            self.assertFalse(_watchdog._starting.locked())


class TestProcess(unittest.TestCase):
    def test_one_for_all(self) -> None:
        """However many tests run, in however many threads, there is one, a daemon."""
        source = """
import threading, unittest
from triocase import AsyncTrioTestCase

class TestIt(AsyncTrioTestCase):
    async def test_it(self):
        pass

def many():
    for _ in range(10):
        TestIt("test_it").run()

class TestMany(unittest.TestCase):
    def test_many(self):
        before = threading.enumerate()
        threads = [threading.Thread(target=many) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        (watchdog,) = set(threading.enumerate()) - set(before)
        self.assertTrue(watchdog.daemon)

def load_tests(loader, tests, pattern):
    return loader.loadTestsFromTestCase(TestMany)
"""
        code, output = Process(source, *UNITTEST).finish()
        self.assertEqual(code, 0, output)

    def test_started_when_needed(self) -> None:
        """Importing starts none, nor does a test that nothing is to be found in."""
        source = """
import threading
from triocase import AsyncTrioTestCase, deadlock_check, time_limit

assert threading.active_count() == 1

class TestIt(AsyncTrioTestCase):
    @time_limit(None)
    @deadlock_check(False)
    async def test_a(self):
        self.assertEqual(threading.active_count(), 1)

    async def test_b(self):
        self.assertEqual(threading.active_count(), 2)
"""
        code, output = Process(source, *UNITTEST).finish()
        self.assertEqual(code, 0, output)

    def test_exit(self) -> None:
        """It does not keep the process from exiting, with a limit still to come."""
        source = """
import atexit, threading, time
from triocase import AsyncTrioTestCase

class TestIt(AsyncTrioTestCase):
    async def test_a(self):
        pass

start = time.monotonic()
atexit.register(lambda: print(f"exit after {time.monotonic() - start:.1f} seconds"))
"""
        code, output = Process(source, *UNITTEST).finish()
        self.assertEqual(code, 0, output)
        (seconds,) = re.findall(r"exit after (.+) seconds", output)
        self.assertLess(float(seconds), 60)

    def test_fork(self) -> None:
        """Tests in a child that was forked have their limits, and the parent's too."""
        source = """
import os, unittest
import trio
from triocase import AsyncTrioTestCase, time_limit

class TestIt(AsyncTrioTestCase):
    @time_limit(0.3)
    async def test_hangs(self):
        await trio.sleep_forever()

def hangs():
    result = unittest.TestResult()
    TestIt("test_hangs").run(result)
    return len(result.errors)

class TestFork(unittest.TestCase):
    def test_it(self):
        self.assertEqual(hangs(), 1)
        for _ in range(2):
            child = os.fork()
            if child == 0:
                os._exit(hangs() + 10)
            self.assertEqual(hangs(), 1)
            self.assertEqual(os.waitpid(child, 0)[1] >> 8, 11)

def load_tests(loader, tests, pattern):
    return loader.loadTestsFromTestCase(TestFork)
"""
        code, output = Process(source, *UNITTEST).finish()
        self.assertEqual(code, 0, output)

    def test_fork_in_a_test(self) -> None:
        """A test that forks keeps its limit; its child has what is its own."""
        source = """
import os
import trio
from triocase import AsyncTrioTestCase, time_limit

class TestIt(AsyncTrioTestCase):
    @time_limit(0.5)
    async def test_it(self):
        child = os.fork()
        if child == 0:
            os._exit(7)
        assert os.waitpid(child, 0)[1] >> 8 == 7
        print("CHILD ENDED")
        await trio.sleep_forever()
"""
        code, output = Process(source, *UNITTEST).finish()
        self.assertEqual(code, 1, output)
        self.assertIn("CHILD ENDED", output)
        self.assertIn("FAILED (errors=1)", output)
