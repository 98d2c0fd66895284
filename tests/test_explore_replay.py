"""What ``@explore_schedules`` has found is found again, in any process."""

from __future__ import annotations

import os
import re
import sys
import tempfile
import types
import unittest
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any
from unittest import mock

import trio

from triocase import AsyncTrioTestCase, explore_schedules
from triocase._orders import seeds_from

from .explored import Folder, command_in, readable, replaying
from .harness import ROOT, report, run, told

# A test whose outcome depends on the order in which tasks are woken, out of sets.
SOURCE = """
import unittest
import trio
from triocase import AsyncTrioTestCase, autojump_clock, explore_schedules

class TestIt(AsyncTrioTestCase):
    async def asyncSetUp(self):
        self.log = []
        self.event = trio.Event()

    async def wait(self, name):
        try:
            await self.event.wait()
            self.log.append(name)
            await trio.sleep(len(name))
            self.log.append(name)
            await trio.sleep_forever()
        except trio.Cancelled:
            self.log.append(name)
            raise

    @explore_schedules(OPTIONS)
    async def test(self):
        names = {"one", "two", "three", "four", "five", "six"}
        async with trio.open_nursery() as nursery:
            for name in sorted(names):
                nursery.start_soon(self.wait, name)
            await trio.sleep(1)
            self.event.set()
            await trio.sleep(10)
            nursery.cancel_scope.cancel()
        self.assertLess(self.log[0], self.log[-1], self.log)
"""
MAIN = """
if __name__ == "__main__":
    unittest.main()
"""


def source(options: str = "seed=2") -> str:
    """Return a test file, the decorator of whose test has some options."""
    return SOURCE.replace("OPTIONS", options) + MAIN


def in_short(output: str) -> str:
    """Leave out of a report what is not of the failure: how it was found, how long."""
    output = re.sub(r" in run \d+ of \d+,", "", output)
    output = re.sub(r"(?m)(Ran 1 test) in .*|^.*(1 failed).* in .*", r"\1\2", output)
    return re.sub(r"\[(gw\d+|\d+)%?\]", "", output)


class TestSeed(unittest.TestCase):
    """``TRIOCASE_SEED`` sets the order, and there is one run."""

    maxDiff = None

    def test_one_run(self) -> None:
        """Whatever the decorator says; a test without one is run as ever."""

        class Inner(AsyncTrioTestCase):
            runs = 0

            @explore_schedules
            async def test_bare(self) -> None:
                Inner.runs += 1

            @explore_schedules(runs=7, seed=9, strategy="pct")
            async def test_options(self) -> None:
                Inner.runs += 1

            async def test_plain(self) -> None:
                Inner.runs += 1

        for name in ["test_bare", "test_options", "test_plain"]:
            for seed in (0, 5, 2**32, "007"):
                Inner.runs = 0
                with replaying(seed):
                    self.assertEqual(told(Inner, name), ["pass"])
                    Inner(name).debug()
                self.assertEqual(Inner.runs, 2)

    def test_order(self) -> None:
        """The order is that of the seed, for each strategy: the same each time."""
        taken: list[str] = []

        class Inner(AsyncTrioTestCase):
            async def spell(self) -> None:
                word: list[str] = []

                async def letters(letter: str) -> None:
                    for _ in range(4):
                        word.append(letter)
                        await trio.lowlevel.checkpoint()

                async with trio.open_nursery() as nursery:
                    for letter in "abcd":
                        nursery.start_soon(letters, letter)
                taken.append("".join(word))

            @explore_schedules(runs=10, seed=1)
            async def test_random(self) -> None:
                await self.spell()

            @explore_schedules(runs=10, seed=1, strategy="pct")
            async def test_pct(self) -> None:
                await self.spell()

        for name in ["test_random", "test_pct"]:
            taken.clear()
            self.assertEqual(told(Inner, name), ["pass"])
            self.assertGreater(len(set(taken)), 5)
            explored = taken[:]
            taken.clear()
            for seed in seeds_from(1, 10):
                with replaying(seed):
                    self.assertEqual(told(Inner, name), ["pass"])
            self.assertEqual(taken, explored)

    def test_report(self) -> None:
        """A replay has the same report, but for the number of the run."""

        class Inner(AsyncTrioTestCase):
            @explore_schedules(seed=2)
            async def test(self) -> None:
                self.taken = ""
                async with trio.open_nursery() as nursery:
                    for name in "abc":
                        nursery.start_soon(self.take, name)
                self.assertNotEqual(self.taken[:3], "cba")

            async def take(self, name: str) -> None:
                await trio.lowlevel.checkpoint()
                self.taken += name

        explored = readable(report(Inner))
        found = re.search(r"in run (\d+) of 100, with seed (\d+)\.", explored)
        assert found is not None
        self.assertGreater(int(found[1]), 1)
        with replaying(found[2]):
            replayed = readable(report(Inner))
        self.assertIn(
            f"\nFound by @explore_schedules with seed {found[2]}.\n", replayed
        )
        self.assertEqual(replayed, explored.replace(f" in run {found[1]} of 100,", ""))

    def test_passes(self) -> None:
        """With the seed of a run that passed, it passes."""

        class Inner(AsyncTrioTestCase):
            @explore_schedules
            async def test(self) -> None:
                self.assertLess(trio.current_time(), 1)

        with replaying(4):
            self.assertEqual(told(Inner), ["pass"])

    def test_all_decorated_tests(self) -> None:
        """It holds for each decorated test of the process."""
        runs: list[str] = []

        @explore_schedules(runs=3)
        class Inner(AsyncTrioTestCase):
            async def test_one(self) -> None:
                runs.append("one")

            def test_two(self) -> None:
                runs.append("two")

        with replaying(4):
            unittest.defaultTestLoader.loadTestsFromTestCase(Inner).run(
                unittest.TestResult()
            )
        self.assertEqual(runs, ["one", "two"])


class TestProcesses(unittest.TestCase):
    """The command that a report tells, as it is, fails in the same way elsewhere."""

    maxDiff = None

    def check(
        self, folder: Folder, command: str, expected: str, *, cwd: str = ".", **env: str
    ) -> None:
        """Run a test; compare the command in its report, and what that command does."""
        first = folder.run(command, PYTHONHASHSEED="1", cwd=cwd, **env)
        again = command_in(first)
        self.assertEqual(re.sub(r"=\d+", "=n", again), f"TRIOCASE_SEED=n {expected}")
        second = folder.run(again, PYTHONHASHSEED="4242", cwd=cwd, **env)
        self.assertEqual(self.failure(second), self.failure(first))
        self.assertEqual(command_in(second), again)

    def failure(self, output: str) -> str:
        """Return message, seed, command and story from the output of any runner."""
        output = re.sub(r"(?m)^(E\b)? *", "", output)
        found = re.search(r"(?ms)^AssertionError: .*  fails$", output)
        assert found is not None, output
        return in_short(found[0])

    def test_same_report_with_other_hashes(self) -> None:
        """The whole exploration is the same in a process with other hashes."""
        for options in ("seed=2", "", "strategy='pct', runs=500"):
            folder = Folder(self, test_it=source(options))
            outputs = {
                in_short(
                    folder.run("python -m unittest test_it", PYTHONHASHSEED=hash_seed)
                )
                for hash_seed in ("1", "4242")
            }
            (output,) = outputs
            self.assertIn("Found by @explore_schedules with seed ", output)

    def test_unittest(self) -> None:
        """With a module's name on the command line."""
        folder = Folder(self, test_it=source())
        expected = "python -m unittest test_it.TestIt.test"
        for command in ["", " test_it", " -v test_it.TestIt", " test_it.py"]:
            self.check(folder, f"python -m unittest{command}", expected)

    def test_priorities(self) -> None:
        """With the other strategy, too."""
        folder = Folder(self, test_it=source("strategy='pct', runs=500"))
        expected = "python -m unittest test_it.TestIt.test"
        self.check(folder, "python -m unittest test_it", expected)

    def test_package(self) -> None:
        """In a package, by its dotted name."""
        folder = Folder(self, pkg____init__="", pkg__sub__test_it=source())
        (folder.path / "pkg" / "__init__.py").touch()
        (folder.path / "pkg" / "sub" / "__init__.py").touch()
        expected = "python -m unittest pkg.sub.test_it.TestIt.test"
        for command in ["pkg.sub.test_it", "discover", "pkg/sub/test_it.py"]:
            self.check(folder, f"python -m unittest {command}", expected)

    def test_file(self) -> None:
        """As a file that is run itself, wherever it is."""
        folder = Folder(self, test_it=source(), sub__test_it=source())
        for file in ("test_it.py", "sub/test_it.py"):
            expected = f"python {file} TestIt.test"
            self.check(folder, f"python {file}", expected)
        self.check(
            folder,
            "python ../test_it.py",
            "python ../test_it.py TestIt.test",
            cwd="sub",
        )

    def test_module_of_a_package(self) -> None:
        """As a module that is run with ``-m``, with imports that need its package."""
        text = "from .other import NUMBER\n" + source()
        folder = Folder(self, pkg__test_it=text, pkg__other="NUMBER = 1\n")
        (folder.path / "pkg" / "__main__.py").write_text(text)
        for module in ("pkg.test_it", "pkg"):
            command = f"python -m {module}"
            self.check(folder, command, f"{command} TestIt.test")

    def test_in_a_package_itself(self) -> None:
        """In its ``__init__.py``, from where it is and from elsewhere."""
        folder = Folder(self)
        package = folder.path / "lib" / "pkg"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(source())
        command = "python -m unittest pkg.TestIt.test"
        self.check(folder, "python -m unittest pkg", command, cwd="lib")
        path = "PYTHONPATH=lib:$PYTHONPATH "
        self.check(folder, f"{path}python -m unittest pkg", f"{path}{command}")

    def test_name_of_the_users(self) -> None:
        """The test has another name in its reports: the command has its real one."""
        named = "    def id(self):\n        return 'a name'\n\n    async def wait("
        folder = Folder(self, test_it=source().replace("    async def wait(", named))
        expected = "python -m unittest test_it.TestIt.test"
        self.check(folder, "python -m unittest test_it", expected)
        self.check(folder, "python test_it.py", "python test_it.py TestIt.test")

    def test_discovery(self) -> None:
        """In a folder that unittest puts on the path itself."""
        folder = Folder(self, sub__test_it=source())
        expected = "PYTHONPATH=sub:$PYTHONPATH python -m unittest test_it.TestIt.test"
        self.check(folder, "python -m unittest discover -s sub", expected)

    def test_discovery_beside_a_path(self) -> None:
        """What is on the path of the environment is found all the same."""
        text = "import other\n" + source()
        folder = Folder(self, sub__test_it=text, lib__other="")
        path = f"{folder.path / 'lib'}{os.pathsep}{ROOT}"
        first = folder.run("python -m unittest discover -s sub", PYTHONPATH=path)
        second = folder.run(command_in(first), PYTHONPATH=path)
        self.assertEqual(self.failure(second), self.failure(first))

    def test_odd_names(self) -> None:
        """A name that a shell would take apart is quoted."""
        folder = Folder(self, test_it=source())
        (folder.path / "a folder").mkdir()
        (folder.path / "test_it.py").rename(folder.path / "a folder" / "test_it.py")
        expected = "python 'a folder/test_it.py' TestIt.test"
        self.check(folder, "python 'a folder/test_it.py'", expected)
        expected = (
            "PYTHONPATH='a folder':$PYTHONPATH python -m unittest test_it.TestIt.test"
        )
        self.check(folder, "python -m unittest discover -s 'a folder'", expected)

    def test_pytest(self) -> None:
        """Under pytest, by the test's node id."""
        folder = Folder(self, sub__test_it=source())
        (folder.path / "pytest.ini").write_text("[pytest]\n")
        self.check(
            folder,
            "python -m pytest -p no:cacheprovider --tb=short",
            "python -m pytest sub/test_it.py::TestIt::test",
        )

    def test_pytest_in_a_folder_of_the_project(self) -> None:
        """There a node id begins at the project's root, and a path does not."""
        folder = Folder(self, sub__test_it=source())
        (folder.path / "pytest.ini").write_text("[pytest]\n")
        first = folder.run("python -m pytest -p no:cacheprovider", cwd="sub")
        second = folder.run(command_in(first), cwd="sub")
        self.assertEqual(self.failure(second), self.failure(first))

    def test_pytest_xdist(self) -> None:
        """Under xdist, too: a worker is a process of its own."""
        folder = Folder(self, test_it=source())
        (folder.path / "pytest.ini").write_text("[pytest]\n")
        self.check(
            folder,
            "python -m pytest -p no:cacheprovider --tb=short -n 1 test_it.py",
            "python -m pytest test_it.py::TestIt::test",
        )

    def test_seed_does_not_depend_on_the_runner(self) -> None:
        """unittest, pytest and the file itself look into the same orders."""
        folder = Folder(self, test_it=source(""))
        seeds = {
            re.findall(r"in run \d+ of 100, with seed \d+", folder.run(command))[0]
            for command in [
                "python -m unittest",
                "python test_it.py",
                "python -m pytest -p no:cacheprovider",
            ]
        }
        self.assertEqual(len(seeds), 1)


class TestCommand(unittest.TestCase):
    """What the command is, for the runner that runs the test."""

    def check(self, expected: str, **attributes: object) -> None:
        """Run a test of ``__main__``, whose result has some attributes."""

        class TestIt(AsyncTrioTestCase):
            __module__ = "__main__"
            __qualname__ = "TestIt"

            @explore_schedules(seed=1)
            async def test(self) -> None:
                self.fail()

        (text,) = run(TestIt, **attributes).texts
        self.assertEqual(command_in(text), f"TRIOCASE_SEED=577090034 {expected}")

    def test_module(self) -> None:
        """For a module, or a package, that is run with ``-m``."""
        main = types.ModuleType("__main__")
        for name, told_as in [
            ("pkg.test_it", "pkg.test_it"),
            ("pkg.__main__", "pkg"),
            ("pkg", "pkg"),
        ]:
            main.__spec__ = ModuleSpec(name, None)
            with self.subTest(name), mock.patch.dict(sys.modules, __main__=main):
                self.check(f"python -m {told_as} TestIt.test")

    def test_file(self) -> None:
        """For a file that is run; and where there is not even that."""
        main = types.ModuleType("__main__")
        with mock.patch.dict(sys.modules, __main__=main):
            self.check("python -m unittest __main__.TestIt.test")
            main.__file__ = os.path.abspath("some tests.py")
            self.check("python 'some tests.py' TestIt.test")

    def test_pytest(self) -> None:
        """For pytest, whose result is its item; from where it was called."""
        here = Path.cwd()
        for folder, file in [
            (here, "sub/test_it.py"),
            (here / "sub", "test_it.py"),
            (here / "other", "../sub/test_it.py"),
        ]:
            invocation = types.SimpleNamespace(dir=folder)
            with self.subTest(file):
                self.check(
                    f"python -m pytest {file}::TestIt::test",
                    nodeid="sub/test_it.py::TestIt::test",
                    path=here / "sub" / "test_it.py",
                    config=types.SimpleNamespace(invocation_params=invocation),
                )


class TestReachable(unittest.TestCase):
    """A class that no command line can name has its name in the command."""

    def test_in_a_function(self) -> None:
        """The shell gets it quoted, and the runner says what is wrong with it."""

        class Inner(AsyncTrioTestCase):
            @explore_schedules(seed=1)
            async def test(self) -> None:
                self.fail()

        name = f"{__name__}.TestReachable.test_in_a_function.<locals>.Inner.test"
        self.assertIn(
            f"    TRIOCASE_SEED=577090034 python -m unittest '{name}'\n",
            readable(report(Inner)),
        )

    def test_without_a_path(self) -> None:
        """Where the environment has no path, the command has just that of the test."""

        class Inner(AsyncTrioTestCase):
            @explore_schedules(seed=1)
            async def test(self) -> None:
                self.fail()

        folder = os.path.relpath(ROOT, tempfile.gettempdir())
        before = os.getcwd()
        self.addCleanup(os.chdir, before)
        with mock.patch.dict(os.environ):
            for path, more in [(None, ""), ("", ""), ("lib", ":$PYTHONPATH")]:
                os.environ.pop("PYTHONPATH", None)
                if path is not None:
                    os.environ["PYTHONPATH"] = path
                os.chdir(tempfile.gettempdir())
                text = report(Inner)
                os.chdir(before)
                self.assertIn(
                    f" PYTHONPATH={folder}{more} python -m unittest '{__name__}.", text
                )

    def test_without_a_file(self) -> None:
        """A class made where there is no file has the best that there is."""
        names: dict[str, Any] = {"__name__": "nowhere"}
        exec(source("seed=1, runs=1000"), names)
        self.assertIn(
            "python -m unittest nowhere.TestIt.test\n",
            readable(report(names["TestIt"])),
        )
