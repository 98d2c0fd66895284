"""The strategies: which of the runnable tasks takes the next step, for a seed."""

from __future__ import annotations

import unittest
from collections import Counter
from collections.abc import Sequence
from itertools import islice, pairwise, permutations

from triocase._orders import (
    STRATEGIES,
    Order,
    PriorityOrder,
    UniformOrder,
    order_of,
    seed_of,
    seeds_from,
)

from .explored import all_of


def choices(order: Order, runnable: Sequence[int], number: int) -> list[int]:
    """Return the tasks that an order chooses, one after the other."""
    return [runnable[order.choose(runnable)] for _ in range(number)]


def interleaving(order: Order, tasks: int, steps: int) -> str:
    """Return the order in which tasks of a few steps take them: ``abba``."""
    left = dict.fromkeys(range(tasks), steps)
    taken = ""
    while left:
        runnable = [*left]
        task = runnable[order.choose(runnable)] if len(runnable) > 1 else runnable[0]
        taken += "abc"[task]
        left[task] -= 1
        if not left[task]:
            del left[task]
    return taken


class PaperOrder:
    """The algorithm of the paper, with what is random there as arguments."""

    def __init__(self, priorities: Sequence[int], changes: Sequence[int]) -> None:
        self._priorities = [priority + len(changes) for priority in priorities]
        self._changes = changes
        self._choices = 0

    def choose(self, runnable: Sequence[int]) -> int:
        for priority, place in enumerate(self._changes):
            if place == self._choices:
                self._priorities[self._highest(runnable)] = priority
        self._choices += 1
        return runnable.index(self._highest(runnable))

    def _highest(self, runnable: Sequence[int]) -> int:
        return max(runnable, key=self._priorities.__getitem__)


def promised(depth: int, tasks: int, steps: int) -> set[str]:
    """Return the interleavings that the paper's algorithm reaches."""
    return {
        interleaving(PaperOrder(priorities, changes), tasks, steps)
        for priorities in permutations(range(tasks))
        for changes in permutations(range(tasks * steps), depth - 1)
    }


class TestUniform(unittest.TestCase):
    """Each runnable task is as likely as any other, at each step."""

    def test_pinned(self) -> None:
        """A seed that was printed once means the same order for ever."""
        self.assertEqual(
            choices(UniformOrder(7), [0, 1, 2], 16),
            [0, 0, 1, 0, 1, 1, 0, 1, 0, 1, 0, 0, 1, 2, 0, 0],
        )
        self.assertEqual(
            choices(UniformOrder(2**32 - 1), [4, 9], 12),
            [9, 4, 9, 4, 4, 4, 9, 9, 4, 9, 4, 4],
        )

    def test_each_is_as_likely(self) -> None:
        """A third of 3000 choices each, give or take: the place does not matter."""
        counts = Counter(choices(UniformOrder(1), [5, 3, 8], 3000))
        self.assertEqual(set(counts), {5, 3, 8})
        for count in counts.values():
            self.assertLess(abs(count - 1000), 100)

    def test_all_interleavings(self) -> None:
        """Each order of a few steps is that of some seed."""
        for tasks, steps, seeds in [(2, 2, 100), (3, 2, 2000)]:
            reached = {
                interleaving(UniformOrder(seed), tasks, steps) for seed in range(seeds)
            }
            self.assertEqual(reached, all_of(tasks, steps))


class TestPriorities(unittest.TestCase):
    """The task with the highest priority runs, and the priorities change a few times."""

    def test_pinned(self) -> None:
        """A seed that was printed once means the same order for ever."""
        self.assertEqual(
            choices(PriorityOrder(7, 3), [0, 1, 2], 40),
            [1] * 2 + [2] * 8 + [0] * 30,
        )

    def test_no_change(self) -> None:
        """With depth 1 the same task runs on: it is any of them, by the seed."""
        first = set()
        for seed in range(50):
            (task,) = set(choices(PriorityOrder(seed, 1), [0, 1, 2], 2000))
            first.add(task)
        self.assertEqual(first, {0, 1, 2})

    def test_depth_bounds_the_changes(self) -> None:
        """There are as many as depth - 1, or fewer, and none comes late."""
        for depth in (1, 2, 3, 6):
            most = 0
            for seed in range(60):
                chosen = choices(PriorityOrder(seed, depth), range(8), 1100)
                places = [at for at, (a, b) in enumerate(pairwise(chosen)) if a != b]
                most = max(most, len(places))
                self.assertEqual([at for at in places if at >= 1024], [])
            self.assertLessEqual(most, depth - 1)
            # The most are seen, but for two at one place, or one at the very first.
            self.assertGreaterEqual(most, min(depth - 1, 5))

    def test_changes_come_at_any_scale(self) -> None:
        """Short tests get changes too, and long ones late changes."""
        places = []
        for seed in range(300):
            chosen = choices(PriorityOrder(seed, 2), [0, 1], 1024)
            places += [at for at in range(1, 1024) if chosen[at] != chosen[at - 1]]
        self.assertGreater(sum(at < 8 for at in places), 30)
        self.assertGreater(sum(at > 512 for at in places), 9)

    def test_change_is_to_below_all(self) -> None:
        """A task whose priority has changed is behind all whose has not."""
        for seed in range(100):
            chosen = choices(PriorityOrder(seed, 4), [0, 1, 2, 3, 4], 1024)
            runs = [a for a, b in zip(chosen, [-1, *chosen], strict=False) if a != b]
            self.assertEqual(len(set(runs)), len(runs), runs)  # none comes again

    def test_new_task(self) -> None:
        """One that comes later has a priority of its own: higher, lower, between."""
        seen = set()
        for seed in range(100):
            order = PriorityOrder(seed, 1)
            before = choices(order, [0, 1], 1)
            after = choices(order, [0, 1, 2], 2)
            self.assertIn(after, [before * 2, [2, 2]])
            seen.add(after == [2, 2])
        self.assertEqual(seen, {False, True})

    def test_waiting_longest_does_not_matter(self) -> None:
        """The place of a task among the runnable ones changes nothing."""
        for seed in range(50):
            one, other = PriorityOrder(seed, 1), PriorityOrder(seed, 1)
            task = choices(one, [0, 1, 2], 1)
            self.assertEqual(choices(one, [2, 0, 1], 1), task)
            self.assertEqual(choices(other, [0, 1, 2], 2), task * 2)

    def test_reaches_what_the_paper_promises(self) -> None:
        """Each order that has a probability in the paper is that of some seed."""
        for depth, seeds in [(1, 100), (2, 2000), (3, 20_000)]:
            with self.subTest(depth=depth):
                reached = {
                    interleaving(PriorityOrder(seed, depth), 3, 2)
                    for seed in range(seeds)
                }
                self.assertEqual(reached, promised(depth, 3, 2))

    def test_two_tasks(self) -> None:
        """Two tasks of two steps have six orders, and depth 3 reaches all."""
        reached = {interleaving(PriorityOrder(seed, 3), 2, 2) for seed in range(3000)}
        self.assertEqual(reached, all_of(2, 2))


class TestSeeds(unittest.TestCase):
    def test_of_a_name(self) -> None:
        """It is the same each time: what names the test decides, no hash of Python's."""
        self.assertEqual(seed_of("TestBank.test_two"), 1429168166)
        self.assertEqual(seed_of("TestBäume.test_größe"), 733294432)
        self.assertNotEqual(seed_of("TestBank.test_one"), seed_of("TestBank.test_two"))

    def test_of_the_runs(self) -> None:
        """Each run has its own; more runs add some, and change none."""
        first = [577090034, 3639700185, 3280387010, 1095513123]
        self.assertEqual([*seeds_from(1, 4)], first)
        self.assertEqual([*islice(seeds_from(1, 10_000), 4)], first)
        many = [*seeds_from(2, 1000)]
        self.assertEqual(len(set(many)), 1000)
        self.assertTrue(all(type(seed) is int and 0 <= seed < 2**32 for seed in many))

    def test_order_of_a_seed(self) -> None:
        """The same seed gives the same choices, another seed others."""
        for strategy in STRATEGIES:
            orders = [
                choices(order_of(strategy, 3, seed), range(20), 50)
                for seed in (3, 3, 4)
            ]
            self.assertEqual(orders[0], orders[1])
            self.assertNotEqual(orders[0], orders[2])

    def test_strategies(self) -> None:
        """Each of the names stands for its strategy."""
        self.assertEqual(STRATEGIES, ("random", "pct"))
        self.assertIsInstance(order_of("random", 3, 1), UniformOrder)
        self.assertIsInstance(order_of("pct", 3, 1), PriorityOrder)
        for depth in (1, 9):  # is passed on
            self.assertEqual(
                choices(order_of("pct", depth, 5), range(20), 500),
                choices(PriorityOrder(5, depth), range(20), 500),
            )
