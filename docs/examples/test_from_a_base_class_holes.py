"""What becomes of a test on the base classes before and after."""

import importlib
import sys
import unittest
import warnings
from unittest import mock

import trio

import base_class_holes
import test_from_a_base_class_after as after
import test_from_a_base_class_before as before
from triocase import autojump_clock


def verdicts(case: type[unittest.TestCase]) -> dict[str, str]:
    """Run the tests of a class; return what unittest is told of each."""
    result = unittest.TestResult()
    tests = unittest.defaultTestLoader.loadTestsFromTestCase(case)
    told = {test.id().rpartition(".")[2]: "pass" for test in tests}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python warns of what was never awaited
        tests.run(result)
    for word, reports in [
        ("ERROR", result.errors),
        ("FAIL", result.failures),
        ("skip", result.skipped),
    ]:
        for test, _ in reports:
            told[test.id().rpartition(".")[2]] = word
    return told


class TestHoles(unittest.TestCase):
    def test_pass_before(self) -> None:
        """On the base class before, all pass."""
        with mock.patch.object(after, "TrioTestCase", before.TrioTestCase):
            with mock.patch.dict(sys.modules):
                del sys.modules["base_class_holes"]
                holes = importlib.import_module("base_class_holes")
        self.assertEqual(set(verdicts(holes.TestHoles).values()), {"pass"})

    def test_fail_after(self) -> None:
        """On the base class after, none passes."""
        told = verdicts(base_class_holes.TestHoles)
        self.assertEqual(len(told), 5)
        self.assertEqual(told.pop("test_3_await_is_missing"), "ERROR")
        self.assertEqual(set(told.values()), {"FAIL"})


def verdict(base: type[unittest.TestCase], test: object, **body: object) -> str:
    """Run one test on a base class; return what unittest is told."""
    return verdicts(type("Case", (base,), {"test": test, **body}))["test"]


class TestCrash(unittest.TestCase):
    def closed(self, base: type[unittest.TestCase]) -> list[str]:
        """Let a background task crash; return what the teardown has closed."""
        closed = []

        async def crash() -> None:
            raise RuntimeError("lost the database")

        async def test(case: after.TrioTestCase) -> None:
            case.nursery.start_soon(crash)
            await trio.sleep(1)

        async def teardown(case: after.TrioTestCase) -> None:
            await trio.lowlevel.checkpoint()  # such as a goodbye to a server
            closed.append("server")

        self.assertEqual(verdict(base, test, asyncTearDown=teardown), "ERROR")
        return closed

    def test_cancels_the_teardown_before(self) -> None:
        """The teardown is inside the nursery: its first await is its last."""
        self.assertEqual(self.closed(before.TrioTestCase), [])

    def test_cancels_no_teardown_after(self) -> None:
        """The teardown runs to its end."""
        self.assertEqual(self.closed(after.TrioTestCase), ["server"])


class TestVerdicts(unittest.TestCase):
    def verdicts(self, base: type[unittest.TestCase]) -> list[str]:
        """Return the verdicts of a failure, a skip, and ten seconds of virtual time."""

        async def fail(case: after.TrioTestCase) -> None:
            case.fail("too sweet")

        async def skip(case: after.TrioTestCase) -> None:
            case.skipTest("no tea")

        @autojump_clock
        async def wait(case: after.TrioTestCase) -> None:
            await trio.sleep(10)

        return [verdict(base, test, autojump=True) for test in [fail, skip, wait]]

    def test_before(self) -> None:
        """The nursery's group hides what it is, and the timeout is virtual."""
        self.assertEqual(
            self.verdicts(before.TrioTestCase), ["ERROR", "ERROR", "ERROR"]
        )

    def test_after(self) -> None:
        """A failure is one, a skip is one, and the limit is in real seconds."""
        self.assertEqual(self.verdicts(after.TrioTestCase), ["FAIL", "skip", "pass"])
