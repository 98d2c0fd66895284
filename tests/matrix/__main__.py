"""Run the tests of every kind in all ways that one environment offers."""

from __future__ import annotations

import importlib.metadata
import re
import sys
import unittest

from .cells import Cell, cells_of
from .runs import compare


class TestCells(unittest.TestCase):
    """The same verdicts everywhere."""

    maxDiff = None
    environment: str
    cells: list[Cell]

    def test_version(self) -> None:
        """The pytest here is the one of the table's column."""
        if match := re.match(r"pytest(\d+)-", self.environment):
            version = "".join(importlib.metadata.version("pytest").split(".")[:2])
            if match[1] == "9":
                version = version[0]
            self.assertEqual(version, match[1])

    def test_verdicts(self) -> None:
        """Each test gets the verdict that is in its name, and none is left out."""
        compare(self, self.cells)


if __name__ == "__main__":
    TestCells.environment = sys.argv.pop(1)
    TestCells.cells = cells_of(TestCells.environment)
    unittest.main()
