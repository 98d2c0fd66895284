"""What stands in two places is the same in both: versions, Pythons, modules."""

from __future__ import annotations

import configparser
import re
import unittest
from collections import Counter

import triocase

from .harness import ROOT


class TestPackaging(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.config = configparser.ConfigParser()
        cls.config.read(ROOT / "setup.cfg")

    def test_version(self) -> None:
        """The version of the package is the newest one in the history, and no other."""
        history = (ROOT / "docs" / "history.rst").read_text()
        releases = re.findall(r"(?m)^(\d\S*)(?: \(unreleased\))?\n---+$", history)
        self.assertEqual(releases[0], triocase.__version__)
        self.assertEqual(
            self.config["metadata"]["version"], "attr: triocase.__version__"
        )

    def test_pythons(self) -> None:
        """The classifiers name the Pythons that the suite runs on."""
        tested = re.search(r"py\{([\d,]+)\}", self.config["tox:tox"]["env_list"])
        named = re.findall(
            r":: 3\.(\d+)$", self.config["metadata"]["classifiers"], re.M
        )
        self.assertEqual([f"3{minor}" for minor in named], tested[1].split(","))
        self.assertEqual(
            self.config["options"]["python_requires"], f">=3.{min(named, key=int)}"
        )

    def test_modules(self) -> None:
        """The page for contributors names each module, once."""
        page = (ROOT / "docs" / "contributing.rst").read_text()
        (layout,) = re.findall(r"(?s)\nWhat users write\n(.*)\nBeside the pack", page)
        named = re.findall(r"``(_\w+)``", layout)
        modules = [path.stem for path in ROOT.glob("triocase/_[a-z]*.py")]
        self.assertEqual(Counter(named) - Counter(modules), {}, "named, but not there")
        self.assertEqual(Counter(modules) - Counter(named), {}, "there, but not named")
