"""triocase beside its peers, under unittest and under pytest.

The tests are in ``subjects``: for each of those that are compared a module with the same
tests, written as its documentation says. The yardstick is the same work done by hand in a
bare ``trio.run``, outside of any runner.

Under unittest, the time is that of ``TestSuite.run``; the tests are loaded before. Under
pytest, it is that between the start and the end of each test, with its fixtures, its
setup and teardown and what pytest does around it; the start of pytest and the collection
are left out. What a class or a module opens and closes once counts for its tests together,
forty of each situation (of the long one, one).

In pytest, the plugins that come with it are as they are, except the cache, which writes
files. All others are off, and a subject switches its own on. Hypothesis is kept out of the
process: where it is installed, pytest-trio has Trio sort the tasks before each step, for
all that runs in the process.

Each body notes that it has run. If one has not, or a test does not pass, there is no table.
"""

from __future__ import annotations

import importlib
import importlib.util
import io
import os
import sys
import time
import unittest
from collections import Counter
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

from .rounds import measure
from .subjects import by_hand as hand
from .tables import as_time, print_table
from .work import TESTS, situation_of, take_what_ran

if TYPE_CHECKING:
    from collections.abc import Generator

    from .rounds import Cost, Turn

SUBJECTS = Path(__file__).parent / "subjects"
ROOT = SUBJECTS.parents[2]
HEADINGS = {
    "empty": "empty",
    "setup": "setup, teardown",
    "background": "background task",
    "fixture": "fixture",
    "checkpoints": "10,000 checkpoints",
}
CASES = {
    "``AsyncTrioTestCase``": "triocase_each",
    "the same, ``@shared_run``": "triocase_shared",
    "a base class of one's own": "own_base",
    "``IsolatedAsyncioTestCase``": "asyncio_case",
    "a sync ``TestCase``": "nothing_async",
}
FUNCTIONS = {  # and the plugin that they need
    "pytest-trio": ("with_pytest_trio", "pytest_trio.plugin"),
    "anyio's plugin on Trio": ("with_anyio", "anyio.pytest_plugin"),
    "the same, a run for the module": ("with_anyio_once", "anyio.pytest_plugin"),
    "anyio's plugin on asyncio": ("with_anyio_asyncio", "anyio.pytest_plugin"),
    "``trio.run`` in a function": ("by_hand", None),
    "a sync function": ("sync_functions", None),
}


def check(situations: Counter[str]) -> None:
    """Raise an error unless these tests have run, all of them."""
    expected = {name: TESTS[name] for name in situations}
    found = take_what_ran()
    assert situations == expected == found, (situations, expected, found)


def by_hand() -> dict[str, float]:
    """Take a turn without a runner."""
    seconds = {}
    for situation, times in TESTS.items():
        function = getattr(hand, f"test_{situation}")
        start = time.perf_counter()
        for _ in range(times):
            function()
        seconds[situation] = (time.perf_counter() - start) / times
    check(Counter(TESTS))
    return seconds


def under_unittest(name: str) -> Turn:
    """Return a turn of the classes of a module."""
    module = importlib.import_module(f"{__package__}.subjects.{name}")

    def turn() -> dict[str, float]:
        seconds = {}
        situations: Counter[str] = Counter()
        for suite in unittest.defaultTestLoader.loadTestsFromModule(module):
            if not (count := suite.countTestCases()):  # a base class
                continue
            situation = situation_of(next(iter(suite)).id().rpartition(".")[2])
            result = unittest.TestResult()
            start = time.perf_counter()
            suite.run(result)
            seconds[situation] = (time.perf_counter() - start) / count
            assert result.wasSuccessful(), [*result.errors, *result.failures]
            situations[situation] = result.testsRun
        check(situations)
        return seconds

    return turn


def under_pytest(name: str, plugin: str | None = None) -> Turn:
    """Return a turn of the tests of a module, in a pytest of its own."""
    import pytest

    class Stopwatch:
        def __init__(self) -> None:
            self.seconds: Counter[str] = Counter()
            self.tests: Counter[str] = Counter()

        @pytest.hookimpl(wrapper=True, tryfirst=True)
        def pytest_runtest_protocol(
            self, item: pytest.Item
        ) -> Generator[None, object, object]:
            start = time.perf_counter()
            result = yield
            situation = situation_of(item.name)
            self.tests[situation] += 1
            self.seconds[situation] += time.perf_counter() - start
            return result

    options = ["-q", "-p", "no:cacheprovider", "--noconftest"]
    options += ["-c", os.devnull, "--rootdir", str(ROOT)]
    if plugin is not None:
        options += ["-p", plugin]

    def turn() -> dict[str, float]:
        # pytest, or a plugin, leaves its marks on functions: there are new ones each time.
        for module in list(sys.modules):
            if module.startswith(f"{__package__}.subjects."):
                del sys.modules[module]
        watch = Stopwatch()
        with redirect_stdout(io.StringIO()) as output:
            code = pytest.main([*options, str(SUBJECTS / f"{name}.py")], [watch])
        assert code == 0, output.getvalue()
        check(watch.tests)
        return {name: watch.seconds[name] / watch.tests[name] for name in watch.tests}

    return turn


def compare(rounds: int) -> None:
    """Print both tables."""
    by_runner: dict[str, dict[str, Turn]] = {
        "unittest": {name: under_unittest(module) for name, module in CASES.items()}
    }
    missing = []
    if importlib.util.find_spec("pytest") is None:
        missing.append("pytest")
    else:
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        sys.modules["hypothesis"] = None  # type: ignore[assignment]
        turns = {name: under_pytest(module) for name, module in CASES.items()}
        for name, (module, plugin) in FUNCTIONS.items():
            if plugin and importlib.util.find_spec(plugin.partition(".")[0]) is None:
                missing.append(name)
            else:
                turns[name] = under_pytest(module, plugin)
        by_runner["pytest"] = turns
    subjects = {("", "``trio.run`` by hand"): by_hand} | {
        (runner, name): turn
        for runner, turns in by_runner.items()
        for name, turn in turns.items()
    }
    costs = measure(subjects, by_hand, rounds)
    for runner in by_runner:
        print(f"\nunder {runner}, {rounds} rounds")
        shown = [key for key in subjects if key[0] in {"", runner}]
        print_table(
            ["", *HEADINGS.values()], [row(key[1], costs[key]) for key in shown]
        )
    for name in missing:
        print(f"not installed: {name}")


def row(name: str, costs: dict[str, Cost]) -> list[str]:
    """Return the cells of a subject: for each situation the best time, and the ratio."""
    return [
        name,
        *(
            f"{as_time(costs[situation].seconds)} ({costs[situation].ratio:.2f})"
            if situation in costs
            else ""
            for situation in HEADINGS
        ),
    ]
