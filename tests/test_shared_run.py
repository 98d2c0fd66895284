"""The tests of a class with ``@shared_run`` have one Trio run, and one class setup."""

from __future__ import annotations

import threading
import unittest
from collections.abc import AsyncIterator

import trio
import trio.testing

from triocase import AsyncTrioTestCase, fixture, shared_run

from .classes import ClassRecorder, run_classes, suite_of, told_of


class TestOrder(unittest.TestCase):
    """What happens when, from the class's nursery to its end."""

    maxDiff = None

    def test_all_stages(self) -> None:
        """Nursery, fixtures, setup, tests, teardown, cleanups, nursery cancelled."""
        events: list[str] = []

        async def server(name: str) -> None:
            try:
                await trio.sleep_forever()
            finally:
                events.append(f"{name} cancelled")

        async def later(name: str) -> None:
            await trio.lowlevel.checkpoint()
            events.append(name)

        @shared_run
        class Inner(AsyncTrioTestCase):
            @classmethod
            def setUpClass(cls) -> None:
                events.append("before setUpClass")
                super().setUpClass()
                events.append("after setUpClass")

            @fixture(scope="class")
            async def first(cls) -> AsyncIterator[str]:
                cls.class_nursery.start_soon(server, "class task")
                events.append("first class fixture")
                yield "first"
                await later("first class fixture over")

            @fixture(scope="class")
            async def second(cls) -> AsyncIterator[str]:
                events.append("second class fixture")
                yield "second"
                await later("second class fixture over")

            @classmethod
            async def asyncSetUpClass(cls) -> None:
                await super().asyncSetUpClass()
                cls.addClassCleanup(events.append, "class cleanup 1")
                cls.addAsyncClassCleanup(later, "class cleanup 2")
                await later("asyncSetUpClass")
                cls.addClassCleanup(events.append, "class cleanup 3")

            @fixture
            async def own(self) -> AsyncIterator[str]:
                events.append("fixture")
                yield "own"
                await later("fixture over")

            def setUp(self) -> None:
                events.append("setUp")

            async def asyncSetUp(self) -> None:
                await later("asyncSetUp")
                self.addAsyncCleanup(later, "cleanup")
                self.nursery.start_soon(server, "task")

            async def test_a(self) -> None:
                await trio.testing.wait_all_tasks_blocked()
                await later("test_a")

            def test_b(self) -> None:
                events.append("test_b")

            async def asyncTearDown(self) -> None:
                await later("asyncTearDown")

            def tearDown(self) -> None:
                events.append("tearDown")

            @classmethod
            async def asyncTearDownClass(cls) -> None:
                await super().asyncTearDownClass()
                await later("asyncTearDownClass")

            @classmethod
            def tearDownClass(cls) -> None:
                events.append("before tearDownClass")
                super().tearDownClass()
                events.append("after tearDownClass")

        def one(name: str) -> list[str]:
            return [
                *("fixture", "setUp", "asyncSetUp", name, "asyncTearDown", "tearDown"),
                *("cleanup", "fixture over", "task cancelled"),
            ]

        self.assertEqual(told_of(Inner), ["test_a: pass", "test_b: pass"])
        self.assertEqual(
            events,
            [
                *("before setUpClass", "first class fixture", "second class fixture"),
                *("asyncSetUpClass", "after setUpClass", *one("test_a")),
                *(*one("test_b"), "before tearDownClass", "asyncTearDownClass"),
                *("class cleanup 3", "class cleanup 2", "class cleanup 1"),
                *("second class fixture over", "first class fixture over"),
                *("class task cancelled", "after tearDownClass"),
            ],
        )

    def test_one_run(self) -> None:
        """All stages are in one Trio run; those of the class are in one task."""
        roots: list[trio.lowlevel.Task] = []
        tasks: list[trio.lowlevel.Task] = []

        async def note_both() -> None:
            roots.append(trio.lowlevel.current_root_task())
            tasks.append(trio.lowlevel.current_task())

        @shared_run
        class Inner(AsyncTrioTestCase):
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                await note_both()
                cls.addAsyncClassCleanup(note_both)

            def setUp(self) -> None:
                roots.append(trio.lowlevel.current_root_task())

            async def test_a(self) -> None:
                await note_both()

            async def test_b(self) -> None:
                await note_both()

            @classmethod
            async def asyncTearDownClass(cls) -> None:
                await note_both()

        self.assertEqual(told_of(Inner), ["test_a: pass", "test_b: pass"])
        self.assertEqual(len(roots), 7)
        self.assertEqual(len(set(roots)), 1)
        set_up, test_a, test_b, torn_down, cleaned_up = tasks
        self.assertIs(set_up, torn_down)
        self.assertIs(set_up, cleaned_up)
        self.assertEqual(len({set_up, test_a, test_b}), 3)

    def test_a_second_time(self) -> None:
        """A class that is run again has another run."""
        roots: list[trio.lowlevel.Task] = []

        @shared_run
        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                roots.append(trio.lowlevel.current_root_task())

        self.assertEqual(told_of(Inner), ["test: pass"])
        self.assertEqual(told_of(Inner), ["test: pass"])
        self.assertIsNot(*roots)

    def test_skipped_class(self) -> None:
        """A class that a decorator skips opens no run."""

        @unittest.skip("why")
        @shared_run
        class Inner(AsyncTrioTestCase):
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                raise NotImplementedError

            async def test(self) -> None:
                raise NotImplementedError

        self.assertEqual(told_of(Inner), ["test: skip why"])

    def test_parentheses(self) -> None:
        """`@shared_run()` is the same as `@shared_run`; it returns the class."""

        class Inner(AsyncTrioTestCase):
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                cls.ready = True

            async def test(self) -> None:
                self.assertTrue(self.ready)

        self.assertIs(shared_run()(Inner), Inner)
        self.assertEqual(told_of(Inner), ["test: pass"])
        self.assertIs(shared_run(Inner), Inner)


class TestNursery(unittest.TestCase):
    """``cls.class_nursery``, for tasks that live as long as the class."""

    def test_start(self) -> None:
        """A server that `class_nursery.start` has started serves all tests."""
        events: list[str] = []

        async def server(
            *, task_status: trio.TaskStatus[trio.MemorySendChannel[str]]
        ) -> None:
            send, receive = trio.open_memory_channel[str](0)
            task_status.started(send)
            async for request in receive:
                events.append(request)
            raise NotImplementedError  # its end is to be cancelled

        @shared_run
        class Inner(AsyncTrioTestCase):
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                cls.requests = await cls.class_nursery.start(server)

            async def test_a(self) -> None:
                await self.requests.send("from a")

            async def test_b(self) -> None:
                await self.requests.send("from b")

        self.assertEqual(told_of(Inner), ["test_a: pass", "test_b: pass"])
        self.assertEqual(events, ["from a", "from b"])

    def test_from_a_test(self) -> None:
        """What a test starts there lives on after the test, until the class ends."""
        events: list[str] = []

        async def task() -> None:
            try:
                await trio.sleep_forever()
            finally:
                events.append("cancelled")

        @shared_run
        class Inner(AsyncTrioTestCase):
            async def test_a(self) -> None:
                self.class_nursery.start_soon(task)

            async def test_b(self) -> None:
                (child,) = type(self).class_nursery.child_tasks
                self.assertTrue(child.name.endswith("task"), child.name)
                events.append("test_b")

        self.assertEqual(told_of(Inner), ["test_a: pass", "test_b: pass"])
        self.assertEqual(events, ["test_b", "cancelled"])

    def test_holds_the_users_tasks_only(self) -> None:
        """Tests, contexts and fixtures are not among its child tasks."""

        @shared_run
        class Inner(AsyncTrioTestCase):
            @fixture(scope="class")
            async def value(cls) -> AsyncIterator[int]:
                yield 3

            @classmethod
            async def asyncSetUpClass(cls) -> None:
                await cls.enterAsyncClassContext(trio.open_nursery())

            async def test(self) -> None:
                self.assertEqual(self.class_nursery.child_tasks, frozenset())
                self.assertIsNot(self.class_nursery, self.nursery)

        self.assertEqual(told_of(Inner), ["test: pass"])

    def test_cancelled_by_a_test(self) -> None:
        """Cancelled by the user it stops its tasks, and the tests go on."""
        events: list[str] = []

        async def task() -> None:
            try:
                await trio.sleep_forever()
            finally:
                events.append("cancelled")

        @shared_run
        class Inner(AsyncTrioTestCase):
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                cls.class_nursery.start_soon(task)

            async def test_a(self) -> None:
                self.class_nursery.cancel_scope.cancel()
                await trio.testing.wait_all_tasks_blocked()
                events.append("test_a")

            async def test_b(self) -> None:
                await trio.lowlevel.checkpoint()
                events.append("test_b")

        self.assertEqual(told_of(Inner), ["test_a: pass", "test_b: pass"])
        self.assertEqual(events, ["cancelled", "test_a", "test_b"])


class TestInheritance(unittest.TestCase):
    """A class and each of its subclasses have a run each."""

    maxDiff = None

    def test_two_subclasses(self) -> None:
        """A shared parent with two subclasses: a run and a setup for each of them."""
        roots: dict[trio.lowlevel.Task, list[str]] = {}

        def note(name: str) -> None:
            roots.setdefault(trio.lowlevel.current_root_task(), []).append(name)

        @shared_run
        class Parent(AsyncTrioTestCase):
            @fixture(scope="class")
            async def name(cls) -> str:
                return cls.__name__

            @classmethod
            async def asyncSetUpClass(cls) -> None:
                note(f"setup of {cls.name}")

            async def test_a(self) -> None:
                note(f"a of {self.name}")

        class First(Parent):
            async def test_b(self) -> None:
                note(f"b of {self.name}")

        class Second(Parent):
            @fixture(scope="class")
            async def port(cls) -> int:
                note(f"{cls.name} alone has a port")
                return 80

            @classmethod
            async def asyncSetUpClass(cls) -> None:
                await super().asyncSetUpClass()
                note(f"setup with {cls.port}")

        tests = ["test_a: pass", "test_b: pass", "test_a: pass"]
        self.assertEqual(told_of(First, Second), tests)
        self.assertEqual(
            list(roots.values()),
            [
                ["setup of First", "a of First", "b of First"],
                [
                    *("Second alone has a port", "setup of Second", "setup with 80"),
                    "a of Second",
                ],
            ],
        )
        roots.clear()
        self.assertEqual(told_of(First, Parent), tests)
        self.assertEqual(
            list(roots.values()),
            [
                ["setup of First", "a of First", "b of First"],
                ["setup of Parent", "a of Parent"],
            ],
        )

    def test_shared_subclass_of_a_plain_class(self) -> None:
        """The decorator makes its class shared; the parent goes on as it was."""
        roots: dict[type, list[trio.lowlevel.Task]] = {}

        class Plain(AsyncTrioTestCase):
            async def test_a(self) -> None:
                root = trio.lowlevel.current_root_task()
                roots.setdefault(type(self), []).append(root)

            test_b = test_a

        @shared_run
        class Shared(Plain):
            pass

        tests = ["test_a: pass", "test_b: pass"]
        self.assertEqual(told_of(Plain, Shared, Plain), tests * 3)
        self.assertEqual(len(set(roots[Shared])), 1)
        self.assertEqual(len(set(roots[Plain])), 4)

    def test_mixin(self) -> None:
        """Decorated on a mixin, it goes for each class that has the mixin."""
        roots: list[trio.lowlevel.Task] = []

        @shared_run
        class Mixin:
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                roots.append(trio.lowlevel.current_root_task())

        class Inner(Mixin, AsyncTrioTestCase):
            async def test(self) -> None:
                roots.append(trio.lowlevel.current_root_task())

        self.assertEqual(told_of(Inner), ["test: pass"])
        self.assertEqual(len(roots), 2)
        self.assertIs(*roots)


class TestMixed(unittest.TestCase):
    """Shared and plain classes beside each other."""

    maxDiff = None

    def setUp(self) -> None:
        events = self.events = []

        @shared_run
        class Shared(AsyncTrioTestCase):
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                events.append("set up")

            async def test_a(self) -> None:
                await trio.lowlevel.checkpoint()
                events.append("shared a")

            async def test_b(self) -> None:
                await trio.lowlevel.checkpoint()
                events.append("shared b")

            @classmethod
            async def asyncTearDownClass(cls) -> None:
                events.append("tear down")

        class Plain(AsyncTrioTestCase):
            async def test_a(self) -> None:
                await trio.lowlevel.checkpoint()
                events.append("plain")

        class Sync(unittest.TestCase):
            def test_a(self) -> None:
                trio.run(trio.lowlevel.checkpoint)
                events.append("sync")

        self.shared, self.plain, self.sync = Shared, Plain, Sync
        self.of_shared = ["set up", "shared a", "shared b", "tear down"]

    def test_any_order(self) -> None:
        """Whatever comes before and after a shared class, it has one run."""
        result = run_classes(
            *(self.sync, self.shared, self.plain, self.shared, self.sync, self.plain)
        )
        self.assertTrue(all(line.endswith(": pass") for line in result.told))
        self.assertEqual(
            self.events,
            ["sync", *self.of_shared, "plain", *self.of_shared, "sync", "plain"],
        )

    def test_tests_in_between(self) -> None:
        """Where another class comes between two of its tests, it has two runs."""
        result = ClassRecorder()
        tests = [self.shared("test_a"), self.plain("test_a"), self.shared("test_b")]
        unittest.TestSuite(tests).run(result)
        self.assertEqual(result.told, ["test_a: pass", "test_a: pass", "test_b: pass"])
        self.assertEqual(
            self.events,
            [
                *("set up", "shared a", "tear down", "plain"),
                *("set up", "shared b", "tear down"),
            ],
        )

    def test_threads(self) -> None:
        """Two classes run in two threads at once, each in a run of its own."""
        barrier = threading.Barrier(2, timeout=30)
        roots: list[trio.lowlevel.Task] = []

        async def meet() -> None:
            await trio.lowlevel.checkpoint()
            barrier.wait()
            roots.append(trio.lowlevel.current_root_task())

        @shared_run
        class Parent(AsyncTrioTestCase):
            @classmethod
            async def asyncSetUpClass(cls) -> None:
                await meet()

            async def test_a(self) -> None:
                await meet()

            async def test_b(self) -> None:
                await meet()
                await trio.to_thread.run_sync(lambda: None)

            @classmethod
            async def asyncTearDownClass(cls) -> None:
                await meet()

        class One(Parent):
            pass

        class Two(Parent):
            pass

        results = ClassRecorder(), ClassRecorder()
        threads = [
            threading.Thread(target=suite_of(case).run, args=(result,))
            for case, result in zip((One, Two), results, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for result in results:
            self.assertEqual(result.told, ["test_a: pass", "test_b: pass"])
        self.assertEqual(len(roots), 8)
        self.assertEqual(len(set(roots)), 2)
