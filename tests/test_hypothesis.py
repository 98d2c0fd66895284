"""With Hypothesis's ``@given``, each example is a whole test."""

from __future__ import annotations

import datetime
import functools
import io
import itertools
import pickle
import re
import signal
import sys
import threading
import unittest
from typing import Any, ClassVar
from unittest import mock

import outcome
import pytest
import trio
from hypothesis import HealthCheck, Phase, assume, example, given, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

import triocase
from triocase import (
    AsyncTrioTestCase,
    autojump_clock,
    fixture,
    mock_clock,
    time_limit,
)

from .foreign import pytest_trio
from .harness import (
    PYTEST,
    ROOT,
    UNITTEST,
    Process,
    Recorder,
    debug_error,
    hasty,
    impatient,
    plain,
    report,
    run,
    told,
)

# On a busy machine as elsewhere, and without what explains a failure, which takes more
# runs than all the rest and has tests of its own.
CALM = settings(
    database=None,
    deadline=None,
    derandomize=True,
    phases=[phase for phase in Phase if phase is not Phase.explain],
    suppress_health_check=[HealthCheck.too_slow],
)
FEW = settings(CALM, max_examples=5)
MANY = settings(CALM, max_examples=100)
NUMBERS = st.integers(min_value=0, max_value=1000)
WITH_PLUGIN = {"PYTEST_ADDOPTS": ""}  # Hypothesis's for pytest, which is off elsewhere


class TestLifecycle(unittest.TestCase):
    def test_each_example_is_a_whole_test(self) -> None:
        """Fixtures, setup, teardown, cleanups, nursery: all of it for each example."""
        events: list[Any] = []

        class Inner(AsyncTrioTestCase):
            @fixture
            async def resource(self) -> Any:
                events.append("fixture")
                yield "resource"
                events.append("fixture over")

            def setUp(self) -> None:
                events.append("setUp")

            async def asyncSetUp(self) -> None:
                events.append("asyncSetUp")

            async def child(self) -> None:
                try:
                    await trio.sleep_forever()
                finally:
                    events.append("child cancelled")

            @FEW
            @given(number=NUMBERS)
            async def test(self, number: int) -> None:
                await trio.lowlevel.checkpoint()
                self.addAsyncCleanup(self.clean_up)
                self.nursery.start_soon(self.child)
                await trio.testing.wait_all_tasks_blocked()
                events.append((self.resource, "test"))

            async def asyncTearDown(self) -> None:
                events.append("asyncTearDown")

            def tearDown(self) -> None:
                events.append("tearDown")

            async def clean_up(self) -> None:
                await trio.lowlevel.checkpoint()
                events.append("cleanup")

        whole = [
            *("fixture", "setUp", "asyncSetUp", ("resource", "test"), "asyncTearDown"),
            *("tearDown", "cleanup", "fixture over", "child cancelled"),
        ]
        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(events, whole * 5)

    def test_own_run_nursery_and_clock(self) -> None:
        """No two examples share a Trio run, a nursery or a clock."""
        seen: list[tuple[Any, ...]] = []

        class Inner(AsyncTrioTestCase):
            @FEW
            @given(number=NUMBERS)
            @autojump_clock
            async def test(self, number: int) -> None:
                self.assertEqual(trio.current_time(), 0)
                await trio.sleep(10)
                root = trio.lowlevel.current_root_task()
                seen.append((root, self.nursery, self.clock))

        self.assertEqual(told(Inner), ["pass"])
        for three in zip(*seen, strict=True):
            self.assertEqual(len({id(one) for one in three}), 5)

    def test_the_instance_is_fresh(self) -> None:
        """What an example has set on the instance is not there in the next."""

        class Inner(AsyncTrioTestCase):
            left: str | None = None

            @FEW
            @given(number=NUMBERS)
            async def test(self, number: int) -> None:
                self.assertIsNone(self.left)
                self.left = "something"

        self.assertEqual(told(Inner), ["pass"])

    def test_nothing_is_left_behind(self) -> None:
        """Afterwards the instance can be pickled, and the test is Hypothesis's again."""
        case = Pickled("test")
        before = set(vars(case))
        inner = Pickled.test.hypothesis.inner_test
        result = Recorder()
        case.run(result)
        self.assertEqual(result.told, ["pass"])
        left = set(vars(pickle.loads(pickle.dumps(case)))) - before
        self.assertLessEqual(left, {"subTest"})  # that is Hypothesis's
        self.assertIs(Pickled.test.hypothesis.inner_test, inner)

    def test_sync_test(self) -> None:
        """A sync test runs inside a Trio run too, each example in one of its own."""
        roots = []

        class Inner(AsyncTrioTestCase):
            @FEW
            @given(NUMBERS)
            def test(self, number: int) -> None:
                roots.append(trio.lowlevel.current_root_task())

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(len(set(roots)), 5)

    def test_setup_fails(self) -> None:
        """Where the setup of each example fails, no test has run."""

        class Inner(AsyncTrioTestCase):
            def setUp(self) -> None:
                raise OSError("setup")

            @FEW
            @given(number=NUMBERS)
            async def test(self, number: int) -> None:
                raise NotImplementedError

        self.assertEqual(told(Inner), ["ERROR OSError: setup"])


class Pickled(AsyncTrioTestCase):
    __test__ = False

    @FEW
    @given(number=NUMBERS)
    async def test(self, number: int) -> None:
        await trio.lowlevel.checkpoint()


class TestFailures(unittest.TestCase):
    maxDiff = None

    def test_the_report(self) -> None:
        """A failure is shrunk, and reads as Hypothesis prints it in a sync test."""

        class Inner(AsyncTrioTestCase):
            @MANY
            @given(number=NUMBERS)
            async def test(self, number: int) -> None:
                await trio.lowlevel.checkpoint()
                note("noted")
                self.assertLess(number, 77)

        class Sync(unittest.TestCase):
            @MANY
            @given(number=NUMBERS)
            def test(self, number: int) -> None:
                note("noted")
                self.assertLess(number, 77)

        text = report(Inner)
        self.assertIn("\n    number=77,\n)\nnoted", text)
        theirs = (
            report(Sync).replace("Sync", "Inner").replace("def test", "async def test")
        )
        self.assertEqual(without_case(text), without_case(theirs))

    def test_background_errors_shrink(self) -> None:
        """An error of a background task, of a cleanup or of a child shrinks."""

        class Inner(AsyncTrioTestCase):
            async def crash(self, number: int) -> None:
                await trio.lowlevel.checkpoint()
                if number >= 77:
                    raise ValueError(number)

            @MANY
            @given(number=NUMBERS)
            async def test_background(self, number: int) -> None:
                self.nursery.start_soon(self.crash, number)
                await trio.testing.wait_all_tasks_blocked()

            @MANY
            @given(number=NUMBERS)
            async def test_child(self, number: int) -> None:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self.crash, number)

            @MANY
            @given(number=NUMBERS)
            async def test_cleanup(self, number: int) -> None:
                self.addAsyncCleanup(self.crash, number)

        for name in ["test_background", "test_child", "test_cleanup"]:
            with self.subTest(name):
                result = run(Inner, name)
                self.assertEqual(result.told, ["ERROR ValueError: 77"])
                self.assertIn("\n    number=77,\n", result.texts[0])
                self.assertIn("in crash\n    raise ValueError(number)", result.texts[0])

    def test_several_errors_of_an_example(self) -> None:
        """All errors of an example are reported, as a group."""

        class Inner(AsyncTrioTestCase):
            @MANY
            @given(number=NUMBERS)
            async def test_errors(self, number: int) -> None:
                if number >= 77:
                    self.addCleanup(self.clean_up)
                self.assertLess(number, 77)

            @MANY
            @given(number=NUMBERS)
            async def test_failures(self, number: int) -> None:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self.fail_from, 5, number)
                    nursery.start_soon(self.fail_from, 77, number)

            async def fail_from(self, lowest: int, number: int) -> None:
                self.assertFalse(lowest <= number)

            def clean_up(self) -> None:
                raise OSError("cleanup")

        result = run(Inner, "test_errors")
        self.assertEqual(
            result.told,
            ["ERROR ExceptionGroup: several errors in one example (2 sub-exceptions)"],
        )
        for line in [
            "number=77,",
            "AssertionError: 77 not less than 77",
            "OSError: clea",
        ]:
            self.assertIn(line, result.texts[0])
        # Hypothesis may report both, or the smaller example; a failure it is.
        (verdict,) = run(Inner, "test_failures").told
        self.assertRegex(verdict, "^FAIL ")

    def test_groups_of_failures_shrink(self) -> None:
        """A group of failures is one FAIL, shrunk like any other."""

        class Inner(AsyncTrioTestCase):
            @MANY
            @given(number=NUMBERS)
            async def test(self, number: int) -> None:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self.check, number)
                    nursery.start_soon(self.check, number)

            async def check(self, number: int) -> None:
                self.assertLess(number, 77)

        result = run(Inner)
        (verdict,) = result.told
        self.assertRegex(verdict, r"^FAIL ExceptionGroup: .* \(2 sub-exceptions\)$")
        self.assertIn("number=77,", result.texts[0])

    def test_explained_with_the_users_lines_only(self) -> None:
        """What explains a failure is the user's code, never the harness's or Trio's."""
        # Hypothesis shows the first five lines in the order of their paths, those of
        # installed packages last; so here is a copy that comes after the test.
        source = """
            import os, shutil, sys
            shutil.copytree(os.environ["PYTHONPATH"] + "/triocase", "z/triocase")
            sys.path.insert(0, os.path.abspath("z"))

            import trio
            from hypothesis import given, settings, strategies as st
            from triocase import AsyncTrioTestCase

            class TestIt(AsyncTrioTestCase):
                @settings(database=None, deadline=None)
                @given(number=st.integers(min_value=0))
                async def test_line(self, number):
                    self.nursery.start_soon(self.crash, number)
                    await trio.testing.wait_all_tasks_blocked()

                async def crash(self, number):
                    if number >= 77:
                        await trio.lowlevel.checkpoint()
                        raise ValueError(number)

                @settings(database=None, deadline=None)
                @given(number=st.integers(min_value=0))
                async def test_no_line(self, number):
                    await trio.lowlevel.checkpoint()
                    self.assertLess(number, 77)
        """
        # A process, for a trace function, such as coverage's, stops Hypothesis.
        code, output = Process(source, *UNITTEST).finish()
        self.assertEqual(code, 1, output)
        reports = re.split(r"(?m)^=+\n", output)[1:]
        for text, name, lines in zip(
            reports, ["test_line", "test_no_line"], [["test_it.py:19"], []], strict=True
        ):
            self.assertRegex(text, rf"^(ERROR|FAIL): {name} ")
            self.assertIn("    number=77,\n)\n", text)
            shown = re.findall(r"(?m)^ {8}.*?(\w+\.py:\d+)$", text)
            self.assertEqual(shown, lines, output)
            self.assertEqual("Explanation:" in text, bool(lines), output)
            self.assertNotIn("more with", text)

    def test_notes_on_lines(self) -> None:
        """Of the notes, a library's lines go, and a heading without lines goes."""
        heading = "Explanation:\n    These lines were always and only run:"
        ours = "\n".join(
            f"        {module.__file__}:7" for module in (trio, triocase, outcome)
        )
        more = "        (and 6 more with settings.verbosity >= verbose)"
        users = "        /home/me/triocase/tests/test_it.py:16"

        for notes, shown in [
            ([heading, ours, more, "after"], ["after"]),
            ([heading, users, ours, more, "after"], [heading, users, "after"]),
            ([heading, ours, users, more, "after"], [heading, users, "after"]),
            (["before", heading, ours], ["before"]),
            ([heading, users, more], [heading, users, more]),
            (["before"], ["before"]),
        ]:

            class Inner(AsyncTrioTestCase):
                found = notes

                @settings(FEW, print_blob=False)
                @given(number=st.just(0))
                async def test(self, number: int) -> None:
                    error = ValueError("x")
                    error.__notes__ = self.found.copy()  # type: ignore[attr-defined]
                    raise error from None

                @FEW
                @given(number=st.just(0))
                async def test_cause(self, number: int) -> None:
                    cause = OSError("cause")
                    cause.__notes__ = self.found.copy()  # type: ignore[attr-defined]
                    raise ValueError("x") from cause

            self.assertEqual(ours in report(Inner, "test_cause"), False)

            text = report(Inner).partition("ValueError: x\n")[2]
            text = re.split("(?:Failing|Falsifying) ", text)[0]
            self.assertEqual(text, "".join(f"{line}\n" for line in shown))

    def test_explicit_example(self) -> None:
        """An ``@example`` runs first; its failure is reported as one."""

        class Inner(AsyncTrioTestCase):
            @FEW
            @example(number=5)
            @example(number=6)
            @given(number=NUMBERS)
            async def test(self, number: int) -> None:
                await trio.lowlevel.checkpoint()
                self.assertNotEqual(number, 6)

        self.assertRegex(
            report(Inner), r"(?s)AssertionError: 6 == 6\nFalsifying|Failing explicit"
        )

    def test_deadlock_and_time_limit_name_the_example(self) -> None:
        """Each example has the deadlock check and the time limit of a test."""

        class Inner(AsyncTrioTestCase):
            @settings(MANY, max_examples=3, phases=[Phase.explicit, Phase.generate])
            @example(number=3)
            @given(number=NUMBERS)
            async def test_deadlock(self, number: int) -> None:
                await trio.Event().wait()

            @time_limit(0.2)
            @settings(MANY, max_examples=3)
            @example(number=4)
            @given(number=NUMBERS)
            async def test_limit(self, number: int) -> None:
                await trio.sleep(60)

        with hasty(), impatient():
            for name, error in [
                ("test_deadlock", "DeadlockError"),
                ("test_limit", "TimeLimitExceeded"),
            ]:
                result = run(Inner, name)
                self.assertRegex(result.told[0], f"^ERROR {error}: ")
                self.assertRegex(result.texts[0], r"number=[34],")

    def test_deadline(self) -> None:
        """Hypothesis's deadline holds for an example as a whole."""

        class Inner(AsyncTrioTestCase):
            @settings(FEW, deadline=datetime.timedelta(milliseconds=20))
            @given(number=st.just(0))
            async def test(self, number: int) -> None:
                await trio.sleep(0.1)

        (verdict,) = told(Inner)
        self.assertRegex(verdict, "^ERROR DeadlineExceeded: ")

    def test_returned_value(self) -> None:
        """A test must return None, and must not be a generator."""

        class Inner(AsyncTrioTestCase):
            @FEW
            @given(number=NUMBERS)
            async def test_value(self, number: int) -> int:
                return 3

            @FEW
            @given(number=NUMBERS)
            async def test_generator(self, number: int) -> Any:
                yield 3  # never

        (verdict,) = told(Inner, "test_value")
        self.assertIn("test_value returned 3; a test must return None.", verdict)
        (verdict,) = told(Inner, "test_generator")
        self.assertIn("test_generator is an async generator", verdict)

    def test_decorator_above_that_returns_something(self) -> None:
        """What stands above @given and makes the test async is refused: it never ran."""

        def is_async(function: Any) -> Any:
            @functools.wraps(function)
            async def wrapper(*args: Any) -> None:
                raise NotImplementedError

            return wrapper

        def returns(function: Any) -> Any:
            @functools.wraps(function)
            def wrapper(*args: Any) -> int:
                function(*args)
                return 5

            return wrapper

        class Inner(AsyncTrioTestCase):
            @is_async
            @FEW
            @given(number=NUMBERS)
            async def test_async(self, number: int) -> None:
                raise NotImplementedError

            @returns
            @FEW
            @given(number=NUMBERS)
            async def test_value(self, number: int) -> None:
                await trio.lowlevel.checkpoint()

        message = (
            r"^ERROR TypeError: .*Inner\.{} returned {}, and Hypothesis's tests return "
            r"None: so there is a decorator above @given that does not fit\. Write it "
            r"below @given, where each example calls it\.$"
        )
        for name, value in [("test_async", "<coroutine .*>"), ("test_value", "5")]:
            (verdict,) = told(Inner, name)
            self.assertRegex(verdict, message.format(name, value))

    def test_errors_beside_a_signal(self) -> None:
        """Where Hypothesis or pytest ends an example, they still know their signal."""

        ended: list[int] = []

        class Inner(AsyncTrioTestCase):
            @settings(FEW, suppress_health_check=list(HealthCheck))
            @given(data=st.data())
            async def test_too_large(self, data: Any) -> None:
                done: list[int] = []
                self.addCleanup(self.check, done)
                for _ in range(data.draw(st.integers(0, 6))):
                    data.draw(st.binary(min_size=2000))
                done.append(1)

            def check(self, done: list[int]) -> None:
                if not done:
                    ended.append(1)
                    self.fail("too large")

            @MANY
            @given(number=NUMBERS)
            async def test_pytest(self, number: int) -> None:
                if number >= 77:
                    self.addCleanup(pytest.fail, "cleanup")
                    pytest.fail("body")

        self.assertEqual(told(Inner, "test_too_large"), ["pass"])
        self.assertTrue(ended)
        result = run(Inner, "test_pytest")
        self.assertEqual(result.told, ["ERROR Failed: body"])
        self.assertIn("also in the same test: Failed: cleanup", result.texts[0])
        self.assertIn("number=77,", result.texts[0])

    def test_flaky(self) -> None:
        """A test that fails only once is said to be flaky, with the user's frames."""

        class Inner(AsyncTrioTestCase):
            failed = False

            @MANY
            @given(number=NUMBERS)
            async def test(self, number: int) -> None:
                if number >= 77 and not self.failed:
                    type(self).failed = True
                    self.fail("once")

        result = run(Inner)
        (verdict,) = result.told
        self.assertRegex(verdict, "(?i)^ERROR Flaky")
        self.assertIn("AssertionError: once", result.texts[0])
        self.assertNotIn("triocase/", result.texts[0])
        self.assertNotRegex(result.texts[0], r"(?<!test)_hypothesis\.py")

    def test_verbose(self) -> None:
        """What Hypothesis prints on the way shows the user's frames only."""
        source = """
            from hypothesis import Verbosity, given, settings, strategies as st
            from triocase import AsyncTrioTestCase

            class TestIt(AsyncTrioTestCase):
                @settings(database=None, deadline=None, verbosity=Verbosity.verbose)
                @given(number=st.integers(min_value=0))
                async def test_fail(self, number):
                    self.assertLess(number, 77)
        """
        code, output = Process(source, *UNITTEST).finish()
        self.assertEqual(code, 1, output)
        self.assertIn("Traceback", output.partition("FAIL")[0])
        files = set(re.findall(r'File ".*?([^/]+)", line', output))
        self.assertLessEqual(files, {"test_it.py", "core.py", "case.py"})

    def test_own_executor(self) -> None:
        """A class may have Hypothesis's own hooks; they are called outside of Trio."""
        called: list[str] = []

        class Inner(AsyncTrioTestCase):
            def execute_example(self, function: Any) -> None:
                with_self.assertRaises(RuntimeError, trio.lowlevel.current_task)
                called.append("executor")
                function()

            @FEW
            @given(number=NUMBERS)
            async def test(self, number: int) -> None:
                await trio.lowlevel.checkpoint()
                called.append("test")

        with_self = self
        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(called, ["executor", "test"] * 5)

    def test_never_awaited(self) -> None:
        """A coroutine that an example does not await fails the test."""

        class Inner(AsyncTrioTestCase):
            @FEW
            @given(number=NUMBERS)
            async def test(self, number: int) -> None:
                self.helper()

            async def helper(self) -> None:
                raise NotImplementedError

        self.assertIn("helper' was never awaited", "".join(told(Inner)))

    def test_only_the_body_is_expected_to_fail(self) -> None:
        """A setup or cleanup that fails is no expected failure, nor what is not run."""

        class Inner(AsyncTrioTestCase):
            async def asyncSetUp(self) -> None:
                if "setup" in self._testMethodName:
                    raise OSError("setup")

            async def asyncTearDown(self) -> None:
                if "teardown" in self._testMethodName:
                    raise OSError("teardown")

            @unittest.expectedFailure
            @FEW
            @given(number=NUMBERS)
            async def test_setup(self, number: int) -> None:
                raise NotImplementedError

            @unittest.expectedFailure
            @FEW
            @given(number=NUMBERS)
            async def test_teardown(self, number: int) -> None:
                pass

            @unittest.expectedFailure
            @FEW
            @given(number=NUMBERS)
            async def test_body_and_cleanup(self, number: int) -> None:
                self.addCleanup(self.fail, "cleanup")
                self.fail("body")

            @unittest.expectedFailure
            @FEW
            @given(number=NUMBERS)
            async def test_body(self, number: int) -> None:
                self.fail("body")

            @unittest.expectedFailure
            @FEW
            @given(number=NUMBERS)
            async def test_never_awaited(self, number: int) -> None:
                self.helper()

            async def helper(self) -> None:
                raise NotImplementedError

        for name, expected in [
            ("setup", "ERROR OSError: setup"),
            ("teardown", "ERROR OSError: teardown"),
            ("body_and_cleanup", "FAIL ExceptionGroup: several errors"),
            ("body", "expected AssertionError: body"),
            ("never_awaited", "ERROR RuntimeWarning: coroutine"),
        ]:
            with self.subTest(name):
                (verdict,) = told(Inner, f"test_{name}")
                self.assertTrue(verdict.startswith(expected), verdict)

    def test_skip_beside_an_error(self) -> None:
        """pytest's skip of a body does not skip the error of a cleanup."""

        class Inner(AsyncTrioTestCase):
            @FEW
            @given(number=NUMBERS)
            async def test_one(self, number: int) -> None:
                self.addCleanup(self.fail, "cleanup")
                pytest.skip("body")

            @FEW
            @given(number=NUMBERS)
            async def test_two(self, number: int) -> None:
                self.addCleanup(self.fail, "cleanup")
                self.addAsyncCleanup(self.crash)
                pytest.skip("body")

            async def crash(self) -> None:
                raise OSError("another cleanup")

        result = run(Inner, "test_one")
        self.assertEqual(result.told, ["FAIL AssertionError: cleanup"])
        self.assertIn("also in the same test: Skipped: body", result.texts[0])
        result = run(Inner, "test_two")
        self.assertIn("ERROR ExceptionGroup: several errors in one", result.told[0])
        self.assertIn("also in the same test: Skipped: body", result.texts[0])

    def test_state_machine(self) -> None:
        """The test of a state machine runs as the sync test that it is."""
        roots = set()

        class Machine(RuleBasedStateMachine):
            @rule(number=NUMBERS)
            def count(self, number: int) -> None:
                roots.add(trio.lowlevel.current_root_task())
                if number >= 77:
                    raise AssertionError("large")

        machine: Any = Machine.TestCase

        class Inner(AsyncTrioTestCase, machine):  # type: ignore[misc]
            settings = MANY

        result = run(Inner, "runTest")
        self.assertEqual(result.told, ["FAIL AssertionError: large"])
        self.assertIn("state.count(number=77)", result.texts[0])
        self.assertEqual(len(roots), 1)

    def test_debug(self) -> None:
        """``debug()`` raises what Hypothesis found, bare."""

        class Inner(AsyncTrioTestCase):
            @MANY
            @given(number=NUMBERS)
            async def test(self, number: int) -> None:
                self.number = number
                self.assertLess(number, 77)

            async def asyncTearDown(self) -> None:
                ended.append(self.number)

        ended: list[int] = []
        error = debug_error(Inner)
        self.assertIs(type(error), AssertionError)
        self.assertEqual(str(error), "77 not less than 77")
        # As in any test under debug(), nothing but the cleanups follows the first error.
        self.assertTrue(ended)
        self.assertLess(max(ended), 77)


def without_case(text: str) -> str:
    """Leave out where the class stands, and what Hypothesis's own frames are."""
    text = re.sub(r"self=<.*>", "self", plain(text))
    return re.sub(r'  File "core.py".*\n.*\n', "", text)


class TestControl(unittest.TestCase):
    def test_assume_and_draw_anywhere(self) -> None:
        """``assume`` and ``data.draw`` work between awaits, and in child tasks."""

        class Inner(AsyncTrioTestCase):
            @MANY
            @given(number=NUMBERS, data=st.data())
            async def test(self, number: int, data: Any) -> None:
                await trio.lowlevel.checkpoint()
                assume(number % 2)
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self.child, data)
                self.assertTrue(number % 2)

            async def child(self, data: Any) -> None:
                await trio.lowlevel.checkpoint()
                assume(data.draw(NUMBERS) % 2)

        self.assertEqual(told(Inner), ["pass"])

    def test_skip(self) -> None:
        """An example that skips, skips the test."""

        class Inner(AsyncTrioTestCase):
            @FEW
            @given(number=NUMBERS)
            async def test_body(self, number: int) -> None:
                await trio.lowlevel.checkpoint()
                self.skipTest("because")

            @FEW
            @given(number=NUMBERS)
            async def test_background(self, number: int) -> None:
                self.nursery.start_soon(self.skip)
                await trio.sleep_forever()

            async def skip(self) -> None:
                self.skipTest("because")

        for name in ["test_body", "test_background"]:
            self.assertEqual(told(Inner, name), ["skip because"])

    def test_ctrl_c(self) -> None:
        """Ctrl-C in an example ends the run; what else went wrong there is told."""

        class Inner(AsyncTrioTestCase):
            examples = 0

            @FEW
            @given(number=NUMBERS)
            async def test(self, number: int) -> None:
                type(self).examples += 1
                self.addCleanup(self.clean_up)
                raise KeyboardInterrupt

            def clean_up(self) -> None:
                raise OSError("cleanup")

        result = Recorder()
        with self.assertRaises(KeyboardInterrupt):
            Inner("test").run(result)
        if sys.version_info >= (3, 11):  # 3.10 tells at the end, which never comes
            self.assertEqual(result.told, ["ERROR OSError: cleanup"])
        self.assertEqual(Inner.examples, 1)

    def test_ctrl_c_says_where_it_was(self) -> None:
        """Ctrl-C prints where the example waits, as in any test."""

        class Inner(AsyncTrioTestCase):
            @FEW
            @given(number=NUMBERS)
            async def test(self, number: int) -> None:
                signal.raise_signal(signal.SIGINT)

        with mock.patch("sys.__stderr__", io.StringIO()) as printed:
            with self.assertRaises(KeyboardInterrupt):
                Inner("test").run(Recorder())
        self.assertIn("Inner.test. Its tasks:\n", printed.getvalue())
        self.assertIn("signal.raise_signal(signal.SIGINT)\n", printed.getvalue())

    def test_no_examples_at_all(self) -> None:
        """What Hypothesis itself complains about is an error of the test."""

        class Inner(AsyncTrioTestCase):
            @settings(FEW, suppress_health_check=[HealthCheck.filter_too_much])
            @given(number=st.just(0))
            async def test(self, number: int) -> None:
                assume(False)

        (verdict,) = told(Inner)
        self.assertRegex(verdict, "^ERROR Unsatisfiable: ")


class TestDecorators(unittest.TestCase):
    def test_in_any_order(self) -> None:
        """@given, @settings, @example and our decorators compose in any order."""
        decorators: list[Any] = [
            lambda test: given(number=NUMBERS)(test),
            settings(CALM, max_examples=1),
            lambda test: example(number=-1)(test),  # one for each test: it counts them
            autojump_clock,
            time_limit(60),
        ]

        async def test(self: Any, number: int) -> None:
            self.assertEqual(trio.current_time(), 0)
            await trio.sleep(10)
            self.assertEqual(self._trioTest.limit.seconds, 60)
            self.seen.append(number)

        for order in itertools.permutations(decorators):
            decorated: Any = copy_of(test)
            for decorator in order:
                decorated = decorator(decorated)
            seen: list[int] = []
            kind = type(
                "Inner", (AsyncTrioTestCase,), {"test": decorated, "seen": seen}
            )
            self.assertEqual(told(kind), ["pass"], order)
            self.assertEqual(len(seen), 2, seen)
            self.assertEqual(seen[0], -1)

    def test_with_unittests_decorators(self) -> None:
        """skip, expectedFailure and mock.patch stand above @given or below it."""

        async def test(self: Any, *mocks: Any, number: int) -> None:
            await trio.lowlevel.checkpoint()
            self.assertEqual(len(mocks), self.mocks)
            self.fail("expected")

        numbers = given(number=NUMBERS)
        patch = mock.patch(f"{__name__}.FEW")
        for decorators, mocks, expected in [
            ([numbers, FEW, unittest.expectedFailure], 0, "expected AssertionError"),
            (
                [unittest.expectedFailure, numbers, FEW],
                0,
                "ERROR TypeError: @given hides @expectedFailure below it from unittest. "
                "Write @expectedFailure above @given.",
            ),
            (
                [unittest.expectedFailure, numbers, FEW, unittest.expectedFailure],
                0,
                "expected AssertionError",
            ),
            ([numbers, FEW, unittest.skip("why")], 0, "skip why"),
            ([unittest.skip("why"), numbers, FEW], 0, "skip why"),
            ([patch, numbers, FEW], 1, "FAIL AssertionError: expected"),
            (
                [numbers, FEW, mock.patch(f"{__name__}.FEW", 1)],
                0,
                "FAIL AssertionError",
            ),
        ]:
            decorated: Any = copy_of(test)
            for decorator in decorators:
                decorated = decorator(decorated)
            members = {"test": decorated, "mocks": mocks}
            (verdict,) = told(type("Inner", (AsyncTrioTestCase,), members))
            self.assertTrue(verdict.startswith(expected), (decorators, verdict))

    def test_two_clocks(self) -> None:
        """A clock above @given and another below it are refused."""

        class Inner(AsyncTrioTestCase):
            @mock_clock
            @FEW
            @given(number=NUMBERS)
            @autojump_clock
            async def test(self, number: int) -> None:
                raise NotImplementedError

        (verdict,) = told(Inner)
        self.assertRegex(
            verdict,
            "^ERROR TypeError: .*test has more than one clock: "
            "@mock_clock and @autojump_clock. Keep one.",
        )


def copy_of(function: Any) -> Any:
    """Return another function of the same code: decorators write on functions."""
    return type(function)(
        function.__code__, globals(), function.__name__, None, function.__closure__
    )


class Checks:
    """Tests that several classes inherit, one of them no test of ours."""

    numbers: ClassVar[list[int]]

    @settings(
        FEW, suppress_health_check=[HealthCheck.differing_executors], deadline=None
    )
    @given(number=NUMBERS)
    def test(self, number: int) -> None:
        self.check(number)

    def check(self, number: int) -> None:
        raise NotImplementedError


class TestSharedByClasses(unittest.TestCase):
    def test_while_another_class_runs_it(self) -> None:
        """What runs an inherited test in one thread does not touch it in another."""
        inside = threading.Barrier(3, timeout=30)
        numbers: dict[str, list[int]] = {"one": [], "two": [], "plain": []}

        class Ours(Checks, AsyncTrioTestCase):
            def check(self, number: int) -> None:
                trio.lowlevel.current_root_task()
                _meet(self.id, number)

        class Plain(Checks, unittest.TestCase):
            id = "plain"

            def check(self, number: int) -> None:
                with self_test.assertRaises(RuntimeError):
                    trio.lowlevel.current_root_task()
                _meet(self.id, number)

        def _meet(name: str, number: int) -> None:
            if not numbers[name]:
                inside.wait()
            numbers[name].append(number)

        self_test = self
        one = type("One", (Ours,), {"id": "one"})
        two = type("Two", (Ours,), {"id": "two"})
        results = [Recorder() for _ in range(3)]
        threads = [
            threading.Thread(target=kind("test").run, args=(result,))
            for kind, result in zip([one, two, Plain], results, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        self.assertEqual([result.told for result in results], [["pass"]] * 3)
        self.assertEqual([len(seen) for seen in numbers.values()], [5] * 3)


class TestPytestTrio(unittest.TestCase):
    def test_hidden_test(self) -> None:
        """The test is found where pytest-trio has put a function in its place."""
        ran = []

        class Inner(AsyncTrioTestCase):
            @FEW
            @given(number=NUMBERS)
            async def test(self, number: int) -> None:
                await trio.lowlevel.checkpoint()
                ran.append(self.id())

        handle = Inner.test.hypothesis
        handle.inner_test = hidden = pytest_trio(handle.inner_test)
        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(len(ran), 5)
        self.assertIs(handle.inner_test, hidden)


class TestRunners(unittest.TestCase):
    SOURCE = """
        from hypothesis import Phase, given, settings, strategies as st
        from triocase import AsyncTrioTestCase, autojump_clock
        import trio

        calm = settings(
            database=None, deadline=None, phases=[Phase.generate, Phase.shrink]
        )

        class TestIt(AsyncTrioTestCase):
            @calm
            @given(st.integers())
            @autojump_clock
            async def test_pass(self, number):
                await trio.sleep(1)

            @calm
            @given(number=st.integers(min_value=0))
            async def test_fail(self, number):
                await trio.lowlevel.checkpoint()
                self.assertLess(number, 77)
    """

    def test_unittest_and_pytest(self) -> None:
        """The failing example is printed by both."""
        for arguments in [UNITTEST, PYTEST]:
            code, output = Process(self.SOURCE, *arguments, **WITH_PLUGIN).finish()
            self.assertEqual(code, 1, output)
            self.assertIn("AssertionError: 77 not less than 77", output)
            self.assertIn("number=77,", output)
            self.assertRegex(output, r"test_pass.*(\n.*)?(ok|PASSED)")

    def test_native_traceback(self) -> None:
        """Where pytest shows every frame, none is the harness's."""
        arguments = (*PYTEST, "--tb=native")
        code, output = Process(self.SOURCE, *arguments, **WITH_PLUGIN).finish()
        self.assertEqual(code, 1, output)
        self.assertIn("in test_fail", output)
        self.assertNotIn(f"{ROOT}/triocase/", output)

    def test_never_imported(self) -> None:
        """triocase does not import Hypothesis."""
        source = """
            import sys, trio
            from triocase import AsyncTrioTestCase

            class TestIt(AsyncTrioTestCase):
                async def test(self):
                    self.assertNotIn("hypothesis", sys.modules)
        """
        code, output = Process(source, *UNITTEST).finish()
        self.assertEqual(code, 0, output)
