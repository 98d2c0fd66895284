"""What the documents show is what happens."""

from __future__ import annotations

import doctest
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import textwrap
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import trio

import triocase

from .harness import ROOT, Process

DOCS = ROOT / "docs"
EXAMPLES = DOCS / "examples"
CONTRIBUTING = "docs/contributing.rst"  # whose commands are for the project's check

# What needs more than the suite has, or a file of its own, and where it is run.
RUN_ELSEWHERE = {
    "host_qtrio": "setup.cfg",
    "host_trio_asyncio": "setup.cfg",
    "pytest_trio_before": "tests/matrix/check_pytest_trio_before.py",
}

# What may show code: a directive (in an item of a list, too), a doctest, a literal block.
CODE = re.compile(r"(^|\s)(\.\. [\w:.+-]+ ?::|>>>)|::\n")
# Directives that show none, or what is run elsewhere: docstrings, below.
HARMLESS = re.compile(
    r"[ *-]*\.\. ((auto\w+|attribute|container|csv-table|currentmodule|envvar|figure|image"
    r"|list-table|rubric|toctree|versionadded|versionchanged)::"
    r"|raw:: html\n +:file: [\w-]+\.svg\n)"
)
FILE = re.compile(r" *\.\. literalinclude:: (\S+)\n")
# A console block is one command, and perhaps what it prints follows.
CONSOLE = ".. code-block:: console\n"
COMMAND = re.compile(
    rf"{re.escape(CONSOLE)}\n +\$ "
    r"(?P<command>(?:[A-Z_]+=\S+ )*python -m (?:unittest|pytest)\b.*)\n+(?! )"
    r"(?:\.\. literalinclude:: examples/(?P<output>\w+\.txt)\n)?"
)


def same_everywhere(output: str) -> str:
    """Leave out of a runner's output what differs from run to run and on 3.10."""
    output = re.sub(r"in \d+\.\d+s", "in 0.00Xs", output)
    output = re.sub(r'File ".*[/\\]', 'File "', output)
    output = re.sub(r"(?m)^[ |]*[~^]+\n", "", output)
    output = output.replace("exceptiongroup.", "")
    # pytest's own: bars as long as the time lets them be, and the place and its plugins.
    output = re.sub(r"(?m)^=+ (.+) =+$", r"= \1 =", output)
    header = "platform|cachedir|rootdir|configfile|plugins|hypothesis profile"
    output = re.sub(rf"(?m)^({header})\b.*\n", "", output)
    return re.sub(r"(?m)(test_\w+) \((\w+\.\w+)\)", r"\1 (\2.\1)", output)


class Pages:
    """What pages show: files, commands with their outputs, and what nobody would run.

    This reads lines, and knows no more of reStructuredText than it must: whatever may
    show code in another way than by ``literalinclude`` or as a command is refused.
    """

    def __init__(self, pages: dict[str, str]) -> None:
        self.files: dict[str, str] = {}  # and the place of each, for a message
        self.commands: dict[tuple[str, str | None], str] = {}  # likewise
        self.refused: list[str] = []
        for page, text in pages.items():
            lines = [f"{line.rstrip()}\n" for line in text.splitlines()]
            for number, line in enumerate(lines):
                self._read(f"{page}:{number + 1}", line, "".join(lines[number:]))

    def _read(self, place: str, line: str, text: str) -> None:
        """Read what begins at a line of a page, with all that follows."""
        if file := FILE.match(line):
            self.files.setdefault(file[1], place)
        elif found := COMMAND.match(text):
            self.commands.setdefault(found.group("command", "output"), place)
        elif line == CONSOLE:
            if not place.startswith(CONTRIBUTING):
                self.refused.append(
                    f"{place}: not one line, `$ python -m unittest …` or `… pytest …`"
                )
        elif CODE.search(line) and not HARMLESS.match(text):
            self.refused.append(f"{place}: code that is not run: {line.strip()}")


PAGES = Pages(
    {
        page.relative_to(ROOT).as_posix(): page.read_text()
        for page in sorted(DOCS.rglob("*.rst"))
    }
)


def run_python(*arguments: str, **variables: str) -> tuple[int, str]:
    """Run Python in a copy of the examples; return the exit code and the output."""
    with tempfile.TemporaryDirectory() as folder:
        for path in EXAMPLES.glob("*.py"):
            shutil.copy(path, folder)
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={"PYTHONPATH": str(ROOT), **variables},
            timeout=120,
        )
    return done.returncode, done.stdout


def run_command(command: str) -> tuple[int, str]:
    """Run a command of a page; its ``python`` is the one that runs this test."""
    variables, arguments = command.split("python ", 1)
    return run_python(
        *shlex.split(arguments),
        **dict(word.split("=", 1) for word in shlex.split(variables)),
    )


def block(kind: str) -> str:
    """Return the one block of this kind in README.rst."""
    text = (ROOT / "README.rst").read_text()
    (found,) = re.findall(rf"(?m)^.. code-block:: {kind}\n\n((?:    .*\n|\n)+)", text)
    return textwrap.dedent(found).strip() + "\n"


class TestReadme(unittest.TestCase):
    maxDiff = None

    def test_shows_the_real_output(self) -> None:
        """The output in README.rst is what its test file prints."""
        source = block("python")
        code, output = Process(
            source, "-m", "unittest", "-v", "test_echo", name="test_echo.py"
        ).finish()
        self.assertEqual(code, 1)
        self.assertEqual(
            same_everywhere(output).strip(),
            same_everywhere(block("text")).strip(),
        )

    def test_is_short(self) -> None:
        """It stays within about 90 lines, and its lines on a page."""
        lines = (ROOT / "README.rst").read_text().splitlines()
        self.assertLessEqual(len(lines), 92)
        for line in lines:
            if "python3 -m venv" not in line:
                self.assertLessEqual(len(line), 88)

    def test_has_two_commands(self) -> None:
        """There are two commands to try it, each on one line; .ci/run runs them."""
        commands = block("console").splitlines()
        self.assertEqual(len(commands), 2)
        for command in commands:
            self.assertTrue(command.startswith("python3 -m venv "), command)

    def test_has_no_other_code(self) -> None:
        """What is shown beside these three blocks is text."""
        readme = Pages({"README.rst": (ROOT / "README.rst").read_text()})
        self.assertEqual(
            [re.sub(r"^.*?:\d+: ", "", refused) for refused in readme.refused],
            [
                "code that is not run: .. code-block:: python",
                "code that is not run: .. code-block:: text",
                "not one line, `$ python -m unittest …` or `… pytest …`",
            ],
        )
        self.assertEqual({**readme.files, **readme.commands}, {})


class TestPages(unittest.TestCase):
    maxDiff = None

    def test_show_no_code_that_is_not_run(self) -> None:
        """Code on a page is a file, and a console block is one command."""
        self.assertEqual(
            "\n".join(PAGES.refused),
            "",
            "\nCode belongs in a file in docs/examples, shown with literalinclude, and a"
            "\ndirective that shows no code in HARMLESS.",
        )

    def test_show_files_that_are_run(self) -> None:
        """A file on a page is run by the suite, or compared with what a command prints."""
        sources = {path.stem: path.read_text() for path in EXAMPLES.glob("*.py")}
        run = {name for name in sources if name.startswith("test_")}
        for command, _ in PAGES.commands:
            run |= {*re.findall(r"\w+", command)} & {*sources}
        for name, place in RUN_ELSEWHERE.items():
            self.assertTrue(
                name in (ROOT / place).read_text(), f"{place} has no {name}"
            )
            run.add(name)
        for _ in sources:  # and what those import or start, however far away
            text = "".join(sources[name] for name in run)
            named = {*re.findall(r"(?m)^(?:import|from) (\w+)", text)}
            named |= {*re.findall(r'"(\w+)\.py"', text)}
            run |= named & {*sources}
        files = {f"examples/{name}.py" for name in run}
        files |= {f"examples/{output}" for _, output in PAGES.commands}
        files |= {f"../tests/{path.name}" for path in (ROOT / "tests").glob("test_*")}
        self.assertEqual(
            "\n".join(
                f"{place}: neither run nor compared: {name}"
                for name, place in PAGES.files.items()
                if name not in files
            ),
            "",
            "\nA file *.py is run if its name is test_*.py, if a command on a page names"
            "\nit, or if such a file imports or starts it. A file *.txt directly follows"
            "\nits command.",
        )

    def test_show_all_examples(self) -> None:
        """Each example is part of a page."""
        examples = [*EXAMPLES.glob("*.py"), *EXAMPLES.glob("*.txt")]
        shown = {Path(name).name for name in PAGES.files}
        self.assertEqual("\n".join({path.name for path in examples} - shown), "")

    def test_commands(self) -> None:
        """A command prints what follows it, or passes if nothing does."""
        commands = sorted({command for command, _ in PAGES.commands})
        with ThreadPoolExecutor(4) as pool:  # most of the time they wait
            done = dict(zip(commands, pool.map(run_command, commands), strict=True))
        for (command, output), place in PAGES.commands.items():
            with self.subTest(place, command=command):
                code, printed = done[command]
                if output is None:
                    self.assertEqual(code, 0, printed)
                else:
                    expected = (EXAMPLES / output).read_text()
                    self.assertEqual(
                        same_everywhere(printed), same_everywhere(expected)
                    )

    def test_reader(self) -> None:
        """What nobody would run is refused, whatever its form, with page and line."""
        page = """
            A literal block::

                import trio

            .. code-block:: python

                import trio

            .. code-block::

                import trio

            .. parsed-literal::

                import trio

            1. .. code:: python
            * >>> import trio

            .. code-block:: console

                $ python -m unittest test_one
                $ python -m unittest test_two

            .. code-block:: console

                $ pip install triocase

            .. literalinclude:: examples/test_one.py
               :start-at: class

            .. code-block:: console

                $ A=1 B=2 python -m unittest test_one -v

            .. literalinclude:: examples/one.txt

            .. code-block:: console

                $ python -m pytest -k "one or two"

            .. literalinclude:: examples/test_two.py

            .. csv-table::

               "``::``", "text"

            .. _a-label:
        """
        pages = Pages({"docs/page.rst": textwrap.dedent(page)})
        code, command = "code that is not run", "not one line"
        self.assertEqual(
            [refused.partition(",")[0] for refused in pages.refused],
            [
                f"docs/page.rst:2: {code}: A literal block::",
                f"docs/page.rst:6: {code}: .. code-block:: python",
                f"docs/page.rst:10: {code}: .. code-block::",
                f"docs/page.rst:14: {code}: .. parsed-literal::",
                f"docs/page.rst:18: {code}: 1. .. code:: python",
                f"docs/page.rst:19: {code}: * >>> import trio",
                f"docs/page.rst:21: {command}",
                f"docs/page.rst:26: {command}",
            ],
        )
        self.assertEqual(
            pages.commands,
            {
                (
                    "A=1 B=2 python -m unittest test_one -v",
                    "one.txt",
                ): "docs/page.rst:33",
                ('python -m pytest -k "one or two"', None): "docs/page.rst:39",
            },
        )
        self.assertEqual(
            pages.files,
            {
                "examples/test_one.py": "docs/page.rst:30",
                "examples/one.txt": "docs/page.rst:37",
                "examples/test_two.py": "docs/page.rst:43",
            },
        )


class TestContributing(unittest.TestCase):
    def test_commands(self) -> None:
        """docs/contributing.rst has three commands: .ci/run, and two that it runs."""
        text = (ROOT / CONTRIBUTING).read_text()
        shown = re.findall(rf"{re.escape(CONSOLE)}\n +\$ (.+)\n\n(?! )", text)
        self.assertEqual(text.count(CONSOLE), len(shown))
        suite, check, pages = shown
        self.assertEqual(check, ".ci/run")
        script = (ROOT / check).read_text()
        (function,) = re.findall(r"(?ms)^documented\(\) \{$.*?^\}$", script)
        run = subprocess.check_output(
            ["bash", "-c", f"{function}\ndocumented"], cwd=ROOT, text=True
        )
        readme = block("console").splitlines()
        self.assertEqual(run.splitlines(), [*readme, pages])
        self.assertEqual(suite, readme[1])


class TestExamples(unittest.TestCase):
    def test_run_under_unittest(self) -> None:
        """All examples pass under unittest's discovery."""
        code, output = run_python("-W", "error", "-m", "unittest", "discover", "-v")
        self.assertEqual(code, 0, output)
        ran = set(re.findall(r"(?m)^(test_\w+) \(", output))
        written = {
            name
            for kind in ["test_*.py", "race_*.py"]  # test_races.py imports the latter
            for path in EXAMPLES.glob(kind)
            for name in re.findall(r"def (test_\w+)", path.read_text())
        }
        self.assertEqual(ran, written)


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
            self.assertNotIn("::\n", getattr(triocase, name).__doc__)
            self.assertRegex(reference, rf"(?m)^\.\. auto\w+:: {name}\b")
        case, level, above, *_ = triocase.AsyncTrioTestCase.__mro__
        self.assertIs(above, unittest.TestCase)
        for name, member in [*vars(case).items(), *vars(level).items()]:
            if name.startswith("_") or name in {"subTest", "assertRaises"}:
                continue
            if name == "assertRaisesRegex":
                continue
            self.assertTrue(member.__doc__, name)
            self.assertNotIn("::\n", member.__doc__)  # its code is a doctest
            self.assertIn(name, reference)
