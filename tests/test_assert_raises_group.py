"""assertRaisesGroup: a group with exactly these leaves."""

from __future__ import annotations

import re
import sys
import unittest
from typing import Any

import trio

from triocase import AsyncTrioTestCase

from .harness import debug_error, report, told

if sys.version_info < (3, 11):
    from exceptiongroup import BaseExceptionGroup, ExceptionGroup


class Checking(AsyncTrioTestCase):
    """A test that raises ``error`` in a block that expects ``expected``."""

    expected: tuple[Any, ...] = (ValueError,)
    error: BaseException | None = ExceptionGroup("group", [ValueError()])

    async def test(self) -> None:
        with self.assertRaisesGroup(*self.expected) as caught:
            if self.error is not None:
                raise self.error
        self.assertIs(caught.exception, self.error)


def group(*errors: BaseException) -> BaseExceptionGroup[Any]:
    return BaseExceptionGroup("group", errors)


def checking(error: BaseException | None, *expected: Any) -> type[Checking]:
    return type("Inner", (Checking,), {"error": error, "expected": expected})


class TestPasses(unittest.TestCase):
    def test_with_exactly_these_leaves(self) -> None:
        """Leaves are matched in any order, at any depth, by type and text."""
        for error, expected in [
            (group(ValueError()), [ValueError]),
            (group(ValueError(), KeyError()), [KeyError, ValueError]),
            (group(group(ValueError()), KeyError()), [ValueError, KeyError]),
            (group(ValueError(), ValueError()), [ValueError, ValueError]),
            (group(ConnectionError()), [OSError]),
            (group(ValueError("some text")), [(ValueError, "me te")]),
            (group(ValueError("text")), [(ValueError, re.compile("^T", re.I))]),
            (group(SystemExit(3)), [SystemExit]),
        ]:
            with self.subTest(error=error, expected=expected):
                self.assertEqual(told(checking(error, *expected)), ["pass"])

    def test_whatever_the_order(self) -> None:
        """A leaf that fits several expectations is given to one that needs it."""
        broad, narrow = OSError("broad"), ConnectionError("narrow")
        for errors in [(broad, narrow), (narrow, broad)]:
            for expected in [(OSError, ConnectionError), (ConnectionError, OSError)]:
                with self.subTest(errors=errors, expected=expected):
                    self.assertEqual(
                        told(checking(group(*errors), *expected)), ["pass"]
                    )

    def test_of_a_nursery(self) -> None:
        """What a nursery raises is such a group."""

        class Inner(AsyncTrioTestCase):
            async def child(self) -> None:
                raise KeyError("child")

            async def test(self) -> None:
                with self.assertRaisesGroup(ValueError, (KeyError, "child")) as caught:
                    async with trio.open_nursery() as nursery:
                        nursery.start_soon(self.child)
                        raise ValueError
                self.assertEqual(len(caught.exception.exceptions), 2)

        self.assertEqual(told(Inner), ["pass"])


class TestFails(unittest.TestCase):
    def test_lists_what_is_missing_and_unexpected(self) -> None:
        """The failure lists both, and the group is its cause."""
        case = checking(
            group(ValueError("one"), OSError("two")),
            ValueError,
            (KeyError, "three"),
            TypeError,
        )
        self.assertEqual(
            str(debug_error(case)),
            "the exception group has other leaves than expected\n"
            "missing: (KeyError, 'three'), TypeError\n"
            "unexpected: OSError('two')",
        )
        self.assertIs(debug_error(case).__cause__, case.error)
        self.assertEqual(told(case)[0].split("\n")[0][:20], "FAIL AssertionError:")

    def test_too_many_or_too_few(self) -> None:
        """The count matters: each leaf needs an expectation of its own, and back."""
        self.assertIn(
            "missing: none\nunexpected: ValueError()",
            str(debug_error(checking(group(ValueError(), ValueError()), ValueError))),
        )
        self.assertIn(
            "missing: ValueError\nunexpected: none",
            str(debug_error(checking(group(ValueError()), ValueError, ValueError))),
        )

    def test_other_text(self) -> None:
        """A leaf whose text does not match is not the expected one."""
        case = checking(group(ValueError("one")), (ValueError, "two"))
        self.assertIn("missing: (ValueError, 'two')", str(debug_error(case)))

    def test_bare_exception(self) -> None:
        """A bare exception is not a group; the message says so, nothing is lost."""
        error = ValueError("bare")
        failure = debug_error(checking(error, ValueError, KeyError))
        self.assertEqual(
            str(failure),
            "ValueError('bare') is a bare exception, not a group; expected a group with "
            "the leaves: ValueError, KeyError. For a bare exception, write "
            "`assertRaises`.",
        )
        self.assertIs(failure.__cause__, error)

    def test_nothing_raised(self) -> None:
        """A block that raises nothing fails, and the report is the test's line."""
        self.assertEqual(
            report(checking(None, (ValueError, "x"))),
            "Traceback (most recent call last):\n"
            '  File "test_assert_raises_group.py", line N, in test\n'
            "    with self.assertRaisesGroup(*self.expected) as caught:\n"
            "AssertionError: nothing was raised; expected a group with the leaves: "
            "(ValueError, 'x')\n",
        )


class TestPassThrough(unittest.TestCase):
    def test_keyboard_interrupt_and_skip(self) -> None:
        """Ctrl-C and SkipTest are never expected, bare or in a group."""
        for interrupt in [
            KeyboardInterrupt(),
            group(KeyboardInterrupt(), ValueError()),
        ]:
            with self.assertRaises(KeyboardInterrupt):
                told(checking(interrupt, ValueError, KeyboardInterrupt))
        skip = unittest.SkipTest("why")
        self.assertEqual(told(checking(skip, unittest.SkipTest)), ["skip why"])
        self.assertEqual(told(checking(group(skip), ValueError)), ["skip why"])

    def test_cancellation(self) -> None:
        """Cancelled leaves are left out, and reach their scope."""

        class Inner(AsyncTrioTestCase):
            async def fail_when_cancelled(self) -> None:
                try:
                    await trio.sleep_forever()
                finally:
                    raise ValueError

            async def test(self) -> None:
                with trio.CancelScope() as scope:
                    with self.assertRaisesGroup(ValueError) as caught:
                        async with trio.open_nursery() as nursery:
                            nursery.start_soon(self.fail_when_cancelled)
                            nursery.start_soon(trio.sleep_forever)
                            scope.cancel()
                    raise NotImplementedError
                self.assertTrue(scope.cancelled_caught)
                self.assertEqual(len(caught.exception.exceptions), 2)

            async def test_timeout(self) -> None:
                with self.assertRaises(trio.TooSlowError):
                    with trio.fail_after(0):
                        with self.assertRaisesGroup(ValueError):
                            await trio.sleep_forever()

            async def test_stale(self) -> None:
                try:
                    with trio.CancelScope() as scope:
                        scope.cancel()
                        try:
                            await trio.sleep_forever()
                        except trio.Cancelled as error:
                            cancelled = error
                            raise
                finally:
                    with self.assertRaisesGroup(ValueError):
                        raise group(cancelled, ValueError())

        for name in unittest.TestLoader().getTestCaseNames(Inner):
            with self.subTest(name):
                self.assertEqual(told(Inner, name), ["pass"])


class TestBadInput(unittest.TestCase):
    def test_is_refused(self) -> None:
        """What cannot be a leaf is refused before the block runs."""
        for expected, message in [
            (
                [],
                "assertRaisesGroup() needs at least one leaf to expect: write "
                "`assertRaisesGroup(ValueError)`.",
            ),
            *(
                (
                    [wrong],
                    f"assertRaisesGroup() takes exception types and (type, regex) pairs, "
                    f"not {wrong!r}. Write `assertRaisesGroup(ValueError)` or "
                    f'`assertRaisesGroup((ValueError, "some text"))`.',
                )
                for wrong in [
                    3,
                    int,
                    ValueError("x"),
                    (ValueError, KeyError),
                    (ValueError,),
                    (ValueError, 3),
                    (ValueError, "a", "b"),
                    ("a", ValueError),
                ]
            ),
            (
                [ExceptionGroup],
                "assertRaisesGroup() takes the leaves of the group, and a leaf is never "
                "a ExceptionGroup: list the leaves, however deep they are.",
            ),
        ]:
            with self.subTest(expected=expected):
                self.assertEqual(
                    told(checking(None, *expected)), [f"ERROR TypeError: {message}"]
                )

    def test_bad_regex(self) -> None:
        """A regex that is none is re's own error, at once."""
        (verdict,) = told(checking(None, (ValueError, "(")))
        self.assertIn("missing )", verdict)
