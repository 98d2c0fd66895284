"""How costs are measured, so that they can be compared.

* All subjects take turns in one process, round after round, and each turn comes right
  after one of the yardstick. The ratio of the two is taken there and then, and the median
  of all rounds is what is shown: a machine that is busy for a while slows both. A time in
  seconds is the best of all rounds.
* The first round is a warm-up, and does not count.
* The garbage collector is off during a turn, and collects after it. When it is on, it is a
  matter of chance whose turn the great collections fall into. (It hides little: a bare
  ``trio.run`` leaves 69 objects in cycles, a test of triocase 75.)
"""

from __future__ import annotations

import gc
import statistics
import sys
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    # Returns the seconds that one test takes, for each of the subject's situations.
    Turn = Callable[[], dict[str, float]]


class Cost(NamedTuple):
    seconds: float  # the best
    ratio: float  # the median


def measure(
    subjects: Mapping[str, Turn], yardstick: Turn, rounds: int
) -> dict[str, dict[str, Cost]]:
    """Return what each subject costs in each situation."""
    assert sys.gettrace() is None
    seconds: dict[tuple[str, str], list[float]] = {}
    ratios: dict[tuple[str, str], list[float]] = {}
    for turn in range(-1, rounds):
        for name, subject in subjects.items():
            base, found = without_gc(yardstick), without_gc(subject)
            if turn < 0:
                continue
            for situation, cost in found.items():
                key = name, situation
                seconds.setdefault(key, []).append(cost)
                ratios.setdefault(key, []).append(cost / base[situation])
    costs: dict[str, dict[str, Cost]] = {name: {} for name in subjects}
    for (name, situation), found in seconds.items():
        ratio = statistics.median(ratios[name, situation])
        costs[name][situation] = Cost(min(found), ratio)
    return costs


def without_gc(turn: Turn) -> dict[str, float]:
    gc.disable()
    try:
        return turn()
    finally:
        gc.enable()
        gc.collect()
