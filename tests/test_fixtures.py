"""Fixtures: set up for every test in their order, torn down in their turn."""

from __future__ import annotations

import abc
import contextlib
import contextvars
import functools
import os
import pydoc
import signal
import sys
import threading
import unittest
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any
from unittest import mock

import trio
import trio.testing

from triocase import _fixture_names, autojump_clock, fixture

from . import harness
from .harness import PYTEST, Process, Recorder, WithEvents, noted, stray_cancelled

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")


def name_of_test(case: type) -> str:
    return "test" if hasattr(case, "test") else "passes"


def run(case: type[unittest.TestCase]) -> Recorder:
    return harness.run(case, name_of_test(case))


def told(case: type[unittest.TestCase]) -> list[str]:
    return run(case).told


def debug_error(case: type[unittest.TestCase]) -> BaseException:
    return harness.debug_error(case, name_of_test(case))


class Noting(WithEvents):
    """A base for inner classes that note what happens; without a test it passes."""

    async def passes(self) -> None:
        self.events.append("test")

    async def wait(self, name: str) -> None:
        try:
            await trio.sleep_forever()
        finally:
            self.events.append(f"{name} cancelled")

    async def crash(self, error: Exception | None = None) -> None:
        await trio.testing.wait_all_tasks_blocked()
        raise error or ValueError("crash")


class Staged(Noting):
    """With all the stages of a test besides the fixtures."""

    def setUp(self) -> None:
        self.events.append("setUp")
        self.addCleanup(self.events.append, "cleanup")

    async def asyncSetUp(self) -> None:
        self.events.append("asyncSetUp")

    async def asyncTearDown(self) -> None:
        await trio.lowlevel.checkpoint()
        self.events.append("asyncTearDown")

    def tearDown(self) -> None:
        self.events.append("tearDown")


STAGES = ["setUp", "asyncSetUp", "test", "asyncTearDown", "tearDown", "cleanup"]


class Holder:
    """What some decorators return: an object that keeps what it decorates."""

    def __init__(self, function: object) -> None:
        self.function = function


class FixtureTests(unittest.TestCase):
    """What the tests below share."""

    maxDiff = None

    def check(
        self, case: type[Noting], events: list[str], verdicts: list[str] | None = None
    ) -> None:
        """Run a test with run() and debug(), and compare the verdicts and events."""
        self.assertEqual(told(case), verdicts or ["pass"])
        self.assertEqual(case.events, events)
        case.events.clear()
        if verdicts is None:
            case(name_of_test(case)).debug()
            self.assertEqual(case.events, events)
            case.events.clear()


class TestOrder(FixtureTests):
    def test_one_class(self) -> None:
        """In order of definition before setUp; last in first out after all else."""

        class Inner(Staged):
            b = noted("b")
            a = noted("a")

        self.check(
            Inner,
            ["set up b", "set up a", *STAGES, "tear down a", "tear down b"],
        )

    def test_parents_and_mixins(self) -> None:
        """Base class first: the reverse of the order in which attributes are found."""

        class Root(Noting):
            root = noted("root")

        class Left(Root):
            left = noted("left")

        class Right(Root):
            right = noted("right")

        class Mixin:
            mixed = noted("mixed")

        class Inner(Mixin, Left, Right):
            own = noted("own")

        names = ["root", "right", "left", "mixed", "own"]
        up = [f"set up {name}" for name in names]
        down = [f"tear down {name}" for name in reversed(names)]
        self.check(Inner, [*up, "test", *down])

    def test_an_override_takes_its_parents_place(self) -> None:
        """The parent's is not run; those after it may use what the override yields."""

        class Parent(Noting):
            before = noted("before")
            it = noted("parent's")

            @fixture
            async def after(self) -> None:
                self.events.append(f"after {self.it}")

        class Inner(Parent):
            own = noted("own")
            it = noted("override")

        self.check(
            Inner,
            [
                *("set up before", "set up override", "after override", "set up own"),
                "test",
                *("tear down own", "tear down override", "tear down before"),
            ],
        )
        self.assertEqual(told(Parent), ["pass"])
        self.assertIn("after parent's", Parent.events)

    def test_none_does_without(self) -> None:
        """`name = None` in a subclass turns a parent's fixture off."""

        class Parent(Noting):
            a = noted("a")
            b = noted("b")

        class Inner(Parent):
            a = None

        self.check(Inner, ["set up b", "test", "tear down b"])

    def test_a_default_is_replaced(self) -> None:
        """A fixture may take the place of a plain attribute of a parent."""

        class Parent(Noting):
            a: str | None = None

        class Inner(Parent):
            a = noted("a")

        self.check(Inner, ["set up a", "test", "tear down a"])

    def test_each_test_has_all(self) -> None:
        """Every test of the class, sync ones and unused fixtures too, each anew."""

        class Inner(Noting):
            a = noted("a")

            def test_sync(self) -> None:
                self.events.append(self.a)

            async def test_unused(self) -> None:
                pass

        self.assertEqual(harness.told(Inner, "test_sync"), ["pass"])
        self.assertEqual(harness.told(Inner, "test_unused"), ["pass"])
        ends = ["set up a", "tear down a"]
        self.assertEqual(Inner.events, [ends[0], "a", ends[1], *ends])

    def test_after_the_parents_tests(self) -> None:
        """A class has its own fixtures, though its parent's tests have run before."""

        class Mixin:
            a = noted("a")

        class Parent(Noting):
            pass

        class Inner(Mixin, Parent):
            pass

        self.check(Parent, ["test"])
        self.check(Inner, ["set up a", "test", "tear down a"])

    def test_a_class_is_searched_once(self) -> None:
        """However many tests it has: a search costs more than all else around a test."""

        class Inner(Noting):
            a = noted("a")

        search = mock.Mock(wraps=_fixture_names._is_over_a_fixture)
        with mock.patch.object(_fixture_names, "_is_over_a_fixture", search):
            self.assertEqual(told(Inner), ["pass"])
            self.assertTrue(search.called)
            search.reset_mock()
            for _ in range(3):
                self.assertEqual(told(Inner), ["pass"])
            self.assertFalse(search.called)

    def test_a_skipped_test_has_none(self) -> None:
        """A skipped test sets up no fixture."""

        class Inner(Noting):
            a = noted("a")

            @unittest.skip("not today")
            async def test(self) -> None:
                raise NotImplementedError

        self.check(Inner, [], ["skip not today"])

    def test_cleanups_and_contexts_of_a_fixture(self) -> None:
        """What a fixture adds or enters ends after its own teardown."""

        class Inner(Noting):
            @contextlib.asynccontextmanager
            async def context(self) -> AsyncIterator[str]:
                yield "value"
                self.events.append("context left")

            @fixture
            async def a(self) -> AsyncIterator[str]:
                self.addCleanup(self.events.append, "cleanup")
                yield await self.enterAsyncContext(self.context())
                self.events.append("tear down a")

            async def test(self) -> None:
                self.assertEqual(self.a, "value")

        self.check(Inner, ["tear down a", "context left", "cleanup"])

    def test_clean_up_early(self) -> None:
        """doAsyncCleanups() ends fixtures too, in a setup as in the test."""

        class Inner(Noting):
            a = noted("a")

            async def test(self) -> None:
                await self.doAsyncCleanups()
                self.assertFalse(hasattr(self, "a"))
                self.events.append("test goes on")

        class InSetUp(Inner):
            async def asyncSetUp(self) -> None:
                await self.doAsyncCleanups()

        for case in [Inner, InSetUp]:
            self.check(case, ["set up a", "tear down a", "test goes on"])


class TestValue(FixtureTests):
    def test_yielded_or_returned(self) -> None:
        """The attribute is what the method yields or returns, the same each time."""

        class Inner(Noting):
            @fixture
            async def yielded(self) -> AsyncIterator[list[int]]:
                yield [1]

            @fixture()
            async def returned(self) -> list[int]:
                await trio.lowlevel.checkpoint()
                return [2]

            @fixture
            async def nothing(self) -> None:
                pass

            async def test(self) -> None:
                self.assertEqual([self.yielded, self.returned], [[1], [2]])
                self.assertIs(self.yielded, self.yielded)
                self.assertIsNone(self.nothing)

        self.check(Inner, [])

    def test_uses_earlier_ones(self) -> None:
        """A fixture may use those before it, to its own end."""

        class Inner(Noting):
            a = noted("a")

            @fixture
            async def b(self) -> AsyncIterator[str]:
                yield self.a + "b"
                self.events.append(f"{self.a} is there, {self.b} too")

            async def test(self) -> None:
                self.assertEqual(self.b, "ab")

        self.check(Inner, ["set up a", "a is there, ab too", "tear down a"])

    def test_two_names(self) -> None:
        """One fixture under two names is set up once."""

        class Inner(Noting):
            a = noted("a")
            b = a

            async def test(self) -> None:
                self.assertEqual([self.a, self.b], ["a", "a"])

        self.check(Inner, ["set up a", "tear down a"])

    def test_documented_by_its_docstring(self) -> None:
        """help() shows a fixture as an attribute, with the method's docstring."""

        class Inner(Noting):
            @fixture
            async def client(self) -> int:
                """A connected client."""
                raise NotImplementedError

            @fixture
            async def silent(self) -> int:
                raise NotImplementedError

        text = pydoc.plain(pydoc.render_doc(Inner))
        attributes = text.partition("Data descriptors defined here:")[2]
        own = attributes.partition("-----")[0]
        self.assertRegex(own, r"client\n \|\s+A connected client\.\n")
        self.assertIn("silent", own)
        self.assertRegex(repr(Inner.client), r"^<fixture \S+Inner\.client>$")
        self.assertEqual(Inner.client.__doc__, "A connected client.")
        self.assertIsNone(Inner.silent.__doc__)

    def test_context_variables(self) -> None:
        """What a fixture sets is seen by all that follows; a token is good in it."""

        class Inner(Noting):
            def note(self, where: str) -> None:
                self.events.append(f"{variable.get('unset')} in {where}")

            @fixture
            async def a(self) -> AsyncIterator[None]:
                self.addCleanup(self.note, "cleanup")
                token = variable.set("set")
                yield
                variable.reset(token)

            @fixture
            async def b(self) -> AsyncIterator[None]:
                self.note("b")
                yield
                self.note("teardown of b")

            async def test(self) -> None:
                self.note("test")

        self.check(
            Inner,
            ["set in b", "set in test", "set in teardown of b", "unset in cleanup"],
        )

    def test_context_variable_of_a_cancelled_entry(self) -> None:
        """A variable that it sets and resets is unset afterwards."""

        class Inner(Staged):
            @fixture
            async def a(self) -> AsyncIterator[None]:
                token = variable.set("set")
                self.nursery.start_soon(self.crash)
                with trio.CancelScope(shield=True):
                    await trio.testing.wait_all_tasks_blocked(0.01)
                yield
                variable.reset(token)
                self.addCleanup(lambda: self.events.append(variable.get("unset")))

        self.check(Inner, ["unset"], ["ERROR ValueError: crash"])

    def test_context_variable_of_a_cut_exit(self) -> None:
        """What a fixture resets is reset although its end was cut short."""

        class Inner(Noting):
            @fixture
            async def a(self) -> AsyncIterator[None]:
                token = variable.set("set")
                yield
                variable.reset(token)

            async def test(self) -> None:
                with trio.CancelScope() as scope:
                    scope.cancel()
                    await self.doAsyncCleanups()
                self.events.append(variable.get("unset"))

        self.check(Inner, ["unset"])

    def test_callables_of_many_kinds(self) -> None:
        """What is async is found by calling: wrapped, patched and mocked ones work."""

        async def plain(self: Noting, value: int) -> int:
            return value

        def double(method: Callable[[Any], Awaitable[int]]) -> Any:
            @functools.wraps(method)
            async def wrapper(*args: Any) -> int:
                return 2 * await method(*args)

            return wrapper

        class Inner(Noting):
            mocked = fixture(mock.AsyncMock(return_value=1))

            given = fixture(functools.partial(plain, value=2))

            @fixture
            @double
            async def wrapped(self) -> int:
                return 1

            @fixture
            @mock.patch("trio.sleep")
            async def patched(self, sleep: object) -> bool:
                return trio.sleep is sleep

            async def test(self) -> None:
                self.assertEqual(self.mocked, 1)
                self.assertEqual([self.given, self.wrapped], [2, 2])
                self.assertTrue(self.patched)
                self.events.append("test")

        self.check(Inner, ["test"])

    def test_replaced_while_the_class_lives(self) -> None:
        """A fixture that is patched, or added later, is the one that is used."""

        class Inner(Noting):
            a = noted("a")

        with mock.patch.object(Inner, "b", noted("b"), create=True):
            events = ["set up a", "set up b", "test", "tear down b", "tear down a"]
            self.check(Inner, events)
        with mock.patch.object(Inner, "a", noted("patched")):
            self.check(Inner, ["set up patched", "test", "tear down patched"])
        self.check(Inner, ["set up a", "test", "tear down a"])
        Inner.b = noted("b")  # type: ignore[attr-defined]
        self.check(Inner, events)

    def test_replaced_by_something_else_for_a_while(self) -> None:
        """A patch refuses what is no fixture; when it ends, the fixture is back."""

        class Inner(Noting):
            a = noted("a")

        for _ in range(2):
            with mock.patch.object(Inner, "a", "a fake"):
                self.assertIn("hides a fixture of that name", told(Inner)[0])
            self.check(Inner, ["set up a", "test", "tear down a"])

    def test_shared_by_classes(self) -> None:
        """A fixture has the name that it has in the class at hand."""

        @fixture
        async def shared(self: object) -> AsyncIterator[int]:
            for number in []:
                yield number  # never

        class One(Noting):
            server = shared

        class Other(Noting):
            backend = shared

        for case, name in [(One, "One.server"), (Other, "Other.backend")]:
            self.assertIn(f"{name} ended without a `yield`", told(case)[0])
            with self.assertRaisesRegex(AttributeError, f"{name} is a fixture: it is"):
                getattr(case("passes"), name.partition(".")[2])

        class Sub(One):
            pass

        with self.assertRaisesRegex(AttributeError, r"Sub\.server is a fixture: it is"):
            Sub("passes").server  # noqa: B018
        with self.assertRaisesRegex(AttributeError, r"Noting\.\w+ is a fixture"):
            shared.__get__(Noting("passes"))

    def test_in_several_threads(self) -> None:
        """Tests of one class may begin at once: one looks at it as another notes it."""
        self.addCleanup(sys.setswitchinterval, sys.getswitchinterval())
        sys.setswitchinterval(1e-6)
        verdicts: list[str] = []

        def run_test(case: type[Noting], barrier: threading.Barrier) -> None:
            barrier.wait()
            verdicts.extend(told(case))

        for _ in range(50):
            attributes = {f"attribute_{i}": property(repr) for i in range(60)}
            Parent = type("Parent", (Noting,), {**attributes, "a": noted("a")})
            Child = type("Child", (Parent,), {})
            arguments = (Parent, barrier := threading.Barrier(4)), (Child, barrier)
            threads = [
                threading.Thread(target=run_test, args=args) for args in arguments * 2
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertEqual(verdicts, ["pass"] * 200)

    def test_passes_arguments_on(self) -> None:
        """What a decorator passes on, `*args, **kwargs`, is no parameter."""

        def passing_on(method: Any) -> Any:
            async def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
                return await method(self, *args, **kwargs)

            return wrapper

        class Inner(Noting):
            @fixture
            @passing_on
            async def a(self) -> int:
                return 1

            async def test(self) -> None:
                self.assertEqual(self.a, 1)

        self.check(Inner, [])

    def test_name_of_its_task(self) -> None:
        """The task in which a fixture lives has its name."""

        class Inner(Noting):
            @fixture
            async def a(self) -> str:
                return trio.lowlevel.current_task().name

            async def test(self) -> None:
                self.assertRegex(self.a, r"\.Inner\.a$")

        self.check(Inner, [])

    def test_abstract(self) -> None:
        """An abstract fixture keeps its class from being instantiated."""

        class Abstract(Noting, abc.ABC):
            @fixture
            @abc.abstractmethod
            async def a(self) -> str: ...

        class Inner(Abstract):
            a = noted("a")

        with self.assertRaisesRegex(TypeError, "abstract"):
            Abstract("test")  # type: ignore[abstract]
        self.check(Inner, ["set up a", "test", "tear down a"])


class TestMayUse(FixtureTests):
    def test_nursery_and_clock(self) -> None:
        """The nursery is open, and the clock the test's own, in every fixture."""

        @autojump_clock
        class Inner(Noting):
            @fixture
            async def a(self) -> AsyncIterator[float]:
                self.nursery.start_soon(self.wait, "task")
                await trio.sleep(1000)
                yield self.clock.current_time()
                await trio.sleep(1000)
                self.events.append(f"ends at {trio.current_time()}")

            async def test(self) -> None:
                self.assertEqual(self.a, 1000)

        self.check(Inner, ["ends at 2000.0", "task cancelled"])

    def test_skip(self) -> None:
        """skipTest in a fixture skips the test; what is set up is torn down."""

        class Inner(Staged):
            a = noted("a")

            @fixture
            async def b(self) -> AsyncIterator[None]:
                await trio.lowlevel.checkpoint()
                self.skipTest("no server")
                yield  # never

        self.check(Inner, ["set up a", "tear down a"], ["skip no server"])

    def test_nurseries_and_scopes_around_the_yield(self) -> None:
        """They may overlap with those of other fixtures and of the test."""

        class Inner(Noting):
            @fixture
            async def scope(self) -> AsyncIterator[trio.CancelScope]:
                with trio.CancelScope() as scope:
                    yield scope

            @fixture
            async def server(self) -> AsyncIterator[trio.Nursery]:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self.wait, "task")
                    yield nursery
                    nursery.cancel_scope.cancel()
                self.events.append("server left")

            async def test(self) -> None:
                self.server.start_soon(self.wait, "another task")
                with trio.fail_after(60):
                    await trio.testing.wait_all_tasks_blocked()
                self.assertFalse(self.scope.cancel_called)

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(
            [sorted(Inner.events[:2]), Inner.events[2:]],
            [["another task cancelled", "task cancelled"], ["server left"]],
        )

    def test_timeout_of_its_own(self) -> None:
        """A fixture whose own scope is cancelled has ended; the test goes on."""

        class Inner(Noting):
            @fixture
            async def a(self) -> AsyncIterator[trio.CancelScope]:
                with trio.CancelScope() as scope:
                    yield scope
                    raise NotImplementedError
                self.events.append("a ends")

            async def test(self) -> None:
                self.a.cancel()
                await trio.testing.wait_all_tasks_blocked()
                self.assertFalse(hasattr(self, "a"))
                self.events.append("test goes on")

        self.check(Inner, ["a ends", "test goes on"])

    def test_timeout_that_fails(self) -> None:
        """A fail_after around the yield is a crash of the fixture."""

        @autojump_clock
        class Inner(Staged):
            @fixture
            async def a(self) -> AsyncIterator[None]:
                with trio.fail_after(5):
                    yield

            async def test(self) -> None:
                await self.wait("test")

        (verdict,) = told(Inner)
        self.assertEqual(verdict, "ERROR TooSlowError")
        events = [*STAGES[:2], "test cancelled", *STAGES[3:]]
        self.assertEqual(Inner.events, events)
        (text,) = run(Inner).texts
        self.assertIn("in a\n    with trio.fail_after(5):", text)
        self.assertNotIn("triocase", text)


class TestFails(FixtureTests):
    def test_in_the_setup(self) -> None:
        """No test and no teardown; those that were set up are torn down."""

        class Inner(Staged):
            a = noted("a")

            @fixture
            async def b(self) -> AsyncIterator[None]:
                self.addCleanup(self.events.append, "cleanup of b")
                raise OSError("no b")
                yield  # never

            c = noted("c")

        events = ["set up a", "cleanup of b", "tear down a"]
        self.check(Inner, events, ["ERROR OSError: no b"])
        self.assertEqual(repr(debug_error(Inner)), "OSError('no b')")
        self.assertEqual(Inner.events, events)

    def test_in_the_teardown(self) -> None:
        """Each has its turn even when others fail, and each error is reported."""

        class Inner(Noting):
            a = noted("a")

            @fixture
            async def b(self) -> AsyncIterator[None]:
                yield
                raise OSError("b")

            @fixture
            async def c(self) -> AsyncIterator[None]:
                yield
                self.fail("c")

            d = noted("d")

            async def test(self) -> None:
                raise KeyError("test")

        self.check(
            Inner,
            ["set up a", "set up d", "tear down d", "tear down a"],
            ["ERROR KeyError: 'test'", "FAIL AssertionError: c", "ERROR OSError: b"],
        )

    def test_report(self) -> None:
        """The report of a failing fixture shows its own frames and the message."""

        class Inner(Noting):
            @fixture
            async def a(self) -> AsyncIterator[None]:
                self.check()
                yield  # never

            def check(self) -> None:
                self.assertEqual(1, 2)

            @fixture
            async def b(self) -> int:
                raise NotImplementedError

        self.assertEqual(
            run(Inner).texts[0],
            "Traceback (most recent call last):\n"
            '  File "test_fixtures.py", line N, in a\n'
            "    self.check()\n"
            '  File "test_fixtures.py", line N, in check\n'
            "    self.assertEqual(1, 2)\n"
            "AssertionError: 1 != 2\n",
        )

    def test_is_no_expected_failure(self) -> None:
        """Only the test's body may fail as expected, as with setUp."""

        class Inner(Noting):
            @fixture
            async def a(self) -> None:
                raise OSError("a")

            @unittest.expectedFailure
            async def test(self) -> None:
                raise NotImplementedError

        self.check(Inner, [], ["ERROR OSError: a"])

    def test_that_was_cancelled_by_nobody(self) -> None:
        """A Cancelled that a fixture brings from elsewhere is an error, not a value."""

        class Inner(Staged):
            @fixture
            async def a(self) -> None:
                await stray_cancelled()

        class AtTheEnd(Staged):
            @fixture
            async def a(self) -> AsyncIterator[None]:
                yield
                await stray_cancelled()

        for case, events in [(Inner, []), (AtTheEnd, STAGES)]:
            (verdict,) = told(case)
            self.assertIn("the test was cancelled, and nothing raised an", verdict)
            self.assertEqual(case.events, events)


class TestCrash(FixtureTests):
    class Serving(Staged):
        error: Exception = ValueError("crash")

        @fixture
        async def server(self) -> AsyncIterator[None]:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self.crash, self.error)
                try:
                    yield
                finally:
                    self.events.append("server torn down")

    def test_during_the_test(self) -> None:
        """The test is cancelled, the teardown and cleanups run, then its own end."""

        class Inner(self.Serving):  # type: ignore[name-defined,misc]
            async def test(self) -> None:
                await self.wait("test")

        events = [*STAGES[:2], "test cancelled", *STAGES[3:], "server torn down"]
        for error, verdict in [
            (ValueError("crash"), "ERROR ValueError: crash"),
            (AssertionError("wrong"), "FAIL AssertionError: wrong"),
            (unittest.SkipTest("later"), "skip later"),
        ]:
            Inner.error = error
            self.check(Inner, events, [verdict])

    def test_during_the_setup(self) -> None:
        """A crash while a later fixture is set up cancels that; no more are set up."""

        class Inner(self.Serving):  # type: ignore[name-defined,misc]
            @fixture
            async def slow(self) -> AsyncIterator[None]:
                await self.wait("slow")
                yield  # never

            c = noted("c")

        self.check(
            Inner, ["slow cancelled", "server torn down"], ["ERROR ValueError: crash"]
        )

    def test_that_no_await_has_felt(self) -> None:
        """A fixture that has crashed before its `yield`: nothing after it is begun.

        The `yield` raises Cancelled inside the nursery, and awaits work outside of it.
        """

        class Inner(Staged):
            @fixture
            async def a(self) -> AsyncIterator[None]:
                try:
                    async with trio.open_nursery() as nursery:
                        nursery.start_soon(self.fail_at_once)
                        await trio.lowlevel.cancel_shielded_checkpoint()
                        await trio.lowlevel.cancel_shielded_checkpoint()
                        yield
                        self.events.append("yield raises nothing")  # never
                finally:
                    await trio.lowlevel.checkpoint()
                    self.events.append("tear down a")

            @fixture
            async def b(self) -> None:
                raise NotImplementedError

            async def fail_at_once(self) -> None:
                self.fail("at once")

        self.check(Inner, ["tear down a"], ["FAIL AssertionError: at once"])
        Inner.b = None  # type: ignore[assignment]  # then setUp is not called
        self.check(Inner, ["tear down a"], ["FAIL AssertionError: at once"])

    def test_in_the_teardown(self) -> None:
        """A crash in the teardown is reported and cancels nothing."""

        class Inner(Noting):
            a = noted("a")

            @fixture
            async def b(self) -> AsyncIterator[None]:
                async with trio.open_nursery() as nursery:
                    yield
                    nursery.start_soon(self.crash)

        self.check(
            Inner,
            ["set up a", "test", "tear down a"],
            ["ERROR ValueError: crash"],
        )


class TestCancelledEntry(FixtureTests):
    """A crash cancels the fixture that is being set up."""

    def test_that_is_entered_all_the_same(self) -> None:
        """It is torn down in its turn: its awaits work, and nothing is raised in it."""

        class Inner(Staged):
            @fixture
            async def a(self) -> AsyncIterator[None]:
                self.nursery.start_soon(self.crash)
                with trio.CancelScope(shield=True):
                    await trio.testing.wait_all_tasks_blocked(0.01)
                yield
                await trio.sleep(0.01)
                self.events.append("tear down a")

        self.check(Inner, ["tear down a"], ["ERROR ValueError: crash"])

    def test_when_a_system_task_crashes(self) -> None:
        """Trio ends the run; the fixtures are torn down in their order."""

        class Inner(Noting):
            a = noted("a")

            @fixture
            async def b(self) -> AsyncIterator[None]:
                yield
                self.events.append("tear down b")

            async def test(self) -> None:
                trio.lowlevel.spawn_system_task(self.crash)
                await trio.sleep_forever()

        result = run(Inner)
        self.assertIn("TrioInternalError", "".join(result.told))
        self.assertEqual(Inner.events, ["set up a", "tear down b"])

    def test_error_on_the_way_out(self) -> None:
        """What it raises while it is cancelled is reported beside the crash."""

        class Inner(Staged):
            @fixture
            async def a(self) -> AsyncIterator[None]:
                self.nursery.start_soon(self.crash)
                try:
                    await self.wait("a")
                finally:
                    raise OSError("on the way out")
                yield

        result = run(Inner)
        self.assertEqual(
            result.told, ["ERROR ValueError: crash", "ERROR OSError: on the way out"]
        )
        self.assertIn("a background task crashed: ", result.texts[1])
        self.assertEqual(Inner.events, ["a cancelled"])

    def test_when_the_run_dies(self) -> None:
        """A fixture in a run that dies does not wait: its awaits are cancelled."""

        class Inner(Noting):
            @fixture
            async def a(self) -> AsyncIterator[None]:
                yield
                self.events.append("its turn")
                await self.wait("teardown")

            def runTrio(self, async_fn: Any, **kwargs: Any) -> None:
                async def cancelled() -> None:
                    with trio.CancelScope() as self.outer:
                        await async_fn()

                super().runTrio(cancelled, **kwargs)

            async def test(self) -> None:
                self.outer.cancel()
                await trio.sleep_forever()

        (verdict,) = told(Inner)
        self.assertIn("the test was cancelled, and nothing raised an error", verdict)
        self.assertEqual(Inner.events, ["its turn", "teardown cancelled"])

    def test_when_the_run_dies_as_it_is_set_up(self) -> None:
        """Likewise where the entry ends well although it was cancelled."""

        class Inner(Noting):
            @fixture
            async def a(self) -> AsyncIterator[None]:
                self.outer.cancel()
                await trio.lowlevel.cancel_shielded_checkpoint()
                yield
                self.events.append("its turn")
                await self.wait("teardown")

            def runTrio(self, async_fn: Any, **kwargs: Any) -> None:
                async def cancelled() -> None:
                    with trio.CancelScope() as self.outer:
                        await async_fn()

                super().runTrio(cancelled, **kwargs)

        (verdict,) = told(Inner)
        self.assertIn("the test was cancelled, and nothing raised an error", verdict)
        self.assertEqual(Inner.events, ["its turn", "teardown cancelled"])


class TestCtrlC(FixtureTests):
    class Interrupted(Staged):
        @fixture
        async def first(self) -> AsyncIterator[None]:
            yield
            await trio.lowlevel.checkpoint()
            self.events.append("first torn down")

        async def interrupt(self) -> None:
            with trio.CancelScope(shield=True):
                await trio.to_thread.run_sync(os.kill, os.getpid(), signal.SIGINT)

    def stop(self, case: type[Noting]) -> list[str]:
        """Run a test until Ctrl-C; return the events."""
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, before)
        with self.assertRaises(KeyboardInterrupt):
            run(case)
        return case.events

    def test_may_interrupt_a_fixture(self) -> None:
        """Ctrl-C may interrupt all of a fixture's code, as it may the test's."""
        protected = trio.lowlevel.currently_ki_protected

        class Inner(Noting):
            def note(self, where: str) -> None:
                self.events.append((where, protected()))  # type: ignore

            @fixture
            async def returned(self) -> None:
                self.note("coroutine")

            @fixture
            async def yielded(self) -> AsyncIterator[None]:
                self.note("setup")
                yield
                self.note("teardown")

            @fixture
            async def ended(self) -> AsyncIterator[trio.CancelScope]:
                with trio.CancelScope() as scope:
                    try:
                        yield scope
                    finally:
                        self.note("cancelled")

            @fixture
            async def twice(self) -> AsyncIterator[None]:
                yield
                try:
                    yield
                finally:
                    self.note("closed")

            async def test(self) -> None:
                self.ended.cancel()
                await trio.testing.wait_all_tasks_blocked()

        told(Inner)
        wheres = ["coroutine", "setup", "cancelled", "closed", "teardown"]
        self.assertEqual(Inner.events, [(where, False) for where in wheres])

    def test_may_interrupt_what_wraps_it(self) -> None:
        """It may interrupt what wraps a fixture, too."""

        def deco(method: Any) -> Any:
            def wrapper(self: Any) -> Any:
                self.events.append(trio.lowlevel.currently_ki_protected())
                return method(self)

            return wrapper

        class Inner(Noting):
            @fixture
            @deco
            async def a(self) -> None:
                self.events.append(trio.lowlevel.currently_ki_protected())  # type: ignore

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(Inner.events[:2], [False, False])

    def test_again_and_again(self) -> None:
        """However often it is interrupted, the test waits for the context's end."""

        class Inner(Noting):
            async def interrupt(self) -> None:
                with trio.CancelScope(shield=True):
                    await trio.to_thread.run_sync(os.kill, os.getpid(), signal.SIGINT)

            @fixture
            async def a(self) -> AsyncIterator[None]:
                yield
                try:
                    await self.interrupt()
                    await self.wait("teardown")
                finally:
                    await self.interrupt()
                    with trio.CancelScope(shield=True):
                        await trio.sleep(0.05)
                    self.events.append("torn down")

            def runTrio(self, async_fn: Any, **kwargs: Any) -> None:
                async def noting() -> None:
                    await async_fn()
                    self.events.append("test ends")

                super().runTrio(noting, **kwargs)

        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, before)
        with self.assertRaises(KeyboardInterrupt):
            run(Inner)
        self.assertEqual(
            Inner.events, ["test", "teardown cancelled", "torn down", "test ends"]
        )

    def test_in_the_setup(self) -> None:
        """The entry is cut short; what was set up is torn down, and the run stops."""

        class Inner(self.Interrupted):  # type: ignore[name-defined,misc]
            @fixture
            async def second(self) -> None:
                await self.interrupt()
                await self.wait("second")

        self.assertEqual(self.stop(Inner), ["second cancelled", "first torn down"])

    def test_in_the_teardown(self) -> None:
        """The teardown that it hits is cut short, and the others have their turn."""

        class Inner(self.Interrupted):  # type: ignore[name-defined,misc]
            @fixture
            async def second(self) -> AsyncIterator[None]:
                yield
                await self.interrupt()
                await self.wait("second")

        self.assertEqual(
            self.stop(Inner), [*STAGES, "second cancelled", "first torn down"]
        )

    def test_twice(self) -> None:
        """The second one ends the contexts, before the nursery waits for its tasks."""

        class Inner(Noting):
            @fixture
            async def a(self) -> AsyncIterator[trio.Event]:
                ended = trio.Event()
                yield ended
                ended.set()

            async def use(self, ended: trio.Event) -> None:
                with trio.move_on_after(5, shield=True):
                    await ended.wait()
                    self.events.append("a has ended")

            def interrupt(self) -> None:
                raise KeyboardInterrupt

            async def test(self) -> None:
                self.nursery.start_soon(self.use, self.a)
                self.addCleanup(self.interrupt)
                raise KeyboardInterrupt

        self.assertEqual(self.stop(Inner), ["a has ended"])

    def test_twice_in_an_entry(self) -> None:
        """A second Ctrl-C cuts the teardown of a fixture that was cut short."""

        class Inner(self.Interrupted):  # type: ignore[name-defined,misc]
            @fixture
            async def second(self) -> AsyncIterator[None]:
                await self.interrupt()
                self.events.append("entered")
                yield
                await self.interrupt()
                await self.wait("second")

        self.assertEqual(self.stop(Inner), ["entered", "second cancelled"])


class TestBadInput(FixtureTests):
    def refused(self, message: str, case: type[Noting]) -> None:
        """One ERROR with this message, from run() and debug(); the test did not run."""
        full = message.replace("Inner", case.__qualname__)
        result = run(case)
        self.assertEqual(len(result.told), 1, result.told)
        self.assertEqual(result.told[0].partition("Error: ")[2], full)
        self.assertNotIn("triocase", result.texts[0])
        self.assertEqual(str(debug_error(case)), full)
        self.assertNotIn("test", case.events)

    def test_sync(self) -> None:
        """A sync method is no fixture; the module that has it can be imported."""

        class Inner(Noting):
            @fixture  # type: ignore[arg-type]
            def a(self) -> int:
                return 3

        self.refused(
            "the fixture Inner.a is not async: calling it returned 3. Write `async "
            "def`; what needs no `await` can also be made in `setUp`.",
            Inner,
        )

    def test_mock(self) -> None:
        """A mock that is not async is no fixture, wherever it may be written."""

        class Inner(Noting):
            a = fixture(mock.Mock(return_value=3))

        self.refused(
            "the fixture Inner.a is not async: calling it returned 3. Write `async "
            "def`; what needs no `await` can also be made in `setUp`.",
            Inner,
        )

    def test_report(self) -> None:
        """The report shows where the fixture is written, and needs no repr to do so."""

        class Shy:
            def __repr__(self) -> str:
                raise NotImplementedError

        class Inner(Noting):
            @fixture  # type: ignore[arg-type]
            def a(self) -> Shy:
                return Shy()

            b = fixture(functools.partial(a.method))  # type: ignore

        for _ in range(2):
            (text,) = run(Inner).texts
            lines = text.splitlines()
            self.assertEqual(
                lines[:3],
                [
                    "Traceback (most recent call last):",
                    '  File "test_fixtures.py", line N, in a',
                    "    @fixture  # type: ignore[arg-type]",
                ],
            )
            self.assertRegex(
                lines[3], "is not async: calling it returned <.*Shy object"
            )
            self.assertEqual(len(lines), 4)
            Inner.a = None  # type: ignore

    def test_sync_generator(self) -> None:
        """Nor is a sync generator."""

        class Inner(Noting):
            @fixture  # type: ignore[arg-type]
            def a(self) -> Iterator[int]:
                yield 3  # never

        (verdict,) = told(Inner)
        self.assertRegex(
            verdict,
            r"ERROR TypeError: the fixture \S+Inner.a is not async: calling it "
            r"returned <generator .*>. Write `async def`",
        )

    def test_context_manager(self) -> None:
        """An async context manager is one step too far."""

        class Inner(Noting):
            @fixture  # type: ignore[arg-type]
            @contextlib.asynccontextmanager
            async def a(self) -> AsyncIterator[int]:
                yield 3  # never

        (verdict,) = told(Inner)
        self.assertRegex(
            verdict,
            r"ERROR TypeError: the fixture \S+Inner.a is not async: calling it "
            r"returned <contextlib\..*>. Write `async def`, and in it `async with ... as "
            r"value: yield value`. \(What `@asynccontextmanager` takes, `@fixture` takes "
            r"as it is.\)$",
        )

    def test_no_yield_reached(self) -> None:
        """A generator that ends without a yield."""

        class Inner(Noting):
            @fixture
            async def a(self) -> AsyncIterator[int]:
                await trio.lowlevel.checkpoint()
                for number in []:
                    yield number  # never

        self.refused(
            "the fixture Inner.a ended without a `yield`. Let every way through it "
            "yield or raise; `self.skipTest(...)` skips the test.",
            Inner,
        )
        self.assertNotIn("StopAsyncIteration", run(Inner).texts[0])

    def test_two_yields(self) -> None:
        """A generator that yields again in its teardown; it is closed there."""

        class Inner(Noting):
            @fixture
            async def a(self) -> AsyncIterator[int]:
                yield 1
                try:
                    yield 2
                finally:
                    await trio.lowlevel.checkpoint()
                    self.events.append("closed")

            async def test(self) -> None:
                self.assertEqual(self.a, 1)

        self.refused(
            "the fixture Inner.a has come to a second `yield`; it may yield once. What "
            "follows the `yield` is its teardown.",
            Inner,
        )
        self.assertEqual(Inner.events, ["closed", "closed"])

    def test_two_yields_after_a_crash(self) -> None:
        """Also where the second yield is a reaction to the fixture's own crash."""

        class Inner(Noting):
            @fixture
            async def a(self) -> AsyncIterator[int]:
                with trio.CancelScope() as scope:
                    scope.cancel()
                    yield 1
                yield 2

        (verdict,) = told(Inner)
        self.assertIn("has come to a second `yield`", verdict)

    def test_second_yield_in_a_nursery(self) -> None:
        """What ends at the second yield with a group is refused all the same."""

        class Inner(Noting):
            @fixture
            async def a(self) -> AsyncIterator[int]:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self.wait, "task")
                    yield 1
                    yield 2

            async def test(self) -> None:
                pass

        self.refused(
            "the fixture Inner.a has come to a second `yield`; it may yield once. What "
            "follows the `yield` is its teardown.",
            Inner,
        )
        self.assertEqual(Inner.events.count("task cancelled"), 2)

    def test_second_yield_that_cannot_be_closed(self) -> None:
        """The error of its end is reported beside it."""

        class Inner(Noting):
            @fixture
            async def a(self) -> AsyncIterator[int]:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self.fail_at_the_end)
                    yield 1
                    yield 2

            async def fail_at_the_end(self) -> None:
                try:
                    await trio.sleep_forever()
                finally:
                    raise OSError("at the end")

        error, second = told(Inner)
        self.assertEqual(error, "ERROR OSError: at the end")
        self.assertIn("has come to a second `yield`", second)

    def test_generator_that_was_not_begun(self) -> None:
        """An async decorator that returns the generator: its code has not run."""

        def delay(method: Callable[[Any], Any]) -> Any:
            @functools.wraps(method)
            async def wrapper(self: object) -> Any:
                return method(self)

            return wrapper

        class Inner(Noting):
            @fixture
            @delay
            async def a(self) -> AsyncIterator[int]:
                yield 1  # never

        self.refused(
            "the fixture Inner.a returned an async generator, which has not run. Let "
            "what decorates it return the generator at once, without `async`.",
            Inner,
        )

    def test_parameters(self) -> None:
        """Parameters besides self, as a fixture of pytest has, and no self at all."""

        class Inner(Noting):
            @fixture  # type: ignore[arg-type]
            async def a(self, server: int) -> int:
                raise NotImplementedError

        self.refused(
            "the fixture Inner.a(self, server) must take `self` and nothing else. Other "
            "fixtures are attributes: write `self.server`.",
            Inner,
        )

        async def with_default(self: Noting, port: int = 0) -> int:
            raise NotImplementedError

        async def without_self() -> int:
            raise NotImplementedError

        for method in [with_default, without_self]:
            with self.subTest(method):
                Inner.a = fixture(method)  # type: ignore
                (verdict,) = told(Inner)
                self.assertIn("must take `self` and nothing else", verdict)
        Inner.a = fixture(max)  # type: ignore  # nobody can tell what it takes
        self.assertRegex(told(Inner)[0], "not iterable")

    def test_hides_a_method(self) -> None:
        """A name that TestCase or AsyncTrioTestCase needs is refused."""
        names = "run debug id fail countTestCases setUpClass tearDown nursery clock"
        names += " asyncSetUp maxDiff __call__ __str__ _outcome _testMethodName"
        for name in [*names.split(), "_trioTest"]:
            with self.subTest(name):
                Inner = type("Inner", (Noting,), {name: noted("a")})
                self.refused(
                    f"the fixture Inner.{name} hides `{name}` of AsyncTrioTestCase. "
                    f"Give it another name.",
                    Inner,
                )
                # What it hides works, so that other tests run.
                result = Recorder()
                unittest.TestSuite([Inner("passes"), Noting("wait")]).run(result)
                self.assertIn("hides", result.told[0])
                self.assertEqual(result.testsRun, 2)
                self.assertNotIsInstance(getattr(Inner, name, None), type(noted("a")))

    def test_below_another_decorator(self) -> None:
        """A fixture that another decorator hides would never be set up."""
        decorators: list[Callable[[Any], Any]] = [
            staticmethod,
            classmethod,
            property,
            functools.cached_property,
            contextlib.asynccontextmanager,
            mock.patch("trio.sleep"),
            unittest.skip("not today"),
            lambda below: unittest.skip("twice")(unittest.skip("not today")(below)),
            Holder,
        ]
        for decorator in decorators:
            with self.subTest(decorator):
                Inner = type("Inner", (Noting,), {"a": decorator(noted("a"))})
                self.refused(
                    "Inner.a has another decorator above `@fixture`, which hides it. "
                    "Write `@fixture` above all others.",
                    Inner,
                )

    def test_other_attributes_are_left_alone(self) -> None:
        """To look for fixtures, no attribute of a class is made to do anything."""

        class Lazy:
            def __getattribute__(self, name: str) -> Any:
                raise NotImplementedError

        class Slotted:
            __slots__ = ()

        def endless() -> None:
            raise NotImplementedError

        endless.__wrapped__ = endless  # type: ignore

        class Inner(Noting):
            a = noted("a")
            lazy = Lazy()
            slotted = Slotted()
            made_up = mock.call.whatever(1)
            endless_ = endless

        self.check(Inner, ["set up a", "test", "tear down a"])

    def test_hidden_by_something_else(self) -> None:
        """What a subclass puts over a fixture must be one."""

        class Parent(Noting):
            a = noted("a")

        class Inner(Parent):
            def a(self) -> None:  # type: ignore
                raise NotImplementedError

        self.refused(
            "Inner.a hides a fixture of that name, and is none. Write `@fixture` above "
            "it, rename it, or write `a = None` to do without the fixture.",
            Inner,
        )

    def test_decorated_for_tests(self) -> None:
        """A decorator for tests has no effect on a fixture."""

        class Inner(Noting):
            @fixture
            @autojump_clock
            async def a(self) -> int:
                raise NotImplementedError

        self.refused(
            "@autojump_clock stands above Inner.a, where it has no effect: it goes for "
            "a test from its setup to the last cleanup. Write it above the test method "
            "or the class.",
            Inner,
        )
        with self.assertRaisesRegex(TypeError, "decorates a test method or a class"):
            autojump_clock(Inner.a)

    def test_overridden(self) -> None:
        """What is wrong with a definition that a subclass replaces does no harm."""

        class Parent(Noting):
            @fixture  # type: ignore[arg-type]
            async def a(self, server: int) -> str:
                raise NotImplementedError

        class Inner(Parent):
            a = noted("a")

        self.check(Inner, ["set up a", "test", "tear down a"])

    def test_what_is_no_method(self) -> None:
        """What cannot be a method is refused where it is decorated."""
        for thing in [3, None, Noting, staticmethod(noted), noted("a")]:
            with self.subTest(thing):
                with self.assertRaises(TypeError) as caught:
                    fixture(thing)  # type: ignore
                self.assertEqual(
                    str(caught.exception),
                    f"fixture decorates an async method, not {thing!r}. Write `@fixture` "
                    f"directly above `async def name(self)`.",
                )


class TestReadAtTheWrongTime(FixtureTests):
    def read(self, case: Any, name: str = "a") -> str:
        """Return the error of reading the fixture, without the class's long name."""
        try:
            getattr(case, name)
        except AttributeError as error:
            prefix = f"{type(case).__qualname__}."
            return str(error).replace(prefix, "Inner.").replace(prefix[:-1], "Inner")
        raise AssertionError(f"{name} can be read")

    def test_before_it_is_set_up(self) -> None:
        """A fixture that uses a later one: the message names both."""
        outer = self

        class Inner(Noting):
            @fixture
            async def a(self) -> None:
                self.events.append(outer.read(self, "b"))

            b = noted("b")

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(
            Inner.events[0],
            "Inner.b is not set up: the setup has come to Inner.a, which is before it. "
            "For Inner.a to use it, define it above Inner.a or in a base class.",
        )

    def test_in_its_own_setup(self) -> None:
        """A fixture has no value before it yields one."""
        outer = self

        class Inner(Noting):
            @fixture
            async def a(self) -> None:
                self.events.append(outer.read(self))

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(
            Inner.events[0],
            "Inner.a is being set up, and has no value before its `yield`.",
        )

    def test_after_a_failed_setup(self) -> None:
        """A cleanup finds what the setup has not come to missing."""
        outer = self

        class Inner(Noting):
            @fixture
            async def a(self) -> None:
                for name in ["b", "a"]:
                    self.addCleanup(self.note, name)
                raise OSError("a")

            def note(self, name: str) -> None:
                self.events.append(outer.read(self, name))

            b = noted("b")

        self.assertEqual(told(Inner), ["ERROR OSError: a"])
        message = "{} is not set up: the setup of this test did not come to it."
        self.assertEqual(
            Inner.events, [message.format("Inner.a"), message.format("Inner.b")]
        )

    def test_after_its_turn(self) -> None:
        """What outlives a fixture finds it gone."""
        outer = self

        class Inner(Noting):
            @fixture
            async def a(self) -> None:
                self.addCleanup(self.note)

            def note(self) -> None:
                self.events.append(outer.read(self))

            async def test(self) -> None:
                async def task() -> None:
                    try:
                        await trio.sleep_forever()
                    finally:
                        self.note()

                self.nursery.start_soon(task)
                await trio.testing.wait_all_tasks_blocked()

        message = (
            "Inner.a has ended. A fixture is there until its turn among the cleanups, "
            "or until a cancel scope of its own is cancelled. The tasks of self.nursery "
            "outlive it."
        )
        self.check(Inner, [message, message])

    def test_after_a_failed_teardown(self) -> None:
        """A fixture whose teardown has failed has ended, too."""

        class Inner(Noting):
            @fixture
            async def a(self) -> AsyncIterator[int]:
                self.addCleanup(lambda: self.events.append(hasattr(self, "a")))
                yield 1
                raise OSError("teardown")

        self.check(Inner, ["test", False], ["ERROR OSError: teardown"])  # type: ignore

    def test_before_the_run(self) -> None:
        """runTrio may look at the test before its run has begun."""
        seen = []

        class Inner(Noting):
            a = noted("a")

            def runTrio(self, async_fn: Any, **kwargs: Any) -> None:
                seen.append(hasattr(self, "a"))
                super().runTrio(async_fn, **kwargs)

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(seen, [False])

    def test_outside_of_the_test(self) -> None:
        """Before and after the test, and in a class that is none of ours."""

        class Mixin:
            a = noted("a")

        class Inner(Mixin, Noting):
            pass

        class Plain(Mixin, unittest.TestCase):
            def test(self) -> None:
                raise NotImplementedError

        case = Inner("passes")
        message = (
            "Inner.a is a fixture: it is there only while a test of an "
            "AsyncTrioTestCase runs, from its place in the setup to its turn among the "
            "cleanups."
        )
        self.assertEqual(self.read(case), message)
        case.run(Recorder())
        self.assertEqual(self.read(case), message)
        self.assertEqual(self.read(Plain("test")), message)

    def test_the_parents(self) -> None:
        """A definition that was replaced is not set up, so super() has no value."""
        outer = self

        class Parent(Noting):
            a = noted("a")

        class Inner(Parent):
            @fixture
            async def a(self) -> str:
                self.read_parents()
                return "override"

            async def test(self) -> None:
                self.read_parents()

            def read_parents(self) -> None:
                with outer.assertRaises(AttributeError) as caught:
                    super().a  # noqa: B018
                self.events.append(str(caught.exception))

        self.assertEqual(told(Inner), ["pass"])
        name = Inner.__qualname__
        message = (
            f"{name}.a is not set up: {name} has another definition of it. Put what "
            f"both share in a method."
        )
        self.assertEqual(Inner.events, [message, message])

    def test_defined_while_the_test_runs(self) -> None:
        """It has not been set up either."""
        outer = self

        class Inner(Noting):
            async def test(self) -> None:
                Inner.late = fixture(id)  # type: ignore
                self.events.append(outer.read(self, "late"))

        async def id(self: object) -> str:
            return "whatever the function is called"

        self.assertEqual(told(Inner), ["pass"])
        self.assertIn("the setup of this test did not come to it", Inner.events[0])
        Inner.test = Inner.passes  # type: ignore
        Inner.passes = lambda self: self.events.append(self.late)  # type: ignore
        self.assertEqual(harness.told(Inner, "passes"), ["pass"])
        self.assertEqual(Inner.events[1], "whatever the function is called")

    def test_assigned(self) -> None:
        """A fixture cannot be assigned, so nothing hides it by accident."""

        class Inner(Noting):
            a = noted("a")

            async def test(self) -> None:
                self.a = "mine"

        case = Inner("test")
        with self.assertRaises(AttributeError) as caught:
            case.a = "mine"
        name = Inner.__qualname__
        message = (
            f"{name}.a is a fixture and cannot be assigned. Give the attribute another "
            f"name; a subclass may define the fixture again."
        )
        self.assertEqual(str(caught.exception), message)
        self.assertEqual(told(Inner), [f"ERROR AttributeError: {message}"])
        with self.assertRaisesRegex(AttributeError, "a fixture and cannot be deleted"):
            del case.a


class TestUnderPytest(unittest.TestCase):
    def test_is_the_same(self) -> None:
        """pytest's unittest collector runs fixtures as unittest does."""
        source = """
            import trio
            from triocase import AsyncTrioTestCase, fixture

            class Mixin:
                @fixture
                async def test_port(self):
                    return 80

            class TestIt(Mixin, AsyncTrioTestCase):
                @fixture
                async def server(self):
                    async with trio.open_nursery() as nursery:
                        nursery.start_soon(trio.sleep_forever)
                        yield f"server on {self.test_port}"
                        nursery.cancel_scope.cancel()
                    print("torn down")

                async def test_passes(self):
                    self.assertEqual(self.server, "server on 80")

                def test_fails(self):
                    self.fail(self.server)

            class TestSkipped(AsyncTrioTestCase):
                @fixture
                async def server(self):
                    self.skipTest("no server")

                async def test(self):
                    raise NotImplementedError

            class TestBad(AsyncTrioTestCase):
                @fixture
                def server(self):
                    return 3

                async def test(self):
                    raise NotImplementedError
        """
        code, output = Process(source, *PYTEST, "-W", "error").finish()
        self.assertEqual(code, 1, output)
        self.assertIn("2 failed, 1 passed, 1 skipped", output)
        self.assertIn("AssertionError: server on 80", output)
        self.assertIn("the fixture TestBad.server is not async", output)
        self.assertEqual(output.count("torn down"), 1)  # of the one that fails
