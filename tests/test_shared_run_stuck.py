"""A stage that does not end is ended, and the rest of its class goes on."""

from __future__ import annotations

import bdb
import gc
import signal
import socket
import sys
import threading
import time
import unittest
from collections import Counter
from collections.abc import AsyncIterator

import trio
import trio.testing

from triocase import (
    AsyncTrioTestCase,
    deadlock_check,
    fixture,
    shared_run,
    time_limit,
)

from . import shared_classes
from .harness import UNITTEST, Process, alarm, default_limit, hasty, impatient, ring
from .shared_classes import Failing, run_class

LIMIT = 0.3


async def block_loop() -> None:
    time.sleep(1000)


class TestStuck(Failing):
    """A time limit is over, or a task blocks the loop: one stage ends, the rest runs."""

    def setUp(self) -> None:
        patience = impatient()
        patience.__enter__()
        self.addCleanup(patience.__exit__, None, None, None)

    def test_setup_of_the_class(self) -> None:
        """It is cancelled, or interrupted; the class cleanups run."""
        for block, says in [
            (trio.sleep_forever, "Its tasks:"),
            (block_loop, "It blocks the event loop"),
        ]:

            @shared_run
            @time_limit(LIMIT)
            class Inner(shared_classes.Base):
                what = staticmethod(block)

                @classmethod
                async def asyncSetUpClass(cls) -> None:
                    cls.addAsyncClassCleanup(cls.note, "class cleanup")
                    await cls.what()

            (text,) = self.check(
                Inner,
                [
                    f"setUpClass: ERROR TimeLimitExceeded: the setup of "
                    f"{Inner.__qualname__} has not ended within its time limit of 0.3 "
                    f"seconds."
                ],
                ["class cleanup"],
            )
            self.assertIn("in asyncSetUpClass\n    await cls.what()\n", text)
            self.assertIn(f"0.3 seconds.\n{says}", text)
            self.assertIn(f"{__name__}.{Inner.__qualname__} (the class)\n", text)

    def test_teardown_of_the_class(self) -> None:
        """Likewise; what does not await still runs."""
        for block, says in [
            (trio.sleep_forever, "Its tasks:"),
            (block_loop, "It blocks the event loop"),
        ]:

            @shared_run
            @time_limit(LIMIT)
            class Inner(shared_classes.InNursery):
                what = staticmethod(block)
                test_2 = test_3 = None  # type: ignore[assignment]

                @classmethod
                async def asyncTearDownClass(cls) -> None:
                    cls.addClassCleanup(cls.events.append, "class cleanup")
                    await cls.what()

            (text,) = self.check(
                Inner,
                [
                    "test_1: pass",
                    f"tearDownClass: ERROR TimeLimitExceeded: the teardown of "
                    f"{Inner.__qualname__} has not ended within its time limit of 0.3 "
                    f"seconds.",
                ],
                [1, "teardown", "class cleanup"],
            )
            self.assertIn("in asyncTearDownClass\n    await cls.what()\n", text)
            self.assertIn(f"0.3 seconds.\n{says}", text)
            self.assertIn("cls.class_nursery:\n", text)

    def test_each_test(self) -> None:
        """Each test has its own limit, its teardown too; the class's time is none."""

        @shared_run
        @time_limit(LIMIT)
        class Inner(shared_classes.Base):
            async def test_1(self) -> None:
                await trio.sleep_forever()

            async def test_2(self) -> None:
                self.addAsyncCleanup(trio.sleep_forever)

            async def test_3(self) -> None:
                time.sleep(1000)

            async def test_4(self) -> None:
                await self.note(4)

        limit = "has not ended within its time limit of 0.3 seconds."
        self.check(
            Inner,
            [
                f"test_1: ERROR TimeLimitExceeded: the test {limit}",
                f"test_2: ERROR TimeLimitExceeded: the teardown of the test {limit}",
                f"test_3: ERROR TimeLimitExceeded: the test {limit}",
                "test_4: pass",
            ],
            ["teardown", "teardown", "teardown", 4, "teardown", "class teardown"],
        )

    def test_shields(self) -> None:
        """Those of the test are switched off, never those of the class's tasks."""

        @shared_run
        class Inner(shared_classes.InNursery):
            test_2 = test_3 = None  # type: ignore[assignment]

            @classmethod
            async def asyncSetUpClass(cls) -> None:
                cls.event = trio.Event()
                cls.class_nursery.start_soon(cls.shielded)
                nursery = await cls.enterAsyncClassContext(trio.open_nursery())
                nursery.start_soon(cls.shielded)
                await trio.testing.wait_all_tasks_blocked()

            @classmethod
            async def shielded(cls) -> None:
                with trio.CancelScope(shield=True) as scope:
                    await cls.event.wait()
                cls.events.append(scope.shield)

            @time_limit(LIMIT)
            async def test_1(self) -> None:
                self.addAsyncCleanup(self.sleep_shielded)
                await self.sleep_shielded()

            async def sleep_shielded(self) -> None:
                with trio.CancelScope(shield=True):
                    await trio.sleep_forever()

            @classmethod
            async def asyncTearDownClass(cls) -> None:
                cls.event.set()

        limit = "has not ended within its time limit of 0.3 seconds."
        texts = self.check(
            Inner,
            [
                f"test_1: ERROR TimeLimitExceeded: the test {limit}",
                f"test_1: ERROR TimeLimitExceeded: the teardown of the test {limit}",
            ],
            ["teardown", True, True],
        )
        for text in texts:
            self.assertIn("It was shielded from cancellation.", text)

    def test_abandoned(self) -> None:
        """Later tests say why they were not run; nothing is lost, nothing hangs."""

        @shared_run
        class Inner(shared_classes.InNursery):
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                await super().asyncSetUpClass()
                cls.addClassCleanup(cls.events.append, "class cleanup")
                cls.addAsyncClassCleanup(cls.note, "never")

            @time_limit(LIMIT)
            async def test_1(self) -> None:
                self.addCleanup(self.events.append, "cleanup")
                while True:
                    try:
                        await trio.sleep_forever()
                    except trio.Cancelled:
                        pass

            async def test_2(self) -> None:
                raise NotImplementedError

            test_3 = test_2

        before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGURG)
        reason = (
            f"ERROR RuntimeError: the Trio run of {Inner.__qualname__} was abandoned, "
            f"because {__name__}.{Inner.__qualname__}.test_1 went on although it was "
            f"cancelled. So this test was not run."
        )
        texts = self.check(
            Inner,
            [
                "test_1: ERROR TimeLimitExceeded: the test has not ended within its "
                "time limit of 0.3 seconds.",
                f"test_2: {reason}",
                f"test_3: {reason}",
                "tearDownClass: ERROR RuntimeError: the Trio run of the class has "
                "ended before its cleanups. Not run, because they are async: "
                "Base.note.",
            ],
            ["cleanup", "class cleanup"],
        )
        self.assertIn("so its Trio run was abandoned.", texts[0])
        self.assertEqual(
            (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGURG)), before
        )

        @shared_run
        class Next(shared_classes.InNursery):
            pass

        self.assertEqual(
            run_class(Next).told, ["test_1: pass", "test_2: pass", "test_3: pass"]
        )

    def test_abandoned_setup_of_the_class(self) -> None:
        """It is one error of setUpClass, and sync class cleanups run."""

        @shared_run
        @time_limit(LIMIT)
        class Inner(shared_classes.Base):
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                cls.addClassCleanup(cls.events.append, "class cleanup")
                while True:
                    try:
                        await trio.sleep_forever()
                    except trio.Cancelled:
                        pass

        (text,) = self.check(
            Inner,
            [
                f"setUpClass: ERROR TimeLimitExceeded: the setup of "
                f"{Inner.__qualname__} has not ended within its time limit of 0.3 "
                f"seconds."
            ],
            ["class cleanup"],
        )
        self.assertIn("so its Trio run was abandoned.", text)

    def test_debugger(self) -> None:
        """A test with a debugger in it has no limit; the next one has its own."""

        @shared_run
        @time_limit(LIMIT)
        class Inner(shared_classes.Base):
            @time_limit(1)
            async def test_1(self) -> None:
                frame = sys._getframe()
                frame.f_trace = bdb.Bdb().trace_dispatch
                time.sleep(0.6)  # for the watchdog to see it
                del frame.f_trace
                await trio.sleep(0.6)

            async def test_2(self) -> None:
                await trio.sleep_forever()

        self.check(
            Inner,
            [
                "test_1: pass",
                "test_2: ERROR TimeLimitExceeded: the test has not ended within its "
                "time limit of 0.3 seconds.",
                "test_3: pass",
            ],
            ["teardown", "teardown", 3, "teardown", "class teardown"],
        )

    def test_two_classes_in_two_threads(self) -> None:
        """A limit ends the test of its own thread; the other class goes on."""
        ended = threading.Event()

        @shared_run
        class Slow(shared_classes.InNursery):
            @time_limit(LIMIT)
            async def test_1(self) -> None:
                await trio.sleep_forever()

        @shared_run
        class Other(shared_classes.InNursery):
            async def test_1(self) -> None:
                with trio.CancelScope(shield=True) as scope:
                    while not ended.is_set():
                        await trio.sleep(0.01)
                self.events.append(scope.shield)

        results: list[list[str]] = []
        thread = threading.Thread(target=lambda: results.append(run_class(Other).told))
        thread.start()
        told = run_class(Slow).told
        ended.set()
        thread.join(30)
        self.assertIn("test_1: ERROR TimeLimitExceeded: the test has", told[0])
        self.assertEqual(told[1:], ["test_2: pass", "test_3: pass"])
        self.assertEqual(results, [["test_1: pass", *told[1:]]])
        self.assertEqual(Other.events[0], True)


class TestDeadlock(Failing):
    """Found in the setup of the class, in a test, in the teardown."""

    def test_in_a_test(self) -> None:
        """The report shows the class's tasks; later tests run."""

        @shared_run
        class Inner(shared_classes.InNursery):
            test_3 = None  # type: ignore[assignment]

            @fixture(scope="class")
            async def server(cls) -> AsyncIterator[None]:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(trio.sleep_forever)
                    yield
                    nursery.cancel_scope.cancel()

            async def test_1(self) -> None:
                self.nursery.start_soon(trio.sleep_forever)
                await trio.Event().wait()

        start = time.monotonic()
        with hasty():
            result = run_class(Inner)
        self.assertLess(time.monotonic() - start, 20)
        deadlocked = (
            "DeadlockError: the test is deadlocked: each of its tasks waits, and "
            "nothing can wake any of them."
        )
        self.assertEqual(result.told, [f"test_1: ERROR {deadlocked}", "test_2: pass"])
        self.assertEqual(Inner.events, ["teardown", 2, "teardown", "class teardown"])
        name = Inner.__qualname__
        self.assertEqual(
            result.texts,
            [
                f"""\
Traceback (most recent call last):
  File "test_shared_run_stuck.py", line N, in test_1
    await trio.Event().wait()
triocase.{deadlocked}
Its tasks:

{__name__}.{name}.test_1 (the test)
  File "test_shared_run_stuck.py", line N, in test_1
    await trio.Event().wait()
  waits for an Event
self.nursery:
  trio.sleep_forever
    waits in trio.sleep_forever
cls.class_nursery:
  {shared_classes.__name__}.Base.crash
    File "shared_classes.py", line N, in crash
      await cls.event.wait()
    waits for an Event
contexts and fixtures of the class:
  {name}.server
    waits for its turn
    nursery:
      trio.sleep_forever
        waits in trio.sleep_forever
"""
            ],
        )

    def test_in_the_setup_and_the_teardown_of_the_class(self) -> None:
        """Each is an error of its own stage."""

        @shared_run
        class InSetup(shared_classes.Base):
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                await trio.Event().wait()

        @shared_run
        class InTeardown(shared_classes.Base):
            test_2 = test_3 = None  # type: ignore[assignment]

            @classmethod
            async def asyncTearDownClass(cls) -> None:
                await trio.Event().wait()

        with hasty():
            self.assertEqual(
                run_class(InSetup).told + run_class(InTeardown).told,
                [
                    f"setUpClass: ERROR DeadlockError: the setup of "
                    f"{InSetup.__qualname__} is deadlocked: each of its tasks waits, "
                    f"and nothing can wake any of them.",
                    "test_1: pass",
                    f"tearDownClass: ERROR DeadlockError: the teardown of "
                    f"{InTeardown.__qualname__} is deadlocked: each of its tasks "
                    f"waits, and nothing can wake any of them.",
                ],
            )

    def test_within_two_seconds(self) -> None:
        """With the real constants, in a process of its own.

        On a busy machine it may take longer; so there are a few tries.
        """
        process = Process(
            """
import time, unittest
import trio
from triocase import AsyncTrioTestCase, shared_run

@shared_run
class TestA(AsyncTrioTestCase):
    async def test(self):
        start = time.monotonic()
        try:
            await trio.Event().wait()
        finally:
            took.append(time.monotonic() - start)

took = []
while not took or took[-1] >= 2 and len(took) < 4:
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(TestA).run(result)
    [(_, text)] = result.errors
    assert "DeadlockError" in text, text
print(f"after {took[-1]:.1f} seconds")
""",
            "test_it.py",
        )
        code, output = process.finish()
        self.assertEqual(code, 0, output)
        self.assertRegex(output, r"^after 1\.")

    def test_no_false_alarm(self) -> None:
        """A token, a thread or a socket of a task of the class wakes a test yet."""

        class Base(shared_classes.Base):
            begin: trio.Event
            test_2 = test_3 = None  # type: ignore[assignment]

            @classmethod
            async def asyncSetUpClass(cls) -> None:
                cls.begin, cls.event = trio.Event(), trio.Event()
                cls.class_nursery.start_soon(cls.serve)
                await trio.testing.wait_all_tasks_blocked()

            @classmethod
            async def serve(cls) -> None:
                raise NotImplementedError

            async def test_1(self) -> None:
                self.begin.set()
                await self.event.wait()

        @shared_run
        class Token(Base):
            @classmethod
            async def serve(cls) -> None:
                token = trio.lowlevel.current_trio_token()
                await cls.begin.wait()
                wake = token.run_sync_soon
                threading.Timer(0.4, wake, [cls.event.set]).start()
                await trio.sleep_forever()

        @shared_run
        class Thread(Base):
            @classmethod
            async def serve(cls) -> None:
                await cls.begin.wait()
                await trio.to_thread.run_sync(time.sleep, 0.4)
                cls.event.set()

        @shared_run
        class Socket(Base):
            @classmethod
            async def serve(cls) -> None:
                near, far = socket.socketpair()
                with near, trio.socket.from_stdlib_socket(far) as ours:
                    await cls.begin.wait()
                    threading.Timer(0.4, near.send, [b"x"]).start()
                    await ours.recv(1)
                cls.event.set()

        with hasty():
            for kind in [Token, Thread, Socket]:
                self.check(kind, ["test_1: pass"], ["teardown", "class teardown"])


def late(_number: int, _frame: object) -> None:
    raise OSError("late")


class TestSignals(Failing):
    """Handlers of signals that raise."""

    def test_alarm_in_a_test(self) -> None:
        """While all tasks wait it fails that test; the later ones run."""
        for limit in [None, "0"]:  # without a limit of ours, too

            @shared_run
            class Inner(shared_classes.InNursery):
                test_3 = None  # type: ignore[assignment]

                async def test_1(self) -> None:
                    ring()
                    await trio.sleep(30)

            with default_limit(limit), alarm(late):
                (text,) = self.check(
                    Inner,
                    ["test_1: ERROR OSError: late", "test_2: pass"],
                    ["teardown", 2, "teardown", "class teardown"],
                )
            self.assertIn("test_1 (the test)\n", text)
            self.assertIn("cls.class_nursery:\n", text)

    def test_alarm_in_the_setup_and_the_teardown_of_the_class(self) -> None:
        """There it ends that stage, and the class cleanups run."""

        @shared_run
        class InSetup(shared_classes.Base):
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                cls.addAsyncClassCleanup(cls.note, "class cleanup")
                ring()
                await trio.sleep(30)

        @shared_run
        class InTeardown(shared_classes.Base):
            test_2 = test_3 = None  # type: ignore[assignment]

            @classmethod
            async def asyncTearDownClass(cls) -> None:
                cls.addClassCleanup(cls.events.append, "class cleanup")
                ring()
                await trio.sleep(30)

        with alarm(late):
            self.check(InSetup, ["setUpClass: ERROR OSError: late"], ["class cleanup"])
        with alarm(late):
            self.check(
                InTeardown,
                ["test_1: pass", "tearDownClass: ERROR OSError: late"],
                [1, "teardown", "class cleanup"],
            )

    def check_another_signal(self, wait: str) -> str:
        """Return what is printed when a handler raises while a test waits so."""
        process = Process(
            f"""
import os, signal, threading
import trio
from triocase import AsyncTrioTestCase, shared_run

def stop(number, frame):
    raise OSError("stop")

signal.signal(signal.SIGUSR1, stop)

@shared_run
class TestA(AsyncTrioTestCase):
    @classmethod
    async def asyncSetUpClass(cls):
        cls.class_nursery.start_soon(trio.sleep_forever)

    async def test_1(self):
        threading.Timer(0.2, os.kill, [os.getpid(), signal.SIGUSR1]).start()
        {wait}
        print("NEVER")

@shared_run
class TestB(AsyncTrioTestCase):
    async def test_2(self):
        await trio.lowlevel.checkpoint()

class TestC(AsyncTrioTestCase):
    async def test_3(self):
        await trio.lowlevel.checkpoint()
""",
            *UNITTEST,
        )
        code, output = process.finish()
        self.assertEqual(code, 1)
        self.assertNotIn("NEVER", output)
        self.assertRegex(output, r"test_1 \(.*\) \.\.\. ERROR\n")
        self.assertIn("OSError: stop", output)
        return output

    def test_another_signal(self) -> None:
        """It fails the test whose tasks all wait; other classes run."""
        output = self.check_another_signal("await trio.sleep(30)")
        self.assertRegex(output, r"test_2 \(.*\) \.\.\. ok\n")
        self.assertRegex(output, r"test_3 \(.*\) \.\.\. ok\n")

    def test_another_signal_inside_trio(self) -> None:
        """A test in which it has hit Trio's own loop does not pass, nor hang."""
        self.check_another_signal("while True: await trio.lowlevel.checkpoint()")


class TestMemory(unittest.TestCase):
    def test_does_not_grow(self) -> None:
        """Tests leave nothing of theirs in the run that they share."""
        counts: list[Counter[str]] = []

        async def test(self: AsyncTrioTestCase) -> None:
            self.nursery.start_soon(trio.sleep_forever)
            self.addAsyncCleanup(trio.lowlevel.checkpoint)
            await self.enterAsyncContext(trio.open_nursery())

        async def count(self: AsyncTrioTestCase) -> None:
            gc.collect()
            counts.append(
                Counter(
                    f"{type(each).__module__}.{type(each).__qualname__}"
                    for each in gc.get_objects()
                    if type(each).__module__.startswith(("trio.", "triocase"))
                    # Idle threads, of earlier tests too, go when they like.
                    and not type(each).__module__.endswith("._thread_cache")
                )
            )

        body = {
            f"test_{number:03}": count if number % 100 == 10 else test
            for number in range(300)
        }
        # A check belongs to a test that runs for long, as on a busy machine.
        case = deadlock_check(False)(type("Inner", (AsyncTrioTestCase,), body))
        self.assertTrue(run_class(shared_run(case)).wasSuccessful())
        first, *others = counts
        self.assertEqual(others, [first, first])
