"""A run that will not end is left, and nothing of it is heard of again."""

from __future__ import annotations

import contextlib
import gc
import signal
import sys
import threading
import time
import unittest
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any
from unittest import mock

import trio
import trio.abc
import trio.testing

from triocase import AsyncTrioTestCase, TimeLimitExceeded, fixture, time_limit

from .harness import (
    PYTEST,
    UNITTEST,
    Process,
    debug_error,
    impatient,
    report,
    run,
    told,
)

LIMIT = 0.1


async def stubborn() -> None:
    """Go on whatever happens."""
    while True:
        try:
            await trio.sleep_forever()
        except trio.Cancelled:
            pass


class Healthy(AsyncTrioTestCase):
    async def test(self) -> None:
        self.nursery.start_soon(trio.sleep_forever)
        self.assertEqual(await trio.to_thread.run_sync(lambda: 1), 1)


class TestAbandoned(unittest.TestCase):
    """The third step: Trio is made to leave the run."""

    maxDiff = None

    def setUp(self) -> None:
        patience = impatient()
        patience.__enter__()
        self.addCleanup(patience.__exit__, None, None, None)

    def test_report(self) -> None:
        """It says what was done, and that what was to follow has not run."""

        class Inner(AsyncTrioTestCase):
            async def asyncTearDown(self) -> None:
                raise NotImplementedError

            @time_limit(LIMIT)
            async def test(self) -> None:
                with trio.CancelScope(shield=True):
                    await stubborn()

        name = f"{__name__}.TestAbandoned.test_report.<locals>.Inner"
        frames = """\
  File "test_abandoned_run.py", line N, in test
    await stubborn()
  File "test_abandoned_run.py", line N, in stubborn
    await trio.sleep_forever()
"""
        self.assertEqual(
            report(Inner),
            f"""\
Traceback (most recent call last):
{frames}triocase.TimeLimitExceeded: the test has not ended within its time limit of 0.1 seconds.
It was shielded from cancellation. After 0.2 seconds that was switched off.
It went on although it was cancelled, so its Trio run was abandoned.
Not run: its teardown, and its async cleanups.
Its tasks:

{name}.test (the test)
{frames}  waits in trio.sleep_forever
""",
        )
        self.assertIsInstance(debug_error(Inner), TimeLimitExceeded)

    def test_next_test(self) -> None:
        """Trio, its signal handler and its hooks are as before; the next test runs."""
        before = (
            signal.getsignal(signal.SIGINT),
            signal.getsignal(signal.SIGURG),
            sys.get_asyncgen_hooks(),
        )

        class Inner(AsyncTrioTestCase):
            @time_limit(LIMIT)
            async def test(self) -> None:
                await stubborn()

        for _ in range(3):
            (text,) = told(Inner)
            self.assertIn("abandoned", text)
            self.assertEqual(told(Healthy), ["pass"])
        after = (
            signal.getsignal(signal.SIGINT),
            signal.getsignal(signal.SIGURG),
            sys.get_asyncgen_hooks(),
        )
        self.assertEqual(before, after)
        descriptor = signal.set_wakeup_fd(-1)
        self.assertEqual(descriptor, -1)

    def test_in_every_stage(self) -> None:
        """Whatever stage it is that will not end."""

        class Base(AsyncTrioTestCase):
            async def test(self) -> None:
                pass

        @time_limit(LIMIT)
        class InFixture(Base):
            @fixture
            async def value(self) -> AsyncIterator[None]:
                await stubborn()
                yield  # never

        @time_limit(LIMIT)
        class InSetUp(Base):
            async def asyncSetUp(self) -> None:
                await stubborn()

        @time_limit(LIMIT)
        class InTearDown(Base):
            async def asyncTearDown(self) -> None:
                await stubborn()

        @time_limit(LIMIT)
        class InCleanup(Base):
            async def asyncSetUp(self) -> None:
                self.addCleanup(stubborn)

        @time_limit(LIMIT)
        class InBackground(Base):
            async def asyncSetUp(self) -> None:
                self.nursery.start_soon(stubborn)
                await trio.testing.wait_all_tasks_blocked()

        @time_limit(LIMIT)
        class InContext(Base):
            @contextlib.asynccontextmanager
            async def context(self) -> AsyncIterator[None]:
                yield
                await stubborn()

            async def asyncSetUp(self) -> None:
                await self.enterAsyncContext(self.context())

        @time_limit(LIMIT)
        class InLateCleanup(Base):
            async def late(self) -> None:
                try:
                    await trio.sleep_forever()
                finally:
                    self.addCleanup(stubborn)

            async def asyncSetUp(self) -> None:
                self.nursery.start_soon(self.late)
                await trio.testing.wait_all_tasks_blocked()

        @time_limit(LIMIT)
        class InSystemTask(Base):
            async def asyncSetUp(self) -> None:
                trio.lowlevel.spawn_system_task(stubborn)
                await trio.testing.wait_all_tasks_blocked()

        for case in [
            *(InFixture, InSetUp, InTearDown, InCleanup, InBackground, InContext),
            *(InLateCleanup, InSystemTask),
        ]:
            with self.subTest(case):
                text = report(case)
                self.assertIn("abandoned", text)
                self.assertIn("in stubborn\n    await trio.sleep_forever()\ntrio", text)
        self.assertEqual(told(Healthy), ["pass"])

    def test_after_a_stage_that_was_cut(self) -> None:
        """Each stage that does not end is reported, with its line and what was done."""

        class Inner(AsyncTrioTestCase):
            async def asyncTearDown(self) -> None:
                await trio.sleep_forever()

            async def shielded(self) -> None:
                with trio.CancelScope(shield=True):
                    await trio.sleep_forever()

            @time_limit(LIMIT)
            async def test(self) -> None:
                self.addCleanup(stubborn)
                self.addCleanup(self.shielded)

        result = run(Inner)
        for text, (line, remark) in zip(
            result.texts,
            [
                ("in asyncTearDown\n    await trio.sleep_forever()\ntriocase.", "Its"),
                ("in shielded\n    await trio.sleep_forever()\ntriocase.", "shielded"),
                ("in stubborn\n    await trio.sleep_forever()\ntriocase.", "abandoned"),
            ],
            strict=True,
        ):
            self.assertIn(line, text)
            self.assertIn(remark, text)

    def test_sync_cleanups(self) -> None:
        """Sync cleanups run all the same, after the run, and their errors are told."""
        events: list[str] = []

        class Inner(AsyncTrioTestCase):
            def fail_late(self) -> None:
                self.fail("late")

            @time_limit(LIMIT)
            async def test(self) -> None:
                self.addCleanup(events.append, "1")
                self.addCleanup(self.fail_late)
                self.addCleanup(trio.sleep, 1)
                await self.enterAsyncContext(trio.open_nursery())
                self.addCleanup(events.append, "2")
                await stubborn()

        limit, late = told(Inner)
        self.assertIn("abandoned", limit)
        self.assertEqual(late, "FAIL AssertionError: late")
        self.assertEqual(events, ["2", "1"])

    def test_cleanup_that_blocks_after_it(self) -> None:
        """Even a sync cleanup that blocks then is ended."""

        class Inner(AsyncTrioTestCase):
            @time_limit(LIMIT)
            async def test(self) -> None:
                self.addCleanup(time.sleep, 1000)
                await stubborn()

        hang, block = told(Inner)
        self.assertIn("abandoned", hang)
        self.assertNotIn("Its tasks", block)
        self.assertIn("A cleanup blocks that runs after its Trio run.", block)

    def test_after_ctrl_c(self) -> None:
        """A Ctrl-C that the run has swallowed, or not come to handle, stops all tests."""

        class Inner(AsyncTrioTestCase):
            @time_limit(LIMIT)
            async def test(self) -> None:
                try:
                    signal.raise_signal(signal.SIGINT)
                finally:
                    await stubborn()

        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, before)
        with mock.patch("sys.__stderr__", None), self.assertRaises(KeyboardInterrupt):
            run(Inner)

    def test_ctrl_c_in_cleanups_after_it(self) -> None:
        """A second Ctrl-C cuts them short, as ever."""
        events: list[str] = []

        class Inner(AsyncTrioTestCase):
            def interrupt(self) -> None:
                events.append("Ctrl-C")
                raise KeyboardInterrupt

            @time_limit(LIMIT)
            async def test(self) -> None:
                for _ in range(4):
                    self.addCleanup(self.interrupt)
                await stubborn()

        with self.assertRaises(KeyboardInterrupt):
            run(Inner)
        self.assertEqual(events, ["Ctrl-C", "Ctrl-C"])

    def test_slow_cleanup_after_it(self) -> None:
        """A sync cleanup has the time limit of the teardown, not that of a step."""
        events: list[str] = []

        class Inner(AsyncTrioTestCase):
            def clean(self) -> None:
                time.sleep(1)
                events.append("cleaned")

            @time_limit(2)
            async def test(self) -> None:
                self.addCleanup(self.clean)
                await stubborn()

        (text,) = told(Inner)
        self.assertIn("abandoned", text)
        self.assertEqual(events, ["cleaned"])

    def test_after_ctrl_c_that_others_handle(self) -> None:
        """Whoever handles Ctrl-C else has done so."""
        heard: list[int] = []

        class Inner(AsyncTrioTestCase):
            @time_limit(LIMIT)
            async def test(self) -> None:
                signal.raise_signal(signal.SIGINT)
                await stubborn()

        before = signal.signal(signal.SIGINT, lambda number, frame: heard.append(1))
        self.addCleanup(signal.signal, signal.SIGINT, before)
        with mock.patch("sys.__stderr__", None):
            (text,) = told(Inner)
        self.assertIn("abandoned", text)
        self.assertEqual(heard, [1])

    def test_on_another_host(self) -> None:
        """A run that is a guest elsewhere is left too, whatever its host raises."""

        class Inner(AsyncTrioTestCase):
            def runTrio(
                self,
                async_fn: Callable[[], Awaitable[object]],
                *,
                clock: trio.abc.Clock | None,
                instruments: Sequence[trio.abc.Instrument],
            ) -> None:
                with contextlib.suppress(trio.TrioInternalError):
                    trio.run(async_fn)

            @time_limit(LIMIT)
            async def test(self) -> None:
                await stubborn()

        (text,) = told(Inner)
        self.assertIn("abandoned", text)

    def test_in_another_thread(self) -> None:
        """And so is one in another thread, with tests in this one meanwhile."""

        class Inner(AsyncTrioTestCase):
            @time_limit(LIMIT)
            async def test(self) -> None:
                await stubborn()

        verdicts: list[str] = []
        threads = [
            threading.Thread(target=lambda: verdicts.extend(told(Inner)))
            for _ in range(3)
        ]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            self.assertEqual(told(Healthy), ["pass"])
        self.assertEqual(len(verdicts), 3)
        for text in verdicts:
            self.assertIn("abandoned", text)

    def test_when_it_returns(self) -> None:
        """When an abandoned run returns, Ctrl-C is handled as before it."""
        seen: list[object] = []

        class Inner(AsyncTrioTestCase):
            def runTrio(self, async_fn: Any, *, clock: Any, instruments: Any) -> None:
                try:
                    trio.run(async_fn, clock=clock, instruments=instruments)
                finally:
                    seen.append(signal.getsignal(signal.SIGINT))

            @time_limit(LIMIT)
            async def test(self) -> None:
                await stubborn()

        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, before)
        with impatient():
            self.assertIn("abandoned", report(Inner))
        self.assertEqual(seen, [signal.default_int_handler])

    def test_expected_failure(self) -> None:
        """What fails after an abandoned run is not the failure that was expected."""

        class Inner(AsyncTrioTestCase):
            @unittest.expectedFailure
            @time_limit(LIMIT)
            async def test(self) -> None:
                self.addCleanup(self.fail, "late")
                await stubborn()

        with impatient():
            verdicts = told(Inner)
        self.assertIn("FAIL AssertionError: late", verdicts)

    def test_only_a_system_task(self) -> None:
        """If only a system task is left, nothing of the test has not run."""

        class Inner(AsyncTrioTestCase):
            @time_limit(LIMIT)
            async def test(self) -> None:
                trio.lowlevel.spawn_system_task(stubborn)
                await trio.testing.wait_all_tasks_blocked()

        with impatient():
            text = report(Inner)
        self.assertIn("abandoned", text)
        self.assertNotIn("Not run", text)

    def test_shields_of_the_harness(self) -> None:
        """Shields of ours are not the test's: they stay on, and none is told of."""

        class Inner(AsyncTrioTestCase):
            @time_limit(LIMIT)
            async def test(self) -> None:
                self.nursery.start_soon(stubborn)
                await trio.testing.wait_all_tasks_blocked()
                self.nursery.cancel_scope.cancel()

        with impatient():
            text = report(Inner)
        self.assertIn("abandoned", text)
        self.assertNotIn("shielded", text)

    def test_blocks_after_the_run(self) -> None:
        """A cleanup that blocks after the run is shown without the runner around it."""

        class Inner(AsyncTrioTestCase):
            def block(self) -> None:
                time.sleep(1000)

            @time_limit(LIMIT)
            async def test(self) -> None:
                self.addCleanup(self.block)
                await stubborn()

        with impatient():
            _, text = run(Inner).texts
        self.assertRegex(text, r"^Traceback.*\n  File .*, in block\n    time.sleep")

    def test_nothing_is_collected(self) -> None:
        """None of its code runs again: it would be outside of its run."""
        events: list[str] = []

        class Inner(AsyncTrioTestCase):
            async def background(self) -> None:
                try:
                    await stubborn()
                finally:
                    events.append("collected")  # never

            @time_limit(LIMIT)
            async def test(self) -> None:
                self.nursery.start_soon(self.background)
                try:
                    await stubborn()
                finally:
                    events.append("collected")  # never

        run(Inner)
        gc.collect()
        self.assertEqual(events, [])


class TestDeadRun(unittest.TestCase):
    """A run that dies of something else is treated alike."""

    def test_error(self) -> None:
        """The error is told, and which cleanups could not run."""
        events: list[str] = []

        class Inner(AsyncTrioTestCase):
            @contextlib.asynccontextmanager
            async def context(self) -> AsyncIterator[None]:
                yield
                raise NotImplementedError

            async def test(self) -> None:
                await self.enterAsyncContext(self.context())
                self.addCleanup(events.append, "sync")
                self.addCleanup(trio.sleep, 1)
                try:
                    with trio.CancelScope() as scope:
                        scope.cancel()
                        await trio.lowlevel.wait_task_rescheduled(self.break_trio)
                finally:
                    events.append("body")  # never

            def break_trio(self, raise_cancel: Any) -> trio.lowlevel.Abort:
                raise OSError("broken")

        died, lost = told(Inner)
        self.assertIn("ERROR TrioInternalError", died)
        self.assertEqual(
            lost,
            "ERROR RuntimeError: the Trio run of the test has ended before its "
            "cleanups. Not run, because they are async: sleep, the context "
            "TestDeadRun.test_error.<locals>.Inner.context.",
        )
        gc.collect()
        self.assertEqual(events, ["sync"])
        self.assertEqual(told(Healthy), ["pass"])

    def test_ctrl_c_dealt_with(self) -> None:
        """A Ctrl-C that the user's handler has dealt with is none when the run dies."""

        class Inner(AsyncTrioTestCase):
            def break_trio(self, raise_cancel: Any) -> trio.lowlevel.Abort:
                raise OSError("broken")

            async def test(self) -> None:
                signal.raise_signal(signal.SIGINT)
                with trio.CancelScope() as scope:
                    scope.cancel()
                    await trio.lowlevel.wait_task_rescheduled(self.break_trio)

        before = signal.signal(signal.SIGINT, lambda number, frame: None)
        self.addCleanup(signal.signal, signal.SIGINT, before)
        with mock.patch("sys.__stderr__", mock.Mock()):
            (died,) = told(Inner)
        self.assertIn("ERROR TrioInternalError", died)

    def test_nursery_of_the_host(self) -> None:
        """Trio's complaint about a nursery that the host has left open is told."""

        class Inner(AsyncTrioTestCase):
            def runTrio(self, async_fn: Any, *, clock: Any, instruments: Any) -> None:
                async def host() -> None:
                    await async_fn()
                    await trio.open_nursery().__aenter__()

                trio.run(host)

            async def test(self) -> None:
                pass

        verdicts = told(Inner)
        self.assertEqual(
            len([text for text in verdicts if "ERROR" in text]), 1, verdicts
        )


class TestQuiet(unittest.TestCase):
    """In a process of its own: nothing is printed, and the process exits."""

    SOURCE = """
import contextlib, gc, sys, threading, time
import trio
from triocase import AsyncTrioTestCase, fixture, time_limit, _escalation

_escalation._GRACE = 0.2

async def stubborn():
    while True:
        try:
            await trio.sleep_forever()
        except trio.Cancelled:
            pass

async def numbers():
    try:
        while True:
            yield 1
    finally:
        await trio.sleep(0)
        print("ASYNC GENERATOR")

go = threading.Event()
told = []

def from_outside(token):
    try:
        trio.from_thread.run(trio.sleep_forever, trio_token=token)
    except BaseException as error:
        told.append(type(error).__name__)

def later(token):
    go.wait()
    try:
        trio.from_thread.run_sync(print, "LATER", trio_token=token)
    except trio.RunFinishedError:
        told.append("RunFinishedError")

@time_limit(0.2)
class TestA(AsyncTrioTestCase):
    @fixture
    async def value(self):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            yield 1
            nursery.cancel_scope.cancel()

    async def background(self):
        try:
            await trio.sleep_forever()
        finally:
            await trio.sleep(0)

    async def test_a(self):
        token = trio.lowlevel.current_trio_token()
        TestB.threads = [
            threading.Thread(target=function, args=[token])
            for function in (from_outside, later)
        ]
        for thread in TestB.threads:
            thread.start()  # no daemons: the process waits for them
        self.nursery.start_soon(self.background)
        self.generator = numbers()
        await anext(self.generator)
        local = numbers()
        await anext(local)
        async with trio.open_nursery() as nursery:
            # Threads of Trio's, which come back when the run is over.
            nursery.start_soon(trio.to_thread.run_sync, go.wait)
            nursery.start_soon(stubborn)
            await trio.to_thread.run_sync(go.wait)

class TestB(AsyncTrioTestCase):
    async def test_b(self):
        go.set()
        for thread in self.threads:
            await trio.to_thread.run_sync(thread.join)
        self.assertEqual(sorted(told), ["Cancelled", "RunFinishedError"])
        await trio.sleep(0.2)
        gc.collect()
"""

    def test_nothing_more_is_heard(self) -> None:
        """Not from what is collected, nor from threads, nor when Python exits."""
        for arguments in [
            ("-W", "error", "-X", "dev", *UNITTEST),
            ("-W", "error", *PYTEST, "-s"),
        ]:
            with self.subTest(arguments):
                code, output = Process(self.SOURCE, *arguments).finish()
                self.assertEqual(code, 1, output)
                self.assertRegex(output, r"Ran 2 tests|1 failed, 1 passed")
                for noise in ["ignored", "Exception in", "delivering", "GENERATOR"]:
                    self.assertNotIn(noise, output)
                self.assertEqual(output.count("Error"), 0, output)
                self.assertEqual(output.count("Warning"), 0, output)
