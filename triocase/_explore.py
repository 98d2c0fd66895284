"""Run a test many times, each time with its tasks in another order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._orders import order_of, seeds_from
from ._rerun import SEED, number_from
from ._run_verdict import FOUND
from ._schedules import Schedule

if TYPE_CHECKING:
    from ._options import Exploration
    from ._race_finders import Runs

__unittest = True
__hypothesistracebackhide__ = True  # what __unittest is for unittest


def explore(runs: Runs, finder: Exploration) -> None:
    """Run the test until a run fails, or as often as the decorator says.

    Raises:
        ValueError: The environment variable is no seed.
        RuntimeError: Trio has not kept to the order.
        KeyboardInterrupt: Ctrl-C.
    """
    replayed = number_from(SEED)
    if replayed is not None:
        seeds = [replayed]
    else:
        seeds = list(seeds_from(runs.seed, finder.runs))
    counts = None
    for number, seed in enumerate(seeds, 1):
        schedule = Schedule(order_of(finder.strategy, finder.depth, seed))
        run = runs.run(schedule)
        if run.failed:
            which = "" if replayed is not None else f" in run {number} of {len(seeds)},"
            found = f"{FOUND}{finder.decorator}{which} with seed {seed}."
            runs.tell(run, runs.note(found, schedule, {SEED: seed}))
            return
        if counts is None or not run.skipped:
            counts = run
        if number == 1 and run.skipped:
            break
        runs.progress.show(f"run {number} of {len(seeds)}")
    assert counts is not None
    runs.tell(counts)
