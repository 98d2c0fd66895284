"""Ctrl-C stops the run: cleanups first, no later test, nothing swallowed."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import unittest
from collections.abc import AsyncIterator

import trio

from triocase import AsyncTrioTestCase

from .harness import UNITTEST, Recorder, run
from .pressed import run_pressed

if sys.version_info < (3, 11):
    from exceptiongroup import BaseExceptionGroup

BASE = """
class Base(AsyncTrioTestCase):
    def setUp(self):
        self.addCleanup(say, "cleanup 1")
        self.addCleanup(self.aclean, "cleanup 2")

    async def aclean(self, text):
        await trio.sleep(0)
        say(text)

    @contextlib.asynccontextmanager
    async def server(self):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            yield
            nursery.cancel_scope.cancel()
        say("server left")
"""
LATER = """
class TestZ(AsyncTrioTestCase):
    def test_z(self):
        say("LATER TEST")
"""


class TestRaised(unittest.TestCase):
    """KeyboardInterrupt leaves run(), whatever raised it, after the cleanups."""

    def check(self, body: object, name: str = "test") -> list[str]:
        """Check that run() and debug() raise KeyboardInterrupt; return the events."""
        events: list[str] = []

        class Inner(AsyncTrioTestCase):
            def setUp(self) -> None:
                self.addCleanup(events.append, "cleanup")

            async def asyncTearDown(self) -> None:
                events.append("teardown")  # never

        setattr(Inner, name, body)
        if name != "test":
            Inner.test = lambda self: events.append("test")  # type: ignore
        with self.assertRaises(KeyboardInterrupt):
            Inner("test").debug()
        events.clear()
        result = Recorder()
        with self.assertRaises(KeyboardInterrupt):
            Inner("test").run(result)
        self.assertEqual(result.told, [])
        return events

    def test_in_the_body(self) -> None:
        """The cleanups run; as in unittest, the teardown does not."""

        async def body(self: object) -> None:
            raise KeyboardInterrupt

        self.assertEqual(self.check(body), ["cleanup"])

    def test_in_a_group_at_any_depth(self) -> None:
        """A KeyboardInterrupt deep in a group counts, whatever is beside it."""

        async def body(self: object) -> None:
            inner = BaseExceptionGroup("", [KeyboardInterrupt(), KeyboardInterrupt()])
            raise BaseExceptionGroup("", [inner])

        self.assertEqual(self.check(body), ["cleanup"])

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                inner = BaseExceptionGroup(
                    "", [ValueError("as well"), KeyboardInterrupt()]
                )
                raise BaseExceptionGroup("", [inner])

        result = Recorder()
        with self.assertRaises(KeyboardInterrupt):
            Inner("test").run(result)
        if sys.version_info >= (3, 11):  # 3.10 tells at the end, which never comes
            self.assertEqual(result.told, ["ERROR ValueError: as well"])

    def test_in_a_nursery(self) -> None:
        """So does one in a child task of the test's own nursery."""

        async def child() -> None:
            raise KeyboardInterrupt

        async def body(self: object) -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(child)

        self.assertEqual(self.check(body), ["cleanup"])

    def test_in_a_background_task(self) -> None:
        """So does one in a background task."""

        async def child() -> None:
            raise KeyboardInterrupt

        async def body(self: AsyncTrioTestCase) -> None:
            self.nursery.start_soon(child)
            await trio.sleep_forever()

        self.assertIn("cleanup", self.check(body))

    def test_in_the_setup(self) -> None:
        """In a setup: no test, no teardown."""

        async def body(self: object) -> None:
            raise KeyboardInterrupt

        self.assertEqual(self.check(body, "asyncSetUp"), ["cleanup"])

    def test_in_the_teardown(self) -> None:
        """In a teardown: tearDown does not follow."""

        async def body(self: object) -> None:
            raise KeyboardInterrupt

        self.assertEqual(self.check(body, "asyncTearDown"), ["test", "cleanup"])

    def test_in_a_cleanup(self) -> None:
        """One in a cleanup lets the others run; a second one cuts them short."""
        for count, expected in [(1, ["2", "1"]), (2, [])]:
            events: list[str] = []

            class Inner(AsyncTrioTestCase):
                interrupts = count

                async def interrupt(self) -> None:
                    raise KeyboardInterrupt

                async def test(self) -> None:
                    self.addCleanup(events.append, "1")  # noqa: B023
                    self.addCleanup(events.append, "2")  # noqa: B023
                    for _ in range(self.interrupts):
                        self.addCleanup(self.interrupt)

            with self.assertRaises(KeyboardInterrupt):
                run(Inner)
            self.assertEqual(events, expected)

    def test_twice_with_a_crashed_context(self) -> None:
        """Cut short, a context that has crashed is cancelled, and nothing hangs."""
        events: list[str] = []

        class Inner(AsyncTrioTestCase):
            @contextlib.asynccontextmanager
            async def serving(self) -> AsyncIterator[None]:
                try:
                    async with trio.open_nursery() as nursery:
                        nursery.start_soon(self.crash)
                        yield
                finally:
                    with trio.CancelScope(shield=True):
                        for _ in range(20):
                            await trio.lowlevel.checkpoint()
                    events.append("left")

            async def crash(self) -> None:
                raise ValueError("crash")

            async def interrupt(self) -> None:
                raise KeyboardInterrupt

            async def test(self) -> None:
                await self.enterAsyncContext(self.serving())
                self.addCleanup(events.append, "cleanup")
                for _ in range(2):
                    self.addCleanup(self.interrupt)
                await trio.sleep_forever()

        with self.assertRaises(KeyboardInterrupt):
            run(Inner)
        self.assertEqual(events, ["left"])

    def test_with_a_nursery_left_open(self) -> None:
        """Trio's complaint about a nursery that was left open does not hide it."""

        class Inner(AsyncTrioTestCase):
            async def asyncSetUp(self) -> None:
                self.manager = trio.open_nursery()
                await self.manager.__aenter__()

            async def asyncTearDown(self) -> None:
                await self.manager.__aexit__(None, None, None)  # never

            async def test(self) -> None:
                raise KeyboardInterrupt

        result = Recorder()
        with self.assertRaises(KeyboardInterrupt):
            Inner("test").run(result)
        self.assertEqual(result.told, [])  # it was not the user who left it open

    def test_while_a_nursery_that_was_left_open_ends(self) -> None:
        """Its tasks are waited for all the same, and Ctrl-C counts."""
        events: list[str] = []

        class Inner(AsyncTrioTestCase):
            async def slow(self) -> None:
                with trio.CancelScope(shield=True):
                    await trio.sleep(0.05)
                    await trio.to_thread.run_sync(os.kill, os.getpid(), signal.SIGINT)
                    await trio.sleep(0.05)
                events.append("joined")

            async def test(self) -> None:
                nursery = await trio.open_nursery().__aenter__()
                nursery.start_soon(self.slow)
                await trio.lowlevel.checkpoint()

        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, before)
        with self.assertRaises(KeyboardInterrupt):
            run(Inner)
        self.assertEqual(events, ["joined"])

    def test_in_a_subtest_that_ends_the_test(self) -> None:
        """A subtest at which unittest stops does not hide it either."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                with self.subTest(1):
                    errors = [AssertionError("a"), KeyboardInterrupt()]
                    raise BaseExceptionGroup("", errors)

            test_expected = unittest.expectedFailure(test)

        for name in ["test", "test_expected"]:
            with self.assertRaises(KeyboardInterrupt):
                run(Inner, name, failfast=True)

    def test_beside_an_error_of_the_host(self) -> None:
        """A host that raises a group with it does not hide it."""

        class Inner(AsyncTrioTestCase):
            def runTrio(self, async_fn, *, clock, instruments):  # type: ignore
                trio.run(async_fn)
                raise BaseExceptionGroup("", [ValueError("host"), KeyboardInterrupt()])

            async def test(self) -> None:
                pass

        with self.assertRaises(KeyboardInterrupt):
            run(Inner)

    def test_in_async_cleanups_that_run_early(self) -> None:
        """doAsyncCleanups() lets it through."""
        events: list[str] = []

        class Inner(AsyncTrioTestCase):
            async def interrupt(self) -> None:
                raise BaseExceptionGroup("", [KeyboardInterrupt(), ValueError("x")])

            async def test(self) -> None:
                self.addCleanup(events.append, "cleanup")
                self.addCleanup(self.interrupt)
                await self.doAsyncCleanups()
                events.append("body")  # never

        with self.assertRaises(KeyboardInterrupt):
            run(Inner)
        self.assertEqual(events, ["cleanup"])

    def test_in_the_background_leaves_the_teardown_out(self) -> None:
        """The teardown does not run, whatever Trio's order of tasks."""

        class Inner(AsyncTrioTestCase):
            async def interrupt(self) -> None:
                raise KeyboardInterrupt

            @contextlib.asynccontextmanager
            async def serving(self) -> AsyncIterator[None]:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self.interrupt)
                    yield

            async def test(self) -> None:
                self.nursery.start_soon(self.interrupt)
                await trio.sleep_forever()

            async def test_context(self) -> None:
                await self.enterAsyncContext(self.serving())
                await trio.sleep_forever()

            async def asyncTearDown(self) -> None:
                raise NotImplementedError

        for name in ["test", "test_context"] * 20:
            result = Recorder()
            with self.assertRaises(KeyboardInterrupt):
                Inner(name).run(result)
            self.assertEqual(result.told, [])

    def test_errors_before_it_are_reported(self) -> None:
        """What failed before Ctrl-C has been told, where unittest tells at once."""

        class Inner(AsyncTrioTestCase):
            async def interrupt(self) -> None:
                raise KeyboardInterrupt

            async def test(self) -> None:
                self.addCleanup(self.interrupt)
                self.fail("before")

        result = Recorder()
        with self.assertRaises(KeyboardInterrupt):
            Inner("test").run(result)
        if sys.version_info >= (3, 11):
            self.assertEqual(result.told, ["FAIL AssertionError: before"])

    def test_that_hit_trio_itself(self) -> None:
        """A KeyboardInterrupt inside Trio's loop is still a KeyboardInterrupt."""

        class Inner(AsyncTrioTestCase):
            def runTrio(self, async_fn, *, clock, instruments):  # type: ignore
                trio.run(async_fn)
                raise trio.TrioInternalError("loop") from KeyboardInterrupt()

            async def test(self) -> None:
                pass

        with self.assertRaises(KeyboardInterrupt):
            run(Inner)


class TestPressed(unittest.TestCase):
    """The real thing, in a process of its own."""

    def check(self, source: str, *arguments: str, presses: int = 1) -> str:
        """Run a test file that says "ready" for each press; return what follows."""
        code, output = run_pressed(
            BASE + source + LATER, *(arguments or UNITTEST), presses=presses
        )
        self.assertNotIn("LATER TEST", output)
        self.assertNotIn("TrioInternalError", output)
        self.assertEqual(code == 0, "-c" in arguments)  # unittest -c: all ran well
        return output

    def test_while_the_body_waits(self) -> None:
        """The waiting body is interrupted where it waits; cleanups can await."""
        output = self.check(
            """
class TestA(Base):
    async def test_a(self):
        await self.enterAsyncContext(self.server())
        self.nursery.start_soon(trio.sleep_forever)
        try:
            ready()
            await trio.sleep(60)
        finally:
            say("body left")
"""
        )
        self.assertIn("KeyboardInterrupt", output)
        self.assertRegex(
            output,
            "(?s)body left.*server left.*cleanup 2.*cleanup 1.*KeyboardInterrupt",
        )

    def test_while_the_body_computes(self) -> None:
        """Code that never awaits is interrupted too."""
        output = self.check(
            """
class TestA(Base):
    async def test_a(self):
        ready()
        end = time.monotonic() + 60
        while time.monotonic() < end:
            pass
"""
        )
        self.assertRegex(output, "(?s)cleanup 2.*cleanup 1.*KeyboardInterrupt")

    def test_while_a_background_task_computes(self) -> None:
        """Ctrl-C that hits a background task stops the run."""
        output = self.check(
            """
class TestA(Base):
    async def test_a(self):
        self.nursery.start_soon(self.spin)
        await trio.sleep_forever()

    async def spin(self):
        ready()
        end = time.monotonic() + 60
        while time.monotonic() < end:
            pass
"""
        )
        self.assertRegex(output, "(?s)cleanup 2.*cleanup 1.*KeyboardInterrupt")

    def test_while_a_context_is_entered_or_left(self) -> None:
        """Entry and exit are cut short; the cleanups before them run."""
        for slow in ["enter", "leave"]:
            output = self.check(
                f"""
class TestA(Base):
    @contextlib.asynccontextmanager
    async def slow(self):
        if {slow!r} == "enter":
            ready()
            await trio.sleep(60)
        yield
        ready()
        await trio.sleep(60)

    async def test_a(self):
        await self.enterAsyncContext(self.slow())
"""
            )
            self.assertRegex(output, "(?s)cleanup 2.*cleanup 1.*KeyboardInterrupt")

    def test_in_a_cleanup(self) -> None:
        """In a cleanup it ends that cleanup; the others run."""
        output = self.check(
            """
class TestA(Base):
    async def test_a(self):
        self.addCleanup(self.slow)

    async def slow(self):
        ready()
        await trio.sleep(60)
"""
        )
        self.assertRegex(output, "(?s)cleanup 2.*cleanup 1.*KeyboardInterrupt")

    def test_twice(self) -> None:
        """A second Ctrl-C cuts the cleanups short, contexts too."""
        output = self.check(
            """
class TestA(Base):
    async def test_a(self):
        await self.enterAsyncContext(self.server())
        self.addCleanup(self.slow)
        await self.slow()

    async def slow(self):
        ready()
        await trio.sleep(60)
""",
            presses=2,
        )
        self.assertNotIn("cleanup", output)
        self.assertIn("KeyboardInterrupt", output)

    def test_twice_while_a_context_is_left(self) -> None:
        """A second Ctrl-C while a context is being left: the same."""
        output = self.check(
            """
class TestA(Base):
    @contextlib.asynccontextmanager
    async def slow(self):
        yield
        try:
            ready()
            await trio.sleep(60)
        finally:
            with trio.CancelScope(shield=True):
                ready()
                await pressed(2)

    async def test_a(self):
        await self.enterAsyncContext(self.slow())
""",
            presses=2,
        )
        self.assertNotIn("cleanup", output)
        self.assertIn("KeyboardInterrupt", output)

    def test_while_background_tasks_end(self) -> None:
        """Ctrl-C while the nursery is being joined stops the run as well."""
        output = self.check(
            """
class TestA(Base):
    async def test_a(self):
        self.nursery.start_soon(self.slow)
        await trio.sleep(0.01)

    async def slow(self):
        try:
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                ready()
                await pressed()
            say("joined")
"""
        )
        self.assertRegex(output, "(?s)joined.*KeyboardInterrupt")

    def test_while_a_nursery_that_was_left_open_ends(self) -> None:
        """Nor does it leave a task behind that was being waited for."""
        output = self.check(
            """
class TestA(Base):
    async def test_a(self):
        nursery = await trio.open_nursery().__aenter__()
        nursery.start_soon(self.slow)
        await trio.sleep(0.01)

    async def slow(self):
        with trio.CancelScope(shield=True):
            ready()
            await pressed()
        say("joined")
"""
        )
        self.assertRegex(output, "(?s)joined.*KeyboardInterrupt")
        self.assertNotIn("Exception ignored", output)

    def test_catch_option(self) -> None:
        """Under unittest -c the first Ctrl-C ends the run after the current test."""
        output = self.check(
            """
class TestA(Base):
    async def test_a(self):
        ready()
        await pressed()
        say("body ended")
""",
            *("-m", "unittest", "-c", "-v", "test_it"),
        )
        self.assertRegex(output, "(?s)body ended.*cleanup 2.*cleanup 1.*Ran 1 test")

    def test_pytest(self) -> None:
        """Under pytest Ctrl-C stops the session."""
        output = self.check(
            """
class TestA(Base):
    async def test_a(self):
        ready()
        await trio.sleep(60)
""",
            *("-m", "pytest", "-s", "-p", "no:cacheprovider", "test_it.py"),
        )
        self.assertRegex(output, "(?s)cleanup 2.*cleanup 1.*KeyboardInterrupt")
