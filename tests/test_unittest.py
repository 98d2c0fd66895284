"""What unittest users do with a test, and with its neighbours, works on an async test."""

from __future__ import annotations

import contextvars
import io
import logging
import os
import re
import sys
import tempfile
import textwrap
import threading
import time
import unittest
import warnings
from pathlib import Path
from typing import Any
from unittest import mock

import trio
import trio.testing

from triocase import AsyncTrioTestCase, autojump_clock, time_limit

from .harness import Process, Recorder, impatient, plain, run, told

LINE = "-" * 70
DOUBLE = "=" * 70


def clean(output: str) -> str:
    """Leave out what differs from run to run, and how 3.10 names a test."""
    output = re.sub(r"(test\w*) \(([\w.<>]+)\.\1\)", r"\1 (\2)", plain(output))
    return re.sub(r" in \d+\.\d+s\n", " in Ns\n", output)


def start(source: str, *arguments: str, python: tuple[str, ...] = ()) -> Process:
    return Process(source, *python, "-m", "unittest", *arguments)


def end(process: Process) -> tuple[int, str]:
    code, output = process.finish()
    return code, clean(output)


def unittest_run(
    source: str, *arguments: str, python: tuple[str, ...] = ()
) -> tuple[int, str]:
    return end(start(source, *arguments, python=python))


def ran(count: int, verdict: str = "OK") -> str:
    """Return the end of unittest's output."""
    tests = "test" if count == 1 else "tests"
    return f"{LINE}\nRan {count} {tests} in Ns\n\n{verdict}\n"


class TestSelection(unittest.TestCase):
    maxDiff = None

    def tree(self) -> str:
        """Make a folder with tests in a nested package; return its path."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        inner = Path(folder.name) / "outer" / "inner"
        inner.mkdir(parents=True)
        for package in [inner, inner.parent]:
            (package / "__init__.py").touch()
        for path, name in [
            (inner.parent.parent / "test_top.py", "top"),
            (inner.parent / "test_middle.py", "middle"),
            (inner / "test_deep.py", "deep"),
            (inner / "check_other.py", "other"),
        ]:
            source = f"""
                import trio
                from triocase import AsyncTrioTestCase

                class Test(AsyncTrioTestCase):
                    async def test_{name}(self):
                        await trio.lowlevel.checkpoint()
                        self.assertNotIn("{name}", ["deep"])
            """
            path.write_text(textwrap.dedent(source))
        return folder.name

    def test_discover(self) -> None:
        """``discover`` finds async tests in nested packages, by folder and pattern."""
        tree = self.tree()
        middle = "test_middle (outer.test_middle.Test) ... ok\n"
        deep = "test_deep (outer.inner.test_deep.Test) ... FAIL\n"
        top = "test_top (test_top.Test) ... ok\n"
        other = "test_other (outer.inner.check_other.Test) ... ok\n"
        for arguments, expected in [
            (["-s", tree], [deep, middle, top]),
            (["-s", f"{tree}/outer", "-t", tree], [deep, middle]),
            (["-s", tree, "-p", "check_*.py"], [other]),
            ([tree, "test_[mt]*.py"], [middle, top]),
        ]:
            with self.subTest(arguments[1:]):
                code, output = unittest_run("", "discover", "-v", *arguments)
                self.assertEqual(code, int(deep in expected), output)
                lines = re.findall(r"(?m)^test_\w+ .*\n", output)
                self.assertEqual(sorted(lines), sorted(expected), output)
                self.assertIn(f"Ran {len(expected)} test", output)

    SOURCE = """
        import trio
        from triocase import AsyncTrioTestCase

        class TestIt(AsyncTrioTestCase):
            async def test_one(self):
                await trio.lowlevel.checkpoint()
                print("one ran")

            async def test_two(self):
                await trio.lowlevel.checkpoint()
                print("two ran")
                self.fail("two")

        class TestOther(AsyncTrioTestCase):
            async def test_one(self):
                await trio.lowlevel.checkpoint()
                print("other ran")
    """

    def test_k(self) -> None:
        """``-k`` selects by substring or pattern; what it leaves out does not run."""
        for pattern, expected, count in [
            ("one", "one ran\n.other ran\n.", 2),
            ("*Other*", "other ran\n.", 1),
            ("It.test_o", "one ran\n.", 1),
        ]:
            code, output = unittest_run(self.SOURCE, "-k", pattern, "test_it")
            self.assertEqual((code, output), (0, f"{expected}\n{ran(count)}"))

    def test_dotted_name(self) -> None:
        """A class or a test can be run by its dotted name."""
        for name, expected in [
            ("test_it.TestIt.test_one", "one ran\n."),
            ("test_it.TestOther", "other ran\n."),
        ]:
            code, output = unittest_run(self.SOURCE, name)
            self.assertEqual((code, output), (0, f"{expected}\n{ran(1)}"))

    def test_load_tests(self) -> None:
        """``load_tests`` decides which tests there are, in which order, how often."""
        source = """
            import unittest
            import trio
            from triocase import AsyncTrioTestCase

            class TestIt(AsyncTrioTestCase):
                def __init__(self, name, number=0):
                    super().__init__(name)
                    self.number = number

                async def test_number(self):
                    await trio.lowlevel.checkpoint()
                    print("number", self.number)

                async def test_left_out(self):
                    raise NotImplementedError

            def load_tests(loader, tests, pattern):
                assert tests.countTestCases() == 2
                return unittest.TestSuite(TestIt("test_number", n) for n in [2, 1, 2])
        """
        for arguments in [["test_it"], ["discover"]]:
            code, output = unittest_run(source, *arguments)
            text = "number 2\n.number 1\n.number 2\n."
            self.assertEqual((code, output), (0, f"{text}\n{ran(3)}"))


class TestOptions(unittest.TestCase):
    maxDiff = None

    def test_f(self) -> None:
        """``-f`` stops after the first failure, wherever in the test it was."""
        source = """
            import trio
            from triocase import AsyncTrioTestCase, fixture

            class Base(AsyncTrioTestCase):
                async def crash(self):
                    await trio.lowlevel.checkpoint()
                    raise KeyError("x")

                async def test_1(self):
                    await trio.lowlevel.checkpoint()

                async def test_2(self):
                    print("the next test ran")

            class TestBody(Base):
                async def test_1(self):
                    self.fail("x")

            class TestSetup(Base):
                async def asyncSetUp(self):
                    await self.crash()

            class TestFixture(Base):
                @fixture
                async def broken(self):
                    await self.crash()
                    yield

            class TestBackground(Base):
                async def test_1(self):
                    self.nursery.start_soon(self.crash)
                    await trio.sleep_forever()

            class TestSubtest(Base):
                async def test_1(self):
                    async with trio.open_nursery() as nursery:
                        nursery.start_soon(trio.sleep_forever)
                        for i in range(2):
                            with self.subTest(i=i):
                                await trio.lowlevel.checkpoint()
                                self.fail("x")

            class TestTeardown(Base):
                async def asyncTearDown(self):
                    await self.crash()

            class TestCleanup(Base):
                async def test_1(self):
                    self.addAsyncCleanup(self.crash)

            class TestUnexpected(Base):
                from unittest import expectedFailure

                @expectedFailure
                async def test_1(self):
                    await trio.lowlevel.checkpoint()

            del Base
        """
        names = re.findall(r"class (Test\w+)", source)
        started = [(name, start(source, "-f", f"test_it.{name}")) for name in names]
        for name, process in started:
            with self.subTest(name):
                code, output = end(process)
                self.assertEqual(code, 1, output)
                letter, verdict = {
                    "TestBody": ("F", "failures=1"),
                    # unittest prints no letter for a subtest on Python 3.10.
                    "TestSubtest": ("F" * (sys.version_info >= (3, 11)), "failures=1"),
                    "TestUnexpected": ("u", "unexpected successes=1"),
                }.get(name, ("E", "errors=1"))
                self.assertEqual(output.splitlines()[0], letter, output)
                self.assertEqual(
                    output[output.rindex(LINE) :], ran(1, f"FAILED ({verdict})")
                )

    def test_b(self) -> None:
        """``-b`` shows what a failing test and its background tasks printed."""
        source = """
            import sys
            import trio
            from triocase import AsyncTrioTestCase

            class TestIt(AsyncTrioTestCase):
                async def background(self, event):
                    print("from the background")
                    print("to stderr", file=sys.stderr)
                    event.set()
                    await trio.sleep_forever()

                async def asyncSetUp(self):
                    print("from the setup")
                    event = trio.Event()
                    self.nursery.start_soon(self.background, event)
                    await event.wait()

                async def test_fail(self):
                    print("from the test")
                    self.fail("oh")

                async def test_pass(self):
                    print("from the passing test")
        """
        code, output = unittest_run(source, "-b", "test_it")
        self.assertEqual(code, 1, output)
        self.assertNotIn("from the passing test", output)
        self.assertEqual(
            output[output.index(DOUBLE) :],
            f"{DOUBLE}\nFAIL: test_fail (test_it.TestIt)\n{LINE}\n"
            "Traceback (most recent call last):\n"
            '  File "test_it.py", line N, in test_fail\n'
            '    self.fail("oh")\n'
            "AssertionError: oh\n\n"
            "Stdout:\nfrom the setup\nfrom the background\nfrom the test\n\n"
            f"Stderr:\nto stderr\n\n{ran(2, 'FAILED (failures=1)')}",
        )

    def test_b_of_passing_tests(self) -> None:
        """``-b`` shows nothing of tests that pass."""
        source = """
            import sys
            import trio, trio.testing
            from triocase import AsyncTrioTestCase

            class TestIt(AsyncTrioTestCase):
                async def background(self):
                    print("background")
                    try:
                        await trio.sleep_forever()
                    finally:
                        print("cancelled", file=sys.stderr)

                async def test_pass(self):
                    self.nursery.start_soon(self.background)
                    await trio.testing.wait_all_tasks_blocked()
                    print("body")
        """
        code, output = unittest_run(source, "-b", "test_it")
        self.assertEqual((code, output), (0, f".\n{ran(1)}"))

    def test_locals(self) -> None:
        """``--locals`` shows the locals of the user's frames, and no others."""
        source = """
            import trio
            from triocase import AsyncTrioTestCase

            class TestIt(AsyncTrioTestCase):
                async def crash(self, number):
                    half = number // 2
                    raise KeyError("x")

                async def test_background(self):
                    here = "body"
                    self.nursery.start_soon(self.crash, 8)
                    await trio.sleep_forever()

                async def test_body(self):
                    here = "body"
                    await self.crash(6)
        """
        code, output = unittest_run(source, "--locals", "test_it")
        self.assertEqual(code, 1, output)

        def crashed(name: str, number: int) -> str:
            return (
                '  File "test_it.py", line N, in crash\n'
                '    raise KeyError("x")\n'
                f"    half = {number // 2}\n"
                f"    number = {number}\n"
                f"    self = <test_it.TestIt testMethod={name}>\n"
                "KeyError: 'x'\n\n"
            )

        above = (
            '  File "test_it.py", line N, in test_body\n'
            "    await self.crash(6)\n"
            "    here = 'body'\n"
            "    self = <test_it.TestIt testMethod=test_body>\n"
        )
        background, body = (
            f"{DOUBLE}\nERROR: {name} (test_it.TestIt)\n{LINE}\n"
            "Traceback (most recent call last):\n"
            for name in ["test_background", "test_body"]
        )
        self.assertEqual(
            output,
            f"EE\n{background}{crashed('test_background', 8)}"
            f"{body}{above}{crashed('test_body', 6)}{ran(2, 'FAILED (errors=2)')}",
        )

    @unittest.skipIf(  # pragma: no cover  # for the newer Pythons
        sys.version_info < (3, 12), "unittest has --durations since Python 3.12"
    )
    def test_durations(self) -> None:
        """``--durations`` lists the slowest tests; virtual time does not count."""
        source = """
            import trio
            from triocase import AsyncTrioTestCase, autojump_clock

            class TestIt(AsyncTrioTestCase):
                @autojump_clock
                async def test_1_virtual(self):
                    await trio.sleep(1000)

                async def test_2_slow(self):
                    await trio.sleep(0.1)

                async def test_3_slow_teardown(self):
                    self.addAsyncCleanup(trio.sleep, 0.05)
        """
        code, output = Process(
            source, *("-m", "unittest", "--durations", "2", "-v", "test_it")
        ).finish()
        self.assertEqual(code, 0, output)
        table = output.partition("Slowest test durations\n")[2]
        listed = re.findall(r"(?m)^(\d+\.\d+)s +(test_\w+)", table)
        self.assertEqual(len(listed), 2, output)
        times = {name: float(duration) for duration, name in listed}
        self.assertGreaterEqual(times["test_2_slow"], 0.1)
        for duration in times.values():
            self.assertLess(duration, 20)

    def test_development_mode(self) -> None:
        """``-X dev -W error`` finds nothing to say about tests that pass."""
        source = """
            import gc
            import trio
            from triocase import AsyncTrioTestCase, autojump_clock, fixture, time_limit

            class TestIt(AsyncTrioTestCase):
                @fixture
                async def server(self):
                    async with trio.open_nursery() as nursery:
                        (listener,) = await nursery.start(
                            lambda task_status: trio.serve_tcp(
                                self.echo, 0, host="127.0.0.1", task_status=task_status
                            )
                        )
                        yield listener.socket.getsockname()[1]
                        nursery.cancel_scope.cancel()

                async def echo(self, stream):
                    await stream.send_all(await stream.receive_some())

                async def asyncSetUp(self):
                    self.nursery.start_soon(trio.sleep_forever)

                @time_limit(30)
                async def test_fixture(self):
                    stream = await trio.open_tcp_stream("127.0.0.1", self.server)
                    async with stream:
                        await stream.send_all(b"hi")
                        self.assertEqual(await stream.receive_some(), b"hi")

                async def test_thread(self):
                    self.assertEqual(await trio.to_thread.run_sync(int), 0)

                @autojump_clock
                async def test_virtual(self):
                    with self.subTest(1), trio.move_on_after(1000):
                        await trio.sleep_forever()

                def test_sync(self):
                    trio.current_time()

            def tearDownModule():
                gc.collect()
        """
        python = ("-X", "dev", "-W", "error")
        code, output = unittest_run(source, "test_it", python=python)
        self.assertEqual((code, output), (0, f"....\n{ran(4)}"))


class TestModulesAndClasses(unittest.TestCase):
    maxDiff = None

    def test_order(self) -> None:
        """What is set up for a module or a class is set up once, outside of Trio."""
        source = """
            import contextlib
            import unittest
            import trio
            from triocase import AsyncTrioTestCase

            def say(text):
                assert not trio.lowlevel.in_trio_run()
                print(text)

            def setUpModule():
                say("setUpModule")
                unittest.addModuleCleanup(say, "module cleanup")

            def tearDownModule():
                say("tearDownModule")

            @contextlib.contextmanager
            def context():
                say("class context")
                yield
                say("class context over")

            class TestIt(AsyncTrioTestCase):
                @classmethod
                def setUpClass(cls):
                    say("setUpClass")
                    cls.addClassCleanup(say, "class cleanup")
                    if hasattr(cls, "enterClassContext"):
                        cls.enterClassContext(context())
                    else:  # Python 3.10
                        manager = context()
                        manager.__enter__()
                        cls.addClassCleanup(manager.__exit__, None, None, None)

                @classmethod
                def tearDownClass(cls):
                    say("tearDownClass")

                async def asyncSetUp(self):
                    await trio.lowlevel.checkpoint()
                    print("asyncSetUp")

                async def test_1(self):
                    print("test_1")

                async def test_2(self):
                    print("test_2")

            @unittest.skip("why")
            class TestSkipped(AsyncTrioTestCase):
                @classmethod
                def setUpClass(cls):
                    raise NotImplementedError

                async def test(self):
                    raise NotImplementedError
        """
        code, output = unittest_run(source, "test_it")
        # Not all releases of Python count the skipped test among those that ran.
        self.assertEqual(
            (code, output.replace("Ran 2 tests", "Ran 3 tests")),
            (
                0,
                "setUpModule\nsetUpClass\nclass context\n"
                "asyncSetUp\ntest_1\n.asyncSetUp\ntest_2\n."
                "tearDownClass\nclass context over\nclass cleanup\n"
                "stearDownModule\nmodule cleanup\n"
                f"\n{ran(3, 'OK (skipped=1)')}",
            ),
        )

    def test_failing(self) -> None:
        """A module or class that cannot be set up is an error; its tests do not run."""
        module = """
            import unittest
            from triocase import AsyncTrioTestCase

            def setUpModule():
                unittest.addModuleCleanup(print, "module cleanup")
                raise OSError("no database")

            def tearDownModule():
                raise NotImplementedError

            class TestIt(AsyncTrioTestCase):
                async def test(self):
                    raise NotImplementedError
        """
        klass = """
            from triocase import AsyncTrioTestCase

            class TestIt(AsyncTrioTestCase):
                @classmethod
                def setUpClass(cls):
                    cls.addClassCleanup(print, "class cleanup")
                    raise OSError("no database")

                @classmethod
                def tearDownClass(cls):
                    raise NotImplementedError

                async def test(self):
                    raise NotImplementedError
        """
        for source, where, name, cleanup in [
            (module, "setUpModule", "test_it", "module cleanup\n"),
            (klass, "setUpClass", "test_it.TestIt", "class cleanup\n"),
        ]:
            code, output = unittest_run(source, "test_it")
            self.assertIn(code, [1, 5], output)  # since Python 3.12: no test ran
            before, _, after = output.partition(DOUBLE)
            self.assertEqual(sorted(before), sorted(f"{cleanup}E\n"))
            self.assertEqual(
                after,
                f"\nERROR: {where} ({name})\n{LINE}\n"
                "Traceback (most recent call last):\n"
                f'  File "test_it.py", line N, in {where}\n'
                '    raise OSError("no database")\n'
                f"OSError: no database\n\n{ran(0, 'FAILED (errors=1)')}",
            )

    def test_failing_at_the_end(self) -> None:
        """What fails after the last test is an error, and the tests keep theirs."""
        source = """
            import unittest
            from triocase import AsyncTrioTestCase

            def setUpModule():
                unittest.addModuleCleanup(crash, "module cleanup")

            def crash(text):
                raise OSError(text)

            class TestIt(AsyncTrioTestCase):
                @classmethod
                def setUpClass(cls):
                    cls.addClassCleanup(crash, "class cleanup")

                @classmethod
                def tearDownClass(cls):
                    crash("tearDownClass")

                async def test(self):
                    pass
        """
        code, output = unittest_run(source, "test_it")
        self.assertEqual(code, 1, output)
        self.assertEqual(output.splitlines()[0], ".EEE", output)
        self.assertEqual(
            re.findall(r"(?m)^OSError: (.*)$", output),
            ["tearDownClass", "class cleanup", "module cleanup"],
        )
        self.assertTrue(output.endswith(ran(1, "FAILED (errors=3)")), output)


VARIABLE = contextvars.ContextVar("VARIABLE", default="unset")


def suite_of(
    number: int,
    kind: type[unittest.TestSuite] = unittest.TestSuite,
    barrier: threading.Barrier | None = None,
) -> unittest.TestSuite:
    """Make a suite with a test of each kind, that waits for those of other threads."""

    class Inner(AsyncTrioTestCase):
        async def asyncSetUp(self) -> None:
            self.assertEqual(VARIABLE.get(), "unset")
            VARIABLE.set(f"set by {number}")
            if barrier is not None:
                barrier.wait(20)
            self.addCleanup(self.check)

        def check(self) -> None:
            self.assertEqual(VARIABLE.get(), f"set by {number}")

        async def meet(self) -> None:
            for _ in range(20):
                await trio.lowlevel.checkpoint()
            self.check()

        async def crash(self) -> None:
            await self.meet()
            raise ValueError(number)

        async def test_1_pass(self) -> None:
            self.nursery.start_soon(self.meet)
            await self.meet()

        async def test_2_fail(self) -> None:
            await self.meet()
            self.fail(str(number))

        async def test_3_background(self) -> None:
            self.nursery.start_soon(self.crash)
            await trio.sleep_forever()

        async def test_4_skip(self) -> None:
            await self.meet()
            self.skipTest(str(number))

        @autojump_clock
        async def test_5_virtual(self) -> None:
            start = trio.current_time()
            await trio.sleep(number)
            self.assertEqual(trio.current_time() - start, number)

    names = unittest.defaultTestLoader.getTestCaseNames(Inner)
    return kind(Inner(name) for name in names)


def verdicts_of(number: int) -> list[str]:
    return [
        "pass",
        f"FAIL AssertionError: {number}",
        f"ERROR ValueError: {number}",
        f"skip {number}",
        "pass",
    ]


class TestFromCode(unittest.TestCase):
    maxDiff = None

    def test_suites_in_threads(self) -> None:
        """Suites run in several threads at once, and nothing is mixed up."""
        count = 4
        results = [Recorder() for _ in range(count)]
        barrier = threading.Barrier(count)
        threads = [
            threading.Thread(
                target=suite_of(number, barrier=barrier).run, args=(result,)
            )
            for number, result in enumerate(results)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for number, result in enumerate(results):
            self.assertEqual(result.told, verdicts_of(number))
            self.assertEqual(result.testsRun, 5)
        self.assertEqual(VARIABLE.get(), "unset")

    def test_suite_twice(self) -> None:
        """A suite that keeps its tests can run again, with the same verdicts."""

        class Keeping(unittest.TestSuite):
            def _removeTestAtIndex(self, index: int) -> None:
                pass

        suite = suite_of(7, Keeping)
        for _ in range(2):
            result = Recorder()
            suite.run(result)
            self.assertEqual(result.told, verdicts_of(7))
        suite.run(result)
        self.assertEqual(result.told, verdicts_of(7) * 2)

    def test_suite_debug(self) -> None:
        """``TestSuite.debug()`` raises the first error, and later ones are not run."""
        with self.assertRaisesRegex(AssertionError, "^7$"):
            suite_of(7).debug()

    def test_text_runner(self) -> None:
        """``TextTestRunner`` prints what it prints for sync tests."""

        def outcome(base: type[unittest.TestCase], members: dict[str, Any]) -> str:
            case = type("Inner", (base,), {"__module__": "here", **members})
            stream = io.StringIO()
            loaded = unittest.defaultTestLoader.loadTestsFromTestCase(case)
            result = unittest.TextTestRunner(stream, verbosity=2).run(loaded)
            self.assertFalse(result.wasSuccessful())
            return clean(stream.getvalue())

        def fail(case: unittest.TestCase) -> None:
            case.assertEqual([1], [2])

        @unittest.expectedFailure
        def unexpected(case: unittest.TestCase) -> None:
            pass

        def documented(case: unittest.TestCase) -> None:
            """Say what this tests."""

        def sync_subtests(case: unittest.TestCase) -> None:
            for i in range(3):
                with case.subTest(i=i):
                    case.assertNotEqual(i, 1)

        async def async_fail(self: unittest.TestCase) -> None:
            fail(self)

        @unittest.expectedFailure
        async def async_unexpected(self: unittest.TestCase) -> None:
            await trio.lowlevel.checkpoint()

        async def async_documented(self: unittest.TestCase) -> None:
            """Say what this tests."""

        async def async_subtests(self: unittest.TestCase) -> None:
            sync_subtests(self)

        @unittest.skip("why")
        def skipped(self: unittest.TestCase) -> None:
            raise NotImplementedError

        names = ["test_1", "test_2", "test_3", "test_4", "test_5"]
        sync = [fail, unexpected, documented, sync_subtests, skipped]
        both = [
            async_fail,
            async_unexpected,
            async_documented,
            async_subtests,
            skipped,
        ]
        expected = outcome(unittest.TestCase, dict(zip(names, sync, strict=True)))
        text = outcome(AsyncTrioTestCase, dict(zip(names, both, strict=True)))
        above = '  File "test_unittest.py", line N, in async_fail\n    fail(self)\n'
        self.assertEqual(text.count(above), 1, text)
        self.assertEqual(text.replace(above, ""), expected)

    def test_main(self) -> None:
        """``unittest.main()`` runs the file's tests, and its exit code says how."""
        source = """
            import unittest
            import trio
            from triocase import AsyncTrioTestCase

            class TestIt(AsyncTrioTestCase):
                async def test_fail(self):
                    await trio.lowlevel.checkpoint()
                    self.fail("x")

                async def test_pass(self):
                    await trio.lowlevel.checkpoint()

            if __name__ == "__main__":
                program = unittest.main(exit=False)
                print(program.result.testsRun, len(program.result.failures))
                unittest.main()
        """
        code, output = Process(source, "test_it.py", "TestIt.test_pass").finish()
        self.assertEqual(
            (code, clean(output)), (0, f".\n{ran(1)}1 0\n.\n{ran(1)}"), output
        )
        code, output = Process(source, "test_it.py").finish()
        self.assertEqual(code, 1, output)
        self.assertRegex(output, r"(?s)^F\.\n.*\n2 1\nF\.\n")


real_sleep = trio.sleep


class TestMock(unittest.TestCase):
    def test_patched_sleep(self) -> None:
        """``trio.sleep`` may be a mock around a test, or around all of a class."""

        class Method(AsyncTrioTestCase):
            @mock.patch("trio.sleep")
            async def test(self, sleep: mock.AsyncMock) -> None:
                await trio.sleep(1000)
                sleep.assert_awaited_once_with(1000)
                self.nursery.start_soon(trio.sleep, 2000)
                await trio.testing.wait_all_tasks_blocked()
                sleep.assert_awaited_with(2000)

            @mock.patch("trio.sleep")
            async def test_fail(self, sleep: mock.AsyncMock) -> None:
                sleep.assert_awaited_once_with(1000)

        @mock.patch("trio.sleep")
        class Class(AsyncTrioTestCase):
            async def test(self, sleep: mock.AsyncMock) -> None:
                await trio.sleep(1000)
                sleep.assert_awaited_once_with(1000)

        missing = "FAIL AssertionError: Expected sleep to have been awaited once. "
        self.assertEqual(told(Method), ["pass"])
        self.assertEqual(told(Method, "test_fail"), [f"{missing}Awaited 0 times."])
        self.assertEqual(told(Class), ["pass"])
        self.assertIs(trio.sleep, real_sleep)

    def test_patched_time(self) -> None:
        """Time may be a mock; the test has its verdict, and its limit works."""
        targets = ["trio.sleep", "time.monotonic", "time.perf_counter", "time.sleep"]

        def exceeds(case: type[AsyncTrioTestCase], name: str) -> None:
            (text,) = told(case, name)
            self.assertIn("ERROR TimeLimitExceeded: ", text)

        for target in targets:

            class Method(AsyncTrioTestCase):
                @mock.patch(target)
                async def test_pass(self, mocked: mock.Mock) -> None:
                    await real_sleep(0)
                    mocked.assert_not_called()

                @mock.patch(target)
                async def test_fail(self, mocked: mock.Mock) -> None:
                    await real_sleep(0)
                    self.fail("here")

                @mock.patch(target)
                async def test_background(self, mocked: mock.Mock) -> None:
                    self.nursery.start_soon(self.crash)
                    await trio.sleep_forever()

                @autojump_clock
                @mock.patch(target)
                async def test_virtual(self, mocked: mock.Mock) -> None:
                    await real_sleep(1000)
                    self.fail("virtual")

                @time_limit(0.1)
                @mock.patch(target)
                async def test_limit(self, mocked: mock.Mock) -> None:
                    await real_sleep(60)

                @mock.patch(target)
                @time_limit(0.1)
                async def test_limit_below(self, mocked: mock.Mock) -> None:
                    await real_sleep(60)

                async def crash(self) -> None:
                    await real_sleep(0)
                    raise ValueError("crash")

            @mock.patch(target)
            @time_limit(0.1)
            class Class(AsyncTrioTestCase):
                @time_limit(60)  # the machine may be slow
                async def test_pass(self, mocked: mock.Mock) -> None:
                    await real_sleep(0)

                async def test_limit(self, mocked: mock.Mock) -> None:
                    await real_sleep(60)

            @time_limit(0.1)
            @mock.patch(target)
            class Above(AsyncTrioTestCase):
                async def test_limit(self, mocked: mock.Mock) -> None:
                    await real_sleep(60)

            with self.subTest(target), impatient():
                self.assertEqual(told(Method, "test_pass"), ["pass"])
                self.assertEqual(
                    told(Method, "test_fail"), ["FAIL AssertionError: here"]
                )
                self.assertEqual(
                    told(Method, "test_background"), ["ERROR ValueError: crash"]
                )
                self.assertEqual(
                    told(Method, "test_virtual"), ["FAIL AssertionError: virtual"]
                )
                exceeds(Method, "test_limit")
                exceeds(Method, "test_limit_below")
                self.assertEqual(told(Class, "test_pass"), ["pass"])
                exceeds(Class, "test_limit")
                exceeds(Above, "test_limit")

    def test_patched_from_setup_to_cleanup(self) -> None:
        """A patch that a setup starts and a cleanup stops is there for the whole test."""
        events: list[object] = []

        class Inner(AsyncTrioTestCase):
            def setUp(self) -> None:
                for name in ["time.monotonic", "time.perf_counter", "trio.sleep"]:
                    self.enterContext(mock.patch(name, return_value=None))

            async def note(self) -> None:
                await trio.sleep(1000)
                events.append((time.monotonic(), time.perf_counter()))

            async def test(self) -> None:
                await self.note()

            @time_limit(0.1)
            async def test_limit(self) -> None:
                await real_sleep(60)

            async def asyncTearDown(self) -> None:
                await self.note()

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(events, [(None, None)] * 2)
        with impatient():
            (text,) = told(Inner, "test_limit")
        self.assertIn("ERROR TimeLimitExceeded: ", text)
        self.assertIsNotNone(time.monotonic())

    def test_patched_around_the_run(self) -> None:
        """A patch around the runner changes nothing either."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                await real_sleep(0)

            @time_limit(0.1)
            async def test_limit(self) -> None:
                await real_sleep(60)

        for target in ["trio.sleep", "time.monotonic"]:
            with mock.patch(target), impatient():
                verdicts = told(Inner) + told(Inner, "test_limit")
            self.assertEqual(verdicts[0], "pass")
            self.assertIn("ERROR TimeLimitExceeded: ", verdicts[1])

    def test_async_mock(self) -> None:
        """An ``AsyncMock`` is awaited as what it stands for is."""

        class Inner(AsyncTrioTestCase):
            @mock.patch("os.getcwd", new_callable=mock.AsyncMock)
            async def test(self, getcwd: mock.AsyncMock) -> None:
                getcwd.return_value = "here"
                self.assertEqual(await os.getcwd(), "here")  # type: ignore[misc]
                getcwd.assert_awaited_once()

            async def test_twice(self) -> None:
                client = mock.AsyncMock()
                client.fetch.side_effect = [1, 2]
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(client.fetch, "a")
                    nursery.start_soon(client.fetch, "b")
                client.fetch.assert_awaited_once()

            async def test_error(self) -> None:
                self.nursery.start_soon(mock.AsyncMock(side_effect=OSError("gone")))
                await trio.sleep_forever()

            async def test_cleanup(self) -> None:
                self.addAsyncCleanup(mock.AsyncMock(side_effect=OSError("gone")))

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(
            told(Inner, "test_twice"),
            [
                "FAIL AssertionError: Expected fetch to have been awaited once. "
                "Awaited 2 times."
            ],
        )
        self.assertEqual(told(Inner, "test_error"), ["ERROR OSError: gone"])
        self.assertEqual(told(Inner, "test_cleanup"), ["ERROR OSError: gone"])

    def test_async_mock_as_a_hook(self) -> None:
        """``asyncSetUp`` and ``asyncTearDown`` may be mocks; they are awaited once."""
        setup = mock.AsyncMock(return_value=None)
        teardown = mock.AsyncMock(return_value=None)

        class Inner(AsyncTrioTestCase):
            asyncSetUp = setup
            asyncTearDown = teardown

            async def test(self) -> None:
                setup.assert_awaited_once_with()
                teardown.assert_not_awaited()

        self.assertEqual(told(Inner), ["pass"])
        teardown.assert_awaited_once_with()
        setup.side_effect = OSError("gone")
        self.assertEqual(told(Inner), ["ERROR OSError: gone"])
        teardown.assert_awaited_once_with()

    def test_patched_environment(self) -> None:
        """``mock.patch.dict`` on a class holds for its tests, and no longer."""

        @mock.patch.dict(os.environ, {"TRIOCASE_OF_TEST": "set"})
        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                await trio.lowlevel.checkpoint()
                self.assertEqual(os.environ["TRIOCASE_OF_TEST"], "set")

            async def test_fail(self) -> None:
                await trio.lowlevel.checkpoint()
                self.assertNotIn("TRIOCASE_OF_TEST", os.environ, "it is there")

        self.assertEqual(told(Inner), ["pass"])
        (text,) = told(Inner, "test_fail")
        self.assertRegex(text, "(?s)^FAIL AssertionError: .* : it is there$")
        self.assertNotIn("TRIOCASE_OF_TEST", os.environ)


class TestLogsAndWarnings(unittest.TestCase):
    def test_logs(self) -> None:
        """``assertLogs`` sees what background tasks log; without logs it fails."""
        logger = logging.getLogger("chat")

        class Inner(AsyncTrioTestCase):
            async def work(self, name: str, done: trio.Event) -> None:
                await trio.lowlevel.checkpoint()
                logger.info("from %s", name)
                done.set()

            async def crash(self) -> None:
                raise ValueError("crash")

            async def test(self) -> None:
                done = [trio.Event(), trio.Event()]
                with self.assertLogs("chat", "INFO") as logs:
                    for name, event in zip("ab", done, strict=True):
                        self.nursery.start_soon(self.work, name, event)
                    for event in done:
                        await event.wait()
                logger.info("not seen")
                self.assertEqual(
                    sorted(logs.output), ["INFO:chat:from a", "INFO:chat:from b"]
                )

            async def test_none(self) -> None:
                with self.assertLogs("chat", "ERROR"):
                    await trio.lowlevel.checkpoint()

            async def test_crash(self) -> None:
                with self.assertLogs("chat", "ERROR"):
                    self.nursery.start_soon(self.crash)
                    await trio.sleep_forever()

        self.assertEqual(told(Inner), ["pass"])
        none = "no logs of level ERROR or higher triggered on chat"
        self.assertEqual(told(Inner, "test_none"), [f"FAIL AssertionError: {none}"])
        self.assertEqual(told(Inner, "test_crash"), ["ERROR ValueError: crash"])

    def test_warnings(self) -> None:
        """``assertWarns`` sees what background tasks warn of; without it fails."""

        class Inner(AsyncTrioTestCase):
            async def work(self, done: trio.Event) -> None:
                await trio.lowlevel.checkpoint()
                warnings.warn("old", DeprecationWarning, stacklevel=1)
                done.set()

            async def crash(self) -> None:
                raise ValueError("crash")

            async def test(self) -> None:
                done = trio.Event()
                with self.assertWarnsRegex(DeprecationWarning, "^old$") as caught:
                    self.nursery.start_soon(self.work, done)
                    await done.wait()
                self.assertEqual(Path(caught.filename).name, "test_unittest.py")

            async def test_none(self) -> None:
                with self.assertWarns(DeprecationWarning):
                    await trio.lowlevel.checkpoint()

            async def test_crash(self) -> None:
                with self.assertWarns(DeprecationWarning):
                    self.nursery.start_soon(self.crash)
                    await trio.sleep_forever()

        self.assertEqual(told(Inner), ["pass"])
        none = "FAIL AssertionError: DeprecationWarning not triggered"
        self.assertEqual(told(Inner, "test_none"), [none])
        self.assertEqual(told(Inner, "test_crash"), ["ERROR ValueError: crash"])

    def test_warning_as_error(self) -> None:
        """A background task whose warning is an error crashes the test."""

        class Inner(AsyncTrioTestCase):
            async def work(self) -> None:
                warnings.warn("old", DeprecationWarning, stacklevel=1)

            async def test(self) -> None:
                self.nursery.start_soon(self.work)
                await trio.sleep_forever()

        with warnings.catch_warnings():
            warnings.simplefilter("error")
            self.assertEqual(run(Inner).told, ["ERROR DeprecationWarning: old"])
