"""What goes wrong at the class level is reported where unittest reports such errors."""

from __future__ import annotations

import unittest
from collections.abc import AsyncIterator

import trio
import trio.testing

from triocase import AsyncTrioTestCase, fixture, shared_run

from .classes import class_report, run_classes, told_of


class TestErrors(unittest.TestCase):
    """What goes wrong at the class level is reported where unittest does so."""

    maxDiff = None

    def test_setup(self) -> None:
        """An error of `asyncSetUpClass` is that of `setUpClass`; no test runs."""

        @shared_run
        class Inner(AsyncTrioTestCase):
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                await trio.lowlevel.checkpoint()
                raise ValueError("setup")

            async def test_a(self) -> None:
                raise NotImplementedError

            async def test_b(self) -> None:
                raise NotImplementedError

        result = run_classes(Inner)
        self.assertEqual(result.told, ["setUpClass (Inner): ERROR ValueError: setup"])
        self.assertEqual(
            result.names,
            [
                "setUpClass (tests.test_shared_run_reports.TestErrors.test_setup.<locals>.Inner)"
            ],
        )
        self.assertEqual(
            result.texts,
            [
                """\
Traceback (most recent call last):
  File "test_shared_run_reports.py", line N, in asyncSetUpClass
    raise ValueError("setup")
ValueError: setup
"""
            ],
        )

    def test_class_fixture(self) -> None:
        """An error before its `yield` is that of `setUpClass`; later ones not set up."""
        events: list[str] = []

        @shared_run
        class Inner(AsyncTrioTestCase):
            @fixture(scope="class")
            async def before(cls) -> AsyncIterator[int]:
                yield 3
                events.append("before is over")

            @fixture(scope="class")
            async def bad(cls) -> AsyncIterator[int]:
                await trio.lowlevel.checkpoint()
                raise ValueError("fixture")
                yield 3

            @fixture(scope="class")
            async def after(cls) -> int:
                raise NotImplementedError

            @classmethod
            async def asyncSetUpClass(cls) -> None:
                raise NotImplementedError

            async def test(self) -> None:
                raise NotImplementedError

        result = run_classes(Inner)
        self.assertEqual(result.told, ["setUpClass (Inner): ERROR ValueError: fixture"])
        self.assertEqual(
            result.texts,
            [
                """\
Traceback (most recent call last):
  File "test_shared_run_reports.py", line N, in bad
    raise ValueError("fixture")
ValueError: fixture
"""
            ],
        )
        self.assertEqual(events, ["before is over"])

    def test_teardown(self) -> None:
        """An error of `asyncTearDownClass` is that of `tearDownClass`."""
        events: list[str] = []

        @shared_run
        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                self.addClassCleanup(events.append, "cleanup")

            @classmethod
            async def asyncTearDownClass(cls) -> None:
                await trio.lowlevel.checkpoint()
                raise ValueError("teardown")

        result = run_classes(Inner)
        self.assertEqual(
            result.told,
            ["test: pass", "tearDownClass (Inner): ERROR ValueError: teardown"],
        )
        self.assertEqual(
            result.names[1],
            f"tearDownClass ({__name__}.{Inner.__qualname__})",
        )
        self.assertEqual(
            result.texts,
            [
                """\
Traceback (most recent call last):
  File "test_shared_run_reports.py", line N, in asyncTearDownClass
    raise ValueError("teardown")
ValueError: teardown
"""
            ],
        )
        self.assertEqual(events, ["cleanup"])

    def test_cleanup(self) -> None:
        """An error of a class cleanup is that of `tearDownClass`."""

        @shared_run
        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                self.addAsyncClassCleanup(self.clean_up)

            @classmethod
            async def clean_up(cls) -> None:
                await trio.lowlevel.checkpoint()
                cls().assertEqual(1, 2)

        result = run_classes(Inner)
        error = "AssertionError: 1 != 2"
        self.assertEqual(
            result.told, ["test: pass", f"tearDownClass (Inner): ERROR {error}"]
        )
        self.assertEqual(
            result.texts,
            [
                """\
Traceback (most recent call last):
  File "test_shared_run_reports.py", line N, in clean_up
    cls().assertEqual(1, 2)
AssertionError: 1 != 2
"""
            ],
        )

    def test_several_in_the_teardown(self) -> None:
        """Several errors of the teardown are one group, in the order of events."""

        @shared_run
        class Inner(AsyncTrioTestCase):
            @fixture(scope="class")
            async def value(cls) -> AsyncIterator[int]:
                yield 3
                raise OSError("fixture")

            async def test(self) -> None:
                self.addAsyncClassCleanup(self.clean_up)
                self.class_nursery.start_soon(self.task)
                await trio.testing.wait_all_tasks_blocked()

            async def task(self) -> None:
                try:
                    await trio.sleep_forever()
                finally:
                    raise IndexError("task")

            @classmethod
            async def clean_up(cls) -> None:
                raise KeyError("cleanup")

            @classmethod
            async def asyncTearDownClass(cls) -> None:
                raise ValueError("teardown")

        result = run_classes(Inner)
        self.assertEqual(
            result.told,
            [
                "test: pass",
                "tearDownClass (Inner): ERROR ExceptionGroup: several errors in the "
                f"teardown of {Inner.__qualname__} (4 sub-exceptions)",
            ],
        )
        (text,) = result.texts
        lines = [line for line in text.splitlines() if "Error: " in line]
        self.assertEqual(
            lines,
            [
                "    | ValueError: teardown",
                "    | KeyError: 'cleanup'",
                "    | OSError: fixture",
                "    | IndexError: task",
            ],
        )

    def test_skip(self) -> None:
        """A skip in `asyncSetUpClass` skips the class; its cleanups run."""
        events: list[str] = []

        @shared_run
        class Inner(AsyncTrioTestCase):
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                cls.addClassCleanup(events.append, "cleanup")
                await trio.lowlevel.checkpoint()
                raise unittest.SkipTest("no server")

            async def test(self) -> None:
                raise NotImplementedError

        self.assertEqual(told_of(Inner), ["setUpClass (Inner): skip no server"])
        self.assertEqual(events, ["cleanup"])

    def test_skip_in_a_class_fixture(self) -> None:
        """So does a skip in a class fixture, and one in a nursery's task."""

        async def skip() -> None:
            raise unittest.SkipTest("no server")

        @shared_run
        class Inner(AsyncTrioTestCase):
            @fixture(scope="class")
            async def server(cls) -> None:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(skip)

            async def test(self) -> None:
                raise NotImplementedError

        self.assertEqual(told_of(Inner), ["setUpClass (Inner): skip no server"])

    def test_skip_beside_an_error(self) -> None:
        """A skip beside an error of a cleanup does not hide the error."""

        @shared_run
        class Inner(AsyncTrioTestCase):
            @classmethod
            async def clean_up(cls) -> None:
                raise ValueError("cleanup")

            @classmethod
            async def asyncSetUpClass(cls) -> None:
                cls.addAsyncClassCleanup(cls.clean_up)
                raise unittest.SkipTest("no server")

            async def test(self) -> None:
                raise NotImplementedError

        (text,) = run_classes(Inner).texts
        self.assertIn("ValueError: cleanup", text)

    def test_users_own_setup(self) -> None:
        """An error after `super().setUpClass()` leaves no run open: it is torn down."""
        events: list[str] = []

        @shared_run
        class Inner(AsyncTrioTestCase):
            @classmethod
            def setUpClass(cls) -> None:
                super().setUpClass()
                cls.addClassCleanup(events.append, "cleanup")
                raise ValueError("after super()")

            async def test(self) -> None:
                raise NotImplementedError

            @classmethod
            async def asyncTearDownClass(cls) -> None:
                events.append("asyncTearDownClass")

        self.assertEqual(
            told_of(Inner), ["setUpClass (Inner): ERROR ValueError: after super()"]
        )
        self.assertEqual(events, ["asyncTearDownClass", "cleanup"])
        trio.run(trio.lowlevel.checkpoint)  # no other run is open

    def test_users_own_teardown(self) -> None:
        """So does an error before `super().tearDownClass()`."""
        events: list[str] = []

        @shared_run
        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                self.addClassCleanup(events.append, "cleanup")

            @classmethod
            def tearDownClass(cls) -> None:
                raise ValueError("before super()")
                super().tearDownClass()  # never

        self.assertEqual(
            told_of(Inner),
            ["test: pass", "tearDownClass (Inner): ERROR ValueError: before super()"],
        )
        self.assertEqual(events, ["cleanup"])
        trio.run(trio.lowlevel.checkpoint)

    def test_left_open(self) -> None:
        """What the class's setup entered by hand and nobody left is named."""

        @shared_run
        class Inner(AsyncTrioTestCase):
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                await trio.open_nursery().__aenter__()

            async def test(self) -> None:
                await trio.lowlevel.checkpoint()

        self.assertEqual(
            class_report(Inner),
            f"""\
RuntimeError: {Inner.__qualname__} left <trio.Nursery object at 0x> (without tasks) open. What is entered by hand in a setup must be left in a teardown or a cleanup: write `cls.enterClassContext(...)` or `await cls.enterAsyncClassContext(...)` to have that done.
""",
        )

    def test_entered_by_hand(self) -> None:
        """What the setup enters by hand, and the teardown leaves, is fine."""

        @shared_run
        class Inner(AsyncTrioTestCase):
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                cls.manager = trio.open_nursery()
                cls.held = await cls.manager.__aenter__()
                cls.held.start_soon(trio.sleep_forever)

            async def test_a(self) -> None:
                await trio.lowlevel.checkpoint()

            async def test_b(self) -> None:
                await trio.lowlevel.checkpoint()

            @classmethod
            async def asyncTearDownClass(cls) -> None:
                cls.held.cancel_scope.cancel()
                await cls.manager.__aexit__(None, None, None)

        self.assertEqual(told_of(Inner), ["test_a: pass", "test_b: pass"])
