"""The decorators: where they may stand, how they combine, what they refuse."""

from __future__ import annotations

import copy
import functools
import gc
import math
import pickle
import unittest
import weakref
from fractions import Fraction
from typing import Any
from unittest import mock

import trio

import triocase
from triocase import AsyncTrioTestCase, autojump_clock, mock_clock, real_clock

from .harness import Process, debug_error, run, told

THRESHOLD = (
    "autojump_clock(threshold=...) takes real seconds, a finite number that is not "
    "negative; not {}. Write `@autojump_clock(threshold=0.01)`."
)
RATE = (
    "mock_clock(rate=...) takes virtual seconds for each real second, a finite number "
    "that is not negative; not {}. Write `@mock_clock(rate=2.0)`."
)
WHERE = (
    "{0} decorates a test method or a class, not {1}. Write {2} above `async def` or "
    "`class`."
)
USAGE = {
    autojump_clock: "`@autojump_clock` or `@autojump_clock(threshold=0.01)`",
    mock_clock: "`@mock_clock` or `@mock_clock(rate=2.0)`",
    real_clock: "`@real_clock`",
}


class Clocks(AsyncTrioTestCase):
    """Each test writes down which clock it found."""

    found: list[object] = []

    def note(self) -> None:
        try:
            clock = self.clock
        except AttributeError:
            self.found.append("real")
        else:
            jumps = clock.autojump_threshold
            kind = "mock" if jumps == math.inf else "jump"
            self.found.append((kind, clock.rate if kind == "mock" else jumps))

    async def test_plain(self) -> None:
        self.note()

    @autojump_clock
    async def test_jump(self) -> None:
        self.note()

    @autojump_clock(threshold=0.25)
    async def test_jump_options(self) -> None:
        self.note()

    @mock_clock
    async def test_mock(self) -> None:
        self.note()

    @mock_clock(rate=2)
    def test_mock_options(self) -> None:
        self.note()

    @real_clock
    async def test_real(self) -> None:
        self.note()


def clocks(case: type[Clocks], *names: str) -> list[object]:
    """Return the clock that each test of ``case`` finds, all of which must pass."""
    Clocks.found.clear()
    for name in names or [name for name in dir(case) if name.startswith("test_")]:
        result = run(case, name)
        assert result.wasSuccessful(), (name, result.texts)
    return list(Clocks.found)


JUMP = ("jump", 0.0)
MOCK = ("mock", 0.0)
OWN = [JUMP, ("jump", 0.25), MOCK, ("mock", 2.0)]


class TestWhere(unittest.TestCase):
    def test_method(self) -> None:
        """A method gets what stands above it, bare or with options; others do not."""
        self.assertEqual(clocks(Clocks), [*OWN, "real", "real"])

    def test_parentheses_without_options(self) -> None:
        """Empty parentheses are as good as none."""

        class Inner(Clocks):
            test_jump = autojump_clock()(Clocks.test_plain)

        self.addCleanup(delattr, Clocks.test_plain, "_trioMarks")
        self.assertEqual(clocks(Inner, "test_jump"), [JUMP])

    def test_class(self) -> None:
        """A class's clock is for all its tests; the method's own wins over it."""

        @autojump_clock
        class Inner(Clocks):
            pass

        self.assertEqual(clocks(Inner), [*OWN, JUMP, "real"])

        @mock_clock(rate=3)
        class Other(Clocks):
            pass

        self.assertEqual(clocks(Other), [*OWN, ("mock", 3.0), "real"])

    def test_parent(self) -> None:
        """A subclass inherits its parent's clock, and may have its own."""

        @autojump_clock
        class Parent(Clocks):
            pass

        class Child(Parent):
            pass

        @real_clock
        class RealChild(Parent):
            pass

        class GrandChild(RealChild):
            pass

        self.assertEqual(clocks(Child, "test_plain"), [JUMP])
        self.assertEqual(clocks(RealChild, "test_plain", "test_jump"), ["real", JUMP])
        self.assertEqual(clocks(GrandChild, "test_plain"), ["real"])
        self.assertEqual(clocks(Parent, "test_plain"), [JUMP])

    def test_mixin(self) -> None:
        """A mixin that is no test case brings its clock; the first in the MRO wins."""

        @mock_clock
        class Mixin:
            pass

        @autojump_clock
        class Parent(Clocks):
            pass

        class MixinFirst(Mixin, Parent):
            pass

        class ParentFirst(Parent, Mixin):
            pass

        self.assertEqual(clocks(MixinFirst, "test_plain"), [MOCK])
        self.assertEqual(clocks(ParentFirst, "test_plain"), [JUMP])

    def test_inherited_method(self) -> None:
        """A method that is inherited keeps its own clock under the child's class."""

        @real_clock
        class Child(Clocks):
            pass

        self.assertEqual(clocks(Child, "test_jump", "test_plain"), [JUMP, "real"])

    def test_overridden_method(self) -> None:
        """A method that overrides another has only what stands above itself."""

        class Child(Clocks):
            async def test_jump(self) -> None:
                self.note()

        self.assertEqual(clocks(Child, "test_jump"), ["real"])

    def test_class_decorated_late(self) -> None:
        """A class may be decorated when its tests have run already."""

        class Parent(Clocks):
            pass

        class Child(Parent):
            pass

        self.assertEqual(clocks(Child, "test_plain"), ["real"])
        self.assertIs(autojump_clock(Parent), Parent)
        self.assertEqual(clocks(Child, "test_plain"), [JUMP])

    def test_returns_what_it_gets(self) -> None:
        """No wrapper: the decorated method or class is what it was."""

        async def method(self: object) -> None:
            raise NotImplementedError

        class Inner:
            pass

        self.assertIs(autojump_clock(method), method)
        self.assertIs(mock_clock(rate=1)(Inner), Inner)

    def test_class_is_still_pickled(self) -> None:
        """An instance of a decorated class can be pickled and copied."""
        for twin in [
            pickle.loads(pickle.dumps(Clocks("test_jump"))),
            copy.deepcopy(Clocks("test_jump")),
        ]:
            self.assertEqual(twin, Clocks("test_jump"))

    def test_callables(self) -> None:
        """A partial, a mock and an object that can be called may be decorated."""

        async def body() -> None:
            Clocks.found.append(type(trio.lowlevel.current_clock()).__name__)

        class Callable:
            def __call__(self) -> Any:
                return body()

        class Inner(Clocks):
            test_partial = staticmethod(autojump_clock(functools.partial(body)))
            test_mock = autojump_clock(mock.AsyncMock(side_effect=body))
            test_object = autojump_clock(Callable())
            test_partialmethod = functools.partialmethod(Clocks.test_jump)
            test_plain_mock = mock.AsyncMock(side_effect=body, return_value=None)

        self.assertEqual(
            clocks(Inner, "test_partial", "test_mock", "test_object"), ["MockClock"] * 3
        )
        self.assertEqual(clocks(Inner, "test_plain_mock"), ["SystemClock"])
        self.assertEqual(clocks(Inner, "test_partialmethod"), [JUMP])


class TestCombination(unittest.TestCase):
    def test_with_unittest_marks(self) -> None:
        """skip, skipIf and expectedFailure work above and below."""

        class Inner(Clocks):
            @unittest.skip("above")
            @autojump_clock
            async def test_skip_above(self) -> None:
                raise NotImplementedError

            @autojump_clock
            @unittest.skip("below")
            async def test_skip_below(self) -> None:
                raise NotImplementedError

            @autojump_clock
            @unittest.skipIf(False, "no")
            async def test_not_skipped(self) -> None:
                self.note()

            @unittest.expectedFailure
            @autojump_clock
            async def test_expected_above(self) -> None:
                self.note()
                self.fail("as expected")

            @autojump_clock
            @unittest.expectedFailure
            async def test_expected_below(self) -> None:
                self.note()
                self.fail("as expected")

        self.assertEqual(told(Inner, "test_skip_above"), ["skip above"])
        self.assertEqual(told(Inner, "test_skip_below"), ["skip below"])
        expected = ["expected AssertionError: as expected"]
        Clocks.found.clear()
        self.assertEqual(told(Inner, "test_expected_above"), expected)
        self.assertEqual(told(Inner, "test_expected_below"), expected)
        self.assertEqual(Clocks.found, [JUMP, JUMP])
        self.assertEqual(clocks(Inner, "test_not_skipped"), [JUMP])

    def test_with_class_marks(self) -> None:
        """A skipped class is skipped, whichever decorator is on top."""

        @unittest.skip("above")
        @autojump_clock
        class Above(Clocks):
            pass

        @autojump_clock
        @unittest.skip("below")
        class Below(Clocks):
            pass

        self.assertEqual(told(Above, "test_plain"), ["skip above"])
        self.assertEqual(told(Below, "test_plain"), ["skip below"])

    def test_with_mock_patch(self) -> None:
        """mock.patch works above and below, on a method and on a class."""
        target = f"{__name__}.THRESHOLD"

        class Inner(Clocks):
            @mock.patch(target)
            @autojump_clock
            async def test_above(self, patched: mock.Mock) -> None:
                assert patched is THRESHOLD
                self.note()

            @autojump_clock
            @mock.patch(target)
            async def test_below(self, patched: mock.Mock) -> None:
                assert patched is THRESHOLD
                self.note()

        self.assertEqual(clocks(Inner, "test_above", "test_below"), [JUMP, JUMP])

        @mock.patch(target, new="patched")
        @autojump_clock
        class Above(Clocks):
            async def test_patched(self) -> None:
                assert THRESHOLD == "patched"
                self.note()

        @mock_clock
        @mock.patch(target, new="patched")
        class Below(Clocks):
            async def test_patched(self) -> None:
                assert THRESHOLD == "patched"
                self.note()

        self.assertEqual(clocks(Above, "test_patched", "test_plain"), [JUMP, JUMP])
        self.assertEqual(clocks(Below, "test_patched", "test_plain"), [MOCK, MOCK])

    def test_with_wrappers(self) -> None:
        """A decorator with functools.wraps may stand above and below."""

        def wrapper(method: Any) -> Any:
            @functools.wraps(method)
            async def wrapped(self: Any) -> None:
                await method(self)

            return wrapped

        class Inner(Clocks):
            test_above = wrapper(Clocks.test_jump)
            test_below = autojump_clock(wrapper(Clocks.test_plain))

        self.assertEqual(clocks(Inner), [JUMP, JUMP, *OWN, "real", "real"])

    def test_wrapped_and_decorated_again(self) -> None:
        """A mark above a wrapper is not seen by the function below it."""

        class Inner(Clocks):
            @autojump_clock
            async def test_a(self) -> None:
                self.note()

            @functools.wraps(test_a)
            async def test_b(self) -> None:
                raise NotImplementedError

            test_b = mock_clock(test_b)

        self.assertEqual(clocks(Inner, "test_a"), [JUMP])
        self.assertIn("more than one clock", told(Inner, "test_b")[0])

    def test_parentheses_too_many(self) -> None:
        """More empty parentheses than needed do no harm."""

        @mock_clock(rate=2)()()
        class Inner(Clocks):
            pass

        self.assertEqual(clocks(Inner, "test_plain"), [("mock", 2.0)])


class TestRefused(unittest.TestCase):
    def test_two_clocks_on_a_method(self) -> None:
        """Two clocks on one method are an ERROR when the test runs, with both names."""

        class Inner(AsyncTrioTestCase):
            @autojump_clock
            @mock_clock
            async def test(self) -> None:
                raise NotImplementedError

            @real_clock
            @autojump_clock
            @autojump_clock(threshold=1)
            async def test_three(self) -> None:
                raise NotImplementedError

        name = f"{Inner.__module__}.{Inner.__qualname__}"
        message = (
            f"{name}.test has more than one clock: @autojump_clock and @mock_clock. "
            f"Keep one."
        )
        self.assertEqual(told(Inner), [f"ERROR TypeError: {message}"])
        self.assertEqual(str(debug_error(Inner)), message)
        self.assertEqual(
            told(Inner, "test_three"),
            [
                f"ERROR TypeError: {name}.test_three has more than one clock: "
                f"@real_clock and @autojump_clock and @autojump_clock. Keep one."
            ],
        )

    def test_two_clocks_on_a_class(self) -> None:
        """Likewise on a class; a method with its own clock is not concerned."""

        @autojump_clock
        @mock_clock
        class Inner(Clocks):
            pass

        class Child(Inner):
            pass

        for case in [Inner, Child]:
            self.assertEqual(
                told(case, "test_plain"),
                [
                    f"ERROR TypeError: {case.__qualname__} has more than one clock: "
                    f"@autojump_clock and @mock_clock. Keep one."
                ],
            )
            self.assertEqual(clocks(case, "test_jump"), [JUMP])

    def test_is_never_expected(self) -> None:
        """A test that is expected to fail does not hide it."""

        class Inner(AsyncTrioTestCase):
            @autojump_clock
            @unittest.expectedFailure
            @mock_clock
            async def test(self) -> None:
                raise NotImplementedError

        self.assertIn("ERROR TypeError", told(Inner)[0])

    def test_one_bad_test_spares_its_module(self) -> None:
        """The module is imported, and its other tests run."""
        code, output = Process(
            """
            from triocase import *

            class TestBad(AsyncTrioTestCase):
                @autojump_clock
                @real_clock
                async def test_bad(self):
                    print("never")

                async def test_good(self):
                    print("good ran")
            """,
            *("-m", "unittest", "-v", "test_it"),
        ).finish()
        self.assertEqual(code, 1)
        self.assertIn("good ran", output)
        self.assertNotIn("never", output)
        self.assertIn("FAILED (errors=1)", output)

    def test_what_is_no_test(self) -> None:
        """Neither a function nor a class: refused where it is decorated."""

        async def body() -> None:
            raise NotImplementedError

        class Slots:
            __slots__ = ()

            def __call__(self) -> None:
                raise NotImplementedError

        wrong: list[Any] = [
            *(3, 0.5, None, "name", [], math.nan),
            *(staticmethod(body), classmethod(body), functools.partialmethod(body)),
            *(property(body), Slots(), len, int, Clocks("test_plain").note),
        ]
        for decorator, usage in USAGE.items():
            once = decorator()
            for thing in wrong:
                for apply in [decorator, once]:
                    with self.subTest(decorator=decorator.__name__, thing=thing):
                        with self.assertRaises(TypeError) as caught:
                            apply(thing)
                        message = WHERE.format(decorator.__name__, repr(thing), usage)
                        if thing is None:
                            message += (
                                " The decorator below returned None: swap the two."
                            )
                        self.assertEqual(str(caught.exception), message)

    def test_numbers(self) -> None:
        """A threshold or rate that is negative, infinite, NaN or no number."""
        for decorator, option, message in [
            (autojump_clock, "threshold", THRESHOLD),
            (mock_clock, "rate", RATE),
        ]:
            values: list[tuple[Any, type[Exception]]] = [
                *((-1, ValueError), (-0.001, ValueError), (math.nan, ValueError)),
                *((math.inf, ValueError), (-math.inf, ValueError)),
                *((10**400, ValueError), ("1", TypeError), (None, TypeError)),
                *((True, TypeError), (1j, TypeError), ([], TypeError)),
            ]
            for value, error in values:
                with self.subTest(decorator=decorator.__name__, value=value):
                    with self.assertRaises(error) as caught:
                        decorator(**{option: value})
                    self.assertEqual(str(caught.exception), message.format(repr(value)))

    def test_numbers_of_all_kinds(self) -> None:
        """Any real number will do."""

        class Inner(Clocks):
            @autojump_clock(threshold=Fraction(1, 4))
            async def test_fraction(self) -> None:
                self.note()

            @mock_clock(rate=0)
            async def test_zero(self) -> None:
                self.note()

        self.assertEqual(
            clocks(Inner, "test_fraction", "test_zero"), [("jump", 0.25), MOCK]
        )

    def test_unknown_options(self) -> None:
        """Python's own error for options that do not exist, or are not named."""
        for wrong in [
            lambda: autojump_clock(treshold=1),  # type: ignore[call-overload]
            lambda: real_clock(rate=1),  # type: ignore[call-overload]
            lambda: mock_clock(Clocks, 3),  # type: ignore[call-overload]
        ]:
            with self.assertRaises(TypeError):
                wrong()

    def test_above_a_hook(self) -> None:
        """Above setUp and the like it would do nothing: each test is an ERROR."""
        hooks = ["setUp", "asyncSetUp", "asyncTearDown", "tearDown", "runTrio"]
        for hook in [*hooks, "setUpClass", "tearDownClass"]:
            with self.subTest(hook):

                def wrong(self: object) -> None:
                    raise NotImplementedError

                case = type("Inner", (Clocks,), {hook: autojump_clock(wrong)})
                for _ in range(2):
                    self.assertEqual(
                        told(case, "test_plain"),
                        [
                            f"ERROR TypeError: @autojump_clock stands above Inner.{hook}, "
                            f"where it has no effect: it goes for a test from its setup to "
                            f"the last cleanup. Write it above the test method or the "
                            f"class."
                        ],
                    )


class TestCost(unittest.TestCase):
    def test_trio_testing_is_imported_late(self) -> None:
        """Decorating imports nothing; only a test with a virtual clock does."""
        code, output = Process(
            """
            import sys, unittest
            from triocase import *

            class TestLate(AsyncTrioTestCase):
                async def test_1_real(self):
                    print("trio.testing" in sys.modules)

                @autojump_clock
                async def test_2_virtual(self):
                    print("trio.testing" in sys.modules)

            unittest.main()
            """,
            "test_it.py",
        ).finish()
        self.assertEqual(code, 0, output)
        self.assertEqual(output.splitlines()[:2], ["False", ".True"])

    def test_class_is_looked_at_once(self) -> None:
        """What depends on the class alone is computed once a class."""

        class Meta(type):
            def __getattribute__(cls, name: str) -> Any:
                if name == "tearDownClass":
                    looks.append(name)
                return super().__getattribute__(name)

        looks: list[str] = []
        case = Meta("Inner", (Clocks,), {})
        clocks(case, "test_plain")
        self.assertNotEqual(looks, [])
        looks.clear()
        clocks(case, "test_plain", "test_jump")
        self.assertEqual(looks, [])

    def test_classes_are_forgotten(self) -> None:
        """What is known of a class does not keep it alive."""

        @autojump_clock
        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                pass

        self.assertEqual(told(Inner), ["pass"])
        gone = weakref.ref(Inner)
        del Inner
        gc.collect()
        self.assertIsNone(gone())


class TestNames(unittest.TestCase):
    def test_are_public(self) -> None:
        """Each public name says that it is from triocase, and is in __all__."""
        for name in ["autojump_clock", "mock_clock", "real_clock"]:
            self.assertIn(name, triocase.__all__)
            self.assertEqual(getattr(triocase, name).__module__, "triocase")
