"""How soon races are found, and what it costs: ``python tests/race_bench.py``.

The faulty programs are those of ``docs/examples/race_*.py``. Each is explored from many
seeds, with each strategy, until it fails. That gives the same numbers on every machine;
how many plain runs pass is a matter of luck. The last lines compare what runs in turn in
one process, each ratio the median over the rounds. The exit code is 1 if the default
strategy misses a race.
"""

from __future__ import annotations

import gc
import importlib
import re
import statistics
import sys
import time
import unittest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import trio

sys.path.insert(0, str(Path(__file__).parent.parent / "docs" / "examples"))
sys.path.insert(0, str(Path(__file__).parent.parent))

from race_lost_update import TestRepaired
from triocase import AsyncTrioTestCase, autojump_clock, explore_schedules, real_clock

if TYPE_CHECKING:
    from collections.abc import Callable

RACES = {
    "race_lost_update": "test_both_count",
    "race_lock_order": "test_both_ways",
    "race_pool_leak": "test_client_that_is_called_off",
    "race_early_close": "test_all_is_written",
    "race_startup": "test_echo",
    "race_stampede": "test_is_asked_once",
}
STRATEGIES = "random", "pct"  # the default first
SEEDS = 50
MOST_RUNS = 1000  # from one seed
SOON = 200  # runs within which a race is to be found
PLAIN_RUNS = 100
ROUNDS = 30


def decorated(
    case: type[AsyncTrioTestCase], name: str, decorator: Callable[..., Any]
) -> AsyncTrioTestCase:
    """Return a test with this decorator in place of its own."""
    method: Callable[..., Any] = getattr(case, name)

    class Anew(case):  # type: ignore[misc, valid-type]
        @decorator
        async def test(self) -> None:
            await method(self)

    return Anew("test")


def runs_to_failure(
    case: type[AsyncTrioTestCase], name: str, seed: int, strategy: str
) -> int:
    """Return the number of the first run that fails; more than there are, if none."""
    explored = explore_schedules(runs=MOST_RUNS, seed=seed, strategy=strategy)
    result = unittest.TestResult()
    decorated(case, name, explored).run(result)
    for _, report in [*result.errors, *result.failures]:
        (run,) = re.findall(r"@explore_schedules in run (\d+) of", report)
        return int(run)
    return MOST_RUNS + 1


def plain_passes(case: type[AsyncTrioTestCase], name: str) -> int:
    """Return how many runs pass in whatever order Trio has."""
    passes = 0
    for _ in range(PLAIN_RUNS):
        result = unittest.TestResult()
        decorated(case, name, autojump_clock).run(result)
        passes += result.wasSuccessful()
    return passes


def races() -> bool:
    """Print a row for each race; return whether each is found soon by default."""
    print(
        f"runs to the first failure, median of {SEEDS} seeds; for how many seeds of ten"
    )
    print(f"it comes within {SOON} runs; how many of {PLAIN_RUNS} plain runs pass")
    print(f"{'':18}{'random':>14}{'pct':>16}{'plain':>9}")
    all_found = True
    for module, name in RACES.items():
        case = importlib.import_module(module).TestFaulty
        row = f"{module:18}"
        for strategy in STRATEGIES:
            runs = [runs_to_failure(case, name, n, strategy) for n in range(SEEDS)]
            found = sum(run <= SOON for run in runs[:10])
            row += f"{statistics.median(runs):8g} {found:4}/10"
            if strategy == STRATEGIES[0]:
                all_found &= found == 10
            row += "  "
        print(f"{row}{plain_passes(case, name):6}", flush=True)
    return all_found


def cost() -> None:
    """Print what one explored run costs beyond a plain one."""
    runs = 50
    name = RACES["race_lost_update"]
    plain, virtual = (
        decorated(TestRepaired, name, clock) for clock in (real_clock, autojump_clock)
    )
    explored = {
        strategy: decorated(
            TestRepaired, name, explore_schedules(runs=runs, strategy=strategy)
        )
        for strategy in STRATEGIES
    }
    subjects = {
        "plain": (plain, runs),
        "plain, in virtual time": (virtual, runs),
        **{f"explored, {strategy}": (test, 1) for strategy, test in explored.items()},
    }
    costs: dict[str, list[float]] = {what: [] for what in subjects}
    gc.disable()
    for _ in range(ROUNDS):
        for what, (test, times) in subjects.items():
            result = unittest.TestResult()
            start = time.perf_counter()
            for _ in range(times):
                test.run(result)
            costs[what].append((time.perf_counter() - start) / runs)
            assert result.wasSuccessful(), result.failures
            gc.collect()
    gc.enable()
    print(f"{'a run of a small test':26}{'best':>11}{'to plain':>10}{'to virtual':>12}")
    for what, found in costs.items():
        ratios = [
            statistics.median(a / b for a, b in zip(found, costs[base], strict=True))
            for base in ("plain", "plain, in virtual time")
        ]
        print(f"{what:26}{min(found) * 1e6:8.0f} µs{ratios[0]:10.2f}{ratios[1]:12.2f}")


if __name__ == "__main__":
    print(f"Python {sys.version.split()[0]}, Trio {trio.__version__}")
    all_found = races()
    cost()
    sys.exit(not all_found)
