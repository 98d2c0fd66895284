"""Ctrl-C in a class that shares one run tears the class down and stops."""

from __future__ import annotations

import re
import signal
import sys
import unittest
from collections.abc import AsyncIterator
from typing import Any

import trio

from triocase import AsyncTrioTestCase, fixture, shared_run

from .harness import UNITTEST, Recorder, plain
from .pressed import run_pressed

if sys.version_info < (3, 11):
    from exceptiongroup import BaseExceptionGroup

BASE = """
async def asay(text):
    await trio.sleep(0)
    say(text)

async def serve():
    try:
        await trio.sleep_forever()
    finally:
        say("server left")

class Base(AsyncTrioTestCase):
    @classmethod
    async def asyncSetUpClass(cls):
        cls.class_nursery.start_soon(serve)
        cls.addClassCleanup(say, "class cleanup 1")
        cls.addAsyncClassCleanup(asay, "class cleanup 2")

    @classmethod
    async def asyncTearDownClass(cls):
        await asay("class teardown")

    def setUp(self):
        self.addCleanup(say, "cleanup 1")
        self.addAsyncCleanup(asay, "cleanup 2")

    async def asyncTearDown(self):
        await asay("teardown")

class Later:
    def test_z(self):
        say("LATER TEST")
"""
LATER = """
@shared_run
class TestZ(Later, Base):
    pass
"""
TEST = ["cleanup 2", "cleanup 1"]
CLASS = ["class teardown", "class cleanup 2", "class cleanup 1", "server left"]
TORN_DOWN = ["class teardown", "class cleanup 2", "class cleanup 1"]
PYTEST = ("-m", "pytest", "-s", "-p", "no:cacheprovider", "test_it.py")
SAID = re.compile(  # also where the runner has begun the line
    r"(?m)^(?:.* \.\.\. |test_it\.py \.*|\.+)?((?:class )?(?:cleanup \d|teardown)"
    r"|server left|body left|joined|again|stopped)$"
)


async def interrupt() -> None:
    raise KeyboardInterrupt


class Raised(unittest.TestCase):
    """A KeyboardInterrupt leaves the suite, after the cleanups of test and class."""

    def run_class(self, case: type[AsyncTrioTestCase]) -> list[str]:
        """Run all tests of a class up to the KeyboardInterrupt; return what was told."""
        result = Recorder()
        with self.assertRaises(KeyboardInterrupt):
            unittest.TestSuite(
                [unittest.defaultTestLoader.loadTestsFromTestCase(case)]
            ).run(result)
        with self.assertRaisesRegex(RuntimeError, "only while the Trio run"):
            case.addAsyncClassCleanup(trio.sleep, 0)  # the run is closed
        return result.told


class TestRaised(Raised):
    """Raised by code of the user's, no matter which."""

    def make(self) -> tuple[type[AsyncTrioTestCase], list[str]]:
        """Return a class, and the list of its events."""
        events: list[str] = []

        class Base(AsyncTrioTestCase):
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                cls.addAsyncClassCleanup(cls.note, "class cleanup 1")
                cls.addClassCleanup(events.append, "class cleanup 2")

            @classmethod
            async def asyncTearDownClass(cls) -> None:
                await cls.note("class teardown")

            @classmethod
            async def note(cls, event: str) -> None:
                await trio.lowlevel.checkpoint()
                events.append(event)

            def setUp(self) -> None:
                self.addAsyncCleanup(self.note, "cleanup")

            async def test_1(self) -> None:
                events.append("test 1")

            async def test_2(self) -> None:
                events.append("test 2")

        return Base, events

    def test_in_a_test(self) -> None:
        """The test's cleanups, then all of the class's teardown; no later test."""
        base, events = self.make()

        @shared_run
        class Inner(base):  # type: ignore[misc, valid-type]
            async def test_1(self) -> None:
                raise BaseExceptionGroup("", [KeyboardInterrupt()])

            async def asyncTearDown(self) -> None:
                raise NotImplementedError

        self.assertEqual(self.run_class(Inner), [])
        self.assertEqual(events, ["cleanup", *TORN_DOWN])

    def test_beside_an_error(self) -> None:
        """An error beside it is told where unittest tells at once."""
        base, events = self.make()

        @shared_run
        class Inner(base):  # type: ignore[misc, valid-type]
            async def test_1(self) -> None:
                raise BaseExceptionGroup("", [KeyboardInterrupt(), ValueError("well")])

        told = self.run_class(Inner)
        if sys.version_info >= (3, 11):  # 3.10 tells at the end, which never comes
            self.assertEqual(told, ["ERROR ValueError: well"])
        self.assertEqual(events, ["cleanup", *TORN_DOWN])

    def test_in_a_task_of_the_class(self) -> None:
        """One that the class's nursery loses stops the test that runs."""
        base, events = self.make()

        @shared_run
        class Inner(base):  # type: ignore[misc, valid-type]
            async def test_1(self) -> None:
                self.class_nursery.start_soon(interrupt)
                await trio.sleep_forever()

        self.assertEqual(self.run_class(Inner), [])
        self.assertEqual(events, ["cleanup", *TORN_DOWN])

    def test_in_a_context_of_the_class(self) -> None:
        """So does one that a context, or a fixture, of the class loses."""
        base, events = self.make()

        class WithContext(base):  # type: ignore[misc, valid-type]
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                await super().asyncSetUpClass()
                cls.tasks = await cls.enterAsyncClassContext(trio.open_nursery())

        class WithFixture(base):  # type: ignore[misc, valid-type]
            @fixture(scope="class")
            async def tasks(cls) -> AsyncIterator[trio.Nursery]:
                async with trio.open_nursery() as nursery:
                    yield nursery

        for kind in [WithContext, WithFixture]:

            @shared_run
            class Inner(kind):  # type: ignore[misc, valid-type]
                async def test_1(self) -> None:
                    self.tasks.start_soon(interrupt)
                    await trio.sleep_forever()

            with self.subTest(kind.__name__):
                events.clear()
                self.assertEqual(self.run_class(Inner), [])
                self.assertEqual(events, ["cleanup", *TORN_DOWN])

    def test_in_a_task_of_the_class_between_two_tests(self) -> None:
        """When the test has ended already, it passes, and no other runs."""
        base, events = self.make()

        @shared_run
        class Inner(base):  # type: ignore[misc, valid-type]
            async def test_1(self) -> None:
                self.class_nursery.start_soon(self.wait, self._trioTest)
                for _ in range(3):
                    await trio.lowlevel.checkpoint()

            async def wait(self, test: Any) -> None:
                while not test.finished:  # pragma: no branch  # interrupted there, too
                    await trio.lowlevel.checkpoint()
                raise KeyboardInterrupt

        told = self.run_class(Inner)
        self.assertEqual(told, ["pass"])
        # The setup of the next test may have begun just then.
        self.assertIn(events.count("cleanup"), (1, 2))
        self.assertEqual(events[-3:], TORN_DOWN)

    def test_in_the_setup_of_the_class(self) -> None:
        """No test, no teardown, but the class cleanups."""
        base, events = self.make()

        @shared_run
        class Inner(base):  # type: ignore[misc, valid-type]
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                await super().asyncSetUpClass()
                await interrupt()

        self.assertEqual(self.run_class(Inner), [])
        self.assertEqual(events, TORN_DOWN[1:])

    def test_in_a_task_of_the_class_during_its_setup(self) -> None:
        """The setup is cancelled, and the same follows."""
        base, events = self.make()

        @shared_run
        class Inner(base):  # type: ignore[misc, valid-type]
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                await super().asyncSetUpClass()
                cls.class_nursery.start_soon(interrupt)
                await trio.sleep_forever()

        self.assertEqual(self.run_class(Inner), [])
        self.assertEqual(events, TORN_DOWN[1:])

    def test_in_the_teardown_of_the_class(self) -> None:
        """The class cleanups run."""
        base, events = self.make()

        @shared_run
        class Inner(base):  # type: ignore[misc, valid-type]
            @classmethod
            async def asyncTearDownClass(cls) -> None:
                await interrupt()

        self.assertEqual(self.run_class(Inner), ["pass", "pass"])
        self.assertEqual(
            events, ["test 1", "cleanup", "test 2", "cleanup", *TORN_DOWN[1:]]
        )

    def test_in_a_cleanup_of_the_class(self) -> None:
        """The other cleanups run; a second one cuts them short."""
        for count, expected in [(1, TORN_DOWN), (2, TORN_DOWN[:1])]:
            base, events = self.make()

            @shared_run
            class Inner(base):  # type: ignore[misc, valid-type]
                interrupts = count

                @classmethod
                async def asyncSetUpClass(cls) -> None:
                    await super().asyncSetUpClass()
                    for _ in range(cls.interrupts):
                        cls.addAsyncClassCleanup(interrupt)

            with self.subTest(count):
                self.assertEqual(self.run_class(Inner), ["pass", "pass"])
                self.assertEqual(
                    events, ["test 1", "cleanup", "test 2", "cleanup", *expected]
                )

    def test_in_the_test_and_in_the_teardown_of_the_class(self) -> None:
        """The class's teardown counts anew: its cleanups run."""
        base, events = self.make()

        @shared_run
        class Inner(base):  # type: ignore[misc, valid-type]
            async def test_1(self) -> None:
                await interrupt()

            @classmethod
            async def asyncTearDownClass(cls) -> None:
                await interrupt()

        self.assertEqual(self.run_class(Inner), [])
        self.assertEqual(events, ["cleanup", *TORN_DOWN[1:]])


class TestPressed(unittest.TestCase):
    """The real thing, in a process of its own."""

    maxDiff = None

    def check(self, source: str, *arguments: str, presses: int = 1) -> str:
        """Run a test file that says "ready" for each press; return what follows."""
        code, output = run_pressed(
            BASE + source + LATER, *(arguments or UNITTEST), presses=presses
        )
        for never in ["LATER TEST", "TrioInternalError", "ignored", "Warning"]:
            self.assertNotIn(never, output)
        # Either tells so in its own way that KeyboardInterrupt was its end.
        self.assertEqual(code, 2 if "pytest" in arguments else -signal.SIGINT)
        self.assertIn("KeyboardInterrupt", output)
        return output

    def said(self, output: str) -> list[str]:
        """Return what the test file has said, in order."""
        return SAID.findall(output)

    def test_while_the_body_waits(self) -> None:
        """It is interrupted where it waits, and the tree shows the class's tasks."""
        output = self.check(
            """
@shared_run
class TestA(Later, Base):
    async def test_a(self):
        self.nursery.start_soon(trio.sleep_forever)
        try:
            ready()
            await trio.sleep(60)
        finally:
            say("body left")
"""
        )
        self.assertEqual(self.said(output), ["body left", *TEST, *CLASS])
        tree = output.partition("Ctrl-C in")[2].partition("\n\nbody left")[0]
        self.assertEqual(
            plain(tree),
            """\
 test_it.TestA.test_a. Its tasks:

test_it.TestA.test_a (the test)
  File "test_it.py", line N, in test_a
    await trio.sleep(60)
  waits in trio.sleep
self.nursery:
  trio.sleep_forever
    waits in trio.sleep_forever
cls.class_nursery:
  test_it.serve
    File "test_it.py", line N, in serve
      await trio.sleep_forever()
    waits in trio.sleep_forever""",
        )

    def test_while_the_body_computes(self) -> None:
        """Code that never awaits is interrupted too."""
        output = self.check(
            """
@shared_run
class TestA(Later, Base):
    async def test_a(self):
        ready()
        end = time.monotonic() + 60
        while time.monotonic() < end:
            pass
"""
        )
        self.assertEqual(self.said(output), [*TEST, *CLASS])
        self.assertIn("Ctrl-C in test_it.TestA.test_a. Its tasks:", output)

    def test_while_a_task_of_the_class_computes(self) -> None:
        """Ctrl-C that hits a task of the class stops the run as well."""
        output = self.check(
            """
@shared_run
class TestA(Later, Base):
    async def test_a(self):
        self.class_nursery.start_soon(self.spin)
        await trio.sleep_forever()

    async def spin(self):
        ready()
        end = time.monotonic() + 60
        while time.monotonic() < end:
            pass
"""
        )
        said = self.said(output)
        self.assertEqual(sorted(said), sorted(TEST + CLASS))  # the server's end is free
        said.remove("server left")
        self.assertEqual(said, [*TEST, *CLASS[:-1]])

    def test_inside_a_shield(self) -> None:
        """A shield around what the test waits in does not keep it off."""
        output = self.check(
            """
@shared_run
class TestA(Later, Base):
    async def test_a(self):
        with trio.CancelScope(shield=True):
            ready()
            await trio.sleep(60)
"""
        )
        self.assertEqual(self.said(output), [*TEST, *CLASS])

    def test_in_a_setup(self) -> None:
        """The setup ends; there is no body, and no teardown of the test."""
        output = self.check(
            """
@shared_run
class TestA(Later, Base):
    async def asyncSetUp(self):
        ready()
        await trio.sleep(60)

    async def test_a(self):
        say("again")
"""
        )
        self.assertEqual(self.said(output), [*TEST, *CLASS])

    def test_in_a_teardown(self) -> None:
        """This step ends, the cleanups run."""
        output = self.check(
            """
@shared_run
class TestA(Later, Base):
    async def test_a(self):
        pass

    async def asyncTearDown(self):
        ready()
        await trio.sleep(60)
"""
        )
        self.assertEqual(self.said(output), [*TEST, *CLASS])
        self.assertIn("Ctrl-C in test_it.TestA.test_a. Its tasks:", output)

    def test_in_a_cleanup(self) -> None:
        """This cleanup ends, the others run."""
        output = self.check(
            """
@shared_run
class TestA(Later, Base):
    async def test_a(self):
        self.addCleanup(self.slow)

    async def slow(self):
        ready()
        await trio.sleep(60)
"""
        )
        self.assertEqual(self.said(output), [*TEST, *CLASS])

    def test_twice(self) -> None:
        """A second Ctrl-C cuts the test's cleanups short, and the class is torn down."""
        output = self.check(
            """
@shared_run
class TestA(Later, Base):
    async def test_a(self):
        self.addCleanup(self.slow)
        await self.slow()

    async def slow(self):
        ready()
        await trio.sleep(60)
""",
            presses=2,
        )
        self.assertEqual(self.said(output), CLASS)

    def test_between_two_tests(self) -> None:
        """It is an ordinary Ctrl-C; the class is closed when Python exits."""
        output = self.check(
            """
@shared_run
class TestA(Later, Base):
    async def test_a(self):
        pass

    async def test_b(self):
        say("again")

    def run(self, result=None):
        if self._testMethodName == "test_b":
            assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
            ready()
            try:
                time.sleep(60)
            finally:
                say("stopped")
        return super().run(result)
"""
        )
        self.assertEqual(self.said(output), ["stopped", *CLASS])
        self.assertNotIn("Ctrl-C in", output)
        self.assertRegex(
            output, r"(?s)Traceback.*\nKeyboardInterrupt\n.*class teardown"
        )

    def test_in_the_setup_of_the_class(self) -> None:
        """It ends there; the class cleanups run."""
        output = self.check(
            """
@shared_run
class TestA(Later, Base):
    @classmethod
    async def asyncSetUpClass(cls):
        await super().asyncSetUpClass()
        ready()
        await trio.sleep(60)
"""
        )
        self.assertEqual(self.said(output), CLASS[1:])
        self.assertIn(
            "Ctrl-C in test_it.TestA. Its tasks:\n\ntest_it.TestA (the class)\n", output
        )

    def test_in_the_teardown_of_the_class(self) -> None:
        """It ends there; the class cleanups run."""
        output = self.check(
            """
@shared_run
class TestA(Base):
    async def test_a(self):
        pass

    @classmethod
    async def asyncTearDownClass(cls):
        ready()
        await trio.sleep(60)
"""
        )
        self.assertEqual(self.said(output), CLASS[1:])
        self.assertIn(
            "Ctrl-C in test_it.TestA. Its tasks:\n\ntest_it.TestA (the class)\n", output
        )

    def test_in_a_class_cleanup(self) -> None:
        """This cleanup ends, the others run; a second Ctrl-C cuts them."""
        for presses, expected in [(1, CLASS[1:]), (2, CLASS[-1:])]:
            output = self.check(
                f"""
@shared_run
class TestA(Base):
    async def test_a(self):
        for _ in range({presses}):
            self.addAsyncClassCleanup(self.slow)

    @classmethod
    async def slow(cls):
        ready()
        await trio.sleep(60)
""",
                presses=presses,
            )
            self.assertEqual(self.said(output), expected)

    def test_while_the_tasks_of_the_class_end(self) -> None:
        """The class's nursery is joined all the same."""
        output = self.check(
            """
@shared_run
class TestA(Base):
    async def test_a(self):
        self.class_nursery.start_soon(self.slow)
        await trio.sleep(0.01)

    @classmethod
    async def slow(cls):
        try:
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                ready()
                await pressed()
            say("joined")
"""
        )
        self.assertEqual(self.said(output)[-1:], ["joined"])

    def test_while_a_fixture_of_the_class_is_set_up_or_torn_down(self) -> None:
        """Both are cut short; the fixture before it is torn down in its turn."""
        for slow, expected in [
            ("set up", ["joined"]),
            ("torn down", ["joined", "server left"]),
        ]:
            output = self.check(
                f"""
@shared_run
class TestA(Base):
    @fixture(scope="class")
    async def first(cls):
        yield
        await asay("joined")

    @fixture(scope="class")
    async def slow(cls):
        if {slow!r} == "set up":
            ready()
            await trio.sleep(60)
        yield
        ready()
        await trio.sleep(60)

    async def test_a(self):
        pass
"""
            )
            self.assertEqual(self.said(output), expected)

    def test_catch_option(self) -> None:
        """Under unittest -c the current test ends well, and the class as ever."""
        code, output = run_pressed(
            BASE
            + """
@shared_run
class TestA(Later, Base):
    async def test_a(self):
        ready()
        await pressed()
        say("body left")
"""
            + LATER,
            *("-m", "unittest", "-c", "-v", "test_it"),
        )
        self.assertEqual(code, 0)
        said = self.said(output)
        self.assertEqual(said, ["body left", "teardown", *TEST, *CLASS])
        self.assertIn("Ctrl-C in test_it.TestA.test_a. Its tasks:", output)
        self.assertRegex(output, "Ran 1 test")

    def test_catch_option_twice(self) -> None:
        """A second Ctrl-C ends the test that waits, and tears the class down."""
        output = self.check(
            """
@shared_run
class TestA(Later, Base):
    async def test_a(self):
        ready()
        try:
            await pressed()
            ready()
            await trio.sleep(60)
        finally:
            say("body left")
""",
            *("-m", "unittest", "-c", "-v", "test_it"),
            presses=2,
        )
        self.assertEqual(self.said(output), ["body left", *TEST, *CLASS])

    def test_pytest(self) -> None:
        """Under pytest Ctrl-C stops the session, after the class is torn down."""
        for stage in ["test_a(self)", "asyncTearDown(self)"]:
            output = self.check(
                f"""
@shared_run
class TestA(Later, Base):
    async def test_a(self):
        pass

    async def {stage}:
        ready()
        await trio.sleep(60)
""",
                *PYTEST,
            )
            self.assertEqual(self.said(output), [*TEST, *CLASS])

    def test_pytest_in_the_setup_and_the_teardown_of_the_class(self) -> None:
        """Likewise when it comes there."""
        for hook in ["asyncSetUpClass", "asyncTearDownClass"]:
            output = self.check(
                f"""
@shared_run
class TestA(Base):
    async def test_a(self):
        pass

    @classmethod
    async def {hook}(cls):
        await super().{hook}()
        ready()
        await trio.sleep(60)
""",
                *PYTEST,
            )
            self.assertEqual(self.said(output), CLASS[1:])
