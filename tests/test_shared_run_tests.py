"""Each test of a shared run is a whole test, and sees nothing of the others."""

from __future__ import annotations

import contextvars
import threading
import unittest
from collections.abc import AsyncIterator
from unittest import mock

import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from triocase import (
    AsyncTrioTestCase,
    _open_runs,
    fixture,
    shared_run,
)

from .classes import run_classes, told_of
from .harness import Recorder, run, told

variable = contextvars.ContextVar("variable", default="unset")


class TestApart(unittest.TestCase):
    maxDiff = None

    def test_nursery_fixtures_contexts(self) -> None:
        """Each has its own nursery, fixtures and contexts, which end with it."""
        nurseries: list[trio.Nursery] = []
        events: list[str] = []

        @shared_run
        class Inner(AsyncTrioTestCase):
            @fixture
            async def resource(self) -> AsyncIterator[object]:
                yield object()
                events.append("fixture over")

            async def task(self) -> None:
                try:
                    await trio.sleep_forever()
                finally:
                    events.append("task cancelled")

            async def test_a(self) -> None:
                nurseries.append(self.nursery)
                nurseries.append(await self.enterAsyncContext(trio.open_nursery()))
                for nursery in nurseries[-2:]:
                    self.assertEqual(nursery.child_tasks, frozenset())
                    nursery.start_soon(self.task)
                await trio.testing.wait_all_tasks_blocked()
                events.append("test")

            test_b = test_a

        self.assertEqual(told_of(Inner), ["test_a: pass", "test_b: pass"])
        one = ["test", "task cancelled", "fixture over", "task cancelled"]
        self.assertEqual(events, one * 2)
        self.assertEqual(len(set(nurseries)), 4)
        for nursery in nurseries:
            self.assertTrue(nursery._closed)

    def test_context_variables(self) -> None:
        """Each sees those of the class's setup, and none of another test's."""
        seen: list[str] = []

        async def note_forever(*, task_status: trio.TaskStatus[None]) -> None:
            task_status.started()
            while True:
                await trio.lowlevel.checkpoint()
                noted.add(variable.get())

        noted: set[str] = set()

        @shared_run
        class Inner(AsyncTrioTestCase):
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                seen.append(variable.get())
                variable.set("class")
                await cls.class_nursery.start(note_forever)

            async def test_a(self) -> None:
                seen.append(variable.get())
                variable.set("a")

            async def asyncTearDown(self) -> None:
                seen.append(variable.get())

            def test_b(self) -> None:
                seen.append(variable.get())
                variable.set("b")

            @classmethod
            async def asyncTearDownClass(cls) -> None:
                seen.append(variable.get())

        self.assertEqual(told_of(Inner), ["test_a: pass", "test_b: pass"])
        self.assertEqual(seen, ["unset", "class", "a", "class", "b", "class"])
        self.assertEqual(noted, {"class"})
        self.assertEqual(variable.get(), "unset")

    def test_context_variables_of_sync_hooks(self) -> None:
        """What a sync `setUpClass` sets, before or after `super()`, tests see too."""
        other = contextvars.ContextVar("other", default="unset")
        seen: list[str] = []

        def note() -> None:
            seen.append(f"{variable.get()}, {other.get()}")

        @shared_run
        class Inner(AsyncTrioTestCase):
            @classmethod
            def setUpClass(cls) -> None:
                cls.tokens = [variable.set("before")]
                super().setUpClass()
                cls.tokens += [other.set("after")]

            @classmethod
            async def asyncSetUpClass(cls) -> None:
                note()

            async def test_a(self) -> None:
                note()
                other.set("a")

            async def test_b(self) -> None:
                note()

            @classmethod
            def tearDownClass(cls) -> None:
                super().tearDownClass()
                for token in cls.tokens:
                    token.var.reset(token)

        self.assertEqual(told_of(Inner), ["test_a: pass", "test_b: pass"])
        self.assertEqual(seen, ["before, unset", "before, after", "before, after"])

    def test_what_a_test_leaves_open(self) -> None:
        """It is closed and named; the next test and the class are not harmed."""
        events: list[str] = []

        @shared_run
        class Inner(AsyncTrioTestCase):
            def setUp(self) -> None:
                if self._testMethodName == "test_c":
                    trio.CancelScope().__enter__()

            async def test_a(self) -> None:
                nursery = await trio.open_nursery().__aenter__()
                nursery.start_soon(trio.sleep_forever)

            async def test_b(self) -> None:
                trio.CancelScope(deadline=0).__enter__()

            async def test_c(self) -> None:
                self.addAsyncCleanup(trio.sleep, 0)

            async def test_d(self) -> None:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(trio.sleep, 0)
                events.append("test_d")

            @classmethod
            async def asyncTearDownClass(cls) -> None:
                await trio.lowlevel.checkpoint()
                events.append("asyncTearDownClass")

        result = run_classes(Inner)
        *left, last = result.told
        self.assertEqual(last, "test_d: pass")
        for line, name in zip(left, "abc", strict=True):
            kind = "Nursery" if name == "a" else "CancelScope"
            pattern = rf"^test_{name}: ERROR RuntimeError: .* left <trio.{kind} "
            self.assertRegex(line, pattern)
        self.assertEqual(events, ["test_d", "asyncTearDownClass"])

    def test_verdicts(self) -> None:
        """Failures, errors, skips, subtests and expected failures are as ever."""

        @shared_run
        class Inner(AsyncTrioTestCase):
            async def test_a_fails(self) -> None:
                self.assertEqual(1, 2)

            async def test_b_crashes(self) -> None:
                self.nursery.start_soon(self.crash)
                await trio.sleep_forever()

            async def crash(self) -> None:
                raise ValueError("crash")

            async def test_c_skips(self) -> None:
                await trio.lowlevel.checkpoint()
                self.skipTest("why")

            @unittest.skip("decorated")
            async def test_d_is_skipped(self) -> None:
                raise NotImplementedError

            async def test_e_subtests(self) -> None:
                for i in range(3):
                    with self.subTest(i=i):
                        await trio.lowlevel.checkpoint()
                        self.assertNotEqual(i, 1)

            async def test_f_cleanup(self) -> None:
                self.addAsyncCleanup(self.crash)

            async def test_g_passes(self) -> None:
                await trio.lowlevel.checkpoint()

        result = run_classes(Inner)
        self.assertEqual(
            [line.rpartition("[")[0] or line for line in result.told],
            [
                "test_a_fails: FAIL AssertionError: 1 != 2",
                "test_b_crashes: ERROR ValueError: crash",
                "test_c_skips: skip why",
                "test_d_is_skipped: skip decorated",
                "subtest FAIL AssertionError: 1 == 1",
                "test_f_cleanup: ERROR ValueError: crash",
                "test_g_passes: pass",
            ],
        )
        self.assertEqual(result.passed_subtests, 2)
        self.assertEqual(
            result.texts[0],
            """\
Traceback (most recent call last):
  File "test_shared_run_tests.py", line N, in test_a_fails
    self.assertEqual(1, 2)
AssertionError: 1 != 2
""",
        )
        self.assertEqual(
            result.texts[1],
            """\
Traceback (most recent call last):
  File "test_shared_run_tests.py", line N, in crash
    raise ValueError("crash")
ValueError: crash
""",
        )

    def test_expected_failures(self) -> None:
        """`expectedFailure` works, also for what passes."""

        @shared_run
        class Inner(AsyncTrioTestCase):
            @unittest.expectedFailure
            async def test_fails(self) -> None:
                await trio.lowlevel.checkpoint()
                self.assertEqual(1, 2)

            @unittest.expectedFailure
            async def test_passes(self) -> None:
                await trio.lowlevel.checkpoint()

        result = Recorder()
        unittest.defaultTestLoader.loadTestsFromTestCase(Inner).run(result)
        self.assertEqual(
            result.told, ["expected AssertionError: 1 != 2", "unexpected success"]
        )

    def test_unawaited(self) -> None:
        """A coroutine that nobody awaits fails the test, and no other."""

        async def forgotten() -> None:
            raise NotImplementedError

        @shared_run
        class Inner(AsyncTrioTestCase):
            async def test_a(self) -> None:
                forgotten()

            async def test_b(self) -> None:
                await trio.lowlevel.checkpoint()

        result = run_classes(Inner)
        self.assertEqual(
            [line[:28] for line in result.told],
            ["test_a: ERROR RuntimeWarning", "test_b: pass"],
        )
        self.assertIn("forgotten' was never awaited", result.told[0])
        self.assertIn("forgotten()", result.texts[0])

    def test_unawaited_by_a_task_of_the_class(self) -> None:
        """One that a task of the class drops fails the test that runs."""

        async def forgotten() -> None:
            raise NotImplementedError

        @shared_run
        class Inner(AsyncTrioTestCase):
            @classmethod
            async def serve(cls) -> None:
                await cls.called.wait()
                forgotten()

            @classmethod
            async def asyncSetUpClass(cls) -> None:
                cls.called = trio.Event()
                cls.class_nursery.start_soon(cls.serve)

            async def test_a(self) -> None:
                await trio.lowlevel.checkpoint()

            async def test_b(self) -> None:
                self.called.set()
                await trio.testing.wait_all_tasks_blocked()

            async def test_c(self) -> None:
                await trio.lowlevel.checkpoint()

        result = run_classes(Inner)
        passed, error, also_passed = result.told
        self.assertEqual((passed, also_passed), ("test_a: pass", "test_c: pass"))
        self.assertIn("test_b: ERROR RuntimeWarning: coroutine", error)
        self.assertIn("forgotten' was never awaited", error)

    def test_unawaited_beside_another_thread(self) -> None:
        """So it does while a test of another class runs in another thread."""
        dropped = threading.Event()

        async def forgotten() -> None:
            raise NotImplementedError

        @shared_run
        class Inner(AsyncTrioTestCase):
            @classmethod
            async def serve(cls) -> None:
                await cls.called.wait()
                forgotten()
                dropped.set()

            @classmethod
            async def asyncSetUpClass(cls) -> None:
                cls.called = trio.Event()
                cls.token = trio.lowlevel.current_trio_token()
                cls.class_nursery.start_soon(cls.serve)

            async def test(self) -> None:
                verdicts = await trio.to_thread.run_sync(told, Other)
                self.assertEqual(verdicts, ["pass"])

        class Other(AsyncTrioTestCase):
            async def test(self) -> None:
                Inner.token.run_sync_soon(Inner.called.set)
                self.assertTrue(dropped.wait(30))

        (error,) = told_of(Inner)
        self.assertIn("test: ERROR RuntimeWarning: coroutine", error)
        self.assertIn("forgotten' was never awaited", error)

    def test_unawaited_in_the_setup_of_the_class(self) -> None:
        """One that the setup drops is an error of the setup; likewise the teardown."""

        async def forgotten() -> None:
            raise NotImplementedError

        class Base(AsyncTrioTestCase):
            async def test(self) -> None:
                await trio.lowlevel.checkpoint()

        @shared_run
        class SetUp(Base):
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                forgotten()

        @shared_run
        class TearDown(Base):
            @classmethod
            async def asyncTearDownClass(cls) -> None:
                forgotten()

        (error,) = told_of(SetUp)
        self.assertRegex(error, r"^setUpClass \(SetUp\): ERROR RuntimeWarning: .*forgo")
        passed, error = told_of(TearDown)
        self.assertEqual(passed, "test: pass")
        self.assertRegex(
            error, r"^tearDownClass \(TearDown\): ERROR RuntimeWarning: .*forgo"
        )

    def test_hypothesis(self) -> None:
        """The examples of a test with `@given` are whole tests in the class's run."""
        roots: set[trio.lowlevel.Task] = set()
        nurseries: set[trio.Nursery] = set()
        events: list[str] = []

        @shared_run
        class Inner(AsyncTrioTestCase):
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                roots.add(trio.lowlevel.current_root_task())
                variable.set("class")

            async def asyncSetUp(self) -> None:
                self.assertEqual(variable.get(), "class")
                variable.set("example")
                events.append("asyncSetUp")

            @settings(max_examples=5, database=None, derandomize=True)
            @given(number=st.integers(min_value=0, max_value=1000))
            async def test_a(self, number: int) -> None:
                await trio.lowlevel.checkpoint()
                roots.add(trio.lowlevel.current_root_task())
                nurseries.add(self.nursery)
                events.append("test")

            @settings(max_examples=50, database=None, derandomize=True)
            @given(number=st.integers(min_value=0, max_value=1000))
            async def test_b(self, number: int) -> None:
                await trio.lowlevel.checkpoint()
                self.assertLess(number, 7)

            async def test_c(self) -> None:
                roots.add(trio.lowlevel.current_root_task())

        result = run_classes(Inner)
        self.assertEqual(
            result.told,
            [
                "test_a: pass",
                "test_b: FAIL AssertionError: 7 not less than 7",
                "test_c: pass",
            ],
        )
        self.assertIn("number=7", result.texts[0])
        self.assertEqual(events[:10], ["asyncSetUp", "test"] * 5)
        self.assertEqual(len(nurseries), 5)
        self.assertEqual(len(roots), 1)


class TestAlone(unittest.TestCase):
    """A test that is run by hand, without its class."""

    maxDiff = None

    def setUp(self) -> None:
        self.events: list[str] = []

    def make(self, **failing: BaseException) -> type[AsyncTrioTestCase]:
        """Return a shared class, of which some stages may fail."""
        events = self.events

        async def stage(name: str) -> None:
            await trio.lowlevel.checkpoint()
            events.append(name)
            if name in failing:
                raise failing[name]

        @shared_run
        class Inner(AsyncTrioTestCase):
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                cls.addAsyncClassCleanup(stage, "class_cleanup")
                await stage("set_up_class")

            async def test(self) -> None:
                await stage("test")

            @classmethod
            async def asyncTearDownClass(cls) -> None:
                await stage("tear_down_class")

        return Inner

    def test_alone(self) -> None:
        """It opens a run of its class for itself alone, each time."""
        case = self.make()
        whole = ["set_up_class", "test", "tear_down_class", "class_cleanup"]
        for _ in range(2):
            self.assertEqual(told(case), ["pass"])
            self.assertEqual(self.events, whole)
            self.events.clear()
            case("test").debug()
            self.assertEqual(self.events, whole)
            self.events.clear()
            self.assertEqual(_open_runs.open_runs, {})

    def test_debug_of_a_suite(self) -> None:
        """`TestSuite.debug()` has one run for all tests of the class."""
        case = self.make()
        unittest.TestSuite([case("test"), case("test")]).debug()
        expected = ["set_up_class", "test", "test", "tear_down_class", "class_cleanup"]
        self.assertEqual(self.events, expected)

    def test_errors_of_the_class(self) -> None:
        """What goes wrong in the class's setup or teardown is the test's error."""
        end = ["tear_down_class", "class_cleanup"]
        whole = ["set_up_class", "test", *end]
        for stage, events in {
            "set_up_class": ["set_up_class", "class_cleanup"],
            "tear_down_class": whole,
            "class_cleanup": whole,
        }.items():
            case = self.make(**{stage: ValueError(stage)})
            with self.subTest(stage):
                result = run(case)
                self.assertEqual(result.told, [f"ERROR ValueError: {stage}"])
                self.assertEqual(
                    result.texts,
                    [
                        f"""\
Traceback (most recent call last):
{self.frame_of(stage)}  File "test_shared_run_tests.py", line N, in stage
    raise failing[name]
ValueError: {stage}
"""
                    ],
                )
                self.assertEqual(self.events, events)
                self.events.clear()
                with self.assertRaises(ValueError):
                    case("test").debug()
                self.assertEqual(self.events, events)
                self.events.clear()
                self.assertEqual(_open_runs.open_runs, {})

    def frame_of(self, stage: str) -> str:
        hooks = {
            "set_up_class": "asyncSetUpClass",
            "tear_down_class": "asyncTearDownClass",
        }
        if stage not in hooks:
            return ""
        return f"""\
  File "test_shared_run_tests.py", line N, in {hooks[stage]}
    await stage("{stage}")
"""

    def test_both_fail(self) -> None:
        """The test's own error comes first; with `debug()` it is the one raised."""
        case = self.make(test=KeyError("test"), class_cleanup=ValueError("cleanup"))
        self.assertEqual(
            told(case), ["ERROR KeyError: 'test'", "ERROR ValueError: cleanup"]
        )
        with self.assertRaises(KeyError):
            case("test").debug()
        self.assertEqual(_open_runs.open_runs, {})

    def test_skip(self) -> None:
        """A skip in the class's setup skips the test."""
        case = self.make(set_up_class=unittest.SkipTest("no server"))
        self.assertEqual(told(case), ["skip no server"])
        with self.assertRaises(unittest.SkipTest):
            case("test").debug()
        self.assertEqual(self.events, ["set_up_class", "class_cleanup"] * 2)

    def test_skipped_test(self) -> None:
        """A test that a decorator skips opens no run."""
        case = self.make()
        with mock.patch.object(case, "test", unittest.skip("why")(lambda self: None)):
            self.assertEqual(told(case), ["skip why"])
        self.assertEqual(self.events, [])

    def test_hypothesis(self) -> None:
        """All examples of a test with `@given` are in the one run."""
        events = self.events

        @shared_run
        class Inner(AsyncTrioTestCase):
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                events.append("set up")

            @settings(max_examples=3, database=None, derandomize=True)
            @given(number=st.integers(min_value=0, max_value=1000))
            async def test(self, number: int) -> None:
                events.append("test")

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(events, ["set up", "test", "test", "test"])

    def test_setup_of_its_class_called_by_hand(self) -> None:
        """Between `setUpClass()` and `tearDownClass()`, called by hand, it has that run."""
        case = self.make()
        case.setUpClass()
        try:
            self.assertEqual(told(case), ["pass"])
            self.assertEqual(told(case), ["pass"])
        finally:
            case.tearDownClass()
            case.doClassCleanups()
        expected = ["set_up_class", "test", "test", "tear_down_class", "class_cleanup"]
        self.assertEqual(self.events, expected)

    def test_setup_called_twice(self) -> None:
        """A second `setUpClass()` closes the run that the first has left open."""
        case = self.make()
        case.setUpClass()
        case.setUpClass()
        self.assertEqual(
            self.events,
            ["set_up_class", "tear_down_class", "class_cleanup", "set_up_class"],
        )
        case.tearDownClass()
        case.tearDownClass()  # has nothing to do
        self.assertEqual(_open_runs.open_runs, {})
        case.doClassCleanups()
