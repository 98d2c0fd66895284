"""Check what is published, and leave it in a folder: ``python -m tests.check_dist dist``.

It is built from copies of the files that git knows, as they are now. So nothing else that
lies in a working tree gets into it, and what lies there is not touched.
"""

from __future__ import annotations

import configparser
import email
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest
import zipfile
from pathlib import Path

from trove_classifiers import classifiers, deprecated_classifiers

ROOT = Path(__file__).parent.parent


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    """Run a command, show what it prints if it fails, and return that if not."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, "PYTHONWARNINGS": "default"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    if done.returncode:
        raise AssertionError(f"{command} exited {done.returncode}:\n{done.stdout}")
    return done.stdout


def copy_tree(to: Path) -> Path:
    """Copy the files that git knows into a new folder."""
    for name in run("git", "ls-files", "-z").split("\0"):
        if (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, to / name)
    return to


def files(folder: Path) -> dict[str, bytes]:
    """Return the content of each file in a folder, by its path there."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def contents(wheel: Path) -> dict[str, bytes]:
    """Return the content of each file in a wheel, in its order there."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def options(setup_cfg: bytes) -> dict[str, dict[str, str]]:
    """Return what a setup.cfg says, without what setuptools adds to that of an sdist."""
    config = configparser.RawConfigParser()
    config.read_string(setup_cfg.decode())
    config.remove_section("egg_info")
    return {name: dict(section) for name, section in config.items()}


class TestDist(unittest.TestCase):
    maxDiff = None
    folder: Path

    @classmethod
    def setUpClass(cls) -> None:
        folder = cls.folder
        build = (sys.executable, "-m", "build", "--installer", "uv", "--outdir")
        cls.tree = files(copy_tree(folder / "tree"))
        cls.printed = run(*build, folder / "dist", folder / "tree")
        (cls.sdist,) = folder.glob("dist/*.tar.gz")
        (cls.wheel,) = folder.glob("dist/*.whl")
        again = copy_tree(folder / "again")
        cls.printed += run(*build, folder / "from_tree", "--wheel", again)
        (cls.from_tree,) = folder.glob("from_tree/*.whl")
        with tarfile.open(cls.sdist) as archive:
            archive.extractall(folder / "unpacked", filter="data")
        (cls.unpacked,) = folder.glob("unpacked/*")
        cls.in_sdist = files(cls.unpacked)

    def test_build_warns_of_nothing(self) -> None:
        """No warning, of something deprecated say, comes up in the builds."""
        self.assertNotRegex(self.printed, r"Warning\b")

    def assertSame(self, found: dict[str, bytes], expected: dict[str, bytes]) -> None:
        self.assertEqual(sorted(found.keys() ^ expected.keys()), [])
        for name, content in expected.items():
            self.assertEqual(found[name], content, name)

    def test_sdist_is_the_tree(self) -> None:
        """All files of the project are in the sdist, as they are, and no others."""
        made = re.compile(r"PKG-INFO|triocase.egg-info/.*|setup.cfg")
        self.assertSame(
            {n: c for n, c in self.in_sdist.items() if not made.fullmatch(n)},
            {n: c for n, c in self.tree.items() if n != "setup.cfg"},
        )
        self.assertEqual(
            options(self.in_sdist["setup.cfg"]), options(self.tree["setup.cfg"])
        )

    def test_wheel_is_the_package(self) -> None:
        """The wheel has the package with its types, the licences, and its metadata."""
        about = f"{'-'.join(self.wheel.name.split('-')[:2])}.dist-info"
        expected = {n: c for n, c in self.tree.items() if n.startswith("triocase/")}
        self.assertIn("triocase/py.typed", expected)
        for name in ["LICENSE", "LICENSE.APACHE2", "LICENSE.MIT"]:
            expected[f"{about}/licenses/{name}"] = self.tree[name]
        made = re.compile(rf"{re.escape(about)}/(METADATA|RECORD|WHEEL|top_level.txt)")
        found = contents(self.wheel)
        self.assertSame(
            {n: c for n, c in found.items() if not made.fullmatch(n)}, expected
        )

    def test_same_wheel(self) -> None:
        """The sdist and the tree make the same wheel, with the same metadata."""
        self.assertEqual(self.wheel.name, self.from_tree.name)
        self.assertSame(contents(self.wheel), contents(self.from_tree))

    def test_metadata(self) -> None:
        """The metadata are in the form of today, and name what exists."""
        found = contents(self.wheel)
        (text,) = (found[name] for name in found if name.endswith("/METADATA"))
        self.assertEqual(self.in_sdist["PKG-INFO"], text)
        metadata = email.message_from_bytes(text)
        self.assertEqual(metadata["License-Expression"], "MIT OR Apache-2.0")
        self.assertIsNone(metadata["License"])
        self.assertEqual(len(metadata.get_all("License-File", [])), 3)
        self.assertEqual(metadata["Description-Content-Type"], "text/x-rst")
        description = metadata.get_payload(decode=True)
        self.assertEqual(description.strip(), self.tree["README.rst"].strip())
        named = metadata.get_all("Classifier", [])
        self.assertLessEqual(set(named), set(classifiers))
        self.assertFalse(set(named) & set(deprecated_classifiers))
        # There are none yet.
        self.assertIsNone(metadata["Home-page"])
        self.assertIsNone(metadata["Project-URL"])

    def test_twine(self) -> None:
        """The index takes them, and renders README.rst."""
        twine = (sys.executable, "-m", "twine", "check", "--strict")
        printed = run(*twine, self.sdist, self.wheel)
        self.assertEqual(printed.count("PASSED"), 2, printed)

    def test_installed(self) -> None:
        """Alone in an environment, the wheel runs the examples of the sdist."""
        environment = self.folder / "environment"
        python = environment / "bin" / "python"
        run("uv", "venv", "-q", "--python", sys.executable, environment)
        run("uv", "pip", "install", "-q", "--python", python, self.wheel)
        command = (python, "-I", "-m", "unittest", "discover", "-s", "docs/examples")
        printed = run(*command, cwd=self.unpacked)
        self.assertRegex(printed, r"Ran [1-9]\d* tests")
        where = run(python, "-I", "-c", "import triocase; print(triocase.__file__)")
        self.assertIn(str(environment), where)


if __name__ == "__main__":
    publish = Path(sys.argv.pop(1))
    with tempfile.TemporaryDirectory() as name:
        TestDist.folder = Path(name)
        passed = unittest.main(exit=False).result.wasSuccessful()
        if passed:
            publish.mkdir(exist_ok=True)
            shutil.copy(TestDist.sdist, publish)
            shutil.copy(TestDist.wheel, publish)
    sys.exit(not passed)
