"""A stage of the wrong colour is refused when it runs, with what to write instead."""

from __future__ import annotations

import functools
import unittest
import warnings
from typing import Any

from triocase import AsyncTrioTestCase

from .harness import Process, debug_error, run, told


async def coroutine_generator(cls: object) -> Any:
    yield  # never


class TestWrongColour(unittest.TestCase):
    def check(self, case: type[AsyncTrioTestCase], message: str) -> None:
        """One ERROR with this message, in run() and in debug(); nothing unawaited."""
        prefix = f"{type(self).__name__}.{self._testMethodName}.<locals>.Inner"
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            result = run(case)
            error = debug_error(case)
        self.assertEqual(len(result.told), 1, result.told)
        self.assertEqual(result.told[0], f"ERROR TypeError: {prefix}{message}")
        self.assertIsInstance(error, TypeError)
        self.assertEqual(str(error), prefix + message)

    def test_async_setup(self) -> None:
        """`async def setUp` is refused."""

        class Inner(AsyncTrioTestCase):
            async def setUp(self) -> None:  # type: ignore[override]
                raise NotImplementedError

            async def test(self) -> None:
                raise NotImplementedError

        self.check(
            Inner,
            ".setUp is async, but unittest's setUp is a sync method. Write "
            "`async def asyncSetUp(self)` instead.",
        )

    def test_async_teardown(self) -> None:
        """`async def tearDown` is refused."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                pass

            async def tearDown(self) -> None:  # type: ignore[override]
                raise NotImplementedError

        self.check(
            Inner,
            ".tearDown is async, but unittest's tearDown is a sync method. Write "
            "`async def asyncTearDown(self)` instead.",
        )

    def test_generator_setup(self) -> None:
        """An async generator as setUp is refused as an async setUp is."""

        class Inner(AsyncTrioTestCase):
            async def setUp(self) -> Any:
                yield  # never

            async def test(self) -> None:
                raise NotImplementedError

        self.check(
            Inner,
            ".setUp is async, but unittest's setUp is a sync method. Write "
            "`async def asyncSetUp(self)` instead.",
        )

    def test_sync_async_setup(self) -> None:
        """A sync asyncSetUp is refused."""

        class Inner(AsyncTrioTestCase):
            def asyncSetUp(self) -> None:  # type: ignore[override]
                pass

            async def test(self) -> None:
                raise NotImplementedError

        self.check(
            Inner,
            ".asyncSetUp is not async: it returned None, which cannot be awaited. "
            "Write `async def asyncSetUp(self)`, or name the sync method `setUp`.",
        )

    def test_sync_async_teardown(self) -> None:
        """A sync asyncTearDown is refused."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                pass

            def asyncTearDown(self) -> int:  # type: ignore[override]
                return 3

        self.check(
            Inner,
            ".asyncTearDown is not async: it returned 3, which cannot be awaited. Write "
            "`async def asyncTearDown(self)`, or name the sync method `tearDown`.",
        )

    GENERATOR = (
        " is an async generator: it contains `yield`, so calling it ran nothing. Write "
        "an `async def` without `yield`; to set up before a `yield` and tear down after "
        "it, decorate a function with `@contextlib.asynccontextmanager` and enter it "
        "with `await self.enterAsyncContext(...)`."
    )

    def test_async_generator_as_async_setup(self) -> None:
        """An async generator as asyncSetUp is refused."""

        class Inner(AsyncTrioTestCase):
            async def asyncSetUp(self) -> Any:
                yield  # never

            async def test(self) -> None:
                raise NotImplementedError

        self.check(Inner, ".asyncSetUp" + self.GENERATOR)

    def test_async_generator_as_test(self) -> None:
        """An async generator as a test is refused: calling it runs nothing."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> Any:
                yield  # never

        self.check(Inner, ".test" + self.GENERATOR)

    def test_returned_value(self) -> None:
        """A test that returns something is refused, sync and async."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> int:
                return 3

            def test_sync(self) -> int:
                return 3

        message = (
            " returned 3; a test must return None. Assert what it should hold instead "
            "of returning it."
        )
        self.check(Inner, ".test" + message)
        self.assertIn(message, told(Inner, "test_sync")[0])

    def test_sync_generator_as_test(self) -> None:
        """A sync generator as a test is refused, with a hint at the yield."""

        class Inner(AsyncTrioTestCase):
            def test(self) -> Any:
                yield  # never

        (verdict,) = told(Inner)
        self.assertIn("a test must return None", verdict)
        self.assertTrue(verdict.endswith(" It contains `yield`: remove it."), verdict)

    def test_async_class_hooks(self) -> None:
        """Async setUpClass and tearDownClass are refused by each test of the class."""
        for name, stage in [("setUpClass", "SetUp"), ("tearDownClass", "TearDown")]:

            async def hook(cls: object) -> None:
                raise NotImplementedError

            async def test(self: object) -> None:
                raise NotImplementedError

            namespace = {
                name: classmethod(hook),
                "test": test,
                "test_expected": unittest.expectedFailure(test),
            }
            inner = type("Inner", (AsyncTrioTestCase,), namespace)
            for method in ["test", "test_expected", "test"]:
                self.assertEqual(
                    told(inner, method),
                    [
                        f"ERROR TypeError: Inner.{name} is async, but unittest calls it "
                        f"without awaiting it, so it never ran. Write a sync `def "
                        f"{name}(cls)`, and do what needs `await` in `async{stage}`, "
                        f"or in `async{stage}Class` of a class with `@shared_run`."
                    ],
                )

    def test_decorated_hooks(self) -> None:
        """A hook behind a decorator is named as the class names it."""

        def plain(function: Any) -> Any:
            def wrapper(*args: Any) -> Any:
                return function(*args)

            return wrapper

        async def coroutine(self: object) -> None:
            raise NotImplementedError

        def sync(self: object) -> int:
            return 3

        for name, hook, message in [
            ("setUp", plain(coroutine), "Inner.setUp is async, but unittest's setUp"),
            ("tearDown", plain(coroutine), "Inner.tearDown is async, but unittest's"),
            ("asyncSetUp", plain(sync), "name the sync method `setUp`"),
            ("asyncTearDown", lambda self: 3, "name the sync method `tearDown`"),
            ("asyncSetUp", functools.partialmethod(sync), "Inner.asyncSetUp is not"),
            ("setUpClass", classmethod(functools.wraps(coroutine)(sync)), "is async"),
            ("tearDownClass", classmethod(coroutine_generator), "is async, but"),
        ]:
            with self.subTest(name, message=message):
                namespace = {name: hook, "test": lambda self: None}
                (verdict,) = told(type("Inner", (AsyncTrioTestCase,), namespace))
                self.assertIn(f"ERROR TypeError: Inner.{name} is ", verdict)
                self.assertIn(message, verdict)

    def test_other_tests_of_the_module_run(self) -> None:
        """Nothing is refused when the class is made: the rest of the module runs."""
        code, output = Process(
            """
            from triocase import AsyncTrioTestCase

            class TestWrong(AsyncTrioTestCase):
                @classmethod
                async def setUpClass(cls):
                    pass
                async def setUp(self):
                    pass
                def asyncSetUp(self):
                    pass
                async def test_wrong(self):
                    yield

            class TestRight(AsyncTrioTestCase):
                async def test_right(self):
                    pass
            """,
            *("-m", "unittest", "-v", "test_it"),
        ).finish()
        self.assertEqual(code, 1)
        self.assertRegex(output, r"test_right .* ok")
        self.assertIn("FAILED (errors=1)", output)
