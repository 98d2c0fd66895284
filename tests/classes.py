"""Run inner test classes as a whole, and look at what unittest was told of each."""

from __future__ import annotations

import unittest
from typing import Any

from .harness import Recorder


class ClassRecorder(Recorder):
    """A Recorder that also writes down what each verdict is about.

    Attributes:
        names: The tests, and ``setUpClass (module.Class)`` and the like, in full.
    """

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def _name(self, test: Any) -> None:
        self.names.append(str(test))
        name = getattr(test, "_testMethodName", None)
        if name is None:  # what unittest has for setUpClass and tearDownClass
            what, _, cls = str(test).rstrip(")").partition(" ")
            name = f"{what} ({cls.rpartition('.')[2]})"
        self.told[-1] = f"{name}: {self.told[-1]}"

    def addSuccess(self, test: Any) -> None:
        super().addSuccess(test)
        self._name(test)

    def addError(self, test: Any, err: Any) -> None:
        super().addError(test, err)
        self._name(test)

    def addFailure(self, test: Any, err: Any) -> None:
        super().addFailure(test, err)
        self._name(test)

    def addSkip(self, test: Any, reason: str) -> None:
        super().addSkip(test, reason)
        self._name(test)


def suite_of(*cases: type[unittest.TestCase]) -> unittest.TestSuite:
    """Return all tests of some classes, the classes one after the other."""
    load = unittest.defaultTestLoader.loadTestsFromTestCase
    return unittest.TestSuite(load(case) for case in cases)


def run_classes(
    *cases: type[unittest.TestCase], result: ClassRecorder | None = None
) -> ClassRecorder:
    """Run all tests of some classes, with the setup and teardown of the classes."""
    result = result or ClassRecorder()
    suite_of(*cases).run(result)
    return result


def told_of(*cases: type[unittest.TestCase]) -> list[str]:
    """Return the verdicts of all tests of some classes, in order."""
    return run_classes(*cases).told


def class_report(case: type[unittest.TestCase]) -> str:
    """Return the one report of a class in which one thing goes wrong."""
    (text,) = run_classes(case).texts
    return text
