"""Every runner agrees on the verdict of every kind of test.

Here are unittest and the pytest of the suite, on each Python; others are in the matrix.
"""

from __future__ import annotations

import copy
import functools
import pickle
import sys
import unittest
from typing import Any

import trio

from triocase import AsyncTrioTestCase, fixture

from .foreign import pytest_trace, pytest_trio
from .harness import ROOT, Recorder, told
from .matrix import cells
from .matrix.runs import compare, run

if sys.version_info < (3, 11):
    from exceptiongroup import ExceptionGroup


class TestVerdicts(unittest.TestCase):
    maxDiff = None

    def test_unittest(self) -> None:
        """unittest's verdict is the one in the test's name."""
        compare(self, cells.UNITTEST, PYTHONPATH=str(ROOT))

    def test_pytest(self) -> None:
        """pytest's verdicts are unittest's; it calls an error a failure."""
        compare(self, cells.PYTEST["alone"], PYTHONPATH=str(ROOT))

    def test_no_noise(self) -> None:
        """No warnings but the one that is a verdict, nothing unraisable."""
        for cell in [cells.UNITTEST[0], cells.PYTEST["alone"][0]]:
            *_, output = run(cell, PYTHONPATH=str(ROOT))
            self.assertEqual(output.count("Warning"), output.count("RuntimeWarning"))
            self.assertNotIn("Exception ignored", output)


class TestWrappedByARunner(unittest.TestCase):
    def test_is_run_all_the_same(self) -> None:
        """What a runner's wrapper hides is the test: no coroutine or value is dropped."""

        def bare(function: Any) -> Any:
            return lambda *args: function(*args)

        class Inner(AsyncTrioTestCase):
            async def test_async(self) -> None:
                await trio.lowlevel.checkpoint()
                self.fail("ran")

            @bare
            async def test_bare(self) -> None:
                await trio.lowlevel.checkpoint()
                self.fail("ran")

            @staticmethod
            async def test_static() -> None:
                await trio.lowlevel.checkpoint()
                raise AssertionError("ran")

            @classmethod
            async def test_class(cls) -> None:
                await trio.lowlevel.checkpoint()
                raise AssertionError("ran")

            def test_sync(self) -> None:
                self.fail("ran")

            def test_returns(self) -> Any:
                return self.test_async()

            async def test_replaced(self) -> None:
                raise NotImplementedError

            async def test_untouched(self) -> None:
                raise NotImplementedError

        async def replacement() -> None:
            raise AssertionError("ran")

        names = [name for name in vars(Inner) if name.startswith("test_")][:-1]
        self.assertEqual(len(names), 7)
        for wrap in [pytest_trace, pytest_trio]:
            for name in names:
                case: Any = Inner(name)
                if name == "test_replaced":
                    case.test_replaced = replacement
                wrapper = wrap(getattr(case, name))
                setattr(case, name, wrapper)
                case.test_untouched = wrap(case.test_untouched)
                result = Recorder()
                case.run(result)
                with self.subTest(name, wrap=wrap):
                    self.assertEqual(result.told, ["FAIL AssertionError: ran"])
                    self.assertIs(vars(case)[name], wrapper)

    def test_wrapper_without_the_mark(self) -> None:
        """@expectedFailure holds although a runner's wrapper has lost its mark."""

        class Inner(AsyncTrioTestCase):
            @unittest.expectedFailure
            async def test_expected(self) -> None:
                self.fail("here")

            @unittest.expectedFailure
            async def test_unexpected(self) -> None:
                await trio.lowlevel.checkpoint()

        for name, verdict in [
            ("test_expected", "expected AssertionError: here"),
            ("test_unexpected", "unexpected success"),
        ]:
            for wrap in [pytest_trace, pytest_trio]:
                case = Inner(name)
                setattr(case, name, wrap(getattr(case, name)))
                result = Recorder()
                case.run(result)
                self.assertEqual(result.told, [verdict])

    def test_wrapper_of_the_users(self) -> None:
        """Any other function on the instance is the test."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                await trio.lowlevel.checkpoint()

            def wrapped(self, wrapper: Any) -> list[str]:
                result = Recorder()
                vars(self)["test"] = functools.wraps(self.test)(
                    lambda test=self.test: wrapper(test)
                )
                self.run(result)
                return result.told

        async def fail_later(test: Any) -> None:
            await test()
            raise KeyError("later")

        def fail_first(test: Any) -> Any:
            raise KeyError("first")

        def drop(test: Any) -> None:
            test()

        self.assertEqual(Inner("test").wrapped(lambda test: test()), ["pass"])
        self.assertEqual(Inner("test").wrapped(fail_later), ["ERROR KeyError: 'later'"])
        self.assertEqual(Inner("test").wrapped(fail_first), ["ERROR KeyError: 'first'"])
        (verdict,) = Inner("test").wrapped(drop)
        self.assertIn("test' was never awaited", verdict)


class TestOtherBases(unittest.TestCase):
    def test_that_run_tests_their_own_way(self) -> None:
        """A base that would not call us is refused when the class is made."""
        kinds = {
            package: type(
                "Foreign", (unittest.TestCase,), {"__module__": f"{package}.x"}
            )
            for package in ["testtools", "twisted", "django"]
        }
        for package, foreign in kinds.items():
            for bases in [(AsyncTrioTestCase, foreign), (foreign, AsyncTrioTestCase)]:
                with self.assertRaises(TypeError) as caught:
                    type("Mixed", bases, {})
                self.assertEqual(
                    str(caught.exception),
                    f"Mixed derives from AsyncTrioTestCase and from {package}.x.Foreign, "
                    f"which runs tests in its own way: async tests would not run on "
                    f"Trio. Derive from one of them.",
                )
        with self.assertRaisesRegex(
            TypeError, "unittest.async_case.IsolatedAsyncioTest"
        ):
            type("Mixed", (unittest.IsolatedAsyncioTestCase, AsyncTrioTestCase), {})

    def test_that_do_not(self) -> None:
        """Any other may stand beside ours: what is no test case, or asyncio's second."""

        class Logged(unittest.TestCase):
            def run(self, result: Any = None) -> Any:
                result.told.append("logged")
                return super().run(result)

        class Inner(Logged, AsyncTrioTestCase):
            async def test(self) -> None:
                await trio.lowlevel.checkpoint()

        class Mixed(AsyncTrioTestCase, type("Mixin", (), {"__module__": "django.x"})):
            async def test(self) -> None:
                await trio.lowlevel.checkpoint()

        class Second(AsyncTrioTestCase, unittest.IsolatedAsyncioTestCase):
            async def test(self) -> None:
                await trio.lowlevel.checkpoint()

        self.assertEqual(told(Inner), ["logged", "pass"])
        self.assertEqual(told(Second), ["pass"])
        self.assertEqual(told(Mixed), ["pass"])


class TestPickled(unittest.TestCase):
    """Runners with several processes pickle tests and errors, some while a test runs."""

    def test_failing_subtest(self) -> None:
        """A failing subtest can be pickled and copied, whatever the test holds open."""
        case = Pickled("test")
        result = PicklingResult()
        case.run(result)
        self.assertEqual(result.told, ["subtest FAIL AssertionError: here"])
        self.assertEqual(case.events, ["cleanup", "fixture over"])

    def test_group_of_failures(self) -> None:
        """A group that counts as a failure can be pickled, and its type, too."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                raise ExceptionGroup("two", [AssertionError(1), AssertionError(2)])

        result = PicklingResult()
        Inner("test").run(result)
        self.assertEqual(result.told, ["FAIL ExceptionGroup: two (2 sub-exceptions)"])
        self.assertEqual(told(Inner), result.told)


class PicklingResult(Recorder):
    """Does with errors and subtests what Django's parallel runner does."""

    def addFailure(self, test: Any, err: Any) -> None:
        kind, error = pickle.loads(pickle.dumps(err[:2]))
        assert kind is err[0] and repr(error) == repr(err[1])
        super().addFailure(test, err)

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
        # The outcome is unittest's, and holds this result; on 3.10 tracebacks, too.
        test._outcome, outcome = None, test._outcome
        for copied in [pickle.loads(pickle.dumps(subtest)), copy.deepcopy(subtest)]:
            assert copied.test_case._trioTest is None
            assert str(copied) == str(subtest)
        test._outcome = outcome
        super().addSubTest(test, subtest, err)


class Pickled(AsyncTrioTestCase):
    __test__ = False

    @fixture
    async def resource(self) -> Any:
        yield 3
        self.events.append("fixture over")

    async def test(self) -> None:
        self.events: list[str] = []
        self.addCleanup(lambda: self.events.append("cleanup"))
        with self.subTest("one"):
            await trio.lowlevel.checkpoint()
            self.fail("here")
