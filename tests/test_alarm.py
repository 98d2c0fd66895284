"""A handler of SIGALRM that raises ends one test, wherever it interrupts it."""

from __future__ import annotations

import signal
import threading
import time
import unittest
from typing import Any

import trio

from triocase import AsyncTrioTestCase

from .harness import Recorder, alarm, default_limit, plain, ring, run, told


class Late(BaseException):
    """As pytest-timeout's error: no Exception."""


def late(_number: int, _frame: Any) -> None:
    raise Late("too late")


class TestAlarm(unittest.TestCase):
    def test_while_all_tasks_wait(self) -> None:
        """The body is cancelled, the teardown runs, and the next test is healthy."""
        events: list[str] = []

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                self.addAsyncCleanup(self.note, "cleanup")
                ring()
                await trio.sleep(30)

            async def test_next(self) -> None:
                await trio.lowlevel.checkpoint()

            async def asyncTearDown(self) -> None:
                await self.note("teardown")

            async def note(self, event: str) -> None:
                await trio.lowlevel.checkpoint()
                events.append(event)

        with alarm(late):
            result = run(Inner)
        (verdict,) = result.told
        self.assertRegex(
            plain(verdict),
            r"^ERROR Late: too late$",
        )
        self.assertEqual(events, ["teardown", "cleanup"])
        self.assertIn(
            "Late: too late\n"
            "The tasks of the test were:\n\n"
            f"{Inner.__module__}.{Inner.__qualname__}.test (the test)\n"
            '  File "test_alarm.py", line N, in test\n'
            "    await trio.sleep(30)\n",
            result.texts[0],
        )
        self.assertEqual(told(Inner, "test_next"), ["pass"])

    def test_in_each_stage(self) -> None:
        """It ends a setup, or a teardown, that waits."""

        class Setup(AsyncTrioTestCase):
            async def asyncSetUp(self) -> None:
                ring()
                await trio.sleep(30)

            async def test(self) -> None:
                raise NotImplementedError

        class Teardown(AsyncTrioTestCase):
            async def test(self) -> None:
                await trio.lowlevel.checkpoint()

            async def asyncTearDown(self) -> None:
                ring()
                await trio.sleep(30)

        class Cleanup(AsyncTrioTestCase):
            async def test(self) -> None:
                self.addAsyncCleanup(trio.sleep, 30)
                self.addCleanup(ring)

        for kind in [Setup, Teardown, Cleanup]:
            for limit in [None, "0"]:  # without a limit of ours, too
                with self.subTest(kind.__name__), default_limit(limit), alarm(late):
                    self.assertEqual(told(kind), ["ERROR Late: too late"])

    def test_in_the_users_code(self) -> None:
        """In code of the test it is raised there, as it always was."""
        caught: list[str] = []

        class Inner(AsyncTrioTestCase):
            async def test_caught(self) -> None:
                try:
                    ring()
                    time.sleep(30)
                except Late as error:
                    caught.append(str(error))

            async def test_background(self) -> None:
                self.nursery.start_soon(self.block)
                await trio.sleep_forever()

            async def block(self) -> None:
                ring()
                time.sleep(30)

        with alarm(late):
            self.assertEqual(told(Inner, "test_caught"), ["pass"])
        self.assertEqual(caught, ["too late"])
        with alarm(late):
            self.assertEqual(told(Inner, "test_background"), ["ERROR Late: too late"])

    def test_handler_that_does_not_raise(self) -> None:
        """It is called, and changes nothing."""
        called = threading.Event()

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                ring()
                with trio.fail_after(30):
                    while not called.is_set():
                        await trio.sleep(0.01)

        with alarm(lambda *_: called.set()):
            self.assertEqual(told(Inner), ["pass"])

    def test_ctrl_c_from_a_handler(self) -> None:
        """A handler that raises KeyboardInterrupt ends the run, after the cleanups."""
        cleaned: list[int] = []

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                self.addCleanup(cleaned.append, 1)
                ring()
                await trio.sleep(30)

        def interrupt(_number: int, _frame: Any) -> None:
            raise KeyboardInterrupt

        with alarm(interrupt), self.assertRaises(KeyboardInterrupt):
            Inner("test").run(Recorder())
        self.assertEqual(cleaned, [1])

    def test_nothing_is_done_without_a_handler(self) -> None:
        """Where there is none, and in other threads, SIGALRM is left alone."""
        seen: list[Any] = []

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                seen.append(signal.getsignal(signal.SIGALRM))

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(seen, [signal.SIG_DFL])
        with alarm(late):
            thread = threading.Thread(target=told, args=(Inner,))
            thread.start()
            thread.join(30)
        self.assertEqual(seen, [signal.SIG_DFL, late])

    def test_handler_of_the_test(self) -> None:
        """One that the test installs stays; the test may wait in it no longer than so."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                signal.signal(signal.SIGALRM, mine)

        def mine(_number: int, _frame: Any) -> None:
            raise NotImplementedError

        before = signal.signal(signal.SIGALRM, late)
        try:
            self.assertEqual(told(Inner), ["pass"])
            self.assertIs(signal.getsignal(signal.SIGALRM), mine)
        finally:
            signal.signal(signal.SIGALRM, before)
