"""A coroutine that is found never awaited fails the test in which it is found."""

from __future__ import annotations

import contextlib
import contextvars
import gc
import linecache
import signal
import sys
import threading
import traceback
import unittest
import warnings
import weakref
from collections.abc import Callable
from typing import Any
from unittest import mock

import trio
import trio.testing

from triocase import AsyncTrioTestCase
from triocase import _unawaited as unawaited

from .harness import (
    PYTEST,
    UNITTEST,
    Process,
    Recorder,
    debug_error,
    plain,
    report,
    run,
    told,
)


async def work() -> None:
    raise NotImplementedError


class Inner(AsyncTrioTestCase):
    """Has a method that someone forgets to await."""

    async def work(self) -> None:
        raise NotImplementedError


def never_awaited(
    made: str, line: str = "self.work()", name: str = "Inner.work"
) -> str:
    """Return the report of a coroutine that ``line`` of the function ``made`` made."""
    return (
        "Traceback (most recent call last):\n"
        f'  File "test_unawaited.py", line N, in {made}\n'
        f"    {line}\n"
        f"RuntimeWarning: coroutine '{name}' was never awaited. Write `await` before the "
        "call.\n"
    )


class UnawaitedTestCase(unittest.TestCase):
    maxDiff = None

    def check(self, case: type[AsyncTrioTestCase], *expected: str) -> None:
        """These reports, all of ERRORs, in this order."""
        result = run(case)
        self.assertEqual(result.texts, list(expected))
        self.assertEqual([text[:5] for text in result.told], ["ERROR"] * len(expected))


class TestReport(UnawaitedTestCase):
    def test_exact(self) -> None:
        """The report reads as if the line that made the coroutine had raised an error."""

        class Case(Inner):
            async def test(self) -> None:
                self.work()

        self.check(
            Case,
            "Traceback (most recent call last):\n"
            '  File "test_unawaited.py", line N, in test\n'
            "    self.work()\n"
            "RuntimeWarning: coroutine 'Inner.work' was never awaited. Write `await` before "
            "the call.\n",
        )
        error = debug_error(Case)
        self.assertIsInstance(error, RuntimeWarning)
        *_, (frame, line) = traceback.walk_tb(error.__traceback__)
        source = linecache.getline(frame.f_code.co_filename, line)
        self.assertEqual(source.strip(), "self.work()")
        self.assertEqual(frame.f_code.co_name, "test")

    def test_dropped_elsewhere(self) -> None:
        """Where it was dropped stands in the message, if that is elsewhere."""

        class Case(Inner):
            async def test(self) -> None:
                held = [self.work()]
                await trio.lowlevel.checkpoint()
                held.clear()

        self.check(
            Case,
            never_awaited("test", "held = [self.work()]") + "It was dropped here:\n"
            '  File "test_unawaited.py", line N, in test\n'
            "    held.clear()\n",
        )

    def test_made_by_a_mock(self) -> None:
        """The line that drops it is the user's, if the one that makes it is not."""

        class Case(Inner):
            async def test(self) -> None:
                service = mock.AsyncMock()
                service.fetch()

        text = report(Case)
        self.assertIn('  File "mock.py", line N, in _mock_call\n', text)
        self.assertIn("It was dropped here:\n", text)
        self.assertIn("    service.fetch()\n", text)

    def test_made_in_another_thread(self) -> None:
        """Where it is not known which line made it, the report shows its definition."""

        class Case(Inner):
            async def test(self) -> None:
                await trio.to_thread.run_sync(self.drop)

            def drop(self) -> None:
                self.work()

        self.check(
            Case,
            never_awaited("work", "async def work(self) -> None:").rstrip()
            + " (It was made in another thread or before this test, so this is where it is "
            "defined.)\n"
            "It was dropped here:\n"
            '  File "test_unawaited.py", line N, in drop\n'
            "    self.work()\n",
        )

    def test_marks_under_the_line(self) -> None:
        """There are none but those that Python itself puts under a whole line."""

        class Case(Inner):
            async def test(self) -> None:
                "ünï" and self.work()  # not ASCII, and a comment

        result = unittest.TestResult()
        Case("test").run(result)
        (_, text), *_ = result.errors
        self.assertNotRegex(text, r"(?m)^ +[~^]+$")

    def test_source_that_is_not_there(self) -> None:
        """Code that was made from a string has a name and a line at least."""
        source = """
class Case(Inner):
    async def test(self):
        self.work()
"""
        namespace = {"Inner": Inner}
        exec(compile(source, "<made up>", "exec"), namespace)
        case: Any = namespace["Case"]
        self.assertIn('  File "<made up>", line N, in test\nRuntimeWarn', report(case))

    def test_deeper_tracking(self) -> None:
        """Where more frames are tracked already, it is the line that made it as well."""

        class Case(Inner):
            async def test(self) -> None:
                self.deeper()

            def deeper(self) -> None:
                self.work()

        self.addCleanup(sys.set_coroutine_origin_tracking_depth, 0)
        sys.set_coroutine_origin_tracking_depth(2)
        self.check(Case, never_awaited("deeper"))
        self.assertEqual(sys.get_coroutine_origin_tracking_depth(), 2)

    def test_many_at_one_line(self) -> None:
        """A line that makes many is reported once, with their number."""

        class Case(Inner):
            async def test(self) -> None:
                for _ in range(50):
                    self.work()
                self.work()

        times = never_awaited("test").replace("awaited. ", "awaited, 50 times. ")
        self.check(Case, times, never_awaited("test"))

    def test_sources_that_cannot_be_read(self) -> None:
        """What the test has patched does not get in the way of a result that waits."""

        class Result(unittest.TestResult):
            def addError(self, test: Any, err: Any) -> None:
                errors.append(err[1])

        class Case(Inner):
            async def test(self) -> None:
                self.work()
                self.enterContext(mock.patch("linecache.getline", side_effect=OSError))

        errors: list[BaseException] = []
        Case("test").run(Result())
        (error,) = errors
        shown = plain("".join(traceback.format_exception(error))).splitlines()
        expected = never_awaited("test").splitlines()
        self.assertEqual([line for line in shown if line.strip()], expected)


class TestWhere(UnawaitedTestCase):
    def test_trio_functions(self) -> None:
        """Trio's functions are coroutines too."""

        class Case(Inner):
            async def test(self) -> None:
                trio.sleep(1)  # noqa: ASYNC105

        self.check(
            Case, never_awaited("test", "trio.sleep(1)  # noqa: ASYNC105", "sleep")
        )

    def test_every_stage(self) -> None:
        """Each stage is watched, and each coroutine is reported, in order."""

        class Case(Inner):
            def setUp(self) -> None:
                self.addCleanup(self.clean_up)
                self.work()

            async def asyncSetUp(self) -> None:
                await trio.lowlevel.checkpoint()
                self.work()

            def test(self) -> None:
                self.work()

            async def asyncTearDown(self) -> None:
                self.work()

            def tearDown(self) -> None:
                self.work()

            def clean_up(self) -> None:
                self.work()

        stages = [
            "setUp",
            "asyncSetUp",
            "test",
            "asyncTearDown",
            "tearDown",
            "clean_up",
        ]
        self.check(Case, *map(never_awaited, stages))

    def test_background_task(self) -> None:
        """A background task is watched, up to its end."""

        class Case(Inner):
            async def background(self) -> None:
                self.work()
                try:
                    await trio.sleep_forever()
                finally:
                    self.work()

            async def test(self) -> None:
                self.nursery.start_soon(self.background)
                await trio.testing.wait_all_tasks_blocked()

        self.check(Case, never_awaited("background"), never_awaited("background"))

    def test_local_variable(self) -> None:
        """A coroutine in a local variable is found when the function ends."""

        class Case(Inner):
            async def test(self) -> None:
                held = self.work()
                self.assertTrue(held)

        self.check(Case, never_awaited("test", "held = self.work()"))

    def test_garbage(self) -> None:
        """A coroutine in a cycle is found when the garbage collector finds it."""

        class Case(Inner):
            async def test(self) -> None:
                cycle: list[Any] = [self.work()]
                cycle.append(cycle)
                del cycle
                gc.collect()

        self.check(
            Case,
            never_awaited("test", "cycle: list[Any] = [self.work()]")
            + "It was dropped here:\n"
            '  File "test_unawaited.py", line N, in test\n'
            "    gc.collect()\n",
        )

    def test_of_another_test(self) -> None:
        """One that was made before the test fails it as well: it is found in it."""

        class Case(Inner):
            held: list[Any] = []

            async def test(self) -> None:
                self.held.clear()

        Case.held.append(work())
        self.assertIn("made in another thread or before this test", told(Case)[0])

    def test_in_a_failing_test(self) -> None:
        """It stands beside the test's own failure."""

        class Case(Inner):
            async def test(self) -> None:
                self.work()
                self.fail("the test's own")

        one, other = sorted(told(Case))
        self.assertIn("'Inner.work' was never awaited", one)
        self.assertEqual(other, "FAIL AssertionError: the test's own")

    def test_that_a_failure_holds(self) -> None:
        """One that the frames of a failure hold goes with the failure, in its test."""

        class Case(Inner):
            async def test(self) -> None:
                result = self.work()
                self.assertEqual(result, None)

            async def test_subtest(self) -> None:
                with self.subTest("of one"):
                    result = self.work()
                    self.assertEqual(result, None)

        self.addCleanup(gc.enable)
        gc.disable()
        for name in ["test", "test_subtest"]:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                told_here = told(Case, name)
                gc.collect()
            if sys.version_info >= (3, 11):  # 3.10 keeps the failure until later
                self.assertEqual(len(told_here), 2)
                self.assertIn("'Inner.work' was never awaited", told_here[1])

    def test_that_a_runner_keeps(self) -> None:
        """Where a runner keeps the failure, as pytest does, no later test is to blame."""
        kept: list[Any] = []

        class Result(Recorder):
            def addError(self, test: Any, err: Any) -> None:
                kept.append(err)

            def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
                kept.append(err)

            addFailure = addError

        class Case(Inner):
            def failing(self) -> AssertionError:
                held = self.work()
                try:
                    self.assertIsNone(held)
                except AssertionError as error:
                    return error
                raise NotImplementedError

            async def deeper(self) -> None:
                held = self.work()
                self.assertIsNone(held)

            async def test_deep(self) -> None:
                await self.deeper()

            async def test_subtest(self) -> None:
                with self.subTest("of one"):
                    await self.deeper()

            async def test_group(self) -> None:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self.deeper)
                    nursery.start_soon(self.deeper)

            async def test_cause(self) -> None:
                raise KeyError("x") from self.failing()

            async def test_context(self) -> None:
                try:
                    raise self.failing()
                finally:
                    raise KeyError("x")

            async def later(self) -> None:
                with self.assertWarnsRegex(RuntimeWarning, "work' was never awaited"):
                    kept.clear()
                    gc.collect()

        for name in [name for name in dir(Case) if name.startswith("test_")]:
            with self.subTest(name):
                Case(name).run(Result())
                self.assertNotEqual(kept, [])
                self.assertEqual(told(Case, "later"), ["pass"])

    def test_that_somebody_else_awaits(self) -> None:
        """What a failing test has handed on is left alone."""

        class Case(AsyncTrioTestCase):
            async def work(self) -> str:
                return "done"

            async def test(self) -> None:
                held = self.work()
                handed.append(held)
                self.fail("own")

        handed: list[Any] = []
        self.assertEqual(told(Case), ["FAIL AssertionError: own"])
        with self.assertRaisesRegex(StopIteration, "done"):
            handed.pop().send(None)

    def test_that_has_begun(self) -> None:
        """A coroutine that has begun was not forgotten."""

        class Case(AsyncTrioTestCase):
            async def work(self) -> None:
                await trio.lowlevel.checkpoint()

            async def test(self) -> None:
                held = self.work()
                held.send(None)
                self.fail("own")

        self.assertEqual(told(Case), ["FAIL AssertionError: own"])

    def test_proxies(self) -> None:
        """A local variable that does not want to be looked at is not."""

        class Lazy:
            @property  # type: ignore[misc]
            def __class__(self) -> type:
                raise NotImplementedError

        class Case(AsyncTrioTestCase):
            async def test(self) -> None:
                lazy = Lazy()
                self.fail(f"own{lazy and ''}")

        self.assertEqual(told(Case), ["FAIL AssertionError: own"])

    def test_that_a_teardown_awaits(self) -> None:
        """What a teardown or a cleanup still awaits was awaited."""

        class Case(AsyncTrioTestCase):
            async def work(self) -> None:
                await trio.lowlevel.checkpoint()

            async def test(self) -> None:
                self.later = held = self.work()
                self.fail(f"{held}"[:10])

            async def asyncTearDown(self) -> None:
                await self.later

        self.assertEqual(told(Case), ["FAIL AssertionError: <coroutine"])

    def test_in_a_skipped_test(self) -> None:
        """A test that skips itself afterwards is an ERROR all the same."""

        class Case(Inner):
            async def test(self) -> None:
                self.work()
                self.skipTest("why not")

        skip, unawaited = sorted(told(Case), reverse=True)
        self.assertEqual(skip, "skip why not")
        self.assertIn("'Inner.work' was never awaited", unawaited)

    def test_is_never_expected(self) -> None:
        """A test that is expected to fail is not meant to fail by that."""

        class Case(Inner):
            @unittest.expectedFailure
            async def test(self) -> None:
                self.work()

            @unittest.expectedFailure
            async def test_failing(self) -> None:
                self.work()
                self.fail("as expected")

        self.check(Case, never_awaited("test"))
        self.assertEqual(told(Case, "test_failing")[0][:5], "ERROR")

    def test_in_a_subtest(self) -> None:
        """In a subtest it is the test's."""

        class Case(Inner):
            async def test(self) -> None:
                with self.subTest(i=1):
                    self.work()

        self.check(Case, never_awaited("test"))

    def test_in_setup_ends_nothing(self) -> None:
        """It cancels nothing: the test runs, and so do its teardown and cleanups."""
        events: list[str] = []

        class Case(Inner):
            async def asyncSetUp(self) -> None:
                self.work()
                self.addCleanup(events.append, "cleanup")

            async def test(self) -> None:
                events.append("test")

            def tearDown(self) -> None:
                events.append("tearDown")

        self.check(Case, never_awaited("asyncSetUp"))
        self.assertEqual(events, ["test", "tearDown", "cleanup"])

    def test_what_is_closed(self) -> None:
        """A coroutine that was closed, or awaited, is no concern."""

        class Case(Inner):
            async def helper(self) -> None:
                await trio.lowlevel.checkpoint()

            async def test(self) -> None:
                self.work().close()
                await self.helper()
                with self.assertRaises(TypeError):
                    self.nursery.start_soon(self.helper())

        self.assertEqual(told(Case), ["pass"])

    def test_failfast(self) -> None:
        """failfast stops after it, as after any error."""

        class Case(Inner):
            async def test(self) -> None:
                self.work()

        self.assertTrue(run(Case, failfast=True).shouldStop)

    def test_foreign_thread(self) -> None:
        """A thread that the test started is watched, too."""

        class Case(Inner):
            async def test(self) -> None:
                thread = threading.Thread(target=lambda: self.work() and None)
                thread.start()
                await trio.to_thread.run_sync(thread.join)

        self.assertIn("'Inner.work' was never awaited", told(Case)[0])

    def test_ctrl_c_while_it_is_noted(self) -> None:
        """Ctrl-C while a coroutine is noted is not lost, and neither is the coroutine."""

        class Case(Inner):
            async def test(self) -> None:
                with mock.patch(
                    "triocase._unawaited.is_library",
                    lambda frame: signal.raise_signal(signal.SIGINT),
                ):
                    self.work()
                await trio.sleep(1)

        result = Recorder()
        with self.assertRaises(KeyboardInterrupt):
            Case("test").run(result)
        if sys.version_info >= (3, 11):  # 3.10 does not tell the result after Ctrl-C
            (verdict,) = result.told
            self.assertIn("'Inner.work' was never awaited", verdict)

    @unittest.skipIf(sys.version_info < (3, 11), "3.10 tells the result after the test")
    def test_that_a_result_holds(self) -> None:
        """What is dropped as the last errors are told is found, too."""
        held: list[Any] = []

        class Result(Recorder):
            def addError(self, test: Any, err: Any) -> None:
                super().addError(test, err)
                held.clear()

        class Case(Inner):
            async def test(self) -> None:
                held.append(self.work())
                trio.CancelScope().__enter__()

        result = Result()
        Case("test").run(result)
        left, unawaited = result.told
        self.assertIn("The method of", left)
        self.assertIn("'Inner.work' was never awaited", unawaited)

    def test_in_setup_in_debug(self) -> None:
        """In debug(), it ends the test, as any error does."""
        events: list[str] = []

        class Case(Inner):
            async def asyncSetUp(self) -> None:
                self.work()
                self.addCleanup(events.append, "cleanup")

            async def test(self) -> None:
                events.append("test")  # never

            def tearDown(self) -> None:
                events.append("tearDown")  # never

        self.assertIsInstance(debug_error(Case), RuntimeWarning)
        self.assertEqual(events, ["cleanup"])

    def test_errors_in_a_circle(self) -> None:
        """Errors that are each other's cause are looked at once."""

        class Case(Inner):
            async def test(self) -> None:
                one, other = ValueError("one"), KeyError("other")
                one.__cause__, other.__cause__ = other, one
                raise one

        self.assertIn("ERROR ValueError: one", told(Case)[0])

    def test_dropped_by_ours(self) -> None:
        """A sync test's local is dropped in a frame of ours, which is not shown."""

        class Case(Inner):
            def test(self) -> None:
                held = self.work()
                self.assertTrue(held)

        self.assertNotIn("dropped", report(Case))

    def test_goes_at_once(self) -> None:
        """What a forgotten coroutine holds goes with it, without the collector."""
        watched: list[weakref.ref[Any]] = []

        class Thing:
            pass

        class Case(AsyncTrioTestCase):
            async def work(self, thing: Thing) -> None:
                raise NotImplementedError

            async def test(self) -> None:
                thing = Thing()
                watched.append(weakref.ref(thing))
                self.work(thing)
                del thing
                self.assertIsNone(watched[0]())

        self.addCleanup(gc.enable)
        gc.disable()
        (verdict,) = told(Case)
        self.assertIn("Case.work' was never awaited", verdict)


class TestLeftBehind(UnawaitedTestCase):
    """What is put back, and what is not touched."""

    def state(self) -> list[object]:
        return [
            vars(warnings)["_warn_unawaited_coroutine"],
            sys.get_coroutine_origin_tracking_depth(),
            sys.unraisablehook,
            warnings.showwarning,
            list(warnings.filters),
        ]

    def test_everything_is_put_back(self) -> None:
        """After tests that pass, fail, are refused, and are interrupted."""

        class Case(Inner):
            async def test_pass(self) -> None:
                pass

            async def test_unawaited(self) -> None:
                self.work()

            async def test_fail(self) -> None:
                self.fail()

            async def test_nested(self) -> None:
                Case("test_pass").debug()

            async def test_interrupt(self) -> None:
                raise KeyboardInterrupt

            async def test_lost(self) -> None:
                raise NotImplementedError

            def runTrio(self, async_fn: Any, **kwargs: Any) -> None:
                if self.id().endswith("lost"):
                    return
                trio.run(async_fn, **kwargs)

        before = self.state()
        for name in [name for name in dir(Case) if name.startswith("test_")]:
            with self.subTest(name):
                case = Case(name)
                for start in [lambda case=case: case.run(Recorder()), case.debug]:
                    try:
                        start()
                    except BaseException as error:
                        self.assertNotIn("pass", name, error)
                    self.assertEqual(self.state(), before)

    def test_during_the_test(self) -> None:
        """Filters, showwarning and unraisablehook stay what they are."""
        before = self.state()[2:]

        class Case(Inner):
            async def test(inner) -> None:
                inner.assertEqual(self.state()[2:], before)

        self.assertEqual(told(Case), ["pass"])

    def test_what_the_test_sets(self) -> None:
        """A tracking depth that user code sets is respected, and stays."""

        class Case(Inner):
            async def asyncSetUp(self) -> None:
                sys.set_coroutine_origin_tracking_depth(7)

            async def test(self) -> None:
                self.assertEqual(sys.get_coroutine_origin_tracking_depth(), 7)

        self.addCleanup(sys.set_coroutine_origin_tracking_depth, 0)
        self.assertEqual(told(Case), ["pass"])
        self.assertEqual(sys.get_coroutine_origin_tracking_depth(), 7)

    def test_what_the_test_patches(self) -> None:
        """A hook over ours is left alone, and what it passes on reaches Python's."""
        ours: list[Callable[[Any], None]] = []

        class Case(Inner):
            async def test(self) -> None:
                ours.append(vars(warnings)["_warn_unawaited_coroutine"])
                vars(warnings)["_warn_unawaited_coroutine"] = theirs

        def theirs(coroutine: Any) -> None:
            ours[0](coroutine)

        before = self.state()
        self.addCleanup(
            vars(warnings).__setitem__, "_warn_unawaited_coroutine", before[0]
        )
        self.assertEqual(told(Case), ["pass"])
        self.assertIs(vars(warnings)["_warn_unawaited_coroutine"], theirs)
        with self.assertWarnsRegex(RuntimeWarning, "'work' was never awaited"):
            work()
        # and the next test is still watched
        self.assertEqual(told(Case), ["pass"])

        class Next(Inner):
            async def test(self) -> None:
                self.work()

        self.assertIn("never awaited", told(Next)[0])
        self.assertIs(vars(warnings)["_warn_unawaited_coroutine"], theirs)

    def test_between_tests(self) -> None:
        """Between tests Python warns as ever."""

        class Case(Inner):
            async def test(self) -> None:
                pass

        self.assertEqual(told(Case), ["pass"])
        with self.assertWarnsRegex(RuntimeWarning, "'work' was never awaited"):
            work()

    def test_several_threads(self) -> None:
        """Each of the tests that run at once gets its own, and the hook goes at last."""
        barrier = threading.Barrier(2)
        before = self.state()

        class Case(Inner):
            async def first(self) -> None:
                raise NotImplementedError

            async def second(self) -> None:
                raise NotImplementedError

            async def test_first(self) -> None:
                barrier.wait(10)
                self.first()
                barrier.wait(10)

            async def test_second(self) -> None:
                barrier.wait(10)
                self.second()
                barrier.wait(10)

        found: dict[str, list[str]] = {}
        threads = [
            threading.Thread(target=lambda n=name: found.update({n: told(Case, n)}))
            for name in ["test_first", "test_second"]
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        self.assertEqual([len(verdicts) for verdicts in found.values()], [1, 1])
        self.assertIn("first' was never awaited", found["test_first"][0])
        self.assertIn("second' was never awaited", found["test_second"][0])
        self.assertEqual(self.state(), before)

    def test_threads_beside_several_tests(self) -> None:
        """A worker thread belongs to its test; of other threads Python warns."""
        barrier = threading.Barrier(3)

        class Case(Inner):
            async def test_clean(self) -> None:
                barrier.wait(10)
                barrier.wait(10)

            async def test_worker(self) -> None:
                barrier.wait(10)
                await trio.to_thread.run_sync(lambda: self.work() and None)
                barrier.wait(10)

        found: dict[str, list[str]] = {}
        threads = [
            threading.Thread(target=lambda n=name: found.update({n: told(Case, n)}))
            for name in ["test_clean", "test_worker"]
        ]
        for thread in threads:
            thread.start()
        barrier.wait(10)
        with self.assertWarnsRegex(RuntimeWarning, "'work' was never awaited"):
            work()
        barrier.wait(10)
        for thread in threads:
            thread.join(10)
        self.assertEqual(found["test_clean"], ["pass"])
        (verdict,) = found["test_worker"]
        self.assertIn("'Inner.work' was never awaited", verdict)

    def test_thread_that_outlives_its_test(self) -> None:
        """What a thread drops when its test is over is Python's to warn of."""
        contexts: list[contextvars.Context] = []

        class Case(Inner):
            async def test(self) -> None:
                contexts.append(contextvars.copy_context())

        self.assertEqual(told(Case), ["pass"])
        with self.assertWarnsRegex(RuntimeWarning, "'work' was never awaited"):
            contexts[0].run(lambda: work() and None)

    def test_beside_a_test_that_ends(self) -> None:
        """A test that ends takes the watch from no other that still runs."""

        class Case(Inner):
            async def test_pass(self) -> None:
                pass

            async def test(self) -> None:
                await trio.to_thread.run_sync(Case("test_pass").debug)
                self.work()

        self.check(Case, never_awaited("test"))

    def test_context(self) -> None:
        """The context of whoever runs the test is as it was."""

        class Case(Inner):
            async def test(self) -> None:
                self.work()

        before = dict(contextvars.copy_context())
        told(Case)
        debug_error(Case)
        self.assertEqual(dict(contextvars.copy_context()), before)

    def test_depth_of_one(self) -> None:
        """A tracking depth of 1 that was there before stays."""

        class Case(Inner):
            async def test(self) -> None:
                self.work()

        self.addCleanup(sys.set_coroutine_origin_tracking_depth, 0)
        sys.set_coroutine_origin_tracking_depth(1)
        self.check(Case, never_awaited("test"))
        self.assertEqual(sys.get_coroutine_origin_tracking_depth(), 1)

    def test_depth_beside_another_thread(self) -> None:
        """A run in another thread does not change the depth of this one."""

        class Case(Inner):
            def runTrio(self, async_fn: Any, **kwargs: Any) -> None:
                def in_thread() -> None:
                    trio.run(async_fn, **kwargs)

                thread = threading.Thread(target=in_thread)
                thread.start()
                thread.join()

            async def test(self) -> None:
                pass

        self.addCleanup(sys.set_coroutine_origin_tracking_depth, 0)
        sys.set_coroutine_origin_tracking_depth(1)
        self.assertEqual(told(Case), ["pass"])
        self.assertEqual(sys.get_coroutine_origin_tracking_depth(), 1)

    def test_depth_after_a_run_that_dies(self) -> None:
        """Where Trio itself dies, and with it the test's task, the depth is put back."""
        code, output = Process(
            """
            import sys
            from unittest import TestResult

            import trio
            from triocase import AsyncTrioTestCase

            class Test(AsyncTrioTestCase):
                async def test(self):
                    def abort(raise_cancel):
                        raise KeyError("in the run loop")

                    with trio.CancelScope() as scope:
                        scope.cancel()
                        await trio.lowlevel.wait_task_rescheduled(abort)

            class Result(TestResult):
                def addError(self, test, err):
                    held.append(err)

            held = []
            Test("test").run(Result())
            print([kind.__name__ for kind, _, _ in held])
            print("depth", sys.get_coroutine_origin_tracking_depth())
            """,
            "test_it.py",
        ).finish()
        self.assertEqual(code, 0, output)
        self.assertIn("['TrioInternalError']\ndepth 0\n", output)

    def test_interrupted_at_the_start(self) -> None:
        """Ctrl-C before the watch has begun is raised, and nothing is left behind."""

        class Case(Inner):
            async def test(self) -> None:
                raise NotImplementedError

        before = dict(contextvars.copy_context()), vars(warnings).copy()
        with mock.patch("triocase._unawaited._lock") as lock:
            lock.__enter__.side_effect = [KeyboardInterrupt, None]
            self.assertIs(type(debug_error(Case)), KeyboardInterrupt)
        self.assertEqual((dict(contextvars.copy_context()), vars(warnings)), before)

    def test_lock(self) -> None:
        """Tests that begin or end in several threads at once take turns."""
        running, may_end = threading.Event(), threading.Event()

        class Case(Inner):
            async def test(self) -> None:
                running.set()
                may_end.wait(10)

        thread = threading.Thread(target=lambda: told(Case))
        with unawaited._lock:
            thread.start()
            self.assertFalse(running.wait(0.1))
        self.assertTrue(running.wait(10))
        with unawaited._lock:
            may_end.set()
            thread.join(0.1)
            self.assertTrue(thread.is_alive())
        thread.join(10)
        self.assertFalse(thread.is_alive())

    def test_context_of_another_test(self) -> None:
        """What a context of an earlier test drops is found in the one that runs."""
        contexts: list[contextvars.Context] = []

        class Case(Inner):
            async def test_first(self) -> None:
                contexts.append(contextvars.copy_context())

            async def test(self) -> None:
                contexts[0].run(lambda: self.work() and None)

        self.assertEqual(told(Case, "test_first"), ["pass"])
        self.check(
            Case,
            never_awaited("<lambda>", "contexts[0].run(lambda: self.work() and None)"),
        )

    def test_of_an_earlier_test_between(self) -> None:
        """Nor does it get lost where somebody has kept our hook."""
        contexts: list[contextvars.Context] = []
        ours: list[Any] = []

        class Case(Inner):
            async def test(self) -> None:
                contexts.append(contextvars.copy_context())
                ours.append(vars(warnings)["_warn_unawaited_coroutine"])

        self.assertEqual(told(Case), ["pass"])
        with mock.patch.object(warnings, "_warn_unawaited_coroutine", ours[0]):
            with self.assertWarnsRegex(RuntimeWarning, "'work' was never awaited"):
                contexts[0].run(lambda: work() and None)

    def test_what_the_test_patches_twice(self) -> None:
        """A hook over ours that passes on to ours reaches Python's, once."""
        ours: list[Any] = []

        def theirs(coroutine: Any) -> None:
            ours[0](coroutine)

        class Case(Inner):
            async def test(self) -> None:
                ours.append(vars(warnings)["_warn_unawaited_coroutine"])
                vars(warnings)["_warn_unawaited_coroutine"] = theirs

        name = "_warn_unawaited_coroutine"
        self.addCleanup(vars(warnings).__setitem__, name, vars(warnings)[name])
        for _ in range(2):
            self.assertEqual(told(Case), ["pass"])
            with self.assertWarnsRegex(RuntimeWarning, "'work' was never awaited"):
                work()

    def test_result_that_breaks(self) -> None:
        """A result that raises leaves nothing behind."""

        class Result(Recorder):
            def addError(self, test: Any, err: Any) -> None:
                raise ZeroDivisionError

        class Case(Inner):
            async def test(self) -> None:
                self.work()

        before = dict(contextvars.copy_context()), vars(warnings).copy()
        with contextlib.suppress(ZeroDivisionError):  # 3.10 tells it later
            Case("test").run(Result())
        self.assertEqual((dict(contextvars.copy_context()), vars(warnings)), before)

    def test_run_in_another_thread(self) -> None:
        """A run in another thread leaves that thread as it was."""
        depths: list[int] = []

        class Case(Inner):
            def runTrio(self, async_fn: Any, **kwargs: Any) -> None:
                def in_thread() -> None:
                    trio.run(async_fn, **kwargs)
                    depths.append(sys.get_coroutine_origin_tracking_depth())

                thread = threading.Thread(target=in_thread)
                thread.start()
                thread.join()

            async def test(self) -> None:
                self.nursery.start_soon(trio.sleep_forever)
                self.work()

        self.check(Case, never_awaited("test"))
        self.assertEqual(depths, [0])


SOURCE = """
import sys, unittest, warnings
from triocase import AsyncTrioTestCase

class Noisy:
    def __del__(self):
        raise ValueError("from __del__")

def old():
    warnings.warn("old", DeprecationWarning, stacklevel=2)

class TestIt(AsyncTrioTestCase):
    async def work(self):
        pass

    async def test_unawaited(self):
        self.work()

    async def test_unraisable(self):
        Noisy()

    async def test_warning_1(self):
        old()

    async def test_warning_2(self):
        for _ in range(3):
            old()
"""
FILTERS = ["ignore", "default", "error", "always"]


class TestFilters(unittest.TestCase):
    """In processes of their own, under both runners, with each filter."""

    def run_it(self, source: str, filter: str, runner: tuple[str, ...]) -> str:
        _, output = Process(source, "-W", filter, *runner).finish()
        return output

    def test_unawaited_fails_under_every_filter(self) -> None:
        """Under unittest and pytest, with -W ignore, default, error and always."""
        for filter in FILTERS:
            for runner in [UNITTEST, PYTEST]:
                with self.subTest(filter=filter, runner=runner[1]):
                    output = self.run_it(SOURCE, filter, runner)
                    verdict = (
                        r"test_unawaited \(.*ERROR"
                        if runner is UNITTEST
                        else r"test_unawaited FAILED"
                    )
                    self.assertRegex(output, verdict)
                    self.assertIn("coroutine 'TestIt.work' was never awaited", output)
                    self.assertRegex(output, r'test_it.py(", line |:)17')
                    self.assertRegex(output, r"(?m)^ +self.work\(\)$")

    def test_the_rest_is_as_without(self) -> None:
        """Other warnings and unraisable exceptions come as often as from a TestCase."""
        plain = (
            SOURCE.replace("from triocase import AsyncTrioTestCase", "")
            .replace("AsyncTrioTestCase", "unittest.TestCase")
            .replace("async def test", "def test")
        )
        plain = plain.replace("        self.work()\n", "        pass\n")
        for filter in FILTERS:
            for runner in [UNITTEST, (*PYTEST, "-W", filter)]:
                with self.subTest(filter=filter, runner=runner[1]):
                    ours = self.run_it(SOURCE, filter, runner)
                    theirs = self.run_it(plain, filter, runner)
                    for text in [
                        "DeprecationWarning: old",
                        "from __del__",
                        "Unraisable",
                    ]:
                        self.assertEqual(ours.count(text), theirs.count(text), text)
