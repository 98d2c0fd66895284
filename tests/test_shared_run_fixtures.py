"""Fixtures of a class: set up once in its run, before ``asyncSetUpClass``."""

from __future__ import annotations

import contextvars
import functools
import pydoc
import unittest
from collections.abc import AsyncIterator
from typing import Any

import trio
import trio.testing

from triocase import AsyncTrioTestCase, _fixtures, fixture, shared_run

from . import harness
from .classes import run_classes, told_of
from .harness import WithEvents, debug_error, run

noted = functools.partial(harness.noted, scope="class")


@shared_run
class Noting(WithEvents):
    """A base for inner classes, each of one test, that note what happens."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.test = cls.note  # type: ignore[attr-defined]

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        cls.events.append("asyncSetUpClass")

    @classmethod
    async def asyncTearDownClass(cls) -> None:
        cls.events.append("asyncTearDownClass")

    async def note(self) -> None:
        self.events.append("test")


STAGES = ["asyncSetUpClass", "test", "asyncTearDownClass"]


class TestOrder(unittest.TestCase):
    maxDiff = None

    def check(self, case: type[Noting], up: list[str], down: list[str]) -> None:
        """Run a class, and compare the names of the fixtures in their order."""
        self.assertEqual(told_of(case), ["test: pass"])
        self.assertEqual(
            case.events,
            [
                *(f"set up {name}" for name in up),
                *STAGES,
                *(f"tear down {name}" for name in down),
            ],
        )

    def test_one_class(self) -> None:
        """In order of definition before all else; last in first out after all else."""

        class Inner(Noting):
            b = noted("b")
            a = noted("a")

        self.check(Inner, ["b", "a"], ["a", "b"])

    def test_parents_and_mixins(self) -> None:
        """Base class first; a mixin may define them."""

        class Parent(Noting):
            parent = noted("parent")

        class Mixin:
            mixed = noted("mixed")

        class Inner(Mixin, Parent):
            own = noted("own")

        names = ["parent", "mixed", "own"]
        self.check(Inner, names, names[::-1])

    def test_an_override_takes_its_parents_place(self) -> None:
        """The parent's is not run; those after it may use what the override yields."""

        class Parent(Noting):
            before = noted("before")
            it = noted("parent's")

            @fixture(scope="class")
            async def after(cls) -> None:
                cls.events.append(f"set up after {cls.it}")

        class Inner(Parent):
            own = noted("own")
            it = noted("override")

        up = ["before", "override", "after override", "own"]
        self.check(Inner, up, ["own", "override", "before"])

    def test_none_does_without(self) -> None:
        """`name = None` in a subclass turns a parent's off."""

        class Parent(Noting):
            a = noted("a")
            b = noted("b")

        class Inner(Parent):
            a = None

        self.check(Inner, ["b"], ["b"])
        self.assertIsNone(Inner.a)

    def test_beside_fixtures_of_the_test(self) -> None:
        """Those of the class first, once; those of the test for each test."""

        @shared_run
        class Inner(AsyncTrioTestCase):
            events: list[str] = []

            @fixture
            async def own(self) -> AsyncIterator[str]:
                self.events.append(f"set up own with {self.name}")
                yield "own"
                self.events.append(f"tear down own with {self.name}")

            name = noted("name")

            async def test_a(self) -> None:
                self.events.append(f"a: {self.own} {self.name}")

            async def test_b(self) -> None:
                self.events.append(f"b: {self.own} {self.name}")

        self.assertEqual(told_of(Inner), ["test_a: pass", "test_b: pass"])
        up, down = "set up own with name", "tear down own with name"
        self.assertEqual(
            Inner.events,
            [
                *("set up name", up, "a: own name", down, up, "b: own name", down),
                "tear down name",
            ],
        )

    def test_another_scope(self) -> None:
        """A subclass may replace a fixture of the class by one of the test, and back."""

        @shared_run
        class Parent(AsyncTrioTestCase):
            events: list[str] = []

            @fixture
            async def first(self) -> str:
                raise NotImplementedError

            @fixture(scope="class")
            async def second(cls) -> str:
                raise NotImplementedError

        class Inner(Parent):
            @fixture(scope="class")
            async def first(cls) -> str:
                cls.events.append("class")
                return "first"

            @fixture
            async def second(self) -> str:
                self.events.append("test")
                return "second"

            async def test_a(self) -> None:
                self.assertEqual((self.first, self.second), ("first", "second"))

            test_b = test_a

        self.assertEqual(told_of(Inner), ["test_a: pass", "test_b: pass"])
        self.assertEqual(Inner.events, ["class", "test", "test"])


class TestValue(unittest.TestCase):
    maxDiff = None

    def test_both_names(self) -> None:
        """The value is read as `cls.name` and as `self.name`, everywhere in the run."""
        value = object()
        seen: list[object] = []

        async def note(of: Any) -> None:
            await trio.lowlevel.checkpoint()
            seen.append(of.yielded)
            seen.append(of.returned)

        @shared_run
        class Inner(AsyncTrioTestCase):
            @fixture(scope="class")
            async def yielded(cls) -> AsyncIterator[object]:
                yield value

            @fixture(scope="class")
            async def returned(cls) -> object:
                return cls.yielded

            @classmethod
            async def asyncSetUpClass(cls) -> None:
                await note(cls)
                cls.addAsyncClassCleanup(note, cls)

            async def test(self) -> None:
                await note(self)
                await note(Inner)
                self.assertTrue(hasattr(self, "yielded"))

            @classmethod
            async def asyncTearDownClass(cls) -> None:
                await note(cls)

        self.assertEqual(told_of(Inner), ["test: pass"])
        self.assertEqual(seen, [value] * 10)

    def test_what_it_gets(self) -> None:
        """It gets the class that runs, and has a task of its own with a nursery in it."""
        seen: list[Any] = []

        @shared_run
        class Parent(AsyncTrioTestCase):
            @fixture(scope="class")
            async def nursery_of_class(cls) -> AsyncIterator[trio.Nursery]:
                seen.append(cls)
                async with trio.open_nursery() as nursery:
                    yield nursery
                    nursery.cancel_scope.cancel()

        class Inner(Parent):
            async def test(self) -> None:
                self.nursery_of_class.start_soon(trio.sleep_forever)

        self.assertEqual(told_of(Inner), ["test: pass"])
        self.assertEqual(seen, [Inner])

    def test_context_variables(self) -> None:
        """What it sets before its `yield`, the setup of the class and tests see."""
        variable = contextvars.ContextVar("variable", default="outside")
        seen: list[str] = []

        @shared_run
        class Inner(AsyncTrioTestCase):
            @fixture(scope="class")
            async def value(cls) -> AsyncIterator[None]:
                variable.set("fixture")
                yield
                seen.append(variable.get())

            @classmethod
            async def asyncSetUpClass(cls) -> None:
                seen.append(variable.get())

            async def test(self) -> None:
                seen.append(variable.get())

        self.assertEqual(told_of(Inner), ["test: pass"])
        self.assertEqual(seen, ["fixture"] * 3)

    def test_read_only(self) -> None:
        """A test cannot assign it or delete it."""

        @shared_run
        class Inner(AsyncTrioTestCase):
            value = noted("value")
            events: list[str] = []

            async def test_assigned(self) -> None:
                self.value = "other"

            async def test_deleted(self) -> None:
                del self.value

        name = Inner.__qualname__
        self.assertEqual(
            told_of(Inner),
            [
                f"test_assigned: ERROR AttributeError: {name}.value is a fixture and "
                "cannot be assigned. Give the attribute another name; a subclass may "
                "define the fixture again.",
                f"test_deleted: ERROR AttributeError: {name}.value is a fixture and "
                "cannot be deleted.",
            ],
        )

    def test_documented(self) -> None:
        """Its docstring is the method's; nobody who looks at the class fails."""

        @shared_run
        class Inner(AsyncTrioTestCase):
            @fixture(scope="class")
            async def value(cls) -> int:
                """The answer."""
                raise NotImplementedError

        self.assertIn("The answer.", pydoc.render_doc(Inner))
        self.assertEqual(vars(Inner)["value"].__doc__, "The answer.")
        for name in dir(Inner):
            getattr(Inner, name, None)


class TestNotSetUp(unittest.TestCase):
    """Reading one that is not set up is an AttributeError that names it."""

    maxDiff = None

    def test_outside_of_the_run(self) -> None:
        """Before and after the run, on the class and on a test."""

        @shared_run
        class Inner(AsyncTrioTestCase):
            value = noted("value")
            events: list[str] = []

            async def test(self) -> None:
                self.assertEqual(self.value, "value")

        message = (
            " is a fixture of the class: it is there only while the Trio run of the "
            "class is open, from its place in the setup of the class to its turn among "
            "the cleanups of the class."
        )
        for _ in range(2):
            with self.assertRaises(AttributeError) as caught:
                Inner("test").value  # noqa: B018
            self.assertEqual(
                str(caught.exception), f"{Inner.__qualname__}.value{message}"
            )
            # Runners look at all attributes of a class: only its use is refused.
            with self.assertRaises(AttributeError) as caught:
                Inner.value.upper()
            self.assertEqual(str(caught.exception), f"value{message}")
            self.assertEqual(told_of(Inner), ["test: pass"])

    def test_before_its_turn(self) -> None:
        """An earlier fixture cannot use a later one, and is told how it could."""

        @shared_run
        class Inner(AsyncTrioTestCase):
            events: list[str] = []

            @fixture(scope="class")
            async def early(cls) -> str:
                return str(cls.late)

            late = noted("late")

            async def test(self) -> None:
                raise NotImplementedError

        name = Inner.__qualname__
        self.assertEqual(
            told_of(Inner),
            [
                f"setUpClass (Inner): ERROR AttributeError: {name}.late is not set up: "
                f"the setup has come to {name}.early, which is before it. For "
                f"{name}.early to use it, define it above {name}.early or in a base "
                f"class."
            ],
        )

    def test_itself(self) -> None:
        """It has no value before its `yield`."""

        @shared_run
        class Inner(AsyncTrioTestCase):
            @fixture(scope="class")
            async def value(cls) -> str:
                return str(cls.value)

            async def test(self) -> None:
                raise NotImplementedError

        self.assertEqual(
            told_of(Inner),
            [
                f"setUpClass (Inner): ERROR AttributeError: {Inner.__qualname__}.value "
                f"is being set up, and has no value before its `yield`."
            ],
        )

    def test_after_its_turn(self) -> None:
        """A cleanup that was added before it comes when it has ended."""

        @shared_run
        class Inner(AsyncTrioTestCase):
            events: list[str] = []

            @fixture(scope="class")
            async def early(cls) -> AsyncIterator[None]:
                yield
                cls.events.append(cls.value)

            value = noted("value")

            async def test(self) -> None:
                self.events.append(self.value)

        name = Inner.__qualname__
        self.assertEqual(
            told_of(Inner),
            [
                "test: pass",
                f"tearDownClass (Inner): ERROR AttributeError: {name}.value has ended. "
                f"A fixture is there until its turn among the cleanups, or until a "
                f"cancel scope of its own is cancelled. The tasks of cls.class_nursery "
                f"outlive it.",
            ],
        )
        self.assertEqual(Inner.events, ["set up value", "value", "tear down value"])

    def test_setup_did_not_come_to_it(self) -> None:
        """A cleanup after a failed setup cannot use what was never set up."""

        @shared_run
        class Inner(AsyncTrioTestCase):
            events: list[str] = []

            @fixture(scope="class")
            async def bad(cls) -> None:
                cls.addClassCleanup(lambda: cls.value)
                raise ValueError("bad")

            value = noted("value")

            async def test(self) -> None:
                raise NotImplementedError

        (text,) = run_classes(Inner).texts
        self.assertIn(
            f"AttributeError: {Inner.__qualname__}.value is not set up: the setup of "
            f"the class did not come to it.",
            text,
        )

    def test_of_the_parent(self) -> None:
        """`super()` has no value of a fixture that the class defines again."""

        @shared_run
        class Parent(AsyncTrioTestCase):
            @fixture(scope="class")
            async def value(cls) -> str:
                raise NotImplementedError

        class Inner(Parent):
            @fixture(scope="class")
            async def value(cls) -> str:
                return "own"

            async def test(self) -> None:
                super().value  # noqa: B018

        name = Inner.__qualname__
        self.assertEqual(
            told_of(Inner),
            [
                f"test: ERROR AttributeError: {name}.value is not set up: {name} has "
                f"another definition of it. Put what both share in a method."
            ],
        )


class TestRefused(unittest.TestCase):
    """What is no class fixture, or has no shared run."""

    maxDiff = None

    def test_scope(self) -> None:
        """There are two scopes."""
        for scope in ("bad", "module", None, 3):
            with self.assertRaises(ValueError) as caught:
                fixture(scope=scope)  # type: ignore[call-overload]
            self.assertEqual(
                str(caught.exception),
                f'fixture(scope=...) takes "test" or "class", not {scope!r}. Write '
                f'`@fixture` or `@fixture(scope="class")`.',
            )

    def test_no_method(self) -> None:
        """A classmethod, or what is no method, is refused at once."""

        async def method(cls: Any) -> None:
            raise NotImplementedError

        for wrong in (classmethod(method), staticmethod(method), int, 3):
            with self.assertRaises(TypeError) as caught:
                fixture(scope="class")(wrong)  # type: ignore[arg-type]
            self.assertEqual(
                str(caught.exception),
                f"fixture decorates an async method, not {wrong!r}. Write "
                '`@fixture(scope="class")` directly above `async def name(cls)`.',
            )

    def test_parameters(self) -> None:
        """It takes `cls` alone; other fixtures are attributes of it."""

        @shared_run
        class Inner(AsyncTrioTestCase):
            @fixture(scope="class")
            async def value(cls, server: str) -> None:
                raise NotImplementedError

            async def test(self) -> None:
                raise NotImplementedError

        result = run_classes(Inner)
        message = (
            f"the fixture {Inner.__qualname__}.value(cls, server) must take `cls` and "
            f"nothing else. Other fixtures are attributes: write `cls.server`."
        )
        self.assertEqual(
            result.texts,
            [
                f"""\
Traceback (most recent call last):
  File "test_shared_run_fixtures.py", line N, in value
    @fixture(scope="class")
TypeError: {message}
"""
            ],
        )
        self.assertEqual(
            result.told, [f"setUpClass (Inner): ERROR TypeError: {message}"]
        )

    def test_no_parameter(self) -> None:
        """One that takes nothing is told to take `cls`."""

        @shared_run
        class Inner(AsyncTrioTestCase):
            @fixture(scope="class")
            async def value() -> None:
                raise NotImplementedError

            async def test(self) -> None:
                raise NotImplementedError

        self.assertEqual(
            told_of(Inner),
            [
                f"setUpClass (Inner): ERROR TypeError: the fixture "
                f"{Inner.__qualname__}.value() must take `cls` and nothing else. Other "
                f"fixtures are attributes: write `cls.name`."
            ],
        )

    def test_not_async(self) -> None:
        """A sync method is no fixture."""

        @shared_run
        class Inner(AsyncTrioTestCase):
            @fixture(scope="class")
            def value(cls) -> int:
                return 3

            async def test(self) -> None:
                raise NotImplementedError

        self.assertEqual(
            told_of(Inner),
            [
                f"setUpClass (Inner): ERROR TypeError: the fixture "
                f"{Inner.__qualname__}.value is not async: calling it returned 3. "
                f"Write `async def`; what needs no `await` can also be made in "
                f"`setUpClass`."
            ],
        )

    def test_no_yield(self) -> None:
        """A generator that ends before its `yield` is told how to skip the class."""

        @shared_run
        class Inner(AsyncTrioTestCase):
            @fixture(scope="class")
            async def value(cls) -> AsyncIterator[int]:
                return
                yield 3

            async def test(self) -> None:
                raise NotImplementedError

        self.assertEqual(
            told_of(Inner),
            [
                f"setUpClass (Inner): ERROR TypeError: the fixture "
                f"{Inner.__qualname__}.value ended without a `yield`. Let every way "
                f"through it yield or raise; `raise unittest.SkipTest(...)` skips the "
                f"class."
            ],
        )

    def test_two_yields(self) -> None:
        """A second `yield` is an error of the class's teardown."""

        @shared_run
        class Inner(AsyncTrioTestCase):
            @fixture(scope="class")
            async def value(cls) -> AsyncIterator[int]:
                yield 3
                yield 4

            async def test(self) -> None:
                self.assertEqual(self.value, 3)

        self.assertEqual(
            told_of(Inner),
            [
                "test: pass",
                f"tearDownClass (Inner): ERROR TypeError: the fixture "
                f"{Inner.__qualname__}.value has come to a second `yield`; it may "
                f"yield once. What follows the `yield` is its teardown.",
            ],
        )

    def test_name_is_taken(self) -> None:
        """It may not hide what the class needs, such as `class_nursery`."""
        for name in ("asyncSetUpClass", "addAsyncClassCleanup", "tearDownClass"):
            self.assertIn(name, _fixtures.reserved_names)

        @shared_run
        class Inner(AsyncTrioTestCase):
            @fixture(scope="class")
            async def class_nursery(cls) -> None:
                raise NotImplementedError

            async def test(self) -> None:
                raise NotImplementedError

        self.assertEqual(
            told_of(Inner),
            [
                f"setUpClass (Inner): ERROR TypeError: the fixture "
                f"{Inner.__qualname__}.class_nursery hides `class_nursery` of "
                f"AsyncTrioTestCase. Give it another name."
            ],
        )

    def test_without_the_decorator(self) -> None:
        """In a class without `@shared_run` each test is told so."""

        class Inner(AsyncTrioTestCase):
            @fixture(scope="class")
            async def value(cls) -> int:
                raise NotImplementedError

            async def test_a(self) -> None:
                raise NotImplementedError

            def test_b(self) -> None:
                raise NotImplementedError

        message = (
            f"the fixture {Inner.__qualname__}.value lives as long as its class, and "
            f"the tests of {Inner.__qualname__} have a Trio run each. Write "
            f"`@shared_run` above the class, or `@fixture` above the fixture."
        )
        result = run_classes(Inner)
        self.assertEqual(
            result.told,
            [f"test_{name}: ERROR TypeError: {message}" for name in "ab"],
        )
        report = f"""\
Traceback (most recent call last):
  File "test_shared_run_fixtures.py", line N, in value
    @fixture(scope="class")
TypeError: {message}
"""
        self.assertEqual(result.texts, [report] * 2)
        self.assertEqual(str(debug_error(Inner, "test_a")), message)

    def test_test_scope_of_a_name_that_is_hidden(self) -> None:
        """What hides a class fixture and is none is refused where tests are set up."""

        @shared_run
        class Parent(AsyncTrioTestCase):
            value = noted("value")

        class Inner(Parent):
            value = 3  # type: ignore[assignment]

            async def test(self) -> None:
                raise NotImplementedError

        self.assertEqual(
            run(Inner).told,
            [
                f"ERROR TypeError: {Inner.__qualname__}.value hides a fixture of that "
                f"name, and is none. Write `@fixture` above it, rename it, or write "
                f"`value = None` to do without the fixture."
            ],
        )
