"""A shared run under unittest and pytest, and at the end of the process."""

from __future__ import annotations

import collections
import os
import random
import tempfile
import unittest

from triocase import _class_open_close

from .harness import PYTEST, UNITTEST, Process

SOURCE = """
    import os
    import unittest
    import trio
    from triocase import AsyncTrioTestCase, shared_run

    def note(what):
        with open(os.environ["EVENTS"], "a") as file:
            file.write(f"{os.getpid()} {what}\\n")

    @shared_run
    class Parent(AsyncTrioTestCase):
        @classmethod
        async def asyncSetUpClass(cls):
            cls.root = trio.lowlevel.current_root_task()
            note(f"+{cls.__name__}")

        async def asyncSetUp(self):
            assert trio.lowlevel.current_root_task() is self.root
            note(self._testMethodName)

        async def test_a(self):
            await trio.sleep(0)

        def test_b(self):
            pass

        async def test_c(self):
            await trio.sleep(0)

        @classmethod
        async def asyncTearDownClass(cls):
            await trio.sleep(0)
            note(f"-{cls.__name__}")

    class TestFirst(Parent):
        pass

    class TestPlain(AsyncTrioTestCase):
        async def test_a(self):
            await trio.sleep(0)
            note("plain")

    class TestSecond(Parent):
        pass

    del Parent
"""
FAILING = """
    import trio
    from triocase import AsyncTrioTestCase, fixture, shared_run

    class Base(AsyncTrioTestCase):
        @classmethod
        async def clean_up(cls):
            await trio.sleep(0)
            print("cleaned up", cls.__name__)

        async def test_it(self):
            self.addAsyncClassCleanup(self.clean_up)

    @shared_run
    class TestFails(Base):
        @classmethod
        async def asyncSetUpClass(cls):
            cls.addAsyncClassCleanup(cls.clean_up)
            raise ValueError("no server")

    @shared_run
    class TestFixture(Base):
        @fixture(scope="class")
        async def server(cls):
            cls.addAsyncClassCleanup(cls.clean_up)
            raise ValueError("no fixture")

    @shared_run
    class TestSkips(Base):
        @classmethod
        async def asyncSetUpClass(cls):
            cls.addAsyncClassCleanup(cls.clean_up)
            cls("test_it").skipTest("not today")

    @shared_run
    class TestTeardown(Base):
        @classmethod
        async def asyncTearDownClass(cls):
            raise ValueError("no end")

    @shared_run
    class TestUser(Base):
        @classmethod
        def setUpClass(cls):
            super().setUpClass()
            cls.addAsyncClassCleanup(cls.clean_up)
            raise ValueError("user")

    class TestZ(AsyncTrioTestCase):
        async def test_z(self):
            await trio.sleep(0)

    del Base
"""


WHOLE = ["+TestFirst", "test_a", "test_b", "test_c", "-TestFirst"]
WHOLE_SECOND = [name.replace("First", "Second") for name in WHOLE]
NAMES = [
    *(f"TestFirst::test_{name}" for name in "abc"),
    *("TestPlain::test_a", *(f"TestSecond::test_{name}" for name in "abc")),
]


class TestRunners(unittest.TestCase):
    """One run for all tests of a class, whoever runs them."""

    maxDiff = None

    def events(self, *arguments: str, source: str = SOURCE) -> list[list[str]]:
        """Run tests that all pass; return what each process has noted."""
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "events")
            code, output = Process(source, *arguments, EVENTS=file).finish()
            self.assertEqual(code, 0, output)
            noted: dict[str, list[str]] = collections.defaultdict(list)
            with open(file) as lines:
                for line in lines:
                    process, _, event = line.rstrip().partition(" ")
                    noted[process].append(event)
        return list(noted.values())

    def test_unittest(self) -> None:
        """Under unittest each class has one run."""
        (events,) = self.events(*UNITTEST)
        self.assertEqual(events, [*WHOLE, "plain", *WHOLE_SECOND])

    def test_unittest_names(self) -> None:
        """Also if it runs a few tests by their names, in another order."""
        names = ["test_it.TestSecond.test_c", "test_it.TestSecond.test_a"]
        (events,) = self.events("-m", "unittest", *names, "test_it.TestPlain")
        self.assertEqual(
            events, ["+TestSecond", "test_c", "test_a", "-TestSecond", "plain"]
        )

    def test_pytest(self) -> None:
        """Under pytest each class has one run."""
        (events,) = self.events(*PYTEST)
        self.assertEqual(events, [*WHOLE, "plain", *WHOLE_SECOND])

    def test_pytest_selection(self) -> None:
        """With `-k` the run is there for the tests that are left."""
        (events,) = self.events(*PYTEST, "-k", "test_b or (TestSecond and test_c)")
        self.assertEqual(
            events,
            [
                *("+TestFirst", "test_b", "-TestFirst"),
                *("+TestSecond", "test_b", "test_c", "-TestSecond"),
            ],
        )

    def test_pytest_any_order(self) -> None:
        """In whatever order: a class that pytest leaves and comes back to runs again."""
        orders = [NAMES[::-1], NAMES[::2] + NAMES[1::2]]
        orders.append(random.Random(8).sample(NAMES, len(NAMES)))
        for names in orders:
            arguments = [f"test_it.py::{name}" for name in names]
            (events,) = self.events(*PYTEST[:-1], *arguments)
            expected: list[str] = []
            before = ""
            for name in [*names, "::"]:
                cls, _, test = name.partition("::")
                if cls != before and before not in ("", "TestPlain"):
                    expected.append(f"-{before}")
                if cls not in ("", before, "TestPlain"):
                    expected.append(f"+{cls}")
                if test:
                    expected.append("plain" if cls == "TestPlain" else test)
                before = cls
            with self.subTest(names=names):
                self.assertEqual(events, expected)

    def test_xdist(self) -> None:
        """Under xdist each process has one run of each class that it has tests of."""
        processes = self.events(*PYTEST, "-n", "2")
        tests: list[str] = []
        for events in processes:
            for cls in ("TestFirst", "TestSecond"):
                self.assertLessEqual(events.count(f"+{cls}"), 1)
                self.assertEqual(events.count(f"+{cls}"), events.count(f"-{cls}"))
            is_open = False
            for event in events:
                if event[0] in "+-":
                    is_open = event[0] == "+"
                else:
                    self.assertEqual(is_open, event != "plain")
                    tests.append(event)
        self.assertEqual(
            sorted(tests), sorted(["plain", *("test_a", "test_b", "test_c") * 2])
        )

    def test_failing_setup_under_unittest(self) -> None:
        """A failing setup is told as `setUpClass`, its cleanups run; others go on."""
        code, output = Process(FAILING, *UNITTEST).finish()
        self.assertEqual(code, 1, output)
        for line in [
            "ERROR: setUpClass (test_it.TestFails)",
            "ERROR: setUpClass (test_it.TestFixture)",
            "ERROR: setUpClass (test_it.TestUser)",
            "ERROR: tearDownClass (test_it.TestTeardown)",
            "ValueError: no server",
            "ValueError: no fixture",
            "ValueError: no end",
            "ValueError: user",
        ]:
            self.assertEqual(output.splitlines().count(line), 1, output)
        self.assertIn("Ran 2 tests", output)
        self.assertIn("FAILED (errors=4, skipped=1)", output)
        self.check_cleanups(output)

    def test_failing_setup_under_pytest(self) -> None:
        """pytest tells it as an error of its first test, and the later ones of it."""
        code, output = Process(FAILING, *PYTEST, "-s").finish()
        self.assertEqual(code, 1, output)
        self.assertIn("2 passed, 1 skipped, 4 errors", output)
        for text in [
            "test_it.py::TestFails::test_it",
            "test_it.py::TestFixture::test_it",
            "test_it.py::TestUser::test_it",
            "test_it.py::TestTeardown::test_it",
        ]:
            self.assertIn(f"ERROR {text} - ValueError", output)
        self.check_cleanups(output)

    def check_cleanups(self, output: str) -> None:
        for cls in ("Fails", "Fixture", "Skips", "Teardown", "User"):
            self.assertEqual(output.count(f"cleaned up Test{cls}"), 1, output)


OPEN = """
    import os
    import sys
    import threading
    import trio
    from triocase import AsyncTrioTestCase, fixture, shared_run

    @shared_run
    class Case(AsyncTrioTestCase):
        @classmethod
        async def note(cls, what):
            await trio.sleep(0.01)
            print(what, flush=True)

        @fixture(scope="class")
        async def resource(cls):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(trio.sleep_forever)
                yield
                await cls.note("fixture over")
                nursery.cancel_scope.cancel()

        @classmethod
        async def asyncSetUpClass(cls):
            cls.addAsyncClassCleanup(cls.note, "cleanup")
            cls.class_nursery.start_soon(cls.serve)

        @classmethod
        async def serve(cls):
            try:
                await trio.sleep_forever()
            finally:
                print("server cancelled", flush=True)

        async def test(self):
            await trio.to_thread.run_sync(lambda: None)
            await self.note("test")

        @classmethod
        async def asyncTearDownClass(cls):
            await cls.note("torn down")

    Case.setUpClass()
    Case("test").run()
"""
# Python warns of a fork beside threads since 3.12; that is not what is tested here.
NO_WARNING = ("-W", "ignore::DeprecationWarning")
TORN_DOWN = ["torn down", "cleanup", "fixture over", "server cancelled"]


class TestExit(unittest.TestCase):
    """A run that was left open is closed when Python exits, in silence."""

    maxDiff = None

    def exit_of(self, source: str, *arguments: str, code: int = 0) -> list[str]:
        """Return the lines that a script prints, to stderr too, before it exits."""
        found, output = Process(source, *arguments, "test_it.py").finish()
        self.assertEqual(found, code, output)
        return output.splitlines()

    def test_teardown_runs(self) -> None:
        """Its teardown, cleanups and nursery end as they do otherwise."""
        self.assertEqual(self.exit_of(OPEN), ["test", *TORN_DOWN])
        self.assertEqual(self.exit_of(OPEN, "-Xdev", "-Werror"), ["test", *TORN_DOWN])

    def test_after_an_error(self) -> None:
        """So it is when the program ends with an error, or with `sys.exit`."""
        lines = self.exit_of(OPEN + "    sys.exit(3)\n", code=3)
        self.assertEqual(lines, ["test", *TORN_DOWN])
        lines = self.exit_of(OPEN + "    raise SystemExit('bye')\n", code=1)
        self.assertEqual(lines, ["test", "bye", *TORN_DOWN])

    def test_without_a_test(self) -> None:
        """So it is when no test has run."""
        source = OPEN.replace('Case("test").run()', "")
        self.assertEqual(self.exit_of(source), TORN_DOWN)

    def test_errors_are_not_told(self) -> None:
        """There is nobody to be told what goes wrong then."""
        failing = """
    @classmethod
    async def fail():
        raise ValueError("nobody hears this")
    Case.asyncTearDownClass = fail
    Case.addAsyncClassCleanup(fail)
"""
        lines = self.exit_of(OPEN + failing)
        self.assertEqual(lines, ["test", *TORN_DOWN[1:]])

    def test_stubborn_task(self) -> None:
        """A task that ignores its cancellation for ever holds Python up for seconds."""
        self.assertLessEqual(_class_open_close._LAST_SECONDS, 10)
        hurry = """
    from triocase import _class_open_close
    _class_open_close._LAST_SECONDS = 0.5
"""
        stubborn = """
    async def stubborn():
        while True:
            try:
                await trio.sleep_forever()
            except trio.Cancelled:
                pass
    Case.class_nursery.start_soon(stubborn)
    Case("test").run()
"""
        lines = self.exit_of(OPEN + hurry + stubborn)
        self.assertEqual(lines, ["test", "test", *TORN_DOWN])
        waiting = """
    async def wait():
        while True:
            try:
                await trio.to_thread.run_sync(threading.Event().wait)
            except RuntimeError:  # no thread can be started any more
                await trio.lowlevel.checkpoint()
    Case.addAsyncClassCleanup(wait)
"""
        lines = self.exit_of(OPEN + hurry + waiting)
        self.assertEqual(lines, ["test", *TORN_DOWN[:1]])

    def test_several(self) -> None:
        """All runs are closed that were left open, in threads that are over, too."""
        source = (
            OPEN.replace(
                "    Case.setUpClass()",
                """
    class Other(Case):
        pass

    Other.setUpClass()
    Other.tearDownClass()
    Case.setUpClass()""",
            )
            + """
    class Third(Case):
        pass

    thread = threading.Thread(target=Third.setUpClass)
    thread.start()
    thread.join()
"""
        )
        lines = self.exit_of(source)
        # The run of another thread can only be left alone.
        self.assertEqual(lines, [*TORN_DOWN, "test", *TORN_DOWN])

    def test_fork(self) -> None:
        """A child that was forked does not close its parent's run."""
        fork = """
    child = os.fork()
    if child == 0:
        Case("test").run()
        print("child", flush=True)
        sys.exit(0)
    print(os.waitpid(child, 0)[1], flush=True)
    Case("test").run()
"""
        lines = self.exit_of(OPEN + fork, *NO_WARNING)
        self.assertEqual(lines, ["test", "child", "0", "test", *TORN_DOWN])

    def test_fork_in_a_test(self) -> None:
        """Nor does one that was forked while a test ran, which is cut short there."""
        fork = """
    async def test(self):
        child = os.fork()
        if child == 0:
            sys.exit(0)
        assert await trio.to_thread.run_sync(os.waitpid, child, 0) == (child, 0)
    Case.test = test
    result = Case("test").run()
    print(result.wasSuccessful(), len(result.errors), flush=True)
"""
        lines = self.exit_of(OPEN + fork, *NO_WARNING)
        self.assertEqual(lines, ["test", "False 1", "True 0", *TORN_DOWN])
