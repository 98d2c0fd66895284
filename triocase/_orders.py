"""Which of the runnable tasks takes the next step: two strategies, both from a seed.

Tasks are numbers here, in the order in which they were started. Only where there is a
choice is a strategy asked, and only ``Random.random`` is drawn from: the same seed
gives the same numbers in every process, on every Python.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Protocol
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__unittest = True

_SEEDS = 2**32
# The number of choices over which priorities are changed: a power of two, from and to.
_SHORTEST, _LONGEST = 1, 10


class Order(Protocol):
    """One order of the steps of a run."""

    def choose(self, runnable: Sequence[int]) -> int:
        """Return the index of the task that is to take the next step.

        Args:
            runnable: Two tasks at least; the one that has waited longest comes first.
        """


class UniformOrder:
    """Each runnable task is as likely as any other, at each step."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed).random

    def choose(self, runnable: Sequence[int]) -> int:
        return int(self._random() * len(runnable))


class PriorityOrder:
    """The task with the highest priority runs, and the priorities change a few times.

    This is PCT: S. Burckhardt, P. Kothari, M. Musuvathi, S. Nagarakatte, "A randomized
    scheduler with probabilistic guarantees of finding bugs" (ASPLOS 2010). A task gets
    a random priority. At ``depth - 1`` random choices, the task that would run gets a
    priority lower than all of these. That finds bugs that need few constraints on the
    order, where uniform choices would have to be right many times in a row.

    The paper takes the length of a run as known. Here it is drawn, too, so that a seed
    alone says what the order is.
    """

    def __init__(self, seed: int, depth: int) -> None:
        self._random = Random(seed).random
        scale = _SHORTEST + int(self._random() * (_LONGEST - _SHORTEST + 1))
        # The choices at which a priority changes, and to what.
        self._changes = {
            int(self._random() * 2**scale): -1.0 - place for place in range(depth - 1)
        }
        self._priorities: dict[int, float] = {}
        self._choices = 0

    def choose(self, runnable: Sequence[int]) -> int:
        priorities = self._priorities
        for task in runnable:
            if task not in priorities:
                priorities[task] = self._random()
        chosen = max(runnable, key=priorities.__getitem__)
        if self._choices in self._changes:
            priorities[chosen] = self._changes[self._choices]
            chosen = max(runnable, key=priorities.__getitem__)
        self._choices += 1
        return runnable.index(chosen)


STRATEGIES = "random", "pct"


def order_of(strategy: str, depth: int, seed: int) -> Order:
    """Return the order that a strategy makes of a seed."""
    return UniformOrder(seed) if strategy == "random" else PriorityOrder(seed, depth)


def seed_of(name: str) -> int:
    """Return the seed of a test that names none: the same whenever it is run."""
    return crc32(name.encode())


def seeds_from(seed: int, runs: int) -> Iterator[int]:
    """Yield a seed for each run."""
    random = Random(seed).random
    for _ in range(runs):
        yield int(random() * _SEEDS)
