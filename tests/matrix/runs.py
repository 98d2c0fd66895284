"""Run one cell, and compare what its runner says with the names of the tests."""

from __future__ import annotations

import concurrent.futures
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import TYPE_CHECKING

from ..harness import environment

if TYPE_CHECKING:
    from . import readers
    from .cells import Cell


def run(cell: Cell, **variables: str) -> tuple[readers.Told, int, list[str], str]:
    """Run one cell.

    Returns:
        What it tells of its tests, its exit code, in which processes there was a run
        of the class whose runs are counted, and what was printed.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "test_kinds.py").write_text(cell.change(cell.source))
        if cell.shared:
            (folder / "test_shared.py").write_text(cell.change(cell.shared))
        for file, text in cell.files.items():
            (folder / file).write_text(text)
        process = subprocess.run(
            [sys.executable, *cell.arguments],
            cwd=folder,
            env=environment(**{**variables, **cell.environment}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        told: readers.Told = {}
        # What parametrizes tests numbers them.
        for numbered, verdicts in cell.read(folder, process.stdout).items():
            name = re.sub(r"(_\d+)+$", "", numbered)
            told[name] = told.get(name, []) + verdicts
        written = folder / "runs"
        runs = written.read_text().split() if written.exists() else []
    return told, process.returncode, runs, process.stdout


def compare(test: unittest.TestCase, cells: list[Cell], **variables: str) -> None:
    """Fail ``test`` where what is told of a test is not what its name says, once."""
    # They wait most of the time.
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda cell: run(cell, **variables), cells))
    for cell, (told, code, runs, output) in zip(cells, results, strict=True):
        with test.subTest(cell.name):
            test.assertEqual(cell.settled(told), cell.expected, output)
            test.assertEqual(code, cell.code, output)
            test.assertNotIn("TrioInternalError", output)
            if cell.shared:
                expected = cell.expected_runs or max(1, len(set(runs)))
                test.assertEqual(len(runs), expected, output)
            print(f"{cell.name}: {len(told)} tests")
