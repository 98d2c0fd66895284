"""What a failure looks like: the exact text of the report, and its verdict."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
import unittest
from collections.abc import AsyncIterator
from typing import Any

import trio
import trio.testing

from triocase import AsyncTrioTestCase

from .harness import debug_error, report, run, told

if sys.version_info < (3, 11):
    from exceptiongroup import BaseExceptionGroup, ExceptionGroup


class Raising(AsyncTrioTestCase):
    async def child(self) -> None:
        await trio.lowlevel.checkpoint()
        raise ValueError("in the child")

    async def library_call(self) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.child)


class TestPlainReports(unittest.TestCase):
    def test_failing_assertion(self) -> None:
        """A failing assertion prints the test's own frame and the message."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                await trio.lowlevel.checkpoint()
                self.assertEqual(1, 2)

        self.assertEqual(
            report(Inner),
            "Traceback (most recent call last):\n"
            '  File "test_reports.py", line N, in test\n'
            "    self.assertEqual(1, 2)\n"
            "AssertionError: 1 != 2\n",
        )

    def test_same_as_a_sync_test(self) -> None:
        """An async test's report is the sync test's, letter by letter."""

        class Sync(unittest.TestCase):
            def helper(self) -> None:
                self.assertIn(3, [1, 2], "really")

            def test(self) -> None:
                try:
                    raise KeyError("first")
                except KeyError:
                    self.helper()

        class Async(AsyncTrioTestCase):
            def helper(self) -> None:
                self.assertIn(3, [1, 2], "really")

            async def test(self) -> None:
                try:
                    raise KeyError("first")
                except KeyError:
                    self.helper()

        self.assertEqual(report(Async), report(Sync))

    def test_background_crash(self) -> None:
        """A background crash prints the frames of the task that crashed."""

        class Inner(Raising):
            async def test(self) -> None:
                self.nursery.start_soon(self.child)
                await trio.sleep_forever()

        self.assertEqual(
            report(Inner),
            "Traceback (most recent call last):\n"
            '  File "test_reports.py", line N, in child\n'
            '    raise ValueError("in the child")\n'
            "ValueError: in the child\n",
        )

    def test_child_of_something_awaited(self) -> None:
        """A child task's error shows the test's line, and is one story to the leaf."""

        class Inner(Raising):
            async def test(self) -> None:
                await self.library_call()

        self.assertEqual(
            report(Inner),
            "Traceback (most recent call last):\n"
            '  File "test_reports.py", line N, in test\n'
            "    await self.library_call()\n"
            '  File "test_reports.py", line N, in library_call\n'
            "    async with trio.open_nursery() as nursery:\n"
            '  File "test_reports.py", line N, in child\n'
            '    raise ValueError("in the child")\n'
            "ValueError: in the child\n",
        )

    def test_groups_in_groups(self) -> None:
        """However many nurseries wrap it, one leaf is one story."""

        class Inner(Raising):
            async def outer(self) -> None:
                await self.library_call()

            async def test(self) -> None:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self.outer)

        self.assertEqual(
            report(Inner),
            "Traceback (most recent call last):\n"
            '  File "test_reports.py", line N, in test\n'
            "    async with trio.open_nursery() as nursery:\n"
            '  File "test_reports.py", line N, in outer\n'
            "    await self.library_call()\n"
            '  File "test_reports.py", line N, in library_call\n'
            "    async with trio.open_nursery() as nursery:\n"
            '  File "test_reports.py", line N, in child\n'
            '    raise ValueError("in the child")\n'
            "ValueError: in the child\n",
        )

    def test_no_frame_twice(self) -> None:
        """An error of the nursery's own block shows the line that raised, once."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                async with trio.open_nursery():
                    self.fail("in the block")

        self.assertEqual(
            report(Inner),
            "Traceback (most recent call last):\n"
            '  File "test_reports.py", line N, in test\n'
            '    self.fail("in the block")\n'
            "AssertionError: in the block\n",
        )

    def test_no_frame_twice_through_a_context(self) -> None:
        """So does an error that passed through a context with a nursery."""

        class Inner(AsyncTrioTestCase):
            @contextlib.asynccontextmanager
            async def serving(self) -> AsyncIterator[None]:
                async with trio.open_nursery():
                    yield

            async def test(self) -> None:
                async with self.serving():
                    self.fail("in the block")

        self.assertEqual(
            report(Inner),
            "Traceback (most recent call last):\n"
            '  File "test_reports.py", line N, in test\n'
            '    self.fail("in the block")\n'
            "AssertionError: in the block\n",
        )

    def test_cause_context_and_notes_of_the_leaf(self) -> None:
        """A leaf keeps its cause, its context and its notes, and gets the groups'."""
        cause = KeyError("cause")
        context = KeyError("context")

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                leaf = ValueError("leaf")
                leaf.__cause__ = cause
                leaf.__context__ = context
                leaf.__notes__ = ["the leaf's"]
                group = ExceptionGroup("inner", [leaf])
                group.__notes__ = ["the group's"]
                raise group

        error = debug_error(Inner)
        self.assertEqual(repr(error), "ValueError('leaf')")
        self.assertIs(error.__cause__, cause)
        self.assertIs(error.__context__, context)
        self.assertEqual(error.__notes__, ["the leaf's", "the group's"])

    def test_exceptions_that_cannot_be_changed(self) -> None:
        """An exception class may refuse new attributes; its error is not lost."""

        @dataclasses.dataclass(frozen=True)
        class Frozen(Exception):
            code: int

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                async with trio.open_nursery():
                    raise Frozen(1)

            async def test_subtest(self) -> None:
                with self.subTest(1):
                    raise Frozen(2)

            async def test_note(self) -> None:
                group = ExceptionGroup("", [Frozen(3)])
                group.__notes__ = ["note"]
                raise group

        # As a cause or context not even unittest could report it.
        for name, verdict in [
            ("test", "ERROR Frozen: 1"),
            ("test_subtest", "subtest ERROR Frozen: 2"),
            ("test_note", "ERROR Frozen: 3"),
        ]:
            with self.subTest(name):
                self.assertEqual(told(Inner, name), [verdict])

    def test_long_chains(self) -> None:
        """However long the chain of contexts is, the error is reported."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                error: Exception = ValueError("first")
                for _ in range(5000):
                    later = ValueError("later")
                    later.__context__ = error
                    error = later
                raise error

        self.assertEqual(repr(debug_error(Inner)), "ValueError('later')")

    def test_group_that_cannot_be_parted(self) -> None:
        """A group class may fail to take itself apart; it is reported whole."""

        class Whole(BaseExceptionGroup[Any]):
            def derive(self, errors: Any) -> Any:
                raise NotImplementedError

        class Inner(AsyncTrioTestCase):
            def setUp(self) -> None:
                self.scope = self.enterContext(trio.CancelScope())

            async def test(self) -> None:
                self.scope.cancel()
                try:
                    await trio.sleep_forever()
                except trio.Cancelled as cancelled:
                    raise Whole("whole", [cancelled, ValueError("x")]) from None

        (verdict,) = told(Inner)
        self.assertIn("ERROR Whole: whole", verdict)

    def test_cancelled_of_ours_is_no_context(self) -> None:
        """The body's Cancelled has no other one behind it."""

        class Inner(Raising):
            async def test(self) -> None:
                self.nursery.start_soon(self.child)
                try:
                    await trio.sleep_forever()
                except trio.Cancelled as cancelled:
                    self.assertIsNone(cancelled.__context__)
                    raise

        self.assertEqual(told(Inner), ["ERROR ValueError: in the child"])

    def test_no_context_of_ours(self) -> None:
        """Neither a group nor anything of the harness becomes a leaf's context."""

        class Inner(Raising):
            async def test(self) -> None:
                await self.library_call()

            async def test_crash(self) -> None:
                self.nursery.start_soon(self.library_call)
                await trio.sleep_forever()

            async def test_context(self) -> None:
                self.enterContext(contextlib.suppress())
                async with contextlib.AsyncExitStack() as stack:
                    await stack.enter_async_context(trio.open_nursery())
                    await self.library_call()

        for name in ["test", "test_crash", "test_context"]:
            with self.subTest(name):
                self.assertIsNone(debug_error(Inner, name).__context__)
                self.assertNotIn("During handling", report(Inner, name))

    def test_single_leaf_at_every_stage(self) -> None:
        """A group with one leaf is that leaf in every stage."""
        for stage in ["asyncSetUp", "test", "asyncTearDown", "cleanup"]:

            async def failing(self: Raising) -> None:
                await self.library_call()

            async def passing(self: Raising) -> None:
                pass

            namespace: dict[str, Any] = {"test": passing, stage: failing}
            if stage == "cleanup":
                namespace["setUp"] = lambda self: self.addCleanup(self.cleanup)
            inner = type("Inner", (Raising,), namespace)
            with self.subTest(stage):
                self.assertEqual(told(inner), ["ERROR ValueError: in the child"])
                self.assertIn("in failing", report(inner))

    def test_single_skip_and_failure(self) -> None:
        """A skip or an assertion in a child task is a skip or a failure."""

        class Inner(AsyncTrioTestCase):
            async def test_skip(self) -> None:
                async with trio.open_nursery():
                    self.skipTest("in the block")

            async def test_fail(self) -> None:
                async with trio.open_nursery():
                    self.fail("in the block")

        self.assertEqual(told(Inner, "test_skip"), ["skip in the block"])
        self.assertEqual(
            told(Inner, "test_fail"), ["FAIL AssertionError: in the block"]
        )

    def test_error_without_a_frame_of_the_users(self) -> None:
        """Where no code of the user's was involved, there is only the message."""

        class Inner(AsyncTrioTestCase):
            async def test(self, missing: object) -> None:
                raise NotImplementedError

        text = report(Inner)
        self.assertNotIn("triocase", text)
        self.assertIn("missing 1 required positional argument", text)


class TestGroupsOfSeveral(unittest.TestCase):
    def group(self, *errors: BaseException) -> type[AsyncTrioTestCase]:
        """A test that raises these errors in a group in a group."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                try:
                    raise BaseExceptionGroup("inner", errors[1:])
                except BaseExceptionGroup as inner:
                    group = BaseExceptionGroup("outer", [errors[0], inner])
                raise group

        return Inner

    def test_verdicts(self) -> None:
        """All failures: FAIL; all skips: a skip; anything else: ERROR."""
        fail, error, skip = AssertionError, ValueError, unittest.SkipTest
        outer = "ExceptionGroup: outer (2 sub-exceptions)"
        for kinds, verdict in [
            ((fail, fail, fail), f"FAIL {outer}"),
            ((fail, fail, error), f"ERROR {outer}"),
            ((fail, skip, fail), f"ERROR {outer}"),
            ((skip, skip, error), f"ERROR {outer}"),
            ((error, error, error), f"ERROR {outer}"),
            ((SystemExit, error, error), f"ERROR Base{outer}"),
            ((skip, skip, skip), "skip a; b; c"),
        ]:
            with self.subTest(kinds=kinds):
                errors = [kind(text) for kind, text in zip(kinds, "abc", strict=True)]
                self.assertEqual(told(self.group(*errors)), [verdict])

    def test_failures_of_another_kind(self) -> None:
        """failureException may be any exception type that the class names."""

        class Unhappy(Exception):
            pass

        class Sad(BaseException):
            pass

        # From 3.11 on no group can be an OSError: both are laid out in C.
        os_error = "FAIL" if sys.version_info < (3, 11) else "ERROR"
        for kind, verdict in [(Unhappy, "FAIL"), (Sad, "FAIL"), (OSError, os_error)]:
            inner = self.group(kind("a"), kind("b"), kind("c"))
            inner.failureException = kind
            with self.subTest(kind.__name__):
                self.assertTrue(told(inner)[0].startswith(verdict), told(inner))
                self.assertIn("c", report(inner))

    def test_mixed_group(self) -> None:
        """The tree of a mixed group is printed whole."""

        class Inner(AsyncTrioTestCase):
            async def child(self) -> None:
                raise ValueError("in the child")

            async def test(self) -> None:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self.child)
                    self.assertEqual(1, 2)

        result = run(Inner)
        self.assertEqual(
            result.told,
            ["ERROR ExceptionGroup: Exceptions from Trio nursery (2 sub-exceptions)"],
        )
        self.assertEqual(
            result.texts[0],
            "  + Exception Group Traceback (most recent call last):\n"
            '  |   File "test_reports.py", line N, in test\n'
            "  |     async with trio.open_nursery() as nursery:\n"
            "  | ExceptionGroup: Exceptions from Trio nursery (2 sub-exceptions)\n"
            "  +-+---------------- 1 ----------------\n"
            "    | Traceback (most recent call last):\n"
            '    |   File "test_reports.py", line N, in test\n'
            "    |     self.assertEqual(1, 2)\n"
            "    | AssertionError: 1 != 2\n"
            "    +---------------- 2 ----------------\n"
            "    | Traceback (most recent call last):\n"
            '    |   File "test_reports.py", line N, in child\n'
            '    |     raise ValueError("in the child")\n'
            "    | ValueError: in the child\n"
            "    +------------------------------------\n",
        )

    def test_group_of_failures(self) -> None:
        """A group of failures prints as the group that it is, with all it carries."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                failures = [AssertionError("one"), AssertionError("two")]
                group = ExceptionGroup("both", failures)
                group.__notes__ = ["a note"]
                raise group from KeyError("cause")

            async def test_context(self) -> None:
                try:
                    raise KeyError("context")
                except KeyError:
                    errors = [AssertionError(), AssertionError()]
                    raise ExceptionGroup("", errors)  # noqa: B904

            async def test_from_none(self) -> None:
                try:
                    raise KeyError("context")
                except KeyError:
                    errors = [AssertionError(), AssertionError()]
                    raise ExceptionGroup("", errors) from None

        self.assertIn("During handling of the above", report(Inner, "test_context"))
        self.assertNotIn("During handling", report(Inner, "test_from_none"))
        result = run(Inner)
        self.assertEqual(result.told, ["FAIL ExceptionGroup: both (2 sub-exceptions)"])
        self.assertEqual(
            result.texts[0],
            "KeyError: 'cause'\n"
            "\n"
            "The above exception was the direct cause of the following exception:\n"
            "\n"
            "  + Exception Group Traceback (most recent call last):\n"
            '  |   File "test_reports.py", line N, in test\n'
            '  |     raise group from KeyError("cause")\n'
            "  | ExceptionGroup: both (2 sub-exceptions)\n"
            "  | a note\n"
            "  +-+---------------- 1 ----------------\n"
            "    | AssertionError: one\n"
            "    +---------------- 2 ----------------\n"
            "    | AssertionError: two\n"
            "    +------------------------------------\n",
        )

    def test_cancelled_leaves_are_left_out(self) -> None:
        """Cancelled leaves are not errors; what remains counts by itself."""

        class Inner(Raising):
            def setUp(self) -> None:
                self.scope = self.enterContext(trio.CancelScope())

            async def fail_when_cancelled(self, error: Exception) -> None:
                try:
                    await trio.sleep_forever()
                finally:
                    raise error from None

            async def test_one(self) -> None:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(trio.sleep_forever)
                    nursery.start_soon(self.fail_when_cancelled, ValueError("one"))
                    self.scope.cancel()

            async def test_two(self) -> None:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(trio.sleep_forever)
                    nursery.start_soon(self.fail_when_cancelled, ValueError("one"))
                    nursery.start_soon(self.fail_when_cancelled, KeyError("two"))
                    self.scope.cancel()

        self.assertEqual(told(Inner, "test_one"), ["ERROR ValueError: one"])
        (verdict,) = told(Inner, "test_two")
        self.assertIn("(2 sub-exceptions)", verdict)
        self.assertNotIn("Cancelled", report(Inner, "test_two"))


class TestSubTests(unittest.TestCase):
    def test_each_is_reported(self) -> None:
        """A failing subtest is reported as in unittest, and the test goes on."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                for i in range(3):
                    with self.subTest(i=i):
                        await trio.lowlevel.checkpoint()
                        self.assertNotEqual(i % 2, 0)

        result = run(Inner)
        self.assertEqual(
            result.told,
            ["subtest FAIL AssertionError: 0 == 0"] * 2,
        )
        self.assertIn("i=2", str(result.failures[1][0]))
        self.assertEqual(
            result.texts[0],
            "Traceback (most recent call last):\n"
            '  File "test_reports.py", line N, in test\n'
            "    self.assertNotEqual(i % 2, 0)\n"
            "AssertionError: 0 == 0\n",
        )

    def test_group_with_one_leaf(self) -> None:
        """A group with one leaf is that leaf in a subtest."""

        class Inner(Raising):
            async def test(self) -> None:
                with self.subTest("message"):
                    await self.library_call()

        self.assertEqual(told(Inner), ["subtest ERROR ValueError: in the child"])
        self.assertEqual(
            report(Inner),
            "Traceback (most recent call last):\n"
            '  File "test_reports.py", line N, in test\n'
            "    await self.library_call()\n"
            '  File "test_reports.py", line N, in library_call\n'
            "    async with trio.open_nursery() as nursery:\n"
            '  File "test_reports.py", line N, in child\n'
            '    raise ValueError("in the child")\n'
            "ValueError: in the child\n",
        )

    def test_skip_in_a_subtest(self) -> None:
        """A subtest may be skipped, also from inside a nursery."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                with self.subTest(1):
                    async with trio.open_nursery():
                        self.skipTest("one")
                with self.subTest(2):
                    self.fail("two")

        self.assertEqual(
            sorted(told(Inner)), ["skip one", "subtest FAIL AssertionError: two"]
        )

    def test_cancelled_passes_through(self) -> None:
        """A timeout around subtests takes effect, and no subtest is reported."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                seen = []
                with trio.move_on_after(0.01) as scope:
                    for i in range(3):  # pragma: no branch  # it is cut short
                        seen.append(i)
                        with self.subTest(i=i):
                            async with trio.open_nursery() as nursery:
                                nursery.start_soon(trio.sleep_forever)
                self.assertEqual(seen, [0])
                self.assertTrue(scope.cancelled_caught)
                with self.subTest("after"):
                    pass

        result = run(Inner)
        self.assertEqual(result.told, ["pass"])
        self.assertEqual(result.passed_subtests, 1)

    def test_in_a_teardown_after_an_expected_failure(self) -> None:
        """Only the body may fail as expected, also when a crash made it fail."""

        class Inner(Raising):
            @unittest.expectedFailure
            async def test(self) -> None:
                self.nursery.start_soon(self.child)
                self.nursery.start_soon(self.slow)
                await trio.sleep_forever()

            async def slow(self) -> None:
                with trio.CancelScope(shield=True):  # longer than the body
                    await trio.testing.wait_all_tasks_blocked(0.01)

            async def asyncTearDown(self) -> None:
                await trio.sleep(0.05)

            def tearDown(self) -> None:
                with self.subTest(1):
                    self.fail("in the teardown")

        self.assertEqual(told(Inner), ["subtest FAIL AssertionError: in the teardown"])

    def test_error_beside_a_cancellation(self) -> None:
        """The error is the subtest's, and the cancellation still reaches its scope."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                with trio.move_on_after(0.01) as scope:
                    with self.subTest(1):
                        async with trio.open_nursery() as nursery:
                            nursery.start_soon(trio.sleep_forever)
                            try:
                                await trio.sleep_forever()
                            finally:
                                raise ValueError("one")
                    raise NotImplementedError
                self.assertTrue(scope.cancelled_caught)

        self.assertEqual(told(Inner), ["subtest ERROR ValueError: one"])

    def test_crash_during_a_subtest(self) -> None:
        """A background crash ends the test, not just the subtest."""

        class Inner(Raising):
            async def test(self) -> None:
                self.nursery.start_soon(self.child)
                for i in range(3):  # pragma: no branch  # it is cut short
                    with self.subTest(i=i):
                        await trio.sleep_forever()

        self.assertEqual(told(Inner), ["ERROR ValueError: in the child"])

    def test_keyboard_interrupt_passes_through(self) -> None:
        """Ctrl-C stops the run, bare or in a group."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                with self.subTest(1):
                    raise KeyboardInterrupt

            async def test_group(self) -> None:
                with self.subTest(1):
                    async with trio.open_nursery():
                        raise KeyboardInterrupt

        for name in ["test", "test_group"]:
            with self.assertRaises(KeyboardInterrupt):
                run(Inner, name)

    def test_failfast(self) -> None:
        """failfast ends the test at the first failing subtest, in a nursery too."""

        class Inner(AsyncTrioTestCase):
            seen: list[int] = []

            async def test(self) -> None:
                for i in range(3):  # pragma: no branch  # it is cut short
                    self.seen.append(i)
                    with self.subTest(i=i):
                        self.fail("stop")

            async def test_nursery(self) -> None:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(trio.sleep_forever)
                    await self.test()

            async def test_nursery_error(self) -> None:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self.crash_when_cancelled)
                    await trio.lowlevel.checkpoint()
                    await self.test()

            async def test_group(self) -> None:
                with self.assertRaisesGroup(ValueError):
                    await self.test_nursery()

            async def crash_when_cancelled(self) -> None:
                try:
                    await trio.sleep_forever()
                finally:
                    raise ValueError("as well")

        failed = "subtest FAIL AssertionError: stop"
        for name, verdicts in [
            ("test", [failed]),
            ("test_nursery", [failed]),
            ("test_nursery_error", [failed, "ERROR ValueError: as well"]),
            ("test_group", [failed]),
        ]:
            with self.subTest(name):
                Inner.seen.clear()
                result = run(Inner, name, failfast=True)
                self.assertEqual(result.told, verdicts)
                self.assertTrue(result.shouldStop)
                self.assertEqual(Inner.seen, [0])

    def test_expected_failure(self) -> None:
        """A failing subtest is the expected failure."""

        class Inner(AsyncTrioTestCase):
            @unittest.expectedFailure
            async def test(self) -> None:
                with self.subTest(1):
                    async with trio.open_nursery():
                        self.fail("expected")
                raise NotImplementedError

        self.assertEqual(told(Inner), ["expected AssertionError: expected"])

    def test_in_debug(self) -> None:
        """In debug() a subtest is transparent, as in unittest."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                with self.subTest(1):
                    async with trio.open_nursery():
                        raise ValueError("bare")

        self.assertEqual(repr(debug_error(Inner)), "ValueError('bare')")

    def test_outside_of_a_run(self) -> None:
        """Without a run it is unittest's own context, which does nothing."""
        with AsyncTrioTestCase("asyncSetUp").subTest(1):
            pass


class TestAssertRaisesMeetsAGroup(unittest.TestCase):
    NOTE = (
        "assertRaises() takes a bare exception, and this is a group. To expect it, "
        "write `with self.assertRaisesGroup(ValueError):`"
    )

    def test_fails_with_a_note(self) -> None:
        """The group passes through, and a note names assertRaisesGroup."""

        class Inner(Raising):
            async def test(self) -> None:
                with self.assertRaises((ValueError, KeyError)):
                    await self.library_call()

        self.assertEqual(told(Inner), ["ERROR ValueError: in the child"])
        self.assertEqual(debug_error(Inner).__notes__, [self.NOTE])

    def test_other_forms(self) -> None:
        """So it is with assertRaisesRegex, a callable, and a context kept by name."""

        class Inner(Raising):
            def group(self) -> None:
                raise ExceptionGroup("group", [ValueError("in the child")])

            def test_regex(self) -> None:
                with self.assertRaisesRegex(ValueError, "child"):
                    self.group()

            def test_callable(self) -> None:
                self.assertRaises(ValueError, self.group)

            def test_regex_callable(self) -> None:
                self.assertRaisesRegex(ValueError, "child", self.group)

            def test_named(self) -> None:
                context = self.assertRaises(ValueError, msg="why")
                with context:
                    self.group()

        for name in unittest.TestLoader().getTestCaseNames(Inner):
            with self.subTest(name):
                (note,) = debug_error(Inner, name).__notes__
                regex = "Regex" if "regex" in name else ""
                self.assertEqual(
                    note, self.NOTE.replace("Raises()", f"Raises{regex}()")
                )

    def test_says_nothing_of_other_groups(self) -> None:
        """There is no note where the group holds nothing that was expected."""

        class Inner(Raising):
            async def test(self) -> None:
                with self.assertRaises(KeyError):
                    await self.library_call()

            async def test_callable(self) -> None:
                def group() -> None:
                    raise ExceptionGroup("group", [ValueError("in the child")])

                self.assertRaises(KeyError, group)

        self.assertEqual(getattr(debug_error(Inner), "__notes__", []), [])
        self.assertEqual(
            getattr(debug_error(Inner, "test_callable"), "__notes__", []), []
        )

    def test_unittests_own_behaviour_is_kept(self) -> None:
        """Bare exceptions, a named context, expected groups and failures work."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                with self.assertRaises(OSError) as caught:
                    raise OSError("text")
                self.assertEqual(str(caught.exception), "text")
                context = self.assertRaisesRegex(OSError, "te")
                with context:
                    raise OSError("text")
                self.assertEqual(str(context.exception), "text")
                with self.assertRaises(ExceptionGroup):
                    raise ExceptionGroup("", [ValueError()])
                self.assertIsNone(self.assertRaises(ValueError, int, "x"))
                with self.assertRaises(TypeError):
                    self.assertRaises(3)  # type: ignore[call-overload]

            async def test_nothing_raised(self) -> None:
                with self.assertRaises(OSError, msg="why"):
                    pass

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(
            report(Inner, "test_nothing_raised"),
            "Traceback (most recent call last):\n"
            '  File "test_reports.py", line N, in test_nothing_raised\n'
            '    with self.assertRaises(OSError, msg="why"):\n'
            "AssertionError: OSError not raised : why\n",
        )
