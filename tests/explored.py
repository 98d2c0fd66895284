"""Look at what a race finder has found, and run that again."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import subprocess
import sys
import tempfile
import textwrap
import unittest
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from triocase import _schedules

from .harness import ROOT, environment, plain, report

_STORY = re.compile(r"The last steps before it \(.*\):\n\n((?: {4}.*\n)*)")


def readable(text: str) -> str:
    """Make a report the same on every machine, wherever the tests are run from."""
    text = re.sub(r"(?m)^(    .*\.py):\d+", r"\1:N", plain(text))
    return re.sub(r" PYTHONPATH=\S+", "", text)


def story_in(text: str) -> str:
    """Return the last steps that a report tells, without the line numbers."""
    (story,) = _STORY.findall(readable(text))
    return textwrap.dedent(story)


def story_of(case: type[unittest.TestCase], name: str = "test") -> str:
    """Return the last steps that the one report of a test tells."""
    return story_in(report(case, name))


def command_in(output: str) -> str:
    """Return the command that a report tells."""
    commands = {*re.findall(r"(?m)^(?:E +)? *(TRIOCASE_SEED=\d+ .*)$", output)}
    (command,) = commands
    return str(command)


def all_of(tasks: int, steps: int) -> set[str]:
    """Return all orders in which some tasks can take a few steps each: ``abba``."""
    return {"".join(one) for one in itertools.permutations("abc"[:tasks] * steps)}


@contextlib.contextmanager
def replaying(seed: object = None, point: object = None) -> Iterator[None]:
    """Set the environment's seed, or its point, or both."""
    variables = {"TRIOCASE_SEED": seed, "TRIOCASE_POINT": point}
    texts = {name: str(value) for name, value in variables.items() if value is not None}
    with mock.patch.dict(os.environ, texts):
        yield


@contextlib.contextmanager
def few_steps() -> Iterator[None]:
    """Let the bound on steps be reached soon."""
    with mock.patch.multiple(_schedules, MOST_STEPS=2000, _STEPS_A_LOOK=100):
        yield


class Folder:
    """A folder with test files, in which commands are run."""

    def __init__(self, test: unittest.TestCase, **files: str) -> None:
        folder = tempfile.TemporaryDirectory()
        test.addCleanup(folder.cleanup)
        self._test = test
        self.path = Path(folder.name).resolve()
        for name, text in files.items():
            path = self.path / f"{name.replace('__', '/')}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))

    def run(self, command: str, *, cwd: str = ".", **variables: str) -> str:
        """Run a command, which is to fail, in a shell; return what it prints."""
        path = os.environ.get("PATH", os.defpath)
        defaults = {
            "PATH": os.pathsep.join([os.path.dirname(sys.executable), path]),
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        result = subprocess.run(
            command,
            shell=True,
            cwd=self.path / cwd,
            env=environment(**{**defaults, **variables}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        self._test.assertEqual(result.returncode, 1, result.stdout)
        return result.stdout
