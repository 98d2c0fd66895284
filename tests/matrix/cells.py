"""What is run in each environment: the rows of the table in docs/compatibility.rst."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from . import readers

KINDS = (Path(__file__).parent / "kinds.py").read_text()
SHARED_KINDS = (Path(__file__).parent / "shared_kinds.py").read_text()

# Verdicts that a runner does not tell apart.
AS_TOLD_BY_PYTEST = {"error": "fail", "unexpected": "fail"}
AS_TOLD_BY_STESTR = {"error": "fail"}
AS_TOLD_BY_XMLRUNNER = {"expected": "skip", "unexpected": "error"}

# What is told of a class's setup and teardown, in place of the test that is named so.
BY_UNITTEST = {
    "test_error_class_setup": {"setUpClass (TestClassSetup)": ["error"]},
    "test_skip_class_setup": {"setUpClass (TestClassSkip)": ["skip"]},
    "test_error_class_teardown": {
        "test_error_class_teardown": ["pass"],
        "tearDownClass (TestClassTeardown)": ["error"],
    },
}
BY_STESTR = {
    **BY_UNITTEST,
    "test_error_class_setup": {"setUpClass (TestClassSetup)": ["fail"]},
    "test_error_class_teardown": {
        "test_error_class_teardown": ["pass"],
        "tearDownClass (TestClassTeardown)": ["fail"],
    },
}
BY_DJANGO = {
    "test_error_class_setup": {"setUpClass (TestClassSetup)": ["error"]},
    "test_error_class_teardown": {"test_error_class_teardown": ["pass", "error"]},
}
BY_NOSE2 = {  # it does not say of which class
    **BY_UNITTEST,
    "test_error_class_setup": {"_ErrorHolder": ["error", "error"]},
    "test_error_class_teardown": {"test_error_class_teardown": ["pass"]},
}
BY_PYTEST = {  # an error of the setup or the teardown of a test
    name: {name: ["error"]}
    for name in ["test_error_class_setup", "test_error_class_teardown"]
}

# How many runs a shared class has.
ONE = "one"
ONE_IN_EACH_PROCESS = "one in each process"
ONE_FOR_EACH_TEST = "one for each test"


@dataclass(frozen=True)
class Cell:
    """One way to run the tests of every kind.

    Attributes:
        name: What the table calls it.
        arguments: What to call Python with, in a folder with the tests.
        read: Reads the verdicts.
        words: Verdicts that this runner calls by another's name.
        files: More files for the folder; what ``test_*.py`` of them tests has its
            verdict in its name, too.
        change: What else is different in the file of kinds.
        source: Another file than that.
        shared: The file of kinds of shared classes, or nothing.
        runs: How many runs a class of those has.
        by_class: What is told of tests there in whose class something else goes wrong,
            if not what is in their names: verdicts, by what they are told of.
        environment: Environment variables.
        but: Other verdicts than elsewhere; the table says why.
        reruns: Whether what fails is run, and told, again.
        code: The exit code.
    """

    name: str
    arguments: tuple[str, ...]
    read: readers.Reader
    words: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    change: Callable[[str], str] = str
    source: str = KINDS
    shared: str = SHARED_KINDS
    runs: str = ONE
    by_class: dict[str, readers.Told] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    but: dict[str, str] = field(default_factory=dict)
    reruns: bool = False
    code: int = 1

    @property
    def expected(self) -> readers.Told:
        """Return what is to be told of each test, as its name has it."""
        sources = [
            self.source,
            self.shared,
            *(text for name, text in self.files.items() if name.startswith("test_")),
        ]
        names = re.findall(r"(?m)^ *(?:async )?def (test_\w+)", "\n".join(sources))
        assert len(names) == len(set(names))
        told = {}
        for name in names:
            verdict = name.split("_")[1]
            verdict = self.but.get(name, self.words.get(verdict, verdict))
            told[name] = [verdict] * (2 if name.endswith("_each") else 1)
            if name in self.by_class:
                del told[name]
                told.update(self.by_class[name])
        return told

    @property
    def expected_runs(self) -> int | None:
        """Return how many runs of ``TestShared`` there are, None for one a process."""
        if self.runs == ONE_FOR_EACH_TEST:
            tests = re.findall(r"def test_[a-z]+_shared", self.shared)
            return len(tests) - 1  # one is skipped by a decorator
        return {ONE: 1, ONE_IN_EACH_PROCESS: None}[self.runs]

    @property
    def tells_class_once(self) -> bool:
        """Return whether a failing setup of a class is told once for all its tests."""
        name = "test_error_class_setup"
        return name not in self.by_class.get(name, {name: []})

    def settled(self, told: readers.Told) -> readers.Told:
        """Return what was told, without what a runner may repeat."""
        for name, verdicts in told.items():
            # Some tell of subtests that pass, some of a test with subtests twice; a run
            # that will be repeated stands in the XML without a verdict.
            if "_subtests" in name or self.reruns:
                told[name] = sorted({*verdicts} - {"pass"}) or ["pass"]
        return told


def _pytest(
    name: str,
    *options: str,
    plugin: str = "",
    files: dict[str, str] | None = None,
    change: Callable[[str], str] = str,
    but: dict[str, str] | None = None,
    source: str = KINDS,
    shared: str = SHARED_KINDS,
    runs: str = ONE,
    reruns: bool = False,
) -> Cell:
    return Cell(
        name,
        (
            *("-m", "pytest", "--junitxml=out.xml", "--strict-markers"),
            *("-o", f"required_plugins={plugin}", *options),
        ),
        readers.junit_xml,
        AS_TOLD_BY_PYTEST,
        files or {},
        change,
        source,
        shared,
        runs,
        BY_PYTEST if shared else {},
        but=but or {},
        reruns=reruns,
    )


def _mark_trio(source: str) -> str:
    marked = re.sub(r"(?m)^(    async def test_)", r"    @pytest.mark.trio\n\1", source)
    return f"import pytest\n{marked}"


_PLAIN = """
{imports}

{mark}
async def test_pass_plain():
    await {sleep}(0)

{mark}
async def test_fail_plain():
    await {sleep}(0)
    assert 1 == 2
"""


def _plain(library: str, mark: str = "") -> dict[str, str]:
    """Return a file of async functions, which are another plugin's to run."""
    imports = f"import {library}, pytest"
    return {
        "test_plain.py": _PLAIN.format(
            imports=imports, mark=mark, sleep=f"{library}.sleep"
        )
    }


_ANYIO_BACKEND = """
import pytest

@pytest.fixture
def anyio_backend():
    return "trio"
"""

_FLAKY = """
from triocase import AsyncTrioTestCase

class TestFlaky(AsyncTrioTestCase):
    runs = 0

    async def test_pass_the_second_time(self):
        type(self).runs += 1
        self.assertEqual(self.runs, 2)
"""

_STRICT = ("-W", "error")

# By what stands behind "pytest74-" and so on.
PYTEST: dict[str, list[Cell]] = {
    "alone": [
        _pytest("pytest"),
        _pytest("pytest ``-W error``", *_STRICT),
        _pytest("pytest ``-s``", "-s"),
        _pytest("pytest ``--tb=native``", "--tb=native"),
    ],
    "trio": [
        _pytest(
            "pytest-trio",
            files=_plain("trio", "@pytest.mark.trio"),
            plugin="pytest-trio",
        ),
        _pytest(
            "pytest-trio, ``trio_mode = true``",
            *("-o", "trio_mode=true"),
            files=_plain("trio"),
            plugin="pytest-trio",
        ),
        _pytest(
            "pytest-trio, ``@pytest.mark.trio`` on the tests",
            files=_plain("trio", "@pytest.mark.trio"),
            change=_mark_trio,
            # pytest-trio: it is not async.
            but={"test_skip_decorated": "fail", "test_skip_shared_decorated": "fail"},
            plugin="pytest-trio",
        ),
    ],
    "asyncio": [
        _pytest(
            "pytest-asyncio, strict mode",
            *("-o", "asyncio_mode=strict"),
            files=_plain("asyncio", "@pytest.mark.asyncio"),
            plugin="pytest-asyncio",
        ),
        _pytest(
            "pytest-asyncio, auto mode",
            *("-o", "asyncio_mode=auto"),
            files=_plain("asyncio"),
            plugin="pytest-asyncio",
        ),
    ],
    "anyio": [
        _pytest(
            "anyio",
            files={
                **_plain("trio", "@pytest.mark.anyio"),
                "conftest.py": _ANYIO_BACKEND,
            },
            plugin="anyio",
        ),
        _pytest(
            "anyio, ``anyio_mode = auto``",
            *("-o", "anyio_mode=auto"),
            files={**_plain("trio"), "conftest.py": _ANYIO_BACKEND},
            plugin="anyio",
        ),
    ],
    "xdist": [
        _pytest(
            "pytest-xdist, ``-n 2``",
            *("-n", "2"),
            plugin="pytest-xdist",
            runs=ONE_IN_EACH_PROCESS,
        )
    ],
    "timeout": [
        _pytest("pytest-timeout", "--timeout=60", plugin="pytest-timeout"),
        _pytest(
            "pytest-timeout, thread method",
            "--timeout=60",
            "--timeout-method=thread",
            plugin="pytest-timeout",
        ),
    ],
    "cov": [_pytest("pytest-cov", "--cov=.", plugin="pytest-cov")],
    "subtests": [_pytest("pytest-subtests", plugin="pytest-subtests")],
    "randomly": [_pytest("pytest-randomly", plugin="pytest-randomly")],
    "rerunfailures": [
        _pytest(
            "pytest-rerunfailures",
            "--reruns=1",
            reruns=True,
            files={"test_flaky.py": _FLAKY},
            plugin="pytest-rerunfailures",
        )
    ],
}

# On every Python, as a part of the suite.
UNITTEST = [
    Cell(
        f"``python {' '.join([*options, '-m unittest', *arguments])}``",
        (*options, "-m", "unittest", *arguments, "-v"),
        readers.unittest_text,
        by_class=BY_UNITTEST,
    )
    for options, arguments in [
        ((), ("discover",)),
        (("-O",), ()),
        (("-X", "dev"), ()),
        (("-W", "error"), ()),
    ]
]

RUNNERS: dict[str, list[Cell]] = {
    "trial": [
        Cell(
            "twisted trial",
            (
                *("-m", "twisted.trial", "--reporter=verbose"),
                *("test_kinds", "test_shared"),
            ),
            readers.trial_text,
            runs=ONE_FOR_EACH_TEST,
        )
    ],
    "stestr": [
        Cell(
            "stestr, two workers",
            ("-m", "stestr.cli", "run", "--concurrency=2"),
            readers.stestr_last,
            AS_TOLD_BY_STESTR,
            files={".stestr.conf": "[DEFAULT]\ntest_path=.\ntop_dir=.\n"},
            runs=ONE_IN_EACH_PROCESS,
            by_class=BY_STESTR,
        )
    ],
    "django": [
        Cell(
            "Django's ``manage.py test --parallel 2``",
            ("-m", "django", "test", "-v", "2", "--parallel", "2"),
            readers.unittest_text,
            files={"settings.py": "SECRET_KEY = 'x'\n"},
            environment={"DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": "."},
            by_class=BY_DJANGO,
        )
    ],
    "nose2": [
        Cell(
            "nose2",
            ("-m", "nose2", "-v"),
            readers.unittest_text,
            by_class=BY_NOSE2,
        )
    ],
    "xmlrunner": [
        Cell(
            "unittest-xml-reporting",
            ("-m", "xmlrunner", "discover", "-v"),
            readers.junit_xml,
            AS_TOLD_BY_XMLRUNNER,
            by_class=BY_UNITTEST,
        )
    ],
    "unittest-parallel": [
        Cell(
            "unittest-parallel",
            ("-m", "unittest_parallel", "-v", "-j", "2", "--level", "test"),
            readers.unittest_text,
            runs=ONE_FOR_EACH_TEST,
            code=38,  # as many as fail
        )
    ],
}

_EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


def _host(name: str, file: str, base: str) -> Cell:
    def change(source: str) -> str:
        assert "    AsyncTrioTestCase,\n" in source
        source = source.replace("    AsyncTrioTestCase,\n", "", 1)
        return f"from host import {base} as AsyncTrioTestCase\n{source}"

    return Cell(
        name,
        ("-m", "unittest", "-v", "test_kinds"),
        readers.unittest_text,
        files={"host.py": (_EXAMPLES / f"{file}.py").read_text()},
        shared="",  # refused where `runTrio` is overridden
        change=change,
        # Deadlocks are not looked for where `runTrio` is overridden; the limit ends them.
        environment={"TRIOCASE_TIME_LIMIT": "1", "QT_QPA_PLATFORM": "offscreen"},
    )


_NEIGHBOURS = (Path(__file__).parent / "neighbours.py").read_text()

RUNNERS["hosts"] = [
    _host("qtrio, offscreen", "host_qtrio", "QtrioTestCase"),
    _host(
        "trio-asyncio, a loop around each test",
        "host_trio_asyncio",
        "TrioAsyncioTestCase",
    ),
    _host("Trio as a guest of asyncio", "test_on_asyncio", "AsyncioHostedTestCase"),
]

RUNNERS["neighbours"] = [
    Cell(
        "the neighbours, under unittest",
        ("-m", "unittest", "-v"),
        readers.unittest_text,
        source=_NEIGHBOURS,
        shared="",
    ),
    _pytest("the neighbours, under pytest", source=_NEIGHBOURS, shared=""),
]

RUNNERS["pypy311"] = UNITTEST[:1]

_PYTEST_ENVIRONMENT = re.compile(r"pytest\d+-(\w+)")


def cells_of(environment: str) -> list[Cell]:
    """Return what is to be run in an environment of that name."""
    if match := _PYTEST_ENVIRONMENT.fullmatch(environment):
        return PYTEST[match[1]]
    return RUNNERS[environment]
