"""A test that blocks the event loop is interrupted, in code where that is safe."""

from __future__ import annotations

import contextlib
import gc
import io
import os
import signal
import subprocess
import sys
import threading
import time
import unittest
import weakref
from collections.abc import AsyncIterator
from typing import Any
from unittest import mock

import trio
import trio.lowlevel
import trio.testing

from triocase import AsyncTrioTestCase, fixture, mock_clock, time_limit
from triocase._watchdog import Watchdog

from .harness import PYTEST, UNITTEST, Process, impatient, report, run, told

LIMIT = 0.1


class Stream(io.StringIO):
    """A stderr to wait for."""

    def __init__(self) -> None:
        super().__init__()
        self._printed = threading.Event()

    def flush(self) -> None:
        self._printed.set()

    def block(self) -> None:
        """Block until something has been printed."""
        self._printed.wait(30)


class TestInterrupted(unittest.TestCase):
    """In the main thread it is ended, and the report shows the line that blocks."""

    maxDiff = None

    def setUp(self) -> None:
        patience = impatient()
        patience.__enter__()
        self.addCleanup(patience.__exit__, None, None, None)
        self.assertIs(threading.current_thread(), threading.main_thread())

    def test_report(self) -> None:
        """It reads like a failure at that line; the other tasks are shown below."""

        class TestPause(AsyncTrioTestCase):
            @time_limit(LIMIT)
            async def test(self) -> None:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(trio.sleep_forever)
                    await trio.testing.wait_all_tasks_blocked()
                    self.pause()

            def pause(self) -> None:
                time.sleep(1000)

        name = f"{__name__}.TestInterrupted.test_report.<locals>.TestPause"
        frames = """\
  File "test_blocked_loop.py", line N, in test
    self.pause()
  File "test_blocked_loop.py", line N, in pause
    time.sleep(1000)
"""
        self.assertEqual(
            report(TestPause),
            f"""\
Traceback (most recent call last):
{frames}triocase.TimeLimitExceeded: the test has not ended within its time limit of 0.1 seconds.
It blocks the event loop, so no other task can run.
Its tasks:

{name}.test (the test)
{frames}  is running
  nursery:
    trio.sleep_forever
      waits in trio.sleep_forever
""",
        )

    def test_whatever_blocks(self) -> None:
        """A loop, a lock, a queue, a thread, a subprocess, a select."""
        taken = threading.Lock()
        taken.acquire()

        def spin() -> None:
            while True:
                pass

        def wait_for_process() -> None:
            subprocess.run([sys.executable, "-c", "import time; time.sleep(1000)"])

        def join() -> None:
            threading.Thread(target=threading.Event().wait, daemon=True).start()
            threading.enumerate()[-1].join()

        def read() -> None:
            os.read(os.pipe()[0], 1)

        for block in [
            *(spin, wait_for_process, join, read, signal.pause),
            *(taken.acquire, threading.Event().wait),
        ]:
            # To start a process may take a moment, and is no blocking call.
            limit = 1 if block is wait_for_process else LIMIT
            with self.subTest(block):

                class Inner(AsyncTrioTestCase):
                    what = staticmethod(block)

                    @time_limit(limit)
                    async def test(self) -> None:
                        self.what()

                self.assertIn("in test\n    self.what()\n", report(Inner))

    def test_wherever_it_blocks(self) -> None:
        """In a setup, a teardown, a cleanup, a fixture, a context, a child task."""

        def block() -> None:
            time.sleep(1000)

        class Base(AsyncTrioTestCase):
            async def test(self) -> None:
                pass

        @time_limit(LIMIT)
        class InSetUp(Base):
            def setUp(self) -> None:
                block()

        @time_limit(LIMIT)
        class InTearDown(Base):
            def tearDown(self) -> None:
                block()

        @time_limit(LIMIT)
        class InCleanup(Base):
            async def test(self) -> None:
                self.addCleanup(block)

        @time_limit(LIMIT)
        class InSyncTest(Base):
            def test(self) -> None:  # type: ignore[override]
                block()

        @time_limit(LIMIT)
        class InFixture(Base):
            @fixture
            async def value(self) -> AsyncIterator[None]:
                yield
                block()

        @time_limit(LIMIT)
        class InContext(Base):
            @contextlib.asynccontextmanager
            async def context(self) -> AsyncIterator[None]:
                block()
                yield  # never

            async def test(self) -> None:
                await self.enterAsyncContext(self.context())

        @time_limit(LIMIT)
        class InBackground(Base):
            async def background(self) -> None:
                block()

            async def test(self) -> None:
                self.nursery.start_soon(self.background)
                await trio.sleep_forever()

        @time_limit(LIMIT)
        class InChild(Base):
            async def child(self) -> None:
                with contextlib.suppress(Exception):
                    block()

            async def test(self) -> None:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self.child)

        @time_limit(LIMIT)
        class InSubTest(Base):
            async def test(self) -> None:
                with self.subTest(1), self.assertRaises(Exception):
                    block()
                raise NotImplementedError

        @time_limit(LIMIT)
        class InGroup(Base):
            async def test(self) -> None:
                with self.assertRaisesGroup(ValueError):
                    async with trio.open_nursery() as nursery:
                        nursery.start_soon(trio.sleep_forever)
                        block()
                raise NotImplementedError

        @time_limit(LIMIT)
        class FromThread(Base):
            def thread(self) -> None:
                trio.from_thread.run_sync(block)

            async def test(self) -> None:
                await trio.to_thread.run_sync(self.thread)

        @mock_clock
        @time_limit(LIMIT)
        class InVirtualTime(Base):
            async def test(self) -> None:
                block()

        for case in [
            *(InSetUp, InTearDown, InCleanup, InSyncTest, InFixture, InContext),
            *(InBackground, InChild, InSubTest, InGroup, FromThread, InVirtualTime),
        ]:
            with self.subTest(case):
                text = report(case)
                self.assertIn("in block\n    time.sleep(1000)\ntriocase.Time", text)
                self.assertNotIn("abandoned", text)

    def test_again_and_again(self) -> None:
        """What blocks while it is being interrupted is interrupted again."""
        events: list[str] = []

        class Inner(AsyncTrioTestCase):
            @time_limit(LIMIT)
            async def test(self) -> None:
                try:
                    time.sleep(1000)
                finally:
                    try:
                        time.sleep(1000)
                    finally:
                        events.append("left")

        first, second = told(Inner)
        for text in (first, second):
            self.assertIn("blocks the event loop", text)
        self.assertEqual(events, ["left"])

    def test_stages_that_follow(self) -> None:
        """The teardown and the cleanups run, and can await."""
        events: list[str] = []

        class Inner(AsyncTrioTestCase):
            async def asyncTearDown(self) -> None:
                await trio.lowlevel.checkpoint()
                events.append("asyncTearDown")

            @time_limit(LIMIT)
            async def test(self) -> None:
                self.addAsyncCleanup(trio.sleep, 0)
                self.addCleanup(events.append, "cleanup")
                time.sleep(1000)

        self.assertIn("blocks the event loop", report(Inner))
        self.assertEqual(events, ["asyncTearDown", "cleanup"])

    def test_short_block(self) -> None:
        """What blocks beyond the limit, but answers in time, is not interrupted."""
        events: list[str] = []

        class Inner(AsyncTrioTestCase):
            @time_limit(0.3)
            async def test(self) -> None:
                time.sleep(0.6)
                events.append("slept")
                await trio.sleep_forever()

        with mock.patch("triocase._time_limit._ANSWER", 5):
            text = report(Inner)
        self.assertNotIn("blocks", text)
        self.assertEqual(events, ["slept"])

    def test_ends_late(self) -> None:
        """A test that blocks beyond its limit, and then ends, has not passed."""

        class Inner(AsyncTrioTestCase):
            @time_limit(0.2)
            async def test(self) -> None:
                time.sleep(0.4)

            @time_limit(0.2)
            async def test_teardown(self) -> None:
                self.addCleanup(time.sleep, 0.4)

        with mock.patch("triocase._time_limit._ANSWER", 5):
            for name, who in [("test", ""), ("test_teardown", "teardown of the ")]:
                (text,) = told(Inner, name)
                self.assertRegex(
                    text,
                    rf"ERROR TimeLimitExceeded: the {who}test (took \d.\d+ seconds, longer "
                    rf"than its|has not ended within its) time limit of 0.2 seconds.",
                )


class TestSignals(unittest.TestCase):
    """Others who handle the signals are not disturbed."""

    def test_stray_signal(self) -> None:
        """A SIGURG from elsewhere goes to whoever handled it before, and may be many."""
        heard: list[int] = []
        before = signal.signal(signal.SIGURG, lambda number, frame: heard.append(1))
        self.addCleanup(signal.signal, signal.SIGURG, before)

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                for _ in range(5):
                    os.kill(os.getpid(), signal.SIGURG)
                    await trio.lowlevel.checkpoint()

        handler = signal.getsignal(signal.SIGURG)
        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(sum(heard), 5)
        self.assertIs(signal.getsignal(signal.SIGURG), handler)

    def test_unhandled_signal(self) -> None:
        """Without anybody it is ignored, as ever."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                os.kill(os.getpid(), signal.SIGURG)
                await trio.lowlevel.checkpoint()

        for default in [signal.SIG_DFL, signal.SIG_IGN]:
            before = signal.signal(signal.SIGURG, default)
            try:
                self.assertEqual(told(Inner), ["pass"])
                self.assertEqual(signal.getsignal(signal.SIGURG), default)
            finally:
                signal.signal(signal.SIGURG, before)

    def test_handler_of_the_test(self) -> None:
        """One that the test installs and leaves there stays."""

        def mine(number: int, frame: object) -> None:
            raise NotImplementedError

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                signal.signal(signal.SIGURG, mine)
                signal.signal(signal.SIGINT, mine)

        for number in [signal.SIGURG, signal.SIGINT]:
            self.addCleanup(signal.signal, number, signal.getsignal(number))
        self.assertEqual(told(Inner), ["pass"])
        for number in [signal.SIGURG, signal.SIGINT]:
            self.assertIs(signal.getsignal(number), mine)

    def test_put_back(self) -> None:
        """After a test both are handled as before, whatever that was."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                pass

        def mine(number: int, frame: object) -> None:
            raise NotImplementedError

        self.addCleanup(signal.signal, signal.SIGINT, signal.getsignal(signal.SIGINT))
        for handler in [
            *(signal.SIG_DFL, signal.SIG_IGN, signal.default_int_handler, mine)
        ]:
            signal.signal(signal.SIGINT, handler)
            self.assertEqual(told(Inner), ["pass"])
            self.assertIs(signal.getsignal(signal.SIGINT), handler)

    def test_not_set_from_python(self) -> None:
        """A handler that was not set from Python, which it could not put back, stays."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                self.assertEqual(handlers(), before)

        def handlers() -> list[object]:
            return [signal.getsignal(n) for n in (signal.SIGURG,)]

        before = handlers()
        self.addCleanup(signal.signal, signal.SIGURG, before[0])
        with mock.patch("triocase._signals._get", return_value=None):
            self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(handlers(), before)

    def test_no_such_signal(self) -> None:
        """On a system that has no signal to interrupt with, tests run all the same."""

        class Inner(AsyncTrioTestCase):
            @time_limit(10)
            async def test(self) -> None:
                pass

        with mock.patch("triocase._blocked_loop.BlockedLoop.number", None):
            self.assertEqual(told(Inner), ["pass"])

    def test_ctrl_c_without_a_handler(self) -> None:
        """Where Ctrl-C is not handled in Python, it is not in a test either."""
        seen: list[object] = []

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                seen.append(signal.getsignal(signal.SIGINT))

        before = signal.getsignal(signal.SIGINT)
        self.addCleanup(signal.signal, signal.SIGINT, before)
        for handler in [signal.SIG_DFL, signal.SIG_IGN]:
            signal.signal(signal.SIGINT, handler)
            self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(seen, [signal.SIG_DFL, signal.SIG_IGN])

    def test_gone_with_its_test(self) -> None:
        """What counts the time of a test is gone with it, at once."""
        limits: list[Any] = []

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                limits.append(weakref.ref(self._trioTest.limit))

        gc.collect()
        gc.disable()
        try:
            # One whose thread does not run, and so does not look just now.
            with mock.patch("triocase._time_limit.watchdog", return_value=Watchdog()):
                self.assertEqual(told(Inner), ["pass"])
            self.assertIsNone(limits[0]())
        finally:
            gc.enable()

    def test_late_signal(self) -> None:
        """A signal that comes late, in the next turn, interrupts nothing."""

        class Inner(AsyncTrioTestCase):
            @time_limit(30)
            async def test(self) -> None:
                limit = self._trioTest.limit
                limit._blocked_loop._turn = limit.turn
                limit._begin_turn(30)
                signal.raise_signal(signal.SIGURG)

        self.assertEqual(told(Inner), ["pass"])

    def test_stray_signal_after_an_interruption(self) -> None:
        """A signal from elsewhere, just after the interruption, is none."""
        events: list[str] = []

        class Inner(AsyncTrioTestCase):
            @time_limit(LIMIT)
            async def test(self) -> None:
                try:
                    time.sleep(1000)
                finally:
                    signal.raise_signal(signal.SIGURG)
                    events.append("left")

        # Time enough to leave, so that this is no second place that blocks.
        with impatient(), mock.patch("triocase._time_limit._ANSWER", 2.0):
            self.assertIn("blocks the event loop", report(Inner))
        self.assertEqual(events, ["left"])

    def test_dead_run(self) -> None:
        """After a run that has died Ctrl-C is handled as before it."""

        class Inner(AsyncTrioTestCase):
            def break_trio(self, raise_cancel: Any) -> trio.lowlevel.Abort:
                raise OSError("broken")

            async def test(self) -> None:
                with trio.CancelScope() as scope:
                    scope.cancel()
                    await trio.lowlevel.wait_task_rescheduled(self.break_trio)

        def mine(number: int, frame: object) -> None:
            raise NotImplementedError

        self.addCleanup(signal.signal, signal.SIGINT, signal.getsignal(signal.SIGINT))
        for handler in [signal.default_int_handler, mine]:
            signal.signal(signal.SIGINT, handler)
            (died,) = told(Inner)
            self.assertIn("ERROR TrioInternalError", died)
            self.assertIs(signal.getsignal(signal.SIGINT), handler)

    def test_chained_handler(self) -> None:
        """One that the test leaves there may go on to ask who was there before it."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                before = signal.getsignal(signal.SIGINT)
                assert callable(before)
                signal.signal(signal.SIGINT, lambda *args: before(*args))

        for handler, raised in [
            (signal.default_int_handler, KeyboardInterrupt),
            (lambda number, frame: 1 / 0, ZeroDivisionError),
        ]:
            before = signal.signal(signal.SIGINT, handler)
            try:
                self.assertEqual(told(Inner), ["pass"])
                for _ in range(2):
                    with self.assertRaises(raised):
                        signal.raise_signal(signal.SIGINT)
            finally:
                signal.signal(signal.SIGINT, before)

    def test_ignored_ctrl_c(self) -> None:
        """Where Ctrl-C is ignored it stays so in the test."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                os.kill(os.getpid(), signal.SIGINT)
                await trio.lowlevel.checkpoint()

        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        self.addCleanup(signal.signal, signal.SIGINT, before)
        self.assertEqual(told(Inner), ["pass"])


class TestNotInterrupted(unittest.TestCase):
    """What cannot be ended gets the stacks of all threads printed on stderr."""

    def printed(self, case: type[AsyncTrioTestCase], texts: int = 1) -> str:
        """Run a test that ends at last; return what was printed meanwhile."""
        self.stream = Stream()
        with impatient(), mock.patch("sys.__stderr__", self.stream):
            self.assertEqual(len(run(case).texts), texts)
        return self.stream.getvalue()

    def test_stderr_that_nobody_reads(self) -> None:
        """The watchdog does not wait for what it prints."""

        class Inner(AsyncTrioTestCase):
            @time_limit(LIMIT)
            async def test(self) -> None:
                for _ in range(5):
                    with contextlib.suppress(BaseException):
                        time.sleep(1000)

            @time_limit(LIMIT)
            async def test_next(self) -> None:
                await trio.sleep_forever()

        read = threading.Event()
        stream = mock.Mock(write=lambda text: read.wait())
        with impatient(), mock.patch("sys.__stderr__", stream):
            self.assertEqual(len(run(Inner).texts), 3)
            self.assertEqual(len(run(Inner, "test_next").texts), 1)
        read.set()

    def test_code_where_raising_is_unsafe(self) -> None:
        """Code that is protected from Ctrl-C, and ``__del__``."""

        class Deleted:
            def __del__(this) -> None:
                self.stream.block()

        @trio.lowlevel.enable_ki_protection
        def protected() -> None:
            self.stream.block()

        for function, line in [
            (protected, "in protected\n    self.stream.block()"),
            (Deleted, "in __del__\n    self.stream.block()"),
        ]:
            with self.subTest(function):

                class Inner(AsyncTrioTestCase):
                    block = staticmethod(function)

                    @time_limit(LIMIT)
                    async def test(self) -> None:
                        self.block()
                        await trio.lowlevel.checkpoint()

                printed = self.printed(Inner)
                self.assertIn(
                    f"\n{Inner.__module__}.{Inner.__qualname__}.test has not ended in "
                    f"time. It blocks the event loop, and does not let itself "
                    f"be interrupted. Where each thread is:\n\nMainThread (the test):\n",
                    printed,
                )
                self.assertIn(line, printed)
                self.assertNotIn("watchdog", printed)
                self.assertNotIn("unittest", printed)
                self.assertEqual(printed.count("MainThread"), 1)  # once

    def test_system_task(self) -> None:
        """A system task is protected, too."""

        class Inner(AsyncTrioTestCase):
            async def block(this) -> None:
                self.stream.block()

            @time_limit(LIMIT)
            async def test(self) -> None:
                trio.lowlevel.spawn_system_task(self.block)
                await trio.sleep_forever()

        self.assertIn("in block\n    self.stream.block()", self.printed(Inner))

    def test_c_code(self) -> None:
        """C code that does not look for signals; what comes after it is interrupted."""

        class Inner(AsyncTrioTestCase):
            @time_limit(LIMIT)
            async def test(this) -> None:
                signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGURG])
                self.stream.block()  # no signal reaches it
                signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGURG])
                raise NotImplementedError

        self.assertIn("in test\n    self.stream.block()", self.printed(Inner))

    def test_other_thread(self) -> None:
        """In another thread than the main one nothing can be interrupted."""

        class Inner(AsyncTrioTestCase):
            @time_limit(LIMIT)
            async def test(this) -> None:
                self.stream.block()
                await trio.lowlevel.checkpoint()

        printed: list[str] = []
        thread = threading.Thread(target=lambda: printed.append(self.printed(Inner)))
        thread.name = "thread of the test"
        thread.start()
        thread.join()
        (text,) = printed
        self.assertIn("thread of the test (the test):\n", text)
        self.assertIn("in test\n    self.stream.block()", text)
        self.assertIn("MainThread:\n", text)

    def test_counted_anew(self) -> None:
        """Interruptions are counted anew in each turn: three that helped are not helpless."""

        class Inner(AsyncTrioTestCase):
            def block(self) -> None:
                time.sleep(1000)

            @time_limit(LIMIT)
            async def test(self) -> None:
                for _ in range(2):
                    self.addCleanup(self.block)
                self.block()

        with mock.patch("tests.test_blocked_loop.impatient", contextlib.nullcontext):
            with mock.patch("triocase._time_limit._ANSWER", 0.5):
                self.assertEqual(self.printed(Inner, 3), "")

    def test_swallowed(self) -> None:
        """A bare ``except`` around what blocks holds the interruption up."""

        class Inner(AsyncTrioTestCase):
            @time_limit(LIMIT)
            async def test(self) -> None:
                for _ in range(5):
                    try:
                        time.sleep(1000)
                    except BaseException:
                        pass

        # The first three places are told.
        self.assertIn("in test\n    time.sleep(1000)", self.printed(Inner, 3))

    def test_without_stderr(self) -> None:
        """A process without stderr, or with a broken one, goes on."""

        class Inner(AsyncTrioTestCase):
            @time_limit(LIMIT)
            async def test(self) -> None:
                for _ in range(5):
                    with contextlib.suppress(BaseException):
                        time.sleep(1000)

        class Closed:
            def write(self, text: str) -> None:
                raise BrokenPipeError

        for stream in [None, Closed()]:
            with impatient(), mock.patch("sys.__stderr__", stream):
                self.assertEqual(len(run(Inner).texts), 3)


BOMBARDED = """
import os, random, signal, sys, threading, time, unittest
import trio
from triocase import AsyncTrioTestCase, time_limit
from triocase._errors import LoopBlocked

if sys.version_info < (3, 11):
    from exceptiongroup import BaseExceptionGroup

# Like Ctrl-C, it may hit a callback of a weak reference, which nobody can catch.
sys.unraisablehook = lambda unraisable: None

class TestA(AsyncTrioTestCase):
    # Where a signal may hit, it is caught: in its own code it would end the test.
    @time_limit(30)
    @trio.lowlevel.enable_ki_protection
    async def test_a(self):
        limit = self._trioTest.limit
        hits = 0
        def signals():
            for _ in range(500):
                time.sleep(random.random() / 200)
                limit._blocked_loop._turn = limit.turn
                os.kill(os.getpid(), signal.SIGURG)
        thread = threading.Thread(target=signals)
        thread.start()
        while thread.is_alive():
            try:
                async with trio.open_nursery() as nursery:
                    for _ in range(10):
                        nursery.start_soon(self.work)
            except (LoopBlocked, BaseExceptionGroup):
                hits += 1
        print(hits, "HITS")

    @trio.lowlevel.disable_ki_protection
    async def work(self):
        sys.setswitchinterval(1e-6)  # so that signals come at any point
        for _ in range(10):
            await trio.lowlevel.checkpoint()
            sum(range(1000))

class TestB(AsyncTrioTestCase):
    async def test_b(self):
        await trio.sleep(0)
"""
BLOCKING = """
import signal, subprocess, threading, time
import trio
from triocase import AsyncTrioTestCase, _time_limit, time_limit

_time_limit._LOOK = _time_limit._ANSWER = 0.2  # for the test suite's sake

@time_limit(0.3)
class TestBlocking(AsyncTrioTestCase):
    async def test_lock(self):
        lock = threading.Lock()
        with lock:
            lock.acquire()  # blocks

    async def test_process(self):
        subprocess.run(["sleep", "1000"])  # blocks

    async def test_sleep(self):
        time.sleep(1000)  # blocks

    async def test_spin(self):
        while True: pass  # blocks

class TestZ(AsyncTrioTestCase):
    async def test_is_run(self):
        await trio.sleep(0)
"""
HANDLER = """
def mine(number, frame):
    raise SystemExit("SIGINT")
signal.signal(signal.SIGINT, mine)
"""


class TestSafe(unittest.TestCase):
    def test_never_in_trio(self) -> None:
        """Whenever a signal comes, it hits neither Trio's code nor ours."""
        _, output = Process(BOMBARDED, *UNITTEST).finish()
        self.assertNotIn("TrioInternalError", output)
        self.assertRegex(output, r"[1-9]\d* HITS")
        self.assertRegex(output, r"test_b .* ok")


class TestRunners(unittest.TestCase):
    """It works wherever tests are run, in processes of their own."""

    def check(self, source: str, *runs: tuple[str, ...]) -> None:
        processes = [(run, Process(source, *run)) for run in runs]
        for arguments, process in processes:
            code, output = process.finish()
            with self.subTest(arguments):
                self.assertEqual(code, 1, output)
                self.assertRegex(output, r"Ran 5 tests|4 failed, 1 passed")
                self.assertRegex(output, r"FAILED \(errors=4\)|4 failed, 1 passed")
                self.assertEqual(len(set_of_blocked_lines(output)), 4, output)
                self.assertNotIn("SIGINT", output)
                self.assertNotIn("TrioInternalError", output)

    def test_unittest(self) -> None:
        """Under unittest, with -c and -b, and with a SIGINT handler of the user's."""
        self.check(
            BLOCKING,
            UNITTEST,
            ("-m", "unittest", "-c", "test_it"),
            ("-m", "unittest", "-b", "test_it"),
        )
        self.check(BLOCKING + HANDLER, UNITTEST, (*PYTEST, "-s"))

    def test_pytest(self) -> None:
        """Under pytest, with and without -s, and with plugins."""
        self.check(
            BLOCKING,
            PYTEST,
            (*PYTEST, "-s"),
            (*PYTEST, "--timeout=60", "--timeout-method=signal"),
            (*PYTEST, "--timeout=60", "--timeout-method=thread"),
            (*PYTEST, "-n", "2"),
        )


def set_of_blocked_lines(output: str) -> set[str]:
    """Return the lines marked as blocking that tracebacks show."""
    return {
        line.lstrip("E ").strip()
        for line in output.splitlines()
        if line.endswith("# blocks")
    }
