"""unittest and pytest agree on the verdict of every kind of test."""

from __future__ import annotations

import re
import unittest

import trio

from triocase import AsyncTrioTestCase

from .harness import PYTEST, Process, Recorder, plain

KINDS = """
import unittest
import trio
from triocase import AsyncTrioTestCase


class TestKinds(AsyncTrioTestCase):
    async def crash(self, error=ValueError("crash")):
        await trio.lowlevel.checkpoint()
        raise error

    async def test_pass(self):
        await trio.sleep(0)

    def test_pass_sync(self):
        trio.current_time()

    async def test_fail(self):
        self.assertEqual(1, 2)

    async def test_error(self):
        raise KeyError("x")

    async def test_error_background(self):
        self.nursery.start_soon(self.crash)
        await trio.sleep_forever()

    async def test_fail_background(self):
        self.nursery.start_soon(self.crash, AssertionError("background"))
        await trio.sleep_forever()

    async def test_skip_background(self):
        self.nursery.start_soon(self.crash, unittest.SkipTest("background"))
        await trio.sleep_forever()

    async def test_error_child(self):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.crash)

    async def test_fail_group(self):
        async with trio.open_nursery() as nursery:
            async def child():
                self.fail("one")
            nursery.start_soon(child)
            self.fail("two")

    async def test_error_group(self):
        async with trio.open_nursery() as nursery:
            async def child():
                raise KeyError("one")
            nursery.start_soon(child)
            self.fail("two")

    async def test_error_cancelled(self):
        self.scope.cancel()
        await trio.sleep_forever()

    def setUp(self):
        self.scope = self.enterContext(trio.CancelScope())

    @unittest.skip("method")
    async def test_skip_decorator(self):
        raise NotImplementedError

    async def test_skip_raised(self):
        raise unittest.SkipTest("raised")

    async def test_skip_called(self):
        self.skipTest("called")

    @unittest.expectedFailure
    async def test_xfail(self):
        self.fail("expected")

    @unittest.expectedFailure
    async def test_unexpected(self):
        pass

    @unittest.expectedFailure
    async def test_xfail_background(self):
        self.nursery.start_soon(self.crash)
        await trio.sleep_forever()

    async def test_error_cleanup(self):
        self.addCleanup(self.crash)

    async def test_error_value(self):
        return 3

    async def test_error_generator(self):
        yield 3

    async def test_pass_subtests(self):
        for i in range(3):
            with self.subTest(i=i):
                await trio.lowlevel.checkpoint()

    async def test_subtests_fail(self):
        for i in range(4):
            with self.subTest(i=i):
                await trio.lowlevel.checkpoint()
                self.assertNotEqual(i, 2)


class TestSetup(AsyncTrioTestCase):
    async def asyncSetUp(self):
        raise OSError("setup")

    async def test_error_setup(self):
        raise NotImplementedError


class TestTeardown(AsyncTrioTestCase):
    async def test_error_teardown(self):
        pass

    async def asyncTearDown(self):
        raise OSError("teardown")


@unittest.skip("class")
class TestSkippedClass(AsyncTrioTestCase):
    async def test_skip_class(self):
        raise NotImplementedError


class TestColour(AsyncTrioTestCase):
    async def setUp(self):
        pass

    async def test_error_colour(self):
        pass


class Base(AsyncTrioTestCase):
    async def check(self):
        self.fail("inherited")


class TestInherited(Base):
    async def test_fail_inherited(self):
        await self.check()
"""

UNITTEST_WORDS = {
    "ok": "pass",
    "FAIL": "fail",
    "ERROR": "error",
    "expected failure": "xfail",
    "unexpected success": "unexpected",
}
PYTEST_WORDS = {
    "PASSED": "pass",
    "FAILED": "fail",
    "SKIPPED": "skip",
    "XFAIL": "xfail",
    "ERROR": "error",
}


def unittest_verdicts(output: str) -> dict[str, str]:
    verdicts = {}
    words = "|".join([*UNITTEST_WORDS, "skipped"])
    pattern = rf"(test_\w+) \([\w.]+\)(?: \(i=\d\))? \.\.\. ({words}|(?=test_)|\n)"
    for name, word in re.findall(pattern, output):
        # A test with failing subtests prints no word of its own.
        verdicts[name] = UNITTEST_WORDS.get(
            word, "skip" if word == "skipped" else "fail"
        )
    return verdicts


def pytest_verdicts(output: str) -> dict[str, str]:
    verdicts = {
        name: PYTEST_WORDS[word]
        for name, word in re.findall(
            r"(?m)^\S+::(test_\w+) (\b(?!SUB)[A-Z]+)\b", output
        )
    }
    for name in re.findall(r"(?m)^SUBFAILED\S* \S+::(test_\w+)", output):
        verdicts[name] = "fail"
    return verdicts


class TestWrappedByARunner(unittest.TestCase):
    def test_sync_wrapper_on_the_instance(self) -> None:
        """A sync wrapper that drops the coroutine does not keep a test from running."""
        ran = []

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                await trio.lowlevel.checkpoint()
                ran.append("async")

            def test_sync(self) -> None:
                raise NotImplementedError

        def wrapper() -> None:
            ran.append("wrapper")

        for name, expected in [("test", "async"), ("test_sync", "wrapper")]:
            case = Inner(name)
            wrapper.__name__ = name
            setattr(case, name, wrapper)
            result = Recorder()
            case.run(result)
            self.assertEqual(result.told, ["pass"])
            self.assertEqual(ran.pop(), expected)
            self.assertIs(vars(case)[name], wrapper)

    def test_pytest_trace(self) -> None:
        """pytest --trace runs async tests, and a failing one fails."""
        source = """
            from triocase import AsyncTrioTestCase

            class TestIt(AsyncTrioTestCase):
                async def test_fail(self):
                    print("the body ran")
                    self.fail("here")
        """
        code, output = Process(source, *PYTEST, "--trace").finish()
        self.assertEqual(code, 1, output)
        self.assertIn("the body ran", output)
        self.assertIn("AssertionError: here", output)


class TestVerdicts(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls) -> None:
        discover = ("-m", "unittest", "discover", "-v")
        runs = [Process(KINDS, *discover), Process(KINDS, *PYTEST, "-W", "error")]
        (cls.code, cls.output), (cls.pytest_code, cls.pytest_output) = (
            process.finish() for process in runs
        )

    def test_each_is_what_its_name_says(self) -> None:
        """unittest's verdict is the one in the test's name."""
        verdicts = unittest_verdicts(self.output)
        self.assertEqual(len(verdicts), KINDS.count("def test_"), self.output)
        for name, verdict in verdicts.items():
            if name != "test_subtests_fail":
                self.assertEqual(verdict, name.split("_")[1], self.output)
        self.assertEqual(verdicts["test_subtests_fail"], "fail")
        self.assertEqual(self.code, 1)

    def test_pytest_agrees(self) -> None:
        """pytest's verdicts are unittest's; it calls an error a failure."""
        ours = {
            name: {"error": "fail", "unexpected": "fail"}.get(verdict, verdict)
            for name, verdict in unittest_verdicts(self.output).items()
        }
        self.assertEqual(pytest_verdicts(self.pytest_output), ours, self.pytest_output)
        self.assertEqual(self.pytest_code, 1)

    def test_pytest_shows_the_users_frames(self) -> None:
        """pytest's report of a failing assertion shows the test's line, not ours."""
        report = self.pytest_output.partition("_ TestKinds.test_fail _")[2]
        report = plain(report.partition("\n____")[0])
        self.assertEqual(
            report.partition("\n")[2],
            "test_it.py:19: in test_fail\n"
            "    self.assertEqual(1, 2)\n"
            "E   AssertionError: 1 != 2",
        )

    def test_no_noise(self) -> None:
        """No warnings, nothing unraisable, in either runner."""
        for output in [self.output, self.pytest_output]:
            self.assertNotIn("Warning", output)
            self.assertNotIn("Exception ignored", output)
            self.assertNotIn("TrioInternalError", output)
