"""What does not fit to ``@shared_run`` is refused with an error that says what does."""

from __future__ import annotations

import contextlib
import functools
import threading
import unittest
from collections.abc import AsyncIterator
from typing import Any

import trio

from triocase import (
    AsyncTrioTestCase,
    _open_runs,
    autojump_clock,
    mock_clock,
    real_clock,
    shared_run,
    time_limit,
)

from .classes import ClassRecorder, run_classes, suite_of, told_of
from .harness import debug_error, told


def is_open(of: Any) -> bool:
    """Return whether a class, or a test of it, has its nursery open."""
    try:
        return of.class_nursery.start_soon is not None
    except AttributeError:
        return False


class TestDecorator(unittest.TestCase):
    maxDiff = None

    def test_on_something_else(self) -> None:
        """It decorates classes, and nothing else."""

        async def method(self: Any) -> None:
            raise NotImplementedError

        for wrong in (method, 3, None, "class", classmethod(method)):
            for decorator in (shared_run, shared_run()):
                with self.assertRaises(TypeError) as caught:
                    decorator(wrong)  # type: ignore[arg-type,type-var]
                self.assertEqual(
                    str(caught.exception),
                    f"shared_run decorates a class, not {wrong!r}. Write "
                    f"`@shared_run` above `class`: all tests of a class share one Trio "
                    f"run, or none do.",
                )

    def test_clock_of_a_method(self) -> None:
        """A test cannot have a clock of its own; the others of its class run."""

        @shared_run
        class Inner(AsyncTrioTestCase):
            @autojump_clock
            async def test_autojump(self) -> None:
                raise NotImplementedError

            @mock_clock(rate=2)
            def test_mock(self) -> None:
                raise NotImplementedError

            @real_clock
            async def test_real(self) -> None:
                raise NotImplementedError

            async def test_without(self) -> None:
                await trio.lowlevel.checkpoint()

        cls = Inner.__qualname__
        self.assertEqual(
            told_of(Inner),
            [
                *(
                    f"test_{name}: ERROR TypeError: {__name__}.{cls}.test_{name} has a "
                    f"clock of its own, @{name}_clock, but shares its Trio run with "
                    f"all tests of {cls}, because of @shared_run. Write @{name}_clock "
                    f"above the class, or move the test to another class."
                    for name in ("autojump", "mock", "real")
                ),
                "test_without: pass",
            ],
        )

    def test_two_clocks(self) -> None:
        """Two clocks on the class are refused as ever."""

        @mock_clock
        @autojump_clock
        @shared_run
        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                raise NotImplementedError

        (text,) = told_of(Inner)
        self.assertIn(
            f"{Inner.__qualname__} has more than one clock: @mock_clock and "
            f"@autojump_clock. Keep one.",
            text,
        )

    def test_run_trio(self) -> None:
        """Overriding `runTrio` beside it is refused, also by a parent or subclass."""

        class Plain(AsyncTrioTestCase):
            def runTrio(self, *args: Any, **kwargs: Any) -> object:
                raise NotImplementedError

            async def test(self) -> None:
                raise NotImplementedError

        @shared_run
        class Shared(AsyncTrioTestCase):
            pass

        @shared_run
        class Below(Plain):
            pass

        class Above(Shared):
            runTrio = Plain.runTrio
            test = Plain.test

        for case in (Below, Above):
            message = (
                f"{case.__qualname__} overrides runTrio, which opens a run for each "
                f"test, and is decorated with @shared_run, for which triocase opens "
                f"one run itself. Keep one of the two."
            )
            self.assertEqual(told_of(case), [f"test: ERROR TypeError: {message}"])
            self.assertEqual(told(case), [f"ERROR TypeError: {message}"])
            self.assertEqual(str(debug_error(case)), message)


class TestHooks(unittest.TestCase):
    """``asyncSetUpClass`` and its kin, written in a way that would have no effect."""

    maxDiff = None

    def check(self, case: type[AsyncTrioTestCase], message: str) -> None:
        """Compare what each test of a class is told, in a suite, alone, in debug()."""
        self.assertEqual(told_of(case), [f"test: ERROR TypeError: {message}"])
        self.assertEqual(told(case), [f"ERROR TypeError: {message}"])
        self.assertEqual(str(debug_error(case)), message)
        self.assertEqual(_open_runs.open_runs, {})

    def make(self, decorate: Any, **members: Any) -> type[AsyncTrioTestCase]:
        """Return a class with a test, and with these members."""

        async def test(self: Any) -> None:
            raise NotImplementedError

        inner = type("Inner", (AsyncTrioTestCase,), {**members, "test": test})
        return decorate(inner)  # type: ignore[no-any-return]

    def test_without_the_decorator(self) -> None:
        """In a class without `@shared_run` they would never be called."""

        async def hook(cls: Any) -> None:
            raise NotImplementedError

        for name in ("asyncSetUpClass", "asyncTearDownClass"):
            for kind in (classmethod, staticmethod, lambda function: function):
                self.check(
                    self.make(lambda cls: cls, **{name: kind(hook)}),
                    f"Inner.{name} belongs to a Trio run that the tests of a class "
                    f"share, and those of Inner have one each: it would never be "
                    f"called. Write `@shared_run` above the class.",
                )

    def test_no_classmethod(self) -> None:
        """They are classmethods."""

        async def hook(cls: Any) -> None:
            raise NotImplementedError

        for name in ("asyncSetUpClass", "asyncTearDownClass"):
            for kind in (staticmethod, lambda function: function):
                self.check(
                    self.make(shared_run, **{name: kind(hook)}),
                    f"Inner.{name} is no classmethod. Write `@classmethod` above "
                    f"`async def {name}(cls)`.",
                )

    def test_sync(self) -> None:
        """They are async: a sync one is an error where it is called."""

        def hook(cls: Any) -> int:
            return 3

        for name, sync in {
            "asyncSetUpClass": "setUpClass",
            "asyncTearDownClass": "tearDownClass",
        }.items():

            @shared_run
            class Inner(AsyncTrioTestCase):
                async def test(self) -> None:
                    await trio.lowlevel.checkpoint()

            setattr(Inner, name, classmethod(hook))
            self.assertEqual(
                [line for line in told_of(Inner) if line != "test: pass"],
                [
                    f"{sync} (Inner): ERROR TypeError: {Inner.__qualname__}.{name} is "
                    f"not async: it returned 3, which cannot be awaited. Write `async "
                    f"def {name}(cls)`, or name the sync method `{sync}`."
                ],
            )

    def test_generator(self) -> None:
        """One that contains `yield` is told what to write instead."""

        @shared_run
        class Inner(AsyncTrioTestCase):
            @classmethod
            async def asyncSetUpClass(cls) -> AsyncIterator[None]:  # type: ignore[override]
                raise NotImplementedError
                yield

            async def test(self) -> None:
                raise NotImplementedError

        (text,) = told_of(Inner)
        self.assertIn(
            f"setUpClass (Inner): ERROR TypeError: {Inner.__qualname__}."
            f"asyncSetUpClass is an async generator: it contains `yield`, so calling "
            f"it ran nothing.",
            text,
        )
        self.assertNotIn("self.", text)

    def test_async_hooks_of_unittest(self) -> None:
        """An async `setUpClass` is told its twin."""

        async def hook(cls: Any) -> None:
            raise NotImplementedError

        for name in ("setUpClass", "tearDownClass"):
            case = self.make(shared_run, **{name: classmethod(hook)})
            message = (
                f"Inner.{name} is async, but unittest calls it without awaiting it, so "
                f"it never ran. Write `async def async{name[0].upper()}{name[1:]}(cls)` "
                f"instead."
            )
            self.assertEqual(str(debug_error(case)), message)
            self.assertEqual(told(case), [f"ERROR TypeError: {message}"])

    def test_forgotten_super(self) -> None:
        """A `setUpClass` or `tearDownClass` that forgets `super()` is refused."""

        def hook(cls: Any) -> None:
            """Do something else."""

        for name in ("setUpClass", "tearDownClass"):
            self.check(
                self.make(shared_run, **{name: classmethod(hook)}),
                f"Inner.{name} does not call that of its parent, so the Trio run of "
                f"Inner is not opened and closed. Write `super().{name}()` in it.",
            )

    def test_forgotten_super_of_a_parent(self) -> None:
        """The error names the class that forgets it, a mixin too, and whose run it is."""

        class Mixin:
            @classmethod
            def setUpClass(cls) -> None:
                """Do something else."""

        @shared_run
        class Parent(AsyncTrioTestCase):
            @classmethod
            def setUpClass(cls) -> None:
                super().setUpClass()  # never

        class Inner(Mixin, Parent):
            async def test(self) -> None:
                raise NotImplementedError

        self.check(
            Inner,
            f"{Mixin.__qualname__}.setUpClass does not call that of its parent, so the "
            f"Trio run of {Inner.__qualname__} is not opened and closed. Write "
            f"`super().setUpClass()` in it.",
        )

    def test_super_in_other_words(self) -> None:
        """By another name, in a nested function, below a decorator: all that is fine."""

        def by_name(cls: Any) -> None:
            AsyncTrioTestCase.setUpClass.__func__(cls)  # type: ignore[attr-defined]

        def nested(cls: Any) -> None:
            def call() -> None:
                super(cls, cls).setUpClass()

            call()

        @functools.wraps(by_name)
        def decorated(cls: Any) -> None:
            by_name(cls)

        for function in (by_name, nested, decorated):

            @shared_run
            class Inner(AsyncTrioTestCase):
                setUpClass = classmethod(function)  # type: ignore[assignment]

                async def test(self) -> None:
                    self.assertIsInstance(self.class_nursery, trio.Nursery)

            self.assertEqual(told_of(Inner), ["test: pass"])

    def test_options_of_hooks(self) -> None:
        """A decorator of ours on a hook has no effect there, and is refused."""
        for name in ("asyncSetUpClass", "asyncTearDownClass"):

            @time_limit(5)
            async def hook(cls: Any) -> None:
                raise NotImplementedError

            case = self.make(shared_run, **{name: classmethod(hook)})
            self.check(
                case,
                f"@time_limit stands above Inner.{name}, where it has no effect: it "
                f"goes for a test from its setup to the last cleanup. Write it above "
                f"the test method or the class.",
            )


class TestOutside(unittest.TestCase):
    """What belongs to the run of a class, where there is none."""

    maxDiff = None

    def setUp(self) -> None:
        class Plain(AsyncTrioTestCase):
            test: Any

        @shared_run
        class Shared(AsyncTrioTestCase):
            async def test(self) -> None:
                self.assertIsInstance(self.class_nursery, trio.Nursery)

        self.plain, self.shared = Plain, Shared

    def no_run(self, what: str) -> str:
        cls = self.plain.__qualname__
        return (
            f"{cls}.{what} belongs to a Trio run that the tests of a class share, and "
            f"those of {cls} have one each. Write `@shared_run` above the class."
        )

    def not_open(self, what: str) -> str:
        return (
            f"{self.shared.__qualname__}.{what} works only while the Trio run of the "
            f"class is open, from its class fixtures to its last class cleanup: use it "
            f"in asyncSetUpClass, in a test, or in asyncTearDownClass."
        )

    def test_nursery(self) -> None:
        """`class_nursery` is an AttributeError that says where it works."""
        for case, message in [
            (self.plain, self.no_run("class_nursery")),
            (self.shared, self.not_open("class_nursery")),
        ]:
            self.assertFalse(hasattr(case(), "class_nursery"))
            for of in (case, case()):
                self.assertFalse(is_open(of))
                with self.assertRaises(AttributeError) as caught:
                    of.class_nursery.start_soon(trio.sleep, 0)
                self.assertEqual(str(caught.exception), message)
        self.assertEqual(told_of(self.shared), ["test: pass"])
        self.assertFalse(is_open(self.shared))

    def test_nursery_in_a_plain_test(self) -> None:
        """So it is in a test of a class that shares no run."""

        async def test(self: Any) -> None:
            self.class_nursery.start_soon(trio.sleep, 0)

        self.plain.test = test
        self.assertEqual(
            told(self.plain),
            [f"ERROR AttributeError: {self.no_run('class_nursery')}"],
        )

    def test_run_of_a_relative(self) -> None:
        """The run of a class is not that of its parent, nor that of a subclass."""
        outer = self.shared

        class Below(outer):  # type: ignore[misc,valid-type]
            async def test(self) -> None:
                self.assertTrue(is_open(Below))
                self.assertFalse(is_open(outer))

        async def test(self: Any) -> None:
            self.assertTrue(is_open(outer))
            self.assertFalse(is_open(Below))

        outer.test = test
        self.assertEqual(told_of(Below, outer), ["test: pass"] * 2)

    def test_async_cleanup(self) -> None:
        """`addAsyncClassCleanup` likewise."""
        for case, error, message in [
            (self.plain, TypeError, self.no_run("addAsyncClassCleanup()")),
            (self.shared, RuntimeError, self.not_open("addAsyncClassCleanup()")),
        ]:
            with self.assertRaises(error) as caught:
                case.addAsyncClassCleanup(trio.sleep, 0)
            self.assertEqual(str(caught.exception), message)

    def test_async_context(self) -> None:
        """`enterAsyncClassContext` likewise."""

        async def enter(case: type[AsyncTrioTestCase]) -> None:
            await case.enterAsyncClassContext(contextlib.nullcontext())

        for case, error, message in [
            (self.plain, TypeError, self.no_run("enterAsyncClassContext()")),
            (self.shared, RuntimeError, self.not_open("enterAsyncClassContext()")),
        ]:
            with self.assertRaises(error) as caught:
                trio.run(enter, case)
            self.assertEqual(str(caught.exception), message)

    def test_async_cleanup_for_unittest(self) -> None:
        """`addClassCleanup` refuses an async function where unittest would drop it."""

        async def close() -> None:
            raise NotImplementedError

        for case in (self.plain, self.shared):
            with self.assertRaises(TypeError) as caught:
                case.addClassCleanup(close)
            self.assertEqual(
                str(caught.exception),
                f"{case.__qualname__}.addClassCleanup() got the async function "
                f"{close.__qualname__}, which unittest would call without awaiting it. "
                f"Write `@shared_run` above the class, and add it in "
                f"`asyncSetUpClass`.",
            )

    def test_hidden_async_cleanup_for_unittest(self) -> None:
        """One that only its call shows to be async is an error of the teardown."""

        async def close() -> None:
            raise NotImplementedError

        hidden = functools.partial(lambda: close())

        class Inner(AsyncTrioTestCase):
            @classmethod
            def setUpClass(cls) -> None:
                super().setUpClass()
                cls.addClassCleanup(hidden)

            async def test(self) -> None:
                await trio.lowlevel.checkpoint()

        self.assertEqual(
            told_of(Inner),
            [
                "test: pass",
                f"tearDownClass (Inner): ERROR TypeError: the class cleanup "
                f"{hidden!r} is async, and unittest calls it without awaiting it. "
                f"Write `@shared_run` above the class, and add it in "
                f"`asyncSetUpClass`.",
            ],
        )

    def test_context_after_the_cleanups(self) -> None:
        """A task of the class cannot enter a context when the cleanups are over."""

        @contextlib.asynccontextmanager
        async def context() -> AsyncIterator[None]:
            raise NotImplementedError
            yield

        @shared_run
        class Inner(AsyncTrioTestCase):
            @classmethod
            async def task(cls) -> None:
                try:
                    await trio.sleep_forever()
                finally:
                    await cls.enterAsyncClassContext(context())

            async def test(self) -> None:
                await trio.lowlevel.checkpoint()
                self.class_nursery.start_soon(self.task)

        self.assertEqual(
            told_of(Inner),
            [
                "test: pass",
                "tearDownClass (Inner): ERROR RuntimeError: the cleanups of this class "
                "are over, so nothing would leave the context. Write `async with` "
                "around the code that needs it.",
            ],
        )

    def test_no_context(self) -> None:
        """What is no async context manager is refused in the name of the method."""

        @shared_run
        class Inner(AsyncTrioTestCase):
            async def test_a_lock(self) -> None:
                await self.enterAsyncClassContext(trio.Lock())

            async def test_b_sync(self) -> None:
                await self.enterAsyncClassContext(Sync())  # type: ignore[arg-type]

            async def test_c_number(self) -> None:
                await self.enterAsyncClassContext(3)  # type: ignore[arg-type]

        class Sync:
            def __enter__(self) -> None:
                raise NotImplementedError

            def __exit__(self, *args: object) -> None:
                raise NotImplementedError

            def __repr__(self) -> str:
                return "<sync>"

        lock, sync, number = told_of(Inner)
        self.assertRegex(
            lock,
            r"^test_a_lock: ERROR TypeError: enterAsyncClassContext\(\) cannot take "
            r"<.* Lock object at .*>: a Lock belongs to the task that acquires it",
        )
        takes = "enterAsyncClassContext() takes an async context manager, not"
        self.assertEqual(
            (sync, number),
            (
                f"test_b_sync: ERROR TypeError: {takes} <sync>. It is a sync context "
                f"manager: write `cls.enterClassContext(...)`.",
                f"test_c_number: ERROR TypeError: {takes} 3. Write `await "
                f"cls.enterAsyncClassContext(cm)` with an object that `async with` "
                f"takes.",
            ),
        )


class TestThread(unittest.TestCase):
    maxDiff = None

    def test_another_thread(self) -> None:
        """A test that runs in another thread than its class fails; the class goes on."""
        events: list[str] = []

        @shared_run
        class Inner(AsyncTrioTestCase):
            async def test_a(self) -> None:
                await trio.lowlevel.checkpoint()
                events.append("test_a")

            async def asyncTearDown(self) -> None:
                await trio.to_thread.run_sync(lambda: None)

            @classmethod
            async def asyncTearDownClass(cls) -> None:
                events.append("torn down")

        elsewhere: list[str] = []
        errors: list[str] = []

        def run_elsewhere() -> None:
            elsewhere.extend(told(Inner, "test_a"))
            with self.assertRaises(RuntimeError) as caught:
                Inner.tearDownClass()
            errors.append(str(caught.exception))

        class Hopping(ClassRecorder):
            def startTest(self, test: Any) -> None:
                super().startTest(test)
                thread = threading.Thread(target=run_elsewhere)
                thread.start()
                thread.join()

        result = Hopping()
        suite_of(Inner).run(result)
        self.assertEqual(result.told, ["test_a: pass"])
        self.assertEqual(events, ["test_a", "torn down"])
        message = (
            f"the Trio run of {Inner.__qualname__} was opened in another thread. Run "
            f"all tests of a class that is decorated with @shared_run in one thread."
        )
        self.assertEqual(elsewhere, [f"ERROR RuntimeError: {message}"])
        self.assertEqual(errors, [message])

    def test_another_thread_while_a_test_runs(self) -> None:
        """So it does while a test runs in the right thread."""
        elsewhere: list[str] = []

        @shared_run
        class Inner(AsyncTrioTestCase):
            async def test_a(self) -> None:
                verdicts = await trio.to_thread.run_sync(told, Inner, "test_b")
                elsewhere.extend(verdicts)

            async def test_b(self) -> None:
                await trio.lowlevel.checkpoint()

        self.assertEqual(run_classes(Inner).told, ["test_a: pass", "test_b: pass"])
        self.assertEqual(
            elsewhere,
            [
                f"ERROR RuntimeError: the Trio run of {Inner.__qualname__} was opened "
                f"in another thread. Run all tests of a class that is decorated with "
                f"@shared_run in one thread."
            ],
        )
