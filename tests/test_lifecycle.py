"""One test, from start to end: the stages, their order, and what ends them early."""

from __future__ import annotations

import contextlib
import contextvars
import functools
import io
import unittest
from unittest import mock

import trio

from triocase import AsyncTrioTestCase

from .harness import Recorder, debug_error, run, told

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")


class Staged(AsyncTrioTestCase):
    """Notes each stage; a stage named in ``failing`` raises."""

    failing: tuple[str, ...] = ()
    error: type[BaseException] = ValueError
    events: list[str] = []

    def note(self, event: str) -> None:
        self.events.append(event)
        trio.current_time()  # every stage is inside the Trio run
        if event in self.failing:
            raise self.error(event)

    def setUp(self) -> None:
        self.addCleanup(self.note, "sync cleanup")
        self.note("setUp")

    async def asyncSetUp(self) -> None:
        self.addAsyncCleanup(self.cleanup)
        await trio.lowlevel.checkpoint()
        self.note("asyncSetUp")

    async def test(self) -> None:
        await trio.lowlevel.checkpoint()
        self.note("test")

    def test_sync(self) -> None:
        self.note("test")

    async def asyncTearDown(self) -> None:
        await trio.lowlevel.checkpoint()
        self.note("asyncTearDown")

    def tearDown(self) -> None:
        self.note("tearDown")

    async def cleanup(self) -> None:
        await trio.lowlevel.checkpoint()
        self.note("async cleanup")


SETUP = ["setUp", "asyncSetUp"]
TEARDOWN = ["asyncTearDown", "tearDown"]
CLEANUPS = ["async cleanup", "sync cleanup"]


def staged(*failing: str, error: type[BaseException] = ValueError) -> type[Staged]:
    namespace = {"failing": failing, "events": [], "error": error}
    return type("Inner", (Staged,), namespace)


class TestStages(unittest.TestCase):
    def test_all_stages_run_in_their_order(self) -> None:
        """A test that passes goes through every stage, in run() and debug()."""
        case = staged()
        self.assertEqual(told(case), ["pass"])
        self.assertEqual(case.events, [*SETUP, "test", *TEARDOWN, *CLEANUPS])
        case.events.clear()
        case("test").debug()
        self.assertEqual(case.events, [*SETUP, "test", *TEARDOWN, *CLEANUPS])

    def test_sync_test_runs_inside_trio(self) -> None:
        """A sync test method has the same stages, inside the run."""
        case = staged()
        self.assertEqual(told(case, "test_sync"), ["pass"])
        self.assertEqual(case.events, [*SETUP, "test", *TEARDOWN, *CLEANUPS])

    def test_error_in_a_stage(self) -> None:
        """unittest's rules say what follows an error in each stage."""
        cases = {
            "setUp": ["setUp", "sync cleanup"],
            "asyncSetUp": [*SETUP, *CLEANUPS],
            "test": [*SETUP, "test", *TEARDOWN, *CLEANUPS],
            "asyncTearDown": [*SETUP, "test", *TEARDOWN, *CLEANUPS],
            "tearDown": [*SETUP, "test", *TEARDOWN, *CLEANUPS],
            "async cleanup": [*SETUP, "test", *TEARDOWN, *CLEANUPS],
            "sync cleanup": [*SETUP, "test", *TEARDOWN, *CLEANUPS],
        }
        for stage, events in cases.items():
            with self.subTest(stage=stage):
                case = staged(stage)
                self.assertEqual(told(case), [f"ERROR ValueError: {stage}"])
                self.assertEqual(case.events, events)

    def test_error_in_a_stage_in_debug(self) -> None:
        """debug() raises the bare error at once; the cleanups still run."""
        cases = {
            "setUp": ["setUp", "sync cleanup"],
            "asyncSetUp": [*SETUP, *CLEANUPS],
            "test": [*SETUP, "test", *CLEANUPS],
            "asyncTearDown": [*SETUP, "test", "asyncTearDown", *CLEANUPS],
            "tearDown": [*SETUP, "test", *TEARDOWN, *CLEANUPS],
            "async cleanup": [*SETUP, "test", *TEARDOWN, *CLEANUPS],
            "sync cleanup": [*SETUP, "test", *TEARDOWN, *CLEANUPS],
        }
        for stage, events in cases.items():
            with self.subTest(stage=stage):
                case = staged(stage)
                error = debug_error(case)
                self.assertEqual(repr(error), f"ValueError({stage!r})")
                self.assertEqual(case.events, events)
                self.assertEqual(getattr(error, "__notes__", []), [])

    def test_skip_in_a_stage(self) -> None:
        """SkipTest skips from any stage; debug() raises it bare."""
        for stage in [*SETUP, "test", *TEARDOWN, *CLEANUPS]:
            with self.subTest(stage=stage):
                case = staged(stage, error=unittest.SkipTest)
                self.assertEqual(told(case), [f"skip {stage}"])
                self.assertIsInstance(debug_error(case), unittest.SkipTest)

    def test_every_error_is_reported(self) -> None:
        """Errors of several stages are each reported, in order."""
        case = staged("test", *TEARDOWN, *CLEANUPS)
        self.assertEqual(
            told(case),
            [f"ERROR ValueError: {e}" for e in ["test", *TEARDOWN, *CLEANUPS]],
        )

    def test_debug_notes_later_errors(self) -> None:
        """debug() raises the first error and tells of later ones in its notes."""
        error = debug_error(staged("test", *CLEANUPS))
        self.assertEqual(
            error.__notes__,
            [
                "also in the same test: ValueError: async cleanup",
                "also in the same test: ValueError: sync cleanup",
            ],
        )

    def test_debug_notes_notes(self) -> None:
        """The notes of a later error are told with it."""

        class Noted(ValueError):
            def __init__(self, text: str) -> None:
                super().__init__(text)
                self.__notes__ = ["a note"]

        error = debug_error(staged("test", "sync cleanup", error=Noted))
        (note,) = (note for note in error.__notes__ if "same test" in note)
        self.assertIn("Noted: sync cleanup", note)
        self.assertTrue(note.endswith("\na note"), note)

    def test_debug_with_a_later_error_that_cannot_be_shown(self) -> None:
        """An exception that fails to show itself does not hide the first one."""

        class Shy(Exception):
            def __str__(self) -> str:
                raise NotImplementedError

            __repr__ = __str__

        error = debug_error(staged("test", "sync cleanup", error=Shy))
        self.assertIsInstance(error, Shy)
        (note,) = error.__notes__
        self.assertIn("Shy: <", note)

    def test_debug_leaves_nothing_open(self) -> None:
        """After a failing debug() the next run is healthy."""
        case = staged("test")
        debug_error(case)
        self.assertEqual(told(staged()), ["pass"])

    def test_one_task_and_one_run(self) -> None:
        """All stages run in one task of one trio.run."""
        seen = []

        class Inner(AsyncTrioTestCase):
            def setUp(self) -> None:
                self.addCleanup(self.look)
                self.look()

            async def asyncSetUp(self) -> None:
                self.look()

            test = tearDown = setUp

            def look(self) -> None:
                seen.append(trio.lowlevel.current_task())

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(len(set(seen)), 1)
        self.assertEqual(len(seen), 7)

    def test_super_chains_work(self) -> None:
        """Mixins may extend the stages with super(), in either direction."""
        events = []

        class Mixin:
            async def asyncSetUp(self) -> None:
                await super().asyncSetUp()  # type: ignore[misc]
                events.append("mixin")

        class Inner(Mixin, AsyncTrioTestCase):
            async def asyncSetUp(self) -> None:
                await super().asyncSetUp()
                events.append("inner")

            async def test(self) -> None:
                pass

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(events, ["mixin", "inner"])


class TestContextVariables(unittest.TestCase):
    def test_seen_by_all_later_stages(self) -> None:
        """A variable set in a stage is seen by the later ones, and by no other test."""
        seen = []

        class Inner(AsyncTrioTestCase):
            def look(self, stage: str) -> None:
                seen.append(variable.get("unset"))
                variable.set(stage)

            def setUp(self) -> None:
                self.addCleanup(self.look, "cleanup")
                self.look("setUp")

            async def asyncSetUp(self) -> None:
                self.look("asyncSetUp")

            async def test(self) -> None:
                self.look("test")

            async def asyncTearDown(self) -> None:
                self.look("asyncTearDown")

            def tearDown(self) -> None:
                self.look("tearDown")

        stages = ["setUp", "asyncSetUp", "test", "asyncTearDown", "tearDown"]
        for _ in range(2):
            seen.clear()
            self.assertEqual(told(Inner), ["pass"])
            self.assertEqual(seen, ["unset", *stages])
        self.assertEqual(variable.get("unset"), "unset")


class TestSkips(unittest.TestCase):
    def test_skipped_tests_start_no_run(self) -> None:
        """A skipped method or class starts no Trio run, in run() and debug()."""

        class Inner(AsyncTrioTestCase):
            def runTrio(self, *args: object, **kwargs: object) -> None:
                raise AssertionError("a run was started")

            @unittest.skip("method")
            async def test(self) -> None:
                raise AssertionError

        @unittest.skip("class")
        class Whole(Inner):
            async def test(self) -> None:
                raise AssertionError

        self.assertEqual(told(Inner), ["skip method"])
        self.assertEqual(told(Whole), ["skip class"])
        self.assertIsInstance(debug_error(Inner), unittest.SkipTest)
        self.assertIsInstance(debug_error(Whole), unittest.SkipTest)


class TestWhatIsAsync(unittest.TestCase):
    """What is async is found by calling and awaiting, not by inspection."""

    def test_wrapped_async_functions_run(self) -> None:
        """Partials, decorated and patched methods and lambdas are awaited."""
        ran = []

        async def body(*args: object) -> None:
            await trio.lowlevel.checkpoint()
            ran.append(len(args))

        class Call:
            async def __call__(self) -> None:
                await body()

        def decorated(self: object) -> object:
            return body(self)

        class Inner(AsyncTrioTestCase):
            test_partial = staticmethod(functools.partial(body, 1, 2))
            test_decorated = decorated
            test_lambda = lambda self: body(self)  # noqa: E731
            test_callable = Call()

            @mock.patch("os.getcwd")
            async def test_patched(self, getcwd: object) -> None:
                await body(self, getcwd)

        for name in unittest.TestLoader().getTestCaseNames(Inner):
            with self.subTest(name):
                ran.clear()
                self.assertEqual(told(Inner, name), ["pass"])
                self.assertEqual(len(ran), 1)

    def test_methods_stay_as_they_are(self) -> None:
        """The class's attributes are the functions that the user wrote."""

        async def test(self: object) -> None:
            pass

        case = type("Inner", (AsyncTrioTestCase,), {"test": test})
        self.assertIs(vars(case)["test"], test)
        self.assertEqual(told(case), ["pass"])
        self.assertIs(vars(case)["test"], test)

    def test_subclass_overrides_a_test(self) -> None:
        """A subclass's failing test is the one that counts."""

        class Parent(AsyncTrioTestCase):
            async def test(self) -> None:
                raise AssertionError("the parent's test ran")

        class Child(Parent):
            async def test(self) -> None:
                self.fail("child")

        self.assertEqual(told(Child), ["FAIL AssertionError: child"])


class TestPatchedClocksAndTrio(unittest.TestCase):
    def test_harness_does_not_notice(self) -> None:
        """Tests may patch the functions of trio and time that the harness needs."""
        targets = ["trio.sleep", "trio.run", "trio.open_nursery", "trio.Event"]
        targets += ["trio.CancelScope", "trio.lowlevel.current_task", "time.monotonic"]

        class Inner(AsyncTrioTestCase):
            async def asyncSetUp(self) -> None:
                for target in targets:
                    self.enterContext(mock.patch(target, side_effect=AssertionError))

            async def test(self) -> None:
                with self.assertRaises(AssertionError):
                    trio.CancelScope()

        self.assertEqual(told(Inner), ["pass"])
        with mock.patch("trio.run", side_effect=AssertionError):
            self.assertEqual(told(Inner), ["pass"])


class TestRunTrio(unittest.TestCase):
    def test_is_called_once_for_a_test(self) -> None:
        """runTrio gets an async function without arguments, a clock, instruments."""
        calls = []

        class Inner(AsyncTrioTestCase):
            def runTrio(self, async_fn, *, clock, instruments):  # type: ignore
                calls.append((clock, list(instruments)))
                trio.run(async_fn, clock=clock, instruments=instruments)

            async def test(self) -> None:
                await trio.lowlevel.checkpoint()

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(calls, [(None, [])])

    def test_override_may_wrap_the_test(self) -> None:
        """An override may run the test inside something else."""

        class Inner(AsyncTrioTestCase):
            def runTrio(self, async_fn, *, clock, instruments):  # type: ignore
                async def around() -> None:
                    async with trio.open_nursery() as nursery:
                        nursery.start_soon(trio.sleep_forever)
                        await async_fn()
                        nursery.cancel_scope.cancel()

                trio.run(around)

            async def test(self) -> None:
                self.nursery.start_soon(trio.sleep_forever)
                await trio.lowlevel.checkpoint()

        self.assertEqual(told(Inner), ["pass"])

    def test_override_may_cancel_the_test(self) -> None:
        """A scope around the whole test cancels it, and that is no pass."""

        class Inner(AsyncTrioTestCase):
            def runTrio(self, async_fn, *, clock, instruments):  # type: ignore
                async def around() -> None:
                    with trio.move_on_after(0.01):
                        await async_fn()

                trio.run(around)

            async def test(self) -> None:
                self.nursery.start_soon(trio.sleep_forever)
                await trio.sleep_forever()

            async def asyncTearDown(self) -> None:
                await trio.lowlevel.checkpoint()

        result = run(Inner)
        self.assertEqual(len(result.told), 1)
        self.assertIn("ERROR RuntimeError: the test was cancelled", result.told[0])

    def test_forgetting_to_run_the_test_is_an_error(self) -> None:
        """An override that never calls the function cannot pass."""

        class Inner(AsyncTrioTestCase):
            def runTrio(self, async_fn, *, clock, instruments):  # type: ignore
                pass

            async def test(self) -> None:
                raise AssertionError

            @unittest.expectedFailure
            async def test_expected(self) -> None:
                raise AssertionError

        message = (
            "ERROR RuntimeError: "
            "TestRunTrio.test_forgetting_to_run_the_test_is_an_error.<locals>.Inner"
            ".runTrio returned before the test had run. Let it call `async_fn` in a "
            "Trio run and return when that has ended."
        )
        self.assertEqual(told(Inner), [message])
        self.assertEqual(told(Inner, "test_expected"), [message])

    def test_error_of_the_host(self) -> None:
        """A host's own RuntimeError is not taken for Trio's complaint."""

        class Inner(AsyncTrioTestCase):
            def runTrio(self, async_fn, *, clock, instruments):  # type: ignore
                async def around() -> None:
                    async with trio.open_nursery() as nursery:
                        nursery.start_soon(async_fn)

                trio.run(around)
                raise RuntimeError("the host's")

            async def test(self) -> None:
                pass

        class LeftOpen(Inner):
            async def asyncSetUp(self) -> None:
                await trio.open_nursery().__aenter__()

        class Swallowing(LeftOpen):
            def runTrio(self, async_fn, *, clock, instruments):  # type: ignore
                with contextlib.suppress(RuntimeError):
                    trio.run(async_fn)
                raise RuntimeError("the host's")

        self.assertEqual(told(Inner), ["ERROR RuntimeError: the host's"])
        (verdict,) = told(LeftOpen)
        self.assertIn("left <trio.Nursery", verdict)
        host, left = told(Swallowing)
        self.assertEqual(host, "ERROR RuntimeError: the host's")
        self.assertIn("left <trio.Nursery", left)

    def test_host_that_has_cancelled_it(self) -> None:
        """A host that cancels a test before it begins gets an ERROR that says so."""

        class Inner(AsyncTrioTestCase):
            def runTrio(self, async_fn, *, clock, instruments):  # type: ignore
                async def around() -> None:
                    with trio.CancelScope() as scope:
                        scope.cancel()
                        await async_fn()

                trio.run(around)

            async def test(self) -> None:
                raise NotImplementedError

        for _ in range(20):  # Trio may run the test's task or the nursery's first
            (verdict,) = told(Inner)
            self.assertTrue(
                verdict.startswith("ERROR RuntimeError: the test was cancelled, and"),
                verdict,
            )

    def test_run_that_dies(self) -> None:
        """What was found before the run died is told, and then what it died of."""

        class Inner(AsyncTrioTestCase):
            def runTrio(self, async_fn, *, clock, instruments):  # type: ignore
                trio.run(async_fn)
                raise KeyError("afterwards")

            @unittest.expectedFailure
            async def test(self) -> None:
                self.fail("expected")

        self.assertEqual(
            told(Inner),
            ["ERROR KeyError: 'afterwards'"],
        )

    def test_trio_internal_error_is_reported(self) -> None:
        """What Trio itself raises is reported, beside what the test raised."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                async def crash() -> None:
                    raise KeyError("system")

                trio.lowlevel.spawn_system_task(crash)
                try:
                    await trio.sleep_forever()
                finally:
                    raise ValueError("body")

        self.assertEqual(
            told(Inner),
            [
                "ERROR ValueError: body",
                "ERROR TrioInternalError: internal error in Trio - please file a bug!",
            ],
        )


class TestNestedUse(unittest.TestCase):
    def test_fails_with_trios_own_error(self) -> None:
        """trio.run inside a test, sync or async, fails and harms nothing."""

        class Inner(AsyncTrioTestCase):
            async def asyncTearDown(self) -> None:
                await trio.lowlevel.checkpoint()

            async def test(self) -> None:
                trio.run(trio.lowlevel.checkpoint)

            def test_sync(self) -> None:
                trio.run(trio.lowlevel.checkpoint)

        for name in ["test", "test_sync"]:
            (verdict,) = told(Inner, name)
            self.assertEqual(
                verdict,
                "ERROR RuntimeError: Attempted to call run() from inside a run()",
            )

    def test_test_inside_a_test(self) -> None:
        """A test run inside another fails; the outer one goes on."""
        inner = Recorder()

        class Outer(AsyncTrioTestCase):
            async def test(self) -> None:
                staged()("test").run(inner)
                await trio.lowlevel.checkpoint()

        self.assertEqual(told(Outer), ["pass"])
        self.assertEqual(
            inner.told,
            ["ERROR RuntimeError: Attempted to call run() from inside a run()"],
        )


class TestExpectedFailure(unittest.TestCase):
    def test_counts_for_the_body_alone(self) -> None:
        """As in unittest, only an error of the test method is an expected failure."""

        class Inner(Staged):
            @unittest.expectedFailure
            async def test(self) -> None:
                await super().test()

        def inner(*failing: str) -> list[str]:
            return told(type("I", (Inner,), {"failing": failing, "events": []}))

        self.assertEqual(inner(), ["unexpected success"])
        self.assertEqual(inner("test"), ["expected ValueError: test"])
        for stage in [*SETUP, *TEARDOWN, *CLEANUPS]:
            with self.subTest(stage=stage):
                self.assertEqual(inner(stage), [f"ERROR ValueError: {stage}"])

    def test_class_decorator(self) -> None:
        """expectedFailure on the class holds for each of its tests."""

        @unittest.expectedFailure
        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                self.fail("expected")

        self.assertEqual(told(Inner), ["expected AssertionError: expected"])


class TestResults(unittest.TestCase):
    def test_run_without_a_result(self) -> None:
        """run() makes a result of its own, and __call__ is run()."""
        result = staged("test")("test").run()
        assert result is not None
        self.assertEqual(len(result.errors), 1)
        result = staged()("test")()
        self.assertTrue(result.wasSuccessful())

    def test_duration_covers_the_whole_test(self) -> None:
        """addDuration, where the Python has it, counts from setup to cleanups."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                self.addAsyncCleanup(trio.sleep, 0.02)

        result = run(Inner)
        for _, elapsed in getattr(result, "collectedDurations", []):
            self.assertGreaterEqual(elapsed, 0.02)

    def test_failfast(self) -> None:
        """failfast stops after an error, also one of a background task."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                self.nursery.start_soon(self.crash)

            async def crash(self) -> None:
                raise ValueError

        self.assertTrue(run(Inner, failfast=True).shouldStop)

    def test_buffer_and_locals(self) -> None:
        """A report holds the locals and what was printed, as unittest's does."""

        class Sync(unittest.TestCase):
            def test(self) -> None:
                treasure = ["found"]
                print("from the body")
                treasure.clear() if self.fail("oh") else None

            def tearDown(self) -> None:
                print("from the teardown")

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                treasure = ["found"]
                print("from the body")
                treasure.clear() if self.fail("oh") else None

            async def asyncTearDown(self) -> None:
                print("from the teardown")

        with contextlib.redirect_stdout(io.StringIO()):
            (text,) = run(Inner, buffer=True, tb_locals=True).texts
            (plain,) = run(Sync, buffer=True, tb_locals=True).texts
        self.assertEqual(text, plain.replace("Sync", "Inner"))
        self.assertIn("treasure = ['found']", text)
        self.assertIn("from the body", text)
