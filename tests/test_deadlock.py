"""Deadlocks are found at once; long waits that are none are left alone."""

from __future__ import annotations

import bdb
import contextlib
import functools
import gc
import os
import re
import signal
import sys
import threading
import time
import unittest
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from types import SimpleNamespace
from typing import Any
from unittest import mock

import trio
import trio.lowlevel
from trio.testing import wait_all_tasks_blocked

from triocase import (
    AsyncTrioTestCase,
    DeadlockError,
    _deadlock,
    _escalation,
    _time_limit,
    autojump_clock,
    deadlock_check,
    fixture,
    mock_clock,
    real_clock,
    time_limit,
)

from . import deadlocks
from .harness import (
    PYTEST,
    UNITTEST,
    Process,
    debug_error,
    default_limit,
    hasty,
    impatient,
    report,
    run,
    told,
)

DEADLOCKED = (
    "the test is deadlocked: each of its tasks waits, and nothing can wake any of them."
)
STANDS_STILL = (
    "Its clock stands still, so its timers never fire. "
    "`await self.advanceClock(...)` moves time; with `@autojump_clock` it jumps."
)


@contextlib.contextmanager
def questions() -> Iterator[list[object]]:
    """Yield a list that gets an item whenever a run is asked whether it is deadlocked."""
    asked: list[object] = []
    answer = _deadlock.DeadlockCheck.answer

    def note(check: _deadlock.DeadlockCheck) -> None:
        asked.append(None)
        answer(check)

    with mock.patch.object(_deadlock.DeadlockCheck, "answer", note):
        yield asked


class TestFiles(unittest.TestCase):
    """The files of deadlocks and of long waits, in processes of their own."""

    def check_deadlocks(self, code: int, output: str) -> None:
        """Each of the deadlocks is one error that says so."""
        self.assertEqual(code, 1, output)
        self.assertRegex(output, r"errors=71\)|71 failed in")
        reports = re.split(r"(?m)^(?:=+\nERROR|_+ Test\w+\.)", output)[1:]
        self.assertEqual(len(reports), 71)
        for text in reports:
            self.assertIn(f"DeadlockError: {DEADLOCKED}\n", text)
        self.assertEqual(output.count("Its clock stands still"), 1)
        for noise in ["TrioInternalError", "ignored", "Warning"]:
            self.assertNotIn(noise, output)

    def check_long_waits(self, code: int, output: str) -> None:
        """None of the long waits is a false alarm."""
        self.assertEqual(code, 0, output)
        self.assertRegex(output, r"Ran 27 tests|27 passed in")

    def test_both(self) -> None:
        """Under either runner; at the same time, as they wait most of theirs."""
        processes = [
            (check, Process(source, "-W", "error", *arguments, HASTE="1"))
            for arguments in [UNITTEST, PYTEST]
            for check, source in [
                (self.check_deadlocks, deadlocks.DEADLOCKS),
                (self.check_long_waits, deadlocks.LONG_WAITS),
            ]
        ]
        for check, process in processes:
            with self.subTest(process.popen.args):
                check(*process.finish())


class TestProcesses(unittest.TestCase):
    """With the real constants."""

    def test_within_two_seconds(self) -> None:
        """Each is found in under two real seconds.

        Several run at a time, in threads. On a busy machine that may take longer; so
        those that did are tried again, each alone.
        """
        driver = """
import concurrent.futures, time, unittest

def seconds(test):
    result = unittest.TestResult()
    start = time.monotonic()
    test.run(result)
    took = time.monotonic() - start
    [(_, text)] = result.errors
    assert "DeadlockError: the test is deadlocked" in text, text
    return took

def slow(tests, at_a_time):
    with concurrent.futures.ThreadPoolExecutor(at_a_time) as pool:
        took = list(pool.map(seconds, tests))
    return [(test, spent) for test, spent in zip(tests, took) if spent >= 2]

tests = [
    test
    for case in [TestReal, TestMock, TestAutojump]
    for test in unittest.defaultTestLoader.loadTestsFromTestCase(case)
]
left = slow(tests, 12)
for _ in range(3):
    left = slow([test for test, _ in left], 1)
print(len(tests), "tests, too slow:", left)
"""
        source = deadlocks.DEADLOCKS + driver
        code, output = Process(source, "test_it.py").finish()
        self.assertEqual((code, output), (0, "71 tests, too slow: []\n"))

    def test_trace_function_that_is_gone(self) -> None:
        """What one sees when the test begins is no reference to be counted."""
        source = """
import sys, threading
import trio
from triocase import AsyncTrioTestCase

sys.settrace(lambda *_: None)

class TestIt(AsyncTrioTestCase):
    async def test_it(self):
        sys.settrace(None)
        event, token = trio.Event(), trio.lowlevel.current_trio_token()
        threading.Timer(2.5, token.run_sync_soon, [event.set]).start()
        del token
        await event.wait()
"""
        code, output = Process(source, *UNITTEST).finish()
        self.assertEqual(code, 0, output)


class TestReport(unittest.TestCase):
    maxDiff = None

    def test_complete(self) -> None:
        """The line where the test is stuck, and the picture of who waits for what."""

        class Inner(AsyncTrioTestCase):
            async def take(self, first: trio.Lock, second: trio.Lock) -> None:
                async with first:
                    await trio.lowlevel.checkpoint()
                    async with second:
                        raise NotImplementedError

            async def test(self) -> None:
                one, other = trio.Lock(), trio.Lock()
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self.take, one, other, name="left")
                    nursery.start_soon(self.take, other, one, name="right")

        name = f"{__name__}.TestReport.test_complete.<locals>.Inner"
        with hasty():
            self.assertEqual(
                report(Inner),
                f"""Traceback (most recent call last):
  File "test_deadlock.py", line N, in test
    async with trio.open_nursery() as nursery:
triocase.DeadlockError: {DEADLOCKED}
Its tasks:

{name}.test (the test)
  File "test_deadlock.py", line N, in test
    async with trio.open_nursery() as nursery:
  waits in trio.open_nursery, for its tasks
  nursery:
    left
      File "test_deadlock.py", line N, in take
        async with second:
      waits for a Lock held by right
    right
      File "test_deadlock.py", line N, in take
        async with second:
      waits for a Lock held by left
""",
            )

    def test_clock_that_stands_still(self) -> None:
        """It says what moves the clock, if that would wake a task."""

        class Inner(AsyncTrioTestCase):
            @mock_clock
            async def test_sleep(self) -> None:
                await trio.sleep(1)

            @mock_clock
            async def test_event(self) -> None:
                await trio.Event().wait()

        with hasty():
            self.assertIn(
                f"DeadlockError: {DEADLOCKED}\n{STANDS_STILL}\nIts tasks:\n",
                report(Inner, "test_sleep"),
            )
            self.assertIn(
                f"DeadlockError: {DEADLOCKED}\nIts tasks:\n",
                report(Inner, "test_event"),
            )

    def test_debug(self) -> None:
        """``debug()`` raises it."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                await trio.sleep_forever()

        with hasty():
            error = debug_error(Inner)
        self.assertIs(type(error), DeadlockError)
        self.assertTrue(str(error).startswith(DEADLOCKED))

    def test_expected_failure(self) -> None:
        """One in the body of a test that is expected to fail is the failure."""

        class Inner(AsyncTrioTestCase):
            @unittest.expectedFailure
            async def test(self) -> None:
                await trio.sleep_forever()

        with hasty():
            (verdict,) = told(Inner)
        self.assertTrue(verdict.startswith(f"expected DeadlockError: {DEADLOCKED}"))

    def test_error_in_flight(self) -> None:
        """An error whose ``finally`` is stuck is not lost."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                try:
                    self.fail("first")
                finally:
                    await trio.sleep_forever()

        with hasty():
            text = report(Inner)
        self.assertIn("AssertionError: first\n\nDuring handling", text)
        self.assertIn(DEADLOCKED, text)

    def test_why_it_is_cancelled(self) -> None:
        """The ``Cancelled`` that the test gets says why, where Trio has that."""
        reasons = []

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                try:
                    await trio.sleep_forever()
                except trio.Cancelled as cancelled:
                    reasons.append(getattr(cancelled, "reason", "it is deadlocked"))
                    raise

        with hasty():
            told(Inner)
        self.assertEqual(reasons, ["it is deadlocked"])


class TestStages(unittest.TestCase):
    """Wherever the test is, what comes after that runs as after a time limit."""

    def events_of(self, stuck: str) -> list[str]:
        """Run a test that is stuck in one of its stages; return what has happened."""
        events: list[str] = []

        async def stage(name: str) -> None:
            events.append(name)
            if name == stuck:
                await trio.sleep_forever()
            await trio.lowlevel.checkpoint()

        @contextlib.asynccontextmanager
        async def context() -> AsyncIterator[None]:
            await stage("enter")
            yield
            await stage("exit")

        class Inner(AsyncTrioTestCase):
            @fixture
            async def thing(self) -> AsyncIterator[None]:
                await stage("fixture")
                yield
                await stage("end of fixture")

            async def asyncSetUp(self) -> None:
                await stage("asyncSetUp")

            async def test(self) -> None:
                self.addAsyncCleanup(stage, "cleanup")
                await self.enterAsyncContext(context())
                await stage("test")

            async def asyncTearDown(self) -> None:
                await stage("asyncTearDown")

            def tearDown(self) -> None:
                events.append("tearDown")

        result = run(Inner)
        (verdict,) = result.told
        whose = re.match(r"ERROR DeadlockError: (.+) is deadlocked: ", verdict)
        assert whose is not None, verdict
        self.assertEqual(result.errors[0][1].count("DeadlockError"), 1)
        return [*events, whose[1]]

    def test_each(self) -> None:
        """In the setup and the body; in the teardown, where it is cut short."""
        everything = ["fixture", "asyncSetUp", "enter", "test", "asyncTearDown"]
        everything += ["tearDown", "exit", "cleanup", "end of fixture"]
        before, after = ["fixture", "asyncSetUp", "enter"], everything[4:]
        test, teardown = "the test", "the teardown of the test"
        with hasty():
            for stuck, expected in [
                ("fixture", ["fixture", test]),
                ("asyncSetUp", ["fixture", "asyncSetUp", "end of fixture", test]),
                ("enter", [*before, "asyncTearDown", "tearDown", "cleanup", after[-1]]),
                ("test", everything),
                ("asyncTearDown", everything),
                ("exit", everything),
                ("cleanup", everything),
                ("end of fixture", everything),
            ]:
                if expected[-1] not in {test, teardown}:
                    in_time = stuck in {"enter", "test"}
                    expected = [*expected, test if in_time else teardown]
                with self.subTest(stuck):
                    self.assertEqual(self.events_of(stuck), expected)

    def test_again_in_the_teardown(self) -> None:
        """A test and its teardown may each be deadlocked: that is told twice."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                await trio.sleep_forever()

            async def asyncTearDown(self) -> None:
                await trio.sleep_forever()

        with hasty():
            self.assertEqual(
                [verdict.partition(" is ")[0] for verdict in told(Inner)],
                [
                    "ERROR DeadlockError: the test",
                    "ERROR DeadlockError: the teardown of the test",
                ],
            )

    def test_shielded(self) -> None:
        """What is shielded is met step by step, as at the time limit."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                with trio.CancelScope(shield=True):
                    await trio.sleep_forever()

        grace = mock.patch.object(_escalation, "_GRACE", 1)
        with impatient(), grace, hasty(), questions() as asked:
            (verdict,) = told(Inner)
        self.assertIn("DeadlockError: the test is deadlocked", verdict)
        self.assertIn("It was shielded from cancellation. After 1 seconds", verdict)
        self.assertEqual(len(asked), 1)  # nor is a step taken sooner than its time

    def test_goes_on(self) -> None:
        """So is what goes on although it is cancelled; the next test is healthy."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                while True:
                    with contextlib.suppress(trio.Cancelled):
                        await trio.sleep_forever()

            async def test_next(self) -> None:
                await trio.lowlevel.checkpoint()

        with impatient(), hasty():
            (verdict,) = told(Inner)
        self.assertIn("DeadlockError: the test is deadlocked", verdict)
        self.assertIn("so its Trio run was abandoned", verdict)
        self.assertEqual(told(Inner, "test_next"), ["pass"])

    def test_that_blocks_afterwards(self) -> None:
        """What blocks the loop in the end is interrupted, without a time limit too."""

        @time_limit(None)
        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                try:
                    await trio.sleep_forever()
                finally:
                    time.sleep(10)

        start = time.monotonic()
        with impatient(), hasty():
            first, second = told(Inner)
        self.assertLess(time.monotonic() - start, 9)
        self.assertIn(f"ERROR DeadlockError: {DEADLOCKED}\n", first)
        self.assertIn(
            "ERROR DeadlockError: the test was deadlocked, and has not ended since it was "
            "cancelled.\nIt blocks the event loop, so no other task can run.\n",
            second,
        )

    def test_that_gets_away(self) -> None:
        """A test that survives its cancellation is an error all the same."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                with contextlib.suppress(trio.Cancelled):
                    await trio.sleep_forever()

        with hasty():
            (verdict,) = told(Inner)
        self.assertIn("DeadlockError: the test is deadlocked", verdict)


class TestFound(unittest.TestCase):
    """What does not hide a deadlock."""

    def check(self, case: type[AsyncTrioTestCase], name: str = "test") -> None:
        with hasty():
            (verdict,) = told(case, name)
        self.assertIn(f"ERROR DeadlockError: {DEADLOCKED}", verdict)

    def test_no_time_limit(self) -> None:
        """Deadlocks are no matter of time limits."""

        class Inner(AsyncTrioTestCase):
            @time_limit(None)
            async def test(self) -> None:
                await trio.sleep_forever()

            async def test_plain(self) -> None:
                await trio.sleep_forever()

        self.check(Inner)
        with default_limit("0"):
            self.check(Inner, "test_plain")

    def test_other_threads(self) -> None:
        """Tests in threads other than the main one, many at a time."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                await trio.sleep_forever()

        verdicts: list[str] = []
        with hasty():
            threads = [
                threading.Thread(target=lambda: verdicts.extend(told(Inner)))
                for _ in range(5)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertEqual(len(verdicts), 5)
        for verdict in verdicts:
            self.assertIn(f"ERROR DeadlockError: {DEADLOCKED}", verdict)

    def test_deadline_that_has_passed(self) -> None:
        """One that begins when it has been found before that there is none."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                for _ in range(2):
                    with trio.move_on_after(0.4):
                        await trio.Event().wait()
                await trio.Event().wait()

        with questions() as asked:
            self.check(Inner)
        self.assertEqual(len(asked), 3)

    def test_garbage_that_holds_the_token(self) -> None:
        """What is to be collected holds no token for ever, here a traceback."""

        async def fail_in_a_thread() -> None:
            with contextlib.suppress(ZeroDivisionError):
                await trio.to_thread.run_sync(divmod, 1, 0)

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                await fail_in_a_thread()
                await trio.sleep_forever()

            async def asyncTearDown(self) -> None:
                await fail_in_a_thread()
                await trio.sleep_forever()

        before = gc.get_threshold()
        gc.set_threshold(0)  # it does not run by itself
        try:
            with hasty(), mock.patch.object(gc, "collect", wraps=gc.collect) as collect:
                first, second = told(Inner)
        finally:
            gc.set_threshold(*before)
        self.assertIn("ERROR DeadlockError: the test is deadlocked", first)
        self.assertIn("ERROR DeadlockError: the teardown of the test is", second)
        self.assertEqual(collect.call_count, 2)

    def test_watchdog_that_is_slow(self) -> None:
        """The hand that the watchdog's thread has on the token counts as nobody's."""
        soon = trio.lowlevel.TrioToken.run_sync_soon

        def slow(token: Any, *args: Any) -> None:
            soon(token, *args)
            if threading.current_thread().name == "triocase watchdog":
                time.sleep(0.3)

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                await trio.sleep_forever()

        with mock.patch.object(trio.lowlevel.TrioToken, "run_sync_soon", slow):
            self.check(time_limit(3)(Inner))

    def test_no_garbage(self) -> None:
        """Where nobody else holds the token, nothing is collected."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                await trio.sleep_forever()

        with mock.patch.object(gc, "collect") as collect:
            self.check(Inner)
        self.assertEqual(collect.call_count, 0)

    def test_async_generator(self) -> None:
        """A task that waits in an async generator of the test's."""

        class Inner(AsyncTrioTestCase):
            async def numbers(self) -> AsyncIterator[int]:
                yield 1
                await trio.Event().wait()

            async def test(self) -> None:
                async for _ in self.numbers():
                    pass

        self.check(Inner)

    def test_system_task(self) -> None:
        """Tasks beside those of the test are looked at like all others."""

        class Inner(AsyncTrioTestCase):
            async def beside(self) -> None:
                await trio.Event().wait()

            async def test(self) -> None:
                trio.lowlevel.spawn_system_task(self.beside, name="<mine>")
                await trio.sleep_forever()

        self.check(Inner)

    def test_thread_that_has_died(self) -> None:
        """A thread that holds the token hides a deadlock, but only until it ends."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                token = trio.lowlevel.current_trio_token()
                threading.Timer(0.5, lambda token: None, [token]).start()
                del token
                await trio.sleep_forever()

        self.check(Inner)

    def test_deadline_of_what_is_shielded(self) -> None:
        """A deadline that has passed, and has woken nobody, hides no more."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                with trio.move_on_after(0.5), trio.CancelScope(shield=True):
                    await trio.sleep_forever()

        with impatient():
            self.check(Inner)

    def test_long_threshold(self) -> None:
        """The next look comes when there is a reason to ask, not at the next turn."""

        class Inner(AsyncTrioTestCase):
            @autojump_clock(threshold=1)
            async def test(self) -> None:
                await trio.sleep_forever()

        start = time.monotonic()
        with hasty(), mock.patch.object(_time_limit, "_LOOK", 0.9):
            (verdict,) = told(Inner)
        self.assertIn(f"ERROR DeadlockError: {DEADLOCKED}", verdict)
        self.assertLess(time.monotonic() - start, 2.6)


class TestNotFound(unittest.TestCase):
    """What is left to the time limit."""

    def check(self, case: type[AsyncTrioTestCase], name: str = "test") -> None:
        with hasty():
            (verdict,) = told(time_limit(0.8)(type("Inner", (case,), {})), name)
        self.assertIn("ERROR TimeLimitExceeded: the test has not ended", verdict)

    def test_switched_off(self) -> None:
        """By the decorator."""

        class Inner(AsyncTrioTestCase):
            @deadlock_check(False)
            async def test(self) -> None:
                await trio.sleep_forever()

        self.check(Inner)

    def test_other_host(self) -> None:
        """Where ``runTrio`` is overridden, whatever the decorator says."""

        @deadlock_check(True)
        class Inner(AsyncTrioTestCase):
            def runTrio(self, async_fn: Any, **options: Any) -> None:
                super().runTrio(async_fn, **options)

            async def test(self) -> None:
                await trio.sleep_forever()

        self.check(Inner)

    def test_other_platform(self) -> None:
        """Where Trio does not tell which I/O is waited for, or the system who works."""

        @time_limit(0.6)
        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                await trio.sleep_forever()

        def statistics() -> SimpleNamespace:
            here = trio.lowlevel.current_statistics()
            return SimpleNamespace(
                tasks_runnable=here.tasks_runnable,
                seconds_to_next_deadline=here.seconds_to_next_deadline,
                run_sync_soon_queue_size=here.run_sync_soon_queue_size,
                io_statistics=io,
            )

        io = SimpleNamespace(tasks_waiting_read=1, tasks_waiting_write=0)
        with hasty(), mock.patch.object(_deadlock, "current_statistics", statistics):
            for io.backend, expected in [
                ("epoll", "DeadlockError"),
                ("kqueue", "TimeLimitExceeded"),
            ]:
                (verdict,) = told(Inner)
                self.assertIn(f"ERROR {expected}: ", verdict)
        with hasty(), mock.patch.object(_deadlock.ThreadTime, "known", False):
            (verdict,) = told(Inner)
        self.assertIn("ERROR TimeLimitExceeded: ", verdict)

    def test_token(self) -> None:
        """Where anything of the test's holds the token; garbage is collected once."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                self.token = trio.lowlevel.current_trio_token()
                await trio.sleep_forever()

        with mock.patch.object(gc, "collect", wraps=gc.collect) as collect:
            self.check(Inner)
        self.assertEqual(collect.call_count, 1)

    def check_woken_later(self, method: str) -> None:
        """A thread gets the token when ``method`` of the check is called first."""
        event = trio.Event()
        original = getattr(_deadlock.DeadlockCheck, method)
        threads: list[threading.Thread] = []

        def late(check: _deadlock.DeadlockCheck, *args: object) -> None:
            if not threads:  # pragma: no branch  # asked again, under load
                wake = check._holders.token.run_sync_soon
                threads.append(threading.Timer(0.3, wake, [event.set]))
                threads[0].start()
            original(check, *args)

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                await event.wait()

        with hasty(), mock.patch.object(_deadlock.DeadlockCheck, method, late):
            self.assertEqual(told(Inner), ["pass"])
        threads[0].join()

    def test_token_that_is_given_away_meanwhile(self) -> None:
        """What has been seen from outside is looked at again in the run."""
        self.check_woken_later("_begin_to_answer")

    def test_token_that_is_given_away_at_last(self) -> None:
        """And once more, when the run would go to sleep."""
        self.check_woken_later("answer")

    def test_woken_at_the_last_moment(self) -> None:
        """A task that is about to run, or a call that is queued, is no deadlock."""
        begin = _deadlock.DeadlockCheck._begin_to_answer
        answer = _deadlock.DeadlockCheck.answer

        def wake(check: _deadlock.DeadlockCheck, collect: bool) -> None:
            begin(check, collect)
            event.set()

        def wake_soon(check: _deadlock.DeadlockCheck) -> None:
            check._holders.token.run_sync_soon(event.set)
            answer(check)

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                await event.wait()
                await trio.sleep(0.1)

        for name, late in [("_begin_to_answer", wake), ("answer", wake_soon)]:
            event = trio.Event()
            with hasty(), mock.patch.object(_deadlock.DeadlockCheck, name, late):
                self.assertEqual(told(Inner), ["pass"])
            self.assertTrue(event.is_set())

    def test_time_moved_at_the_last_moment(self) -> None:
        """A timer that is due is no deadlock, though its clock stands still."""
        begin = _deadlock.DeadlockCheck._begin_to_answer

        def move(check: _deadlock.DeadlockCheck, collect: bool) -> None:
            begin(check, collect)
            check._life.subject.clock.jump(5)  # as a thread may, through the token

        @mock_clock
        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                await trio.sleep(5)
                for _ in range(5):  # or a verdict from then would come too late
                    await trio.lowlevel.checkpoint()

        late = mock.patch.object(_deadlock.DeadlockCheck, "_begin_to_answer", move)
        with hasty(), late:
            self.assertEqual(told(Inner), ["pass"])

    def test_garbage_that_is_not_collected(self) -> None:
        """Where the collector is switched off, it stays so."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                garbage: list[object] = [trio.lowlevel.current_trio_token()]
                garbage.append(garbage)
                del garbage
                await trio.sleep_forever()

        gc.disable()
        try:
            self.check(Inner)
        finally:
            gc.enable()

    def test_what_has_a_trio_name(self) -> None:
        """A task of the test's is none of Trio's, whatever its name."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(wait_all_tasks_blocked, 0.5, name="<idle>")

        with hasty():
            self.assertEqual(told(Inner), ["pass"])

    def test_what_cannot_be_seen(self) -> None:
        """A task hides a deadlock if it waits in what has no frames to look at."""

        class Inner(AsyncTrioTestCase):
            def __await__(self) -> Any:
                return trio.Event().wait().__await__()

            async def hide(self) -> None:
                await self

            async def test_own(self) -> None:
                await self

            async def test_other(self) -> None:
                trio.lowlevel.spawn_system_task(self.hide, name="<mine>")
                await trio.sleep_forever()

        with impatient():
            self.check(Inner, "test_own")
            self.check(Inner, "test_other")

    def test_waiter_for_a_limiter(self) -> None:
        """One that waits for a limiter alone makes up for nobody who holds the token."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                limiter = trio.CapacityLimiter(1)
                await limiter.acquire()
                self.token = trio.lowlevel.current_trio_token()
                self.nursery.start_soon(limiter.acquire_on_behalf_of, "a thing")
                await trio.sleep_forever()

        self.check(Inner)

    def test_seen_in_a_debugger(self) -> None:
        """A test in which a debugger was seen has no limit, and no deadlock either."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                frame = sys._getframe()
                frame.f_trace = bdb.Bdb().trace_dispatch
                time.sleep(0.5)  # at the prompt
                del frame.f_trace
                event = trio.Event()
                ring = signal.signal(signal.SIGALRM, lambda *_: event.set())
                signal.setitimer(signal.ITIMER_REAL, 1)
                await event.wait()
                signal.signal(signal.SIGALRM, ring)

        with hasty(), questions() as asked:
            self.assertEqual(told(time_limit(0.8)(Inner)), ["pass"])
        self.assertEqual(asked, [])

    def test_debugger_that_comes_late(self) -> None:
        """So has one that is debugged when it is about to be ended."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                event = trio.Event()
                ring = signal.signal(signal.SIGALRM, lambda *_: event.set())
                signal.setitimer(signal.ITIMER_REAL, 1)
                await event.wait()
                signal.signal(signal.SIGALRM, ring)

        with hasty(), mock.patch("triocase._time_limit.debugger_is_on") as debugger:
            debugger.side_effect = [False, True]  # at the start, and in the end
            self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(debugger.call_count, 2)

    def test_that_is_over_already(self) -> None:
        """A test that has gone on in the meantime is not ended."""
        late = []

        class Inner(AsyncTrioTestCase):
            async def asyncTearDown(self) -> None:
                late.pop()()
                await trio.lowlevel.checkpoint()

            async def test(self) -> None:
                limit = self._trioTest.limit
                cause = _deadlock._cause(False)
                late.append(functools.partial(limit.end, limit.turn, cause))

        self.assertEqual(told(Inner), ["pass"])


class Sleeps(trio.abc.Instrument):
    """Counts how often a run goes to sleep."""

    count = 0

    def before_io_wait(self, timeout: float) -> None:
        self.count += timeout > 0


class TestCost(unittest.TestCase):
    def wake_ups(
        self, wait: Callable[[], Awaitable[object]], clock: Any = real_clock
    ) -> int:
        """Return how often the run is woken while its test waits, beyond the end."""
        sleeps = Sleeps()

        class Inner(AsyncTrioTestCase):
            @clock
            async def test(self) -> None:
                self.nursery.start_soon(trio.sleep_forever)
                await wait_all_tasks_blocked()
                trio.lowlevel.add_instrument(sleeps)
                await wait()
                trio.lowlevel.remove_instrument(sleeps)

        with hasty(margin=0.5):
            self.assertEqual(told(Inner), ["pass"])
        return sleeps.count - 1

    def test_wakes_nobody(self) -> None:
        """A run in which something can still happen is not woken, ever."""

        async def sleep() -> None:
            await trio.sleep(0.5)

        async def socket() -> None:
            left, right = trio.socket.socketpair()
            with left, right:
                timer = threading.Timer(0.5, os.write, [right.fileno(), b"x"])
                timer.start()
                await left.recv(1)
                timer.join()

        async def cushion() -> None:
            await wait_all_tasks_blocked(0.5)

        async def year() -> None:
            with trio.move_on_after(365 * 24 * 60 * 60):
                await trio.Event().wait()

        ways: list[tuple[Any, Any]] = [
            (sleep, real_clock),
            (socket, real_clock),
            (cushion, real_clock),
            (cushion, autojump_clock),
            (year, autojump_clock(threshold=0.5)),
        ]
        for way, clock in ways:
            with self.subTest(way.__name__), questions() as asked:
                self.assertEqual(self.wake_ups(way, clock), 0)
                self.assertEqual(asked, [])

    def test_asks_once(self) -> None:
        """A run whose tasks wait for a deadline is asked once, and goes on."""

        async def timeout() -> None:
            with trio.move_on_after(0.7):
                await trio.Event().wait()

        with questions() as asked:
            self.assertEqual(self.wake_ups(timeout), 1)
        self.assertEqual(len(asked), 1)

    def test_leaves_no_instrument(self) -> None:
        """What has asked is gone with the next step of a task."""
        steps = []

        class Question(_deadlock._Question):
            def before_task_step(self, task: trio.lowlevel.Task) -> None:
                steps.append(task)
                super().before_task_step(task)

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                with trio.move_on_after(0.5):
                    await trio.Event().wait()
                for _ in range(10):
                    await trio.lowlevel.checkpoint()

        with hasty(), mock.patch.object(_deadlock, "_Question", Question):
            self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(len(steps), 1)

    def test_loop(self) -> None:
        """A run is not asked that comes back to the same place again and again."""

        class Inner(AsyncTrioTestCase):
            async def test_real(self) -> None:
                end = time.monotonic() + 1.2
                while time.monotonic() < end:
                    with trio.move_on_after(0.02):
                        await trio.sleep_forever()

            test_virtual = autojump_clock(threshold=0.02)(
                lambda self: self.test_real()  # type: ignore[no-any-return]
            )

        for name in ["test_real", "test_virtual"]:
            with self.subTest(name), hasty(), questions() as asked:
                with mock.patch.object(_deadlock, "_UNCHANGED", 0.5):
                    self.assertEqual(told(Inner, name), ["pass"])
                self.assertEqual(asked, [])

    def test_busy(self) -> None:
        """A test that is never idle is looked at from outside alone."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                end = time.monotonic() + 0.5
                while time.monotonic() < end:
                    await trio.lowlevel.checkpoint()

        with hasty(), mock.patch.object(_deadlock, "add_instrument") as add:
            self.assertEqual(told(Inner), ["pass"])
        add.assert_not_called()

    def test_short_test(self) -> None:
        """Nothing is done for a test that takes less than half a second."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                await trio.sleep(0.1)

        self.assertEqual(_time_limit._LOOK, 0.5)
        with (
            mock.patch.object(_time_limit, "_LOOK", 60),  # the machine may be slow
            mock.patch("triocase._time_limit.DeadlockCheck") as check,
        ):
            self.assertEqual(told(Inner), ["pass"])
        check.assert_not_called()

    def test_nothing_to_look_for(self) -> None:
        """A test without a limit in which no deadlock is looked for is not watched."""

        @time_limit(None)
        @deadlock_check(False)
        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                await trio.lowlevel.checkpoint()

        with mock.patch("triocase._time_limit.watchdog") as watchdog:
            self.assertEqual(told(Inner), ["pass"])
        watchdog.assert_not_called()

    def test_look_that_comes_late(self) -> None:
        """At a test that has just ended there is nothing to see."""
        limits = []

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                limits.append(self._trioTest.limit)

        self.assertEqual(told(Inner), ["pass"])
        with mock.patch("triocase._time_limit.DeadlockCheck") as check:
            limits[0].look()
        check.assert_not_called()

    def test_nothing_is_kept(self) -> None:
        """Nothing of a test is left that was deadlocked, nor of one that was asked."""

        class Inner(AsyncTrioTestCase):
            async def test_deadlock(self) -> None:
                await trio.sleep_forever()

            async def test_deadline(self) -> None:
                with trio.move_on_after(0.5):
                    await trio.Event().wait()

        for name in ["test_deadlock", "test_deadline"]:
            with self.subTest(name), hasty():
                test = Inner(name)
                before = threading.active_count()
                test.run(unittest.TestResult())
                limit = weakref.ref(test)
                del test
                gc.collect()
                self.assertIsNone(limit())
                self.assertLessEqual(threading.active_count(), before + 1)


WRITE = "Write `@deadlock_check(False)` above `async def` or `class`"


class TestDecorator(unittest.TestCase):
    def test_precedence(self) -> None:
        """The method's own wins over its class's, that over its parents'."""

        async def stuck(self: object) -> None:
            await trio.sleep_forever()

        @deadlock_check(False)
        class Parent(AsyncTrioTestCase):
            test_plain = stuck

            @deadlock_check(True)
            async def test_on(self) -> None:
                await trio.sleep_forever()

        @deadlock_check(True)
        class Child(Parent):
            @deadlock_check(False)
            async def test_off(self) -> None:
                await trio.sleep_forever()

        class GrandChild(Child):
            pass

        for case, name, expected in [
            (Parent, "test_plain", "TimeLimitExceeded"),
            (Parent, "test_on", "DeadlockError"),
            (Child, "test_plain", "DeadlockError"),
            (Child, "test_on", "DeadlockError"),
            (Child, "test_off", "TimeLimitExceeded"),
            (GrandChild, "test_plain", "DeadlockError"),
            (GrandChild, "test_off", "TimeLimitExceeded"),
        ]:
            with self.subTest(case=case.__name__, name=name):
                with hasty(), default_limit("0.5"):
                    (verdict,) = told(case, name)
                self.assertIn(f"ERROR {expected}: ", verdict)

    def test_composes(self) -> None:
        """In any order, with unittest's decorators and the other ones."""

        class Inner(AsyncTrioTestCase):
            @deadlock_check(True)
            @unittest.expectedFailure
            @autojump_clock
            @mock.patch.object(unittest, "case")
            @time_limit(5)
            async def test_a(self, patched: object) -> None:
                await trio.sleep_forever()

            @unittest.skip("not now")
            @deadlock_check(False)
            async def test_b(self) -> None:
                raise NotImplementedError

        with hasty():
            (verdict,) = told(Inner, "test_a")
        self.assertIn("expected DeadlockError", verdict)
        self.assertEqual(told(Inner, "test_b"), ["skip not now"])

    def test_what_is_no_bool(self) -> None:
        """It takes a bool, at decoration; a bare one has a test in its place."""

        async def test(self: object) -> None:
            raise NotImplementedError

        for wrong in [None, 0, 1, "off", test, AsyncTrioTestCase]:
            with self.subTest(wrong):
                with self.assertRaises(TypeError) as caught:
                    deadlock_check(wrong)  # type: ignore[arg-type]
                self.assertEqual(
                    str(caught.exception),
                    f"deadlock_check() takes True or False, not {wrong!r}. {WRITE} to "
                    f"switch the search for deadlocks off.",
                )

    def test_what_is_no_test(self) -> None:
        """It decorates a function or a class."""
        with self.assertRaisesRegex(
            TypeError, "^deadlock_check decorates .* `@deadlock_check"
        ):
            deadlock_check(False)(3)

    def test_above_a_hook(self) -> None:
        """Above ``setUp`` it would do nothing, and says so when the test runs."""

        class Inner(AsyncTrioTestCase):
            @deadlock_check(False)
            async def asyncSetUp(self) -> None:
                raise NotImplementedError

            async def test(self) -> None:
                raise NotImplementedError

        (verdict,) = told(Inner)
        self.assertIn("TypeError: @deadlock_check stands above", verdict)
