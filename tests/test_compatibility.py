"""docs/compatibility.rst says what the matrix runs, no more and no less."""

from __future__ import annotations

import configparser
import csv
import itertools
import re
import unittest

from .harness import ROOT
from .matrix import cells

Tables = dict[str, list[list[str]]]

NOT_RUN = "not run"


def tables() -> Tables:
    """Return the rows of each table, by the title of its section."""
    text = (ROOT / "docs" / "compatibility.rst").read_text()
    found: Tables = {}
    sections = re.findall(r"(?ms)^(\S[^\n]*)\n---+\n(.*?)(?=^\S[^\n]*\n---|\Z)", text)
    for title, section in sections:
        rows = re.findall(r'(?m)^   (".*")$', section)
        if rows:
            found[title] = list(csv.reader(rows, skipinitialspace=True))
    return found


def environments() -> list[str]:
    """Return the names in tox's env_list, with what stands in braces multiplied out."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    names = []
    for line in config["tox:tox"]["env_list"].split():
        parts = [part.strip("{}").split(",") for part in re.split(r"(\{.*?\})", line)]
        names += ["".join(combination) for combination in itertools.product(*parts)]
    return names


class TestTables(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls) -> None:
        cls.tables = tables()
        cls.environments = environments()

    def test_pytest(self) -> None:
        """Each cell of pytest's table is an environment of tox, and the other way."""
        rows = []
        for plugin, ways in cells.PYTEST.items():
            for cell in ways:
                verdict = "yes, but" if cell.but else "yes"
                rows.append(
                    [cell.name]
                    + [
                        verdict
                        if f"{version}-{plugin}" in self.environments
                        else NOT_RUN
                        for version in ["pytest74", "pytest84", "pytest9"]
                    ]
                )
        self.assertEqual(self.tables["pytest and its plugins"], rows)

    def test_other_tables(self) -> None:
        """So is each row of the others."""
        rows = [
            row
            for title in ["Other runners", "Event loops", "Beside it in a test file"]
            for row in self.tables[title]
        ]
        self.assertEqual(
            rows,
            [
                [cell.name, "yes, but" if cell.but else "yes", environment]
                for environment, ways in cells.RUNNERS.items()
                for cell in ways
                if environment != "pypy311"
            ],
        )

    def test_shared_runs(self) -> None:
        """The table of classes with one run says what is compared in the matrix."""
        everywhere = [
            ("py311", cells.UNITTEST[0]),
            *(
                (f"pytest9-{plugin}", cells.PYTEST[plugin][0])
                for plugin in ["alone", "xdist", "randomly", "rerunfailures"]
            ),
            *((name, way) for name, ways in cells.RUNNERS.items() for way in ways),
        ]
        self.assertEqual(
            self.tables["Classes with one run"],
            [
                [
                    cell.name,
                    cell.runs,
                    "told once" if cell.tells_class_once else "told of each test",
                    environment,
                ]
                for environment, cell in everywhere
                if cell.shared and environment != "pypy311"
            ],
        )
        # What is left out there is told as by pytest, and in one run.
        for cell in itertools.chain(*cells.PYTEST.values()):
            self.assertFalse(cell.tells_class_once)
            self.assertEqual(cell.runs == cells.ONE, "xdist" not in cell.name)

    def test_pythons(self) -> None:
        """The suite runs on each Python of the table."""
        for _, verdict, environment in self.tables["Pythons"]:
            self.assertEqual(verdict, NOT_RUN if environment == "pypy311" else "yes")
            self.assertIn(environment, self.environments)

    def test_oldest(self) -> None:
        """tox installs the lower bounds of what we need, and the table names Trio's."""
        config = configparser.ConfigParser()
        config.read(ROOT / "setup.cfg")
        required = config["options"]["install_requires"]
        bounds = dict(re.findall(r"(?m)^(\w+) >= ([\d.]+)", required))
        installed = config["testenv:oldest"]["deps"].split("\n")
        self.assertEqual(
            sorted(installed[1:]),
            sorted(f"{name} == {at}.0" for name, at in bounds.items()),
        )
        (row,) = (row for row in self.tables["Pythons"] if row[-1] == "oldest")
        self.assertEqual(row[0], f"3.10, Trio {bounds['trio']}, which is the oldest")

    def test_environments(self) -> None:
        """Each environment of tox is in a table, or checks something else."""
        named = {row[-1] for rows in self.tables.values() for row in rows}
        for environment in self.environments:
            if environment in ["coverage", "types", "lint", "dist", "bench"]:
                continue
            with self.subTest(environment):
                if environment not in named:
                    self.assertTrue(environment.startswith("pytest"))
                if not re.fullmatch(r"py\d+|oldest", environment):
                    self.assertTrue(cells.cells_of(environment))
        self.assertLessEqual(
            named - {"yes", NOT_RUN, "yes, but"}, set(self.environments), named
        )
