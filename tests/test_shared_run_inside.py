"""What reaches a shared run from outside: signals, the end of Python, its own end."""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
import time
import unittest
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from unittest import mock

import trio
import trio.lowlevel

from triocase import (
    AsyncTrioTestCase,
    DeadlockError,
    _class_open_close,
    _class_run,
    _guest,
    _open_runs,
    _test_lifecycle,
    _unawaited,
    deadlock_check,
    shared_run,
    time_limit,
)

from .classes import ClassRecorder, run_classes, told_of
from .harness import WithEvents, impatient, run


class Noting(WithEvents):
    """Notes what of it runs."""

    async def asyncSetUp(self) -> None:
        self.addAsyncCleanup(self.clean, "cleanup")

    async def clean(self, what: str) -> None:
        await trio.lowlevel.checkpoint()
        self.events.append(what)

    @classmethod
    async def asyncTearDownClass(cls) -> None:
        await trio.lowlevel.checkpoint()
        cls.events.append("class teardown")


async def press(number: int = signal.SIGINT) -> None:
    """Send a signal to this process while all tasks wait."""

    def send() -> None:
        time.sleep(0.05)  # until all wait
        os.kill(os.getpid(), number)

    await trio.to_thread.run_sync(send)
    await trio.sleep_forever()


class Handled(unittest.TestCase):
    """Runs with a handler of this test's."""

    def handle(self, number: int, handler: Any) -> None:
        before = signal.signal(number, handler)
        self.addCleanup(signal.signal, number, before)


class TestCtrlC(Handled):
    """Trio tells the main task of a run; the test gets what it would get in its own."""

    def setUp(self) -> None:
        self.handle(signal.SIGINT, signal.default_int_handler)
        stderr = mock.patch.object(sys, "__stderr__", io.StringIO())
        self.stderr = stderr.start()
        self.addCleanup(stderr.stop)

    def check(self, case: type[Noting], events: list[str]) -> None:
        """Check that it ends with Ctrl-C, after these events, and nothing passed."""
        result = ClassRecorder()
        with self.assertRaises(KeyboardInterrupt):
            run_classes(case, result=result)
        self.assertEqual(result.told, [])
        self.assertEqual(case.events, events)
        self.assertEqual(_open_runs.open_runs, {})
        self.assertIs(signal.getsignal(signal.SIGINT), signal.default_int_handler)

    def test_in_the_body(self) -> None:
        """What the test waits in ends; its cleanups run, and the class is torn down."""

        @shared_run
        class Inner(Noting):
            async def test_1(self) -> None:
                await press()

            async def test_2(self) -> None:
                raise NotImplementedError

        self.check(Inner, ["cleanup", "class teardown"])
        self.assertIn("test_1 (the test)\n", self.stderr.getvalue())

    def test_in_a_cleanup(self) -> None:
        """That cleanup ends; the others run, with their awaits."""

        @shared_run
        class Inner(Noting):
            async def test_1(self) -> None:
                self.addAsyncCleanup(press)

            async def test_2(self) -> None:
                raise NotImplementedError

        self.check(Inner, ["cleanup", "class teardown"])

    def test_in_a_shield(self) -> None:
        """A shield does not keep it out, as it does not in a run of the test's own."""

        @shared_run
        class Inner(Noting):
            async def test_1(self) -> None:
                with trio.CancelScope(shield=True):
                    await press()

        self.check(Inner, ["cleanup", "class teardown"])

    def test_in_the_last_step(self) -> None:
        """What comes when a test is over is not lost, though no other follows."""

        @shared_run
        class Inner(Noting):
            async def test_1(self) -> None:
                self.addCleanup(self.strike)

            @trio.lowlevel.enable_ki_protection
            def strike(self) -> None:
                signal.raise_signal(signal.SIGINT)

        result = ClassRecorder()
        with self.assertRaises(KeyboardInterrupt):
            run_classes(Inner, result=result)
        self.assertEqual(Inner.events[-1], "class teardown")
        self.assertEqual(_open_runs.open_runs, {})

    def test_in_the_setup_of_the_class(self) -> None:
        """No test runs; the cleanups of the class do, and its tasks are shown."""

        @shared_run
        class Inner(Noting):
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                cls.addAsyncClassCleanup(trio.sleep, 0)
                cls.addClassCleanup(cls.events.append, "class cleanup")
                await press()

            async def test_1(self) -> None:
                raise NotImplementedError

        self.check(Inner, ["class cleanup"])
        self.assertIn("Inner (the class)\n", self.stderr.getvalue())

    def test_just_before_a_test(self) -> None:
        """A test that has not begun never does; the class is torn down at once."""

        @shared_run
        class Inner(Noting):
            async def test_1(self) -> None:
                guest = _open_runs.open_runs[Inner]._guest
                self.addCleanup(setattr, guest, "refuse_nesting", self.strike)

            def strike(self) -> None:
                del _open_runs.open_runs[Inner]._guest.refuse_nesting
                raise KeyboardInterrupt

            async def test_2(self) -> None:
                raise NotImplementedError

        result = ClassRecorder()
        with mock.patch.object(_class_run.ClassRun, "refuse_misuse"):
            with self.assertRaises(KeyboardInterrupt):
                run_classes(Inner, result=result)
        self.assertEqual(result.told, ["test_1: pass"])
        self.assertEqual(Inner.events, ["cleanup", "class teardown"])
        self.assertEqual(_open_runs.open_runs, {})
        Inner.tearDownClass()
        self.assertEqual(Inner.events, ["cleanup", "class teardown"])

    def test_just_before_the_teardown(self) -> None:
        """It is told at once; the class is torn down when that is asked for again."""

        @shared_run
        class Inner(Noting):
            async def test(self) -> None:
                await trio.lowlevel.checkpoint()

        Inner.setUpClass()
        run(Inner)
        guest = _open_runs.open_runs[Inner]._guest
        with mock.patch.object(guest, "go_on", side_effect=KeyboardInterrupt):
            with self.assertRaises(KeyboardInterrupt):
                Inner.tearDownClass()
        self.assertEqual(Inner.events, ["cleanup"])
        Inner.tearDownClass()
        self.assertEqual(Inner.events, ["cleanup", "class teardown"])
        self.assertEqual(_unawaited._running, [])

    def test_alone(self) -> None:
        """It leaves a test that opens the run of its class for itself alone."""

        @shared_run
        class Inner(Noting):
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                cls.addClassCleanup(cls.events.append, "class cleanup")
                raise KeyboardInterrupt

            async def test(self) -> None:
                raise NotImplementedError

        with self.assertRaises(KeyboardInterrupt):
            run(Inner)
        self.assertEqual(Inner.events, ["class cleanup"])

    def test_handler_of_the_users(self) -> None:
        """What it raises while all tasks wait ends the test, not Trio's loop."""

        def handler(number: int, frame: object) -> None:
            raise OSError("pressed")

        signal.signal(signal.SIGINT, handler)

        class Plain(AsyncTrioTestCase):
            events: list[str] = []

            async def asyncSetUp(self) -> None:
                self.addCleanup(self.events.append, "cleanup")
                self.addAsyncCleanup(trio.sleep, 0)

            async def test_1(self) -> None:
                await press()

            async def test_2(self) -> None:
                await trio.lowlevel.checkpoint()

        @shared_run
        class Shared(Plain):
            pass

        self.assertEqual(
            told_of(Plain, Shared),
            ["test_1: ERROR OSError: pressed", "test_2: pass"] * 2,
        )
        self.assertEqual(Plain.events, ["cleanup"] * 4)

    def test_handler_that_a_test_has_left(self) -> None:
        """It stays where it is."""

        def handler(number: int, frame: object) -> None:
            raise NotImplementedError

        @shared_run
        class Inner(Noting):
            before: object

            async def test_1(self) -> None:
                signal.signal(signal.SIGINT, handler)

            async def test_2(self) -> None:
                self.assertIs(self.before, handler)

        result = ClassRecorder()
        result.startTest = lambda test: setattr(  # type: ignore[method-assign]
            test, "before", signal.getsignal(signal.SIGINT)
        )
        run_classes(Inner, result=result)
        self.assertEqual(result.told, ["test_1: pass", "test_2: pass"])
        self.assertIs(signal.getsignal(signal.SIGINT), handler)


class TestOtherSignals(Handled):
    """Handlers of the user's that raise."""

    def test_while_all_tasks_wait(self) -> None:
        """The test fails with the error, its cleanups run, and so does the next test."""

        def handler(number: int, frame: object) -> None:
            raise OSError("signal")

        self.handle(signal.SIGUSR1, handler)

        @shared_run
        class Inner(Noting):
            async def test_1(self) -> None:
                await press(signal.SIGUSR1)

            async def test_2(self) -> None:
                await trio.lowlevel.checkpoint()

        self.assertEqual(
            told_of(Inner), ["test_1: ERROR OSError: signal", "test_2: pass"]
        )
        self.assertEqual(Inner.events, ["cleanup", "cleanup", "class teardown"])


def in_a_thread(function: Callable[[], object]) -> None:
    """Call a function in a thread of its own, in which Trio may be left in a mess."""
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()


class TestBrokenRun(unittest.TestCase):
    """A run that cannot go on."""

    def test_between_two_steps(self) -> None:
        """No test passes that has not run; the class says what has happened."""

        @shared_run
        class Inner(Noting):
            async def test_1(self) -> None:
                jobs = _open_runs.open_runs[Inner]._guest._jobs
                jobs.append(self.break_off)  # as a signal's handler does in Trio's code
                await trio.sleep_forever()

            def break_off(self) -> None:
                raise OSError("handler")

            async def test_2(self) -> None:
                raise NotImplementedError

        results: list[list[str]] = []
        in_a_thread(lambda: results.append(told_of(Inner)))
        ended = "ERROR RuntimeError: the Trio run of"
        because = "has ended before this test had run: OSError('handler')"
        (told,) = results
        name = Inner.__qualname__
        self.assertEqual(told[:1], [f"test_1: {ended} {name} {because}"])
        self.assertIn(f"test_2: {ended} {name} {because}", told)
        self.assertTrue(told[-1].startswith("tearDownClass (Inner): ERROR "), told)

    def test_test_that_dies(self) -> None:
        """If the harness itself fails in a test, that is an error of the test."""

        @shared_run
        class Inner(Noting):
            async def test_1(self) -> None:
                await trio.lowlevel.checkpoint()

        broken = mock.Mock(side_effect=ZeroDivisionError("harness"))
        with mock.patch.object(_test_lifecycle.TestLifecycle, "tear_down", broken):
            told = told_of(Inner)
        self.assertIn("test_1: ERROR ZeroDivisionError: harness", told)
        self.assertEqual(Inner.events[-1], "class teardown")


class TestNurseryOfTests(unittest.TestCase):
    """The nursery that the tests' tasks are in is nobody's, but can be found."""

    async def crash(self) -> None:
        raise OSError("stray")

    def run_with(self, stray: Callable[[], Any], steps: int) -> list[str]:
        @shared_run
        class Inner(Noting):
            async def test_1(self) -> None:
                nursery = trio.lowlevel.current_task().parent_nursery
                assert nursery is not None
                nursery.start_soon(stray)
                for _ in range(steps):
                    await trio.lowlevel.cancel_shielded_checkpoint()

            async def test_2(self) -> None:
                await trio.lowlevel.checkpoint()

        told = told_of(Inner)
        self.assertEqual(Inner.events[-1], "class teardown")
        self.assertEqual(told[-1], "test_2: pass" if steps else told[-1])
        return told

    def test_crash(self) -> None:
        """What crashes there is told once, and the next test gets another one."""
        told = self.run_with(self.crash, 5)
        self.assertIn("test_1: ERROR OSError: stray", told)
        self.assertEqual("".join(told).count("stray"), 1)

    def test_crash_as_the_test_ends(self) -> None:
        """That is told to this test or the next."""
        told = self.run_with(self.crash, 0)
        self.assertEqual("".join(told).count("stray"), 1)

    def test_task_that_stays(self) -> None:
        """It is cancelled before the next test, and does not see it."""
        ended = []

        async def stay() -> None:
            try:
                await trio.sleep_forever()
            finally:
                ended.append("ended")

        self.assertEqual(self.run_with(stay, 3), ["test_1: pass", "test_2: pass"])
        self.assertEqual(ended, ["ended"])


class TestEndOfPython(unittest.TestCase):
    """Runs that were left open are closed when Python exits."""

    def open(self, case: type[Noting]) -> None:
        case.setUpClass()
        result = unittest.TestResult()
        case("test").run(result)
        self.assertTrue(result.wasSuccessful(), result.errors)

    def test_torn_down(self) -> None:
        """The class is torn down, with its awaits; its errors are told to nobody."""

        @shared_run
        class Inner(Noting):
            async def test(self) -> None:
                await trio.lowlevel.checkpoint()

            @classmethod
            async def asyncTearDownClass(cls) -> None:
                await trio.sleep(0.01)
                cls.events.append("class teardown")
                raise OSError

        self.open(Inner)
        _class_open_close._close_all()
        self.assertEqual(Inner.events, ["cleanup", "class teardown"])
        self.assertEqual(_open_runs.open_runs, {})

    def test_never_set_up(self) -> None:
        """A class whose setup had not begun is not set up for that."""

        @shared_run
        class Inner(Noting):
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                raise NotImplementedError

            async def test(self) -> None:
                raise NotImplementedError

        early = mock.Mock(side_effect=KeyboardInterrupt)
        with mock.patch.object(_class_run.ClassRun, "_go_on", early):
            with self.assertRaises(KeyboardInterrupt):
                Inner.setUpClass()
        _class_open_close._close_all()
        self.assertEqual(Inner.events, [])
        self.assertEqual(_open_runs.open_runs, {})
        self.assertEqual(_unawaited._running, [])

    def test_no_end(self) -> None:
        """What does not end in time is given up."""

        @shared_run
        class Inner(Noting):
            async def test(self) -> None:
                await trio.lowlevel.checkpoint()

            @classmethod
            async def asyncTearDownClass(cls) -> None:
                await super().asyncTearDownClass()
                await trio.sleep_forever()

        def leave_open() -> None:
            self.open(Inner)
            with mock.patch.object(_class_open_close, "_LAST_SECONDS", 0.1):
                _class_open_close._close_all()

        in_a_thread(leave_open)
        self.assertEqual(Inner.events, ["cleanup", "class teardown"])
        self.assertEqual(_open_runs.open_runs, {})

    def test_interrupted(self) -> None:
        """An error that comes meanwhile ends that, too."""

        @shared_run
        class Inner(Noting):
            async def test(self) -> None:
                await trio.lowlevel.checkpoint()

        kept = []  # collected, an open run complains

        def leave_open() -> None:
            self.open(Inner)
            guest = _open_runs.open_runs[Inner]._guest
            kept.append(guest._jobs)
            guest._jobs = deque()
            guest._bell = mock.Mock(acquire=mock.Mock(side_effect=KeyboardInterrupt))
            _class_open_close._close_all()

        in_a_thread(leave_open)
        self.assertEqual(Inner.events, ["cleanup"])
        self.assertEqual(_open_runs.open_runs, {})


class TestCrashAsATestEnds(unittest.TestCase):
    """A task of the class that crashes in the same pass of Trio's loop."""

    def test_told_once(self) -> None:
        """Whichever comes first: this test is told, or the next, and none else."""
        seen = set()
        for _ in range(200):  # pragma: no branch  # it ends inside

            @shared_run
            class Inner(Noting):
                @classmethod
                async def crash(cls) -> None:
                    await cls.bell.wait()
                    raise OSError("crash")

                @classmethod
                async def asyncSetUpClass(cls) -> None:
                    cls.bell = trio.Event()
                    cls.class_nursery.start_soon(cls.crash)

                async def asyncSetUp(self) -> None:
                    pass

                async def test_1(self) -> None:
                    self.bell.set()
                    await trio.lowlevel.cancel_shielded_checkpoint()
                    await trio.lowlevel.cancel_shielded_checkpoint()

                async def test_2(self) -> None:
                    raise NotImplementedError

            first, second = told_of(Inner)
            seen.add(first)
            if first == "test_1: pass":
                self.assertEqual(second, "test_2: ERROR OSError: crash")
            else:
                self.assertEqual(first, "test_1: ERROR OSError: crash")
                self.assertIn("has crashed before this test", second)
            if len(seen) == 2:
                break
        self.assertEqual(len(seen), 2)


class TestStuck(unittest.TestCase):
    """Ending a test leaves the class's tasks alone."""

    def test_context_in_the_teardown(self) -> None:
        """The shields of the test's contexts are switched off, and no others."""
        kept: list[trio.CancelScope] = []

        @shared_run
        class Inner(Noting):
            @classmethod
            async def shielded(cls) -> None:
                with trio.CancelScope(shield=True) as scope:
                    kept.append(scope)
                    await cls.bell.wait()

            @classmethod
            async def asyncSetUpClass(cls) -> None:
                cls.bell = trio.Event()
                cls.class_nursery.start_soon(cls.shielded)

            @asynccontextmanager
            async def context(self) -> AsyncIterator[None]:
                yield
                with trio.CancelScope(shield=True):
                    await trio.sleep_forever()

            @deadlock_check(False)
            @time_limit(0.2)
            async def test(self) -> None:
                await self.enterAsyncContext(self.context())

            @classmethod
            async def asyncTearDownClass(cls) -> None:
                cls.bell.set()

        with impatient():
            (told,) = told_of(Inner)
        self.assertIn("It was shielded from cancellation.", told)
        (scope,) = kept
        self.assertTrue(scope.shield)

    def test_unlimited(self) -> None:
        """A class may have no limit, and its tests have theirs."""

        @deadlock_check(False)
        @time_limit(None)
        @shared_run
        class Inner(Noting):
            @deadlock_check(True)
            async def test(self) -> None:
                await trio.Event().wait()

        (told,) = told_of(Inner)
        self.assertIn(DeadlockError.__name__, told)


class TestClock(unittest.TestCase):
    """Real time without the time in which the run rests."""

    def test_rests_at_first(self) -> None:
        """It stands still until the run goes on."""
        clock = _guest.RealClock()
        start = clock.current_time()
        self.assertEqual(clock.current_time(), start)
        clock.go_on()
        self.assertGreaterEqual(clock.current_time(), start)
        self.assertAlmostEqual(clock.deadline_to_sleep_time(start + 9), 9, delta=5)
