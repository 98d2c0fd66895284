"""A task that belongs to a class crashes: each error is told once, where it belongs."""

from __future__ import annotations

import itertools
import sys
import unittest
from collections.abc import AsyncIterator
from typing import Any

import trio
import trio.testing

from triocase import fixture, shared_run

from . import shared_classes
from .shared_classes import CRASH, Failing, not_run, run_class

if sys.version_info < (3, 11):
    from exceptiongroup import ExceptionGroup


class TestCrash(Failing):
    """A task that belongs to the class crashes."""

    def test_while_a_test_runs(self) -> None:
        """That test fails with the error, the later ones with it as their cause."""
        for kind in [
            shared_classes.InNursery,
            shared_classes.InFixture,
            shared_classes.InContext,
        ]:

            @shared_run
            class Inner(kind):  # type: ignore[misc, valid-type]
                async def test_1(self) -> None:
                    self.addAsyncCleanup(self.note, "cleanup")
                    self.event.set()
                    await trio.sleep_forever()

            with self.subTest(kind.__name__):
                texts = self.check(
                    Inner,
                    [
                        "test_1: ERROR ValueError: boom",
                        f"test_2: {not_run(Inner)}",
                        f"test_3: {not_run(Inner)}",
                    ],
                    ["teardown", "cleanup", "class teardown"],
                )
                later = (
                    f"{CRASH}\nThe above exception was the direct cause of the "
                    f"following exception:\n\n"
                    f"{not_run(Inner).removeprefix('ERROR ')}\n"
                )
                self.assertEqual(texts, [CRASH, later, later])

    def test_cancels_the_body_at_once(self) -> None:
        """The body does not wait until the slowest task of the class has gone."""

        @shared_run
        class Inner(shared_classes.InNursery):
            gone: trio.Event

            @classmethod
            async def asyncSetUpClass(cls) -> None:
                await super().asyncSetUpClass()
                cls.gone = trio.Event()
                cls.class_nursery.start_soon(cls.go_slowly)

            @classmethod
            async def go_slowly(cls) -> None:
                with trio.CancelScope(shield=True):
                    await cls.gone.wait()
                await cls.note("gone")  # never: it is cancelled

            async def test_1(self) -> None:
                self.event.set()
                try:
                    await trio.sleep_forever()
                except trio.Cancelled:
                    self.events.append("cancelled")
                    self.gone.set()
                    raise

        self.check(
            Inner,
            [
                "test_1: ERROR ValueError: boom",
                f"test_2: {not_run(Inner)}",
                f"test_3: {not_run(Inner)}",
            ],
            ["cancelled", "teardown", "class teardown"],
        )

    def test_in_a_nursery_opened_by_hand(self) -> None:
        """The test says that it was cancelled; the error is told where that is left."""

        @shared_run
        class Inner(shared_classes.ByHand):
            async def test_1(self) -> None:
                self.addAsyncCleanup(self.note, "cleanup")
                self.event.set()
                await trio.sleep_forever()

        result = run_class(Inner)
        first, second, third, teardown = result.told
        name = Inner.__qualname__
        self.assertRegex(
            first,
            r"^test_1: ERROR RuntimeError: what the setup of "
            + f"{name} left open by hand was cancelled: .*[Cc]ancelled.*"
            + r"\. If a task has crashed there, its error is reported where it is "
            + r"left, in the teardown of the class\.$",
        )
        before = not_run(Inner, "RuntimeError(")
        self.assertIn(f"test_2: {before}", second)
        self.assertIn(f"test_3: {before}", third)
        self.assertEqual(teardown, "tearDownClass: ERROR ValueError: boom")
        self.assertEqual(Inner.events, ["teardown", "cleanup", "class teardown"])

    def test_between_two_tests(self) -> None:
        """When a test has ended, the next one is told, in whatever order tasks run."""
        for _ in range(40):

            @shared_run
            class Inner(shared_classes.InNursery):
                @classmethod
                async def wait_for_end(cls, test: Any) -> None:
                    while not test.finished:
                        await trio.lowlevel.checkpoint()
                    cls.event.set()

                async def test_1(self) -> None:
                    self.class_nursery.start_soon(self.wait_for_end, self._trioTest)

            result = run_class(Inner)
            self.assertEqual(
                result.told,
                [
                    "test_1: pass",
                    "test_2: ERROR ValueError: boom",
                    f"test_3: {not_run(Inner)}",
                ],
            )
            self.assertEqual(result.texts[0], CRASH)
            self.assertEqual(Inner.events[-1], "class teardown")

    def test_after_any_number_of_steps(self) -> None:
        """Whenever it comes, it is told once: to a test, or where the class ends."""
        names = ["test_1", "test_2", "tearDownClass"]
        seen = []
        for steps in itertools.count():  # pragma: no branch  # it ends inside

            @shared_run
            class Inner(shared_classes.InNursery):
                number = steps
                test_3 = None  # type: ignore[assignment]

                @classmethod
                async def count(cls) -> None:
                    for _ in range(cls.number):
                        await trio.lowlevel.checkpoint()
                    cls.event.set()

                async def test_1(self) -> None:
                    self.class_nursery.start_soon(self.count)
                    for _ in range(5):
                        await trio.lowlevel.checkpoint()

            told = run_class(Inner).told
            self.assertEqual(Inner.events[-1], "class teardown")
            if told == ["test_1: pass", "test_2: pass"]:
                break
            where = next(k for k, text in enumerate(told) if "ERROR" in text)
            self.assertEqual(
                told,
                [
                    *(f"{name}: pass" for name in names[:where]),
                    f"{names[where]}: ERROR ValueError: boom",
                    *[f"test_2: {not_run(Inner)}"] * (where == 0),
                ],
            )
            seen.append(names[where])
        self.assertEqual(sorted(set(seen)), ["tearDownClass", "test_1", "test_2"])

    def test_after_the_last_test(self) -> None:
        """It is an error of tearDownClass, and the class is torn down."""

        @shared_run
        class Inner(shared_classes.InNursery):
            @classmethod
            async def asyncTearDownClass(cls) -> None:
                cls.addAsyncClassCleanup(cls.note, "class cleanup")
                cls.event.set()
                await trio.testing.wait_all_tasks_blocked()
                await super().asyncTearDownClass()

        passed = [f"test_{number}: pass" for number in (1, 2, 3)]
        texts = self.check(
            Inner,
            [*passed, "tearDownClass: ERROR ValueError: boom"],
            [
                *(1, "teardown", 2, "teardown", 3, "teardown"),
                *("class teardown", "class cleanup"),
            ],
        )
        self.assertEqual(texts, [CRASH])

    def test_while_the_nursery_of_the_class_closes(self) -> None:
        """So is that of a task that fails when it is cancelled."""

        @shared_run
        class Inner(shared_classes.Base):
            test_2 = test_3 = None  # type: ignore[assignment]

            @classmethod
            async def asyncSetUpClass(cls) -> None:
                cls.class_nursery.start_soon(cls.fail_late)

            @classmethod
            async def fail_late(cls) -> None:
                try:
                    await trio.sleep_forever()
                except trio.Cancelled:
                    raise ValueError("boom") from None

        self.check(
            Inner,
            ["test_1: pass", "tearDownClass: ERROR ValueError: boom"],
            [1, "teardown", "class teardown"],
        )

    def test_in_the_setup_of_the_class(self) -> None:
        """The setup is cancelled; no test, no teardown, but the class cleanups."""
        for kind in [
            shared_classes.InNursery,
            shared_classes.InFixture,
            shared_classes.InContext,
        ]:

            @shared_run
            class Inner(kind):  # type: ignore[misc, valid-type]
                @classmethod
                async def asyncSetUpClass(cls) -> None:
                    cls.addAsyncClassCleanup(cls.note, "class cleanup")
                    if kind is not shared_classes.InFixture:  # noqa: B023
                        await super().asyncSetUpClass()
                    cls.event.set()
                    try:
                        await trio.sleep_forever()
                    finally:
                        cls.events.append("cancelled")

            with self.subTest(kind.__name__):
                texts = self.check(
                    Inner,
                    ["setUpClass: ERROR ValueError: boom"],
                    ["cancelled", "class cleanup"],
                )
                (text,) = texts
                self.assertTrue(text.endswith(CRASH.partition("\n")[2]), text)

    def test_while_a_class_fixture_is_set_up_or_torn_down(self) -> None:
        """Each is an error of its own stage."""

        class Fixture(shared_classes.Base):
            test_2 = test_3 = None  # type: ignore[assignment]
            fails_in = "setup"

            @fixture(scope="class")
            async def server(cls) -> AsyncIterator[None]:
                cls.addAsyncClassCleanup(cls.note, "class cleanup")
                async with trio.open_nursery() as nursery:
                    cls.event = trio.Event()
                    cls.event.set()
                    if cls.fails_in == "setup":
                        nursery.start_soon(cls.crash)
                        await trio.sleep_forever()
                    yield
                    nursery.start_soon(cls.crash)

        @shared_run
        class InSetup(Fixture):
            pass

        @shared_run
        class InTeardown(Fixture):
            fails_in = "teardown"

        self.check(InSetup, ["setUpClass: ERROR ValueError: boom"], ["class cleanup"])
        self.check(
            InTeardown,
            ["test_1: pass", "tearDownClass: ERROR ValueError: boom"],
            [1, "teardown", "class teardown", "class cleanup"],
        )

    def test_kinds_of_errors(self) -> None:
        """An AssertionError is a FAIL, a SkipTest a skip, a group of one its leaf."""
        for error, verdict in [
            (AssertionError("a"), "FAIL AssertionError: a"),
            (unittest.SkipTest("s"), "skip s"),
            (ExceptionGroup("g", [OSError("o")]), "ERROR OSError: o"),
        ]:

            @shared_run
            class Inner(shared_classes.Base):
                what = error

                @classmethod
                async def asyncSetUpClass(cls) -> None:
                    cls.event = trio.Event()
                    cls.class_nursery.start_soon(cls.crash, lambda: cls.what)

                async def test_1(self) -> None:
                    self.event.set()
                    await trio.sleep_forever()

            with self.subTest(verdict):
                told = run_class(Inner).told
                self.assertEqual(told[0], f"test_1: {verdict}")
                for number in (2, 3):
                    self.assertIn(
                        f"test_{number}: {not_run(Inner, type(error).__name__)}(",
                        told[number - 1],
                    )

    def test_several_at_once(self) -> None:
        """Errors of several tasks are told once each, in a group or one by one."""

        @shared_run
        class OneNursery(shared_classes.InNursery):
            test_2 = test_3 = None  # type: ignore[assignment]

            async def test_1(self) -> None:
                self.class_nursery.start_soon(self.crash, lambda: KeyError("other"))
                await trio.testing.wait_all_tasks_blocked()
                self.event.set()
                await trio.sleep_forever()

        @shared_run
        class TwoNurseries(shared_classes.InContext):
            test_2 = test_3 = None  # type: ignore[assignment]
            test_1 = OneNursery.test_1

        result = run_class(OneNursery)
        self.assertEqual(
            result.told,
            [
                f"test_1: ERROR ExceptionGroup: background tasks of "
                f"{OneNursery.__qualname__} crashed (2 sub-exceptions)"
            ],
        )
        self.assertEqual(result.texts[0].count("ValueError: boom"), 1)
        self.assertEqual(result.texts[0].count("KeyError: 'other'"), 1)
        self.assertCountEqual(
            run_class(TwoNurseries).told,
            ["test_1: ERROR ValueError: boom", "test_1: ERROR KeyError: 'other'"],
        )

    def test_that_follows_a_crash(self) -> None:
        """One that comes as the first is being dealt with is told where the class ends."""

        @shared_run
        class Inner(shared_classes.InNursery):
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                await super().asyncSetUpClass()
                cls.class_nursery.start_soon(cls.fail_late)

            @classmethod
            async def fail_late(cls) -> None:
                try:
                    await trio.sleep_forever()
                except trio.Cancelled:
                    for _ in range(50):
                        await trio.lowlevel.cancel_shielded_checkpoint()
                    raise KeyError("late") from None

            async def test_1(self) -> None:
                self.event.set()
                await trio.sleep_forever()

        self.check(
            Inner,
            [
                "test_1: ERROR ValueError: boom",
                f"test_2: {not_run(Inner)}",
                f"test_3: {not_run(Inner)}",
                "tearDownClass: ERROR KeyError: 'late'",
            ],
            ["teardown", "class teardown"],
        )

    def test_beside_errors_of_the_test(self) -> None:
        """What the body, its nursery and its cleanups raise is told as well."""

        @shared_run
        class Inner(shared_classes.InNursery):
            test_2 = test_3 = None  # type: ignore[assignment]

            async def test_1(self) -> None:
                self.addCleanup(self.fail, "cleanup")
                self.event.set()
                try:
                    await trio.sleep_forever()
                finally:
                    self.fail("body")

        self.check(
            Inner,
            [
                "test_1: ERROR ValueError: boom",
                "test_1: FAIL AssertionError: body",
                "test_1: FAIL AssertionError: cleanup",
            ],
            ["teardown", "class teardown"],
        )

    def test_expected_failure(self) -> None:
        """A test that is expected to fail does not swallow it, nor do later ones."""

        @shared_run
        class Inner(shared_classes.InNursery):
            @unittest.expectedFailure
            async def test_1(self) -> None:
                self.event.set()
                await trio.sleep_forever()

            @unittest.expectedFailure
            async def test_2(self) -> None:
                raise NotImplementedError

        self.check(
            Inner,
            [
                "test_1: ERROR ValueError: boom",
                f"test_2: {not_run(Inner)}",
                f"test_3: {not_run(Inner)}",
            ],
            ["teardown", "class teardown"],
        )

    def test_next_class(self) -> None:
        """Another class, of the same parent, runs as ever."""

        class Parent(shared_classes.InNursery):
            pass

        @shared_run
        class First(Parent):
            async def test_1(self) -> None:
                self.event.set()
                await trio.sleep_forever()

        @shared_run
        class Second(Parent):
            pass

        self.assertIn("boom", run_class(First).told[0])
        self.assertEqual(
            run_class(Second).told, ["test_1: pass", "test_2: pass", "test_3: pass"]
        )
