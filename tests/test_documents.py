"""What the documents show is what happens."""

from __future__ import annotations

import doctest
import re
import subprocess
import sys
import textwrap
import unittest
from pathlib import Path

import trio

import triocase

from .harness import ROOT, Process

EXAMPLES = ROOT / "docs" / "examples"


def same_everywhere(output: str) -> str:
    """Leave out of unittest's output what differs from run to run and on 3.10."""
    output = re.sub(r"in \d\.\d+s", "in 0.00Xs", output)
    output = re.sub(r'File ".*[/\\]', 'File "', output)
    output = re.sub(r"(?m)^[ ~^]+\n", "", output)
    return re.sub(r"(?m)(test_\w+) \((\w+\.\w+)\)", r"\1 (\2.\1)", output)


def block(document: str, kind: str) -> str:
    """Return the one block of this kind in README.rst."""
    text = (ROOT / document).read_text()
    (found,) = re.findall(rf"(?m)^.. code-block:: {kind}\n\n((?:    .*\n|\n)+)", text)
    return textwrap.dedent(found).strip() + "\n"


class TestReadme(unittest.TestCase):
    maxDiff = None

    def test_shows_the_real_output(self) -> None:
        """The output in README.rst is what its test file prints."""
        source = block("README.rst", "python")
        code, output = Process(
            source, "-m", "unittest", "-v", "test_echo", name="test_echo.py"
        ).finish()
        self.assertEqual(code, 1)
        self.assertEqual(
            same_everywhere(output).strip(),
            same_everywhere(block("README.rst", "text")).strip(),
        )

    def test_is_short(self) -> None:
        """It stays within about 90 lines, and its lines on a page."""
        lines = (ROOT / "README.rst").read_text().splitlines()
        self.assertLessEqual(len(lines), 92)
        for line in lines:
            if "python3 -m venv" not in line:
                self.assertLessEqual(len(line), 88)

    def test_has_two_commands(self) -> None:
        """There are two commands to try it, each on one line."""
        commands = re.findall(r"(?m)^ +(.*venv.*)$", (ROOT / "README.rst").read_text())
        self.assertEqual(len(commands), 2)
        for command in commands:
            self.assertTrue(command.startswith("python3 -m venv "), command)


class TestExamples(unittest.TestCase):
    def run_examples(self, *arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-W", "error", *arguments],
            cwd=EXAMPLES,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
            timeout=60,
        )
        return done.returncode, done.stdout

    def test_run_under_unittest(self) -> None:
        """All examples pass under unittest's discovery."""
        code, output = self.run_examples("-m", "unittest", "discover", "-v")
        self.assertEqual(code, 0, output)
        ran = set(re.findall(r"(?m)^(test_\w+) \(", output))
        written = {
            name
            for kind in ["test_*.py", "race_*.py"]  # test_races.py imports the latter
            for path in EXAMPLES.glob(kind)
            for name in re.findall(r"def (test_\w+)", path.read_text())
        }
        self.assertEqual(ran, written)

    def test_failing_examples(self) -> None:
        """Each failing example prints what the page that has it shows."""
        names = [path.stem for path in sorted(EXAMPLES.glob("*.txt"))]
        self.assertEqual(len(names), 8)
        for name in names:
            with self.subTest(name):
                code, output = self.run_examples("-m", "unittest", name, "-v")
                self.assertEqual(code, 1)
                expected = (EXAMPLES / f"{name}.txt").read_text()
                self.assertEqual(same_everywhere(output), same_everywhere(expected))

    def test_are_all_shown(self) -> None:
        """Each example is part of a page."""
        pages = "".join(page.read_text() for page in (ROOT / "docs").glob("*.rst"))
        for path in [*EXAMPLES.glob("*.py"), *EXAMPLES.glob("*.txt")]:
            self.assertIn(f"examples/{path.name}", pages)


class TestDocstrings(unittest.TestCase):
    def test_examples_run(self) -> None:
        """The examples in the docstrings of the public class are real."""
        finder = doctest.DocTestFinder(exclude_empty=True)
        names = {"trio": trio, **vars(triocase)}
        examples = [
            example
            for name in triocase.__all__
            for example in finder.find(
                getattr(triocase, name), name, module=False, globs=dict(names)
            )
            if example.examples
        ]
        self.assertEqual(
            [example.name for example in examples],
            [
                "AsyncTrioTestCase",
                "AsyncTrioTestCase.assertRaisesGroup",
                "autojump_clock",
                "cancellation_sweep",
                "deadlock_check",
                "explore_schedules",
                "fixture",
                "mock_clock",
                "shared_run",
                "time_limit",
            ],
        )
        runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
        for example in examples:
            self.assertEqual(runner.run(example).failed, 0, example.name)

    def test_public_names_are_documented(self) -> None:
        """Each public name that is ours has a docstring and is in the reference."""
        reference = Path(ROOT / "docs" / "reference.rst").read_text()
        for name in triocase.__all__:
            self.assertTrue(getattr(triocase, name).__doc__, name)
            self.assertRegex(reference, rf"(?m)^\.\. auto\w+:: {name}\b")
        case, level, above, *_ = triocase.AsyncTrioTestCase.__mro__
        self.assertIs(above, unittest.TestCase)
        for name, member in [*vars(case).items(), *vars(level).items()]:
            if name.startswith("_") or name in {"subTest", "assertRaises"}:
                continue
            if name == "assertRaisesRegex":
                continue
            self.assertTrue(member.__doc__, name)
            self.assertIn(name, reference)
