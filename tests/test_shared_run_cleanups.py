"""Cleanups and contexts of a class: one list, left in its task, the last one first."""

from __future__ import annotations

import contextlib
import functools
import sys
import unittest
from collections.abc import AsyncIterator, Iterator
from typing import Any

import trio

from triocase import AsyncTrioTestCase, fixture, shared_run

from .classes import run_classes, told_of


class TestCleanups(unittest.TestCase):
    """``addAsyncClassCleanup`` and ``addClassCleanup``."""

    maxDiff = None

    def test_arguments(self) -> None:
        """They get the arguments that they were added with; both colours, both ways."""
        events: list[Any] = []

        def sync(*args: Any, **kwargs: Any) -> None:
            events.append((args, kwargs))

        async def later(*args: Any, **kwargs: Any) -> None:
            await trio.lowlevel.checkpoint()
            events.append((args, kwargs))

        @shared_run
        class Inner(AsyncTrioTestCase):
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                cls.addClassCleanup(sync, 1, function=2)
                cls.addClassCleanup(later, 3, cls=4)
                cls.addAsyncClassCleanup(later, 5, function=6)
                cls.addAsyncClassCleanup(functools.partial(later, 7))

            def test(self) -> None:
                pass

        self.assertEqual(told_of(Inner), ["test: pass"])
        expected = [
            ((7,), {}),
            ((5,), {"function": 6}),
            ((3,), {"cls": 4}),
            ((1,), {"function": 2}),
        ]
        self.assertEqual(events, expected)

    def test_added_everywhere(self) -> None:
        """A test, the teardown, a cleanup, a cancelled task: each may add one."""
        events: list[str] = []

        @shared_run
        class Inner(AsyncTrioTestCase):
            @classmethod
            async def note(cls, name: str) -> None:
                await trio.lowlevel.checkpoint()
                events.append(name)

            @classmethod
            async def task(cls) -> None:
                try:
                    await trio.sleep_forever()
                finally:
                    cls.addAsyncClassCleanup(cls.note, "added by a task")

            @classmethod
            async def add_one(cls) -> None:
                events.append("cleanup of the test's")
                cls.addAsyncClassCleanup(cls.note, "added by a cleanup")

            async def test(self) -> None:
                self.class_nursery.start_soon(self.task)
                self.addAsyncClassCleanup(self.add_one)

            @classmethod
            async def asyncTearDownClass(cls) -> None:
                cls.addAsyncClassCleanup(cls.note, "added by the teardown")

        self.assertEqual(told_of(Inner), ["test: pass"])
        self.assertEqual(
            events,
            [
                *("added by the teardown", "cleanup of the test's"),
                *("added by a cleanup", "added by a task"),
            ],
        )

    def test_before_and_after_the_run(self) -> None:
        """Sync ones that are added outside of the run are run by unittest, after it."""
        events: list[str] = []

        @shared_run
        class Inner(AsyncTrioTestCase):
            @classmethod
            def setUpClass(cls) -> None:
                cls.addClassCleanup(events.append, "outside")
                super().setUpClass()
                cls.addClassCleanup(events.append, "inside")

            def test(self) -> None:
                events.append("test")

            @classmethod
            def tearDownClass(cls) -> None:
                super().tearDownClass()
                events.append("after the run")

        self.assertEqual(told_of(Inner), ["test: pass"])
        self.assertEqual(events, ["test", "inside", "after the run", "outside"])

    def test_plain_class(self) -> None:
        """In a class without a shared run, sync class cleanups work as ever."""
        events: list[Any] = []

        class Inner(AsyncTrioTestCase):
            @classmethod
            def setUpClass(cls) -> None:
                super().setUpClass()
                cls.addClassCleanup(events.append, 1)
                cls.addClassCleanup(events.append, 2)

            async def test(self) -> None:
                events.append("test")

        self.assertEqual(told_of(Inner), ["test: pass"])
        self.assertEqual(events, ["test", 2, 1])

    def test_after_a_failed_setup(self) -> None:
        """Every one runs, in order, even if others fail; the teardown does not."""
        events: list[int] = []

        @shared_run
        class Inner(AsyncTrioTestCase):
            @classmethod
            async def clean_up(cls, number: int) -> None:
                await trio.lowlevel.checkpoint()
                events.append(number)
                raise KeyError(number)

            @classmethod
            async def asyncSetUpClass(cls) -> None:
                cls.addAsyncClassCleanup(cls.clean_up, 1)
                cls.addClassCleanup(events.append, 2)
                cls.addClassCleanup(cls.clean_up, 3)
                raise ValueError("setup")

            async def test(self) -> None:
                raise NotImplementedError

            @classmethod
            async def asyncTearDownClass(cls) -> None:
                raise NotImplementedError

        result = run_classes(Inner)
        self.assertEqual(events, [3, 2, 1])
        self.assertEqual(
            result.told,
            [
                "setUpClass (Inner): ERROR ExceptionGroup: several errors in the setup "
                f"of {Inner.__qualname__} (3 sub-exceptions)"
            ],
        )
        self.assertEqual(
            result.texts,
            [
                f"""\
  | ExceptionGroup: several errors in the setup of {Inner.__qualname__} (3 sub-exceptions)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "test_shared_run_cleanups.py", line N, in asyncSetUpClass
    |     raise ValueError("setup")
    | ValueError: setup
    +---------------- 2 ----------------
    | Traceback (most recent call last):
    |   File "test_shared_run_cleanups.py", line N, in clean_up
    |     raise KeyError(number)
    | KeyError: 3
    +---------------- 3 ----------------
    | Traceback (most recent call last):
    |   File "test_shared_run_cleanups.py", line N, in clean_up
    |     raise KeyError(number)
    | KeyError: 1
    +------------------------------------
"""
            ],
        )


class TestContexts(unittest.TestCase):
    """``enterAsyncClassContext`` and ``enterClassContext``."""

    def test_with_a_nursery_inside(self) -> None:
        """It may contain a nursery, serves all tests, and is left in its turn."""
        events: list[str] = []

        @contextlib.asynccontextmanager
        async def service(name: str) -> AsyncIterator[trio.MemoryReceiveChannel[int]]:
            async def count(send: trio.MemorySendChannel[int]) -> None:
                number = 0
                while True:
                    await send.send(number)
                    number += 1

            send, receive = trio.open_memory_channel[int](0)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(count, send)
                events.append(f"enter {name}")
                yield receive
                await trio.lowlevel.checkpoint()
                events.append(f"leave {name}")
                nursery.cancel_scope.cancel()

        @shared_run
        class Inner(AsyncTrioTestCase):
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                cls.numbers = await cls.enterAsyncClassContext(service("a"))
                cls.addClassCleanup(events.append, "cleanup")
                await cls.enterAsyncClassContext(service("b"))

            async def test_a(self) -> None:
                self.assertEqual(await self.numbers.receive(), 0)
                events.append("test_a")

            async def test_b(self) -> None:
                self.assertEqual(await self.numbers.receive(), 1)
                events.append("test_b")

        self.assertEqual(told_of(Inner), ["test_a: pass", "test_b: pass"])
        expected = ["enter a", "enter b", "test_a", "test_b"]
        self.assertEqual(events, [*expected, "leave b", "cleanup", "leave a"])

    def test_by_a_test(self) -> None:
        """A context that a test enters for the class outlives the test."""
        events: list[str] = []

        @contextlib.asynccontextmanager
        async def context() -> AsyncIterator[None]:
            yield
            events.append("left")

        @shared_run
        class Inner(AsyncTrioTestCase):
            async def test_a(self) -> None:
                await self.enterAsyncClassContext(context())

            async def test_b(self) -> None:
                events.append("test_b")

        self.assertEqual(told_of(Inner), ["test_a: pass", "test_b: pass"])
        self.assertEqual(events, ["test_b", "left"])

    def test_by_a_class_fixture(self) -> None:
        """A class fixture may enter contexts and add cleanups, too."""
        events: list[str] = []

        @contextlib.asynccontextmanager
        async def context() -> AsyncIterator[int]:
            yield 3
            events.append("left")

        @shared_run
        class Inner(AsyncTrioTestCase):
            @fixture(scope="class")
            async def value(cls) -> int:
                cls.addClassCleanup(events.append, "cleanup")
                return await cls.enterAsyncClassContext(context())

            async def test(self) -> None:
                self.assertEqual(self.value, 3)

        self.assertEqual(told_of(Inner), ["test: pass"])
        self.assertEqual(events, ["left", "cleanup"])

    def test_exit_stack(self) -> None:
        """An `AsyncExitStack` stays in the class's task, and is closed in its turn."""
        tasks: list[trio.lowlevel.Task] = []
        events: list[str] = []

        @contextlib.asynccontextmanager
        async def context() -> AsyncIterator[None]:
            tasks.append(trio.lowlevel.current_task())
            yield
            tasks.append(trio.lowlevel.current_task())
            events.append("left")

        @shared_run
        class Inner(AsyncTrioTestCase):
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                cls.addClassCleanup(events.append, "before")
                given = contextlib.AsyncExitStack()
                stack = await cls.enterAsyncClassContext(given)
                assert stack is given
                cls.addClassCleanup(events.append, "after")
                await stack.enter_async_context(context())
                tasks.append(trio.lowlevel.current_task())

            async def test(self) -> None:
                events.append("test")

        self.assertEqual(told_of(Inner), ["test: pass"])
        self.assertEqual(events, ["test", "after", "left", "before"])
        self.assertEqual(len(tasks), 3)
        self.assertEqual(len(set(tasks)), 1)

    @unittest.skipIf(sys.version_info < (3, 11), "unittest has it since 3.11")
    def test_sync_context(self) -> None:
        """unittest's `enterClassContext` enters in the run, and leaves in its turn."""
        events: list[str] = []

        @contextlib.contextmanager
        def context() -> Iterator[int]:
            trio.lowlevel.current_task()
            yield 3
            trio.lowlevel.current_task()
            events.append("left")

        @shared_run
        class Inner(AsyncTrioTestCase):
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                cls.addClassCleanup(events.append, "before")
                cls.value = cls.enterClassContext(context())
                cls.addClassCleanup(events.append, "after")

            async def test(self) -> None:
                self.assertEqual(self.value, 3)

        self.assertEqual(told_of(Inner), ["test: pass"])
        self.assertEqual(events, ["after", "left", "before"])
