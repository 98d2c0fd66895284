"""What a test costs: ``python tests/bench.py [repetitions]``.

All that is compared runs in turn in one process, so that the ratios hold on a busy
machine too: each figure is the best of its rounds, each ratio the median over the
rounds. A bare ``trio.run`` of an empty function is 1.
"""

from __future__ import annotations

import gc
import itertools
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from typing import TYPE_CHECKING

import trio

sys.path.insert(0, str(Path(__file__).parent.parent))

from triocase import (
    AsyncTrioTestCase,
    autojump_clock,
    deadlock_check,
    fixture,
    time_limit,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

ROUNDS = 40
MANY = 1000


async def noop() -> None:
    pass


class Empty(AsyncTrioTestCase):
    async def test(self) -> None:
        pass


@autojump_clock
class Virtual(Empty):
    pass


@time_limit(None)
class Unlimited(Empty):
    pass


class Busy(AsyncTrioTestCase):
    async def test(self) -> None:
        for _ in range(1_000_000):
            await trio.lowlevel.checkpoint()


@deadlock_check(False)
@time_limit(None)
class BusyUnwatched(Busy):
    pass


class Fixtured(Empty):
    @fixture
    async def value(self) -> AsyncIterator[int]:
        yield 3


async def _test(self: AsyncTrioTestCase) -> None:
    pass


Large = type("Large", (AsyncTrioTestCase,), {f"test_{i}": _test for i in range(MANY)})


class HandWritten(unittest.TestCase):
    """The sixty-line base class that a project writes for itself, without its care."""

    nursery: trio.Nursery

    async def asyncSetUp(self) -> None:
        pass

    async def asyncTearDown(self) -> None:
        pass

    async def empty(self) -> None:
        pass

    async def _all(self) -> None:
        async with trio.open_nursery() as self.nursery:
            await self.asyncSetUp()
            try:
                await self.empty()
            finally:
                await self.asyncTearDown()
            self.nursery.cancel_scope.cancel()

    def test(self) -> None:
        trio.run(self._all)


class Asyncio(unittest.IsolatedAsyncioTestCase):
    async def test(self) -> None:
        pass


class Sync(unittest.TestCase):
    def test(self) -> None:
        pass


def running(case: type[unittest.TestCase], *names: str) -> Callable[[], object]:
    """Return a function that runs the next of these tests."""
    result = unittest.TestResult()
    turn = itertools.cycle(names)
    return lambda: case(next(turn)).run(result)


def compare(repetitions: int) -> None:
    subjects: dict[str, Callable[[], object]] = {
        "bare trio.run": lambda: trio.run(noop),
        "AsyncTrioTestCase": running(Empty, "test"),
        f"  in a class of {MANY}": running(Large, *(f"test_{i}" for i in range(MANY))),
        "  without a time limit": running(Unlimited, "test"),
        "  in virtual time": running(Virtual, "test"),
        "  with a fixture": running(Fixtured, "test"),
        "hand-written base": running(HandWritten, "test"),
        "IsolatedAsyncioTestCase": running(Asyncio, "test"),
        "sync TestCase": running(Sync, "test"),
    }
    costs: dict[str, list[float]] = {name: [] for name in subjects}
    gc.disable()
    for _ in range(ROUNDS):
        for name, subject in subjects.items():
            start = time.perf_counter()
            for _ in range(repetitions):
                subject()
            costs[name].append((time.perf_counter() - start) / repetitions)
            gc.collect()
    gc.enable()
    bare = costs["bare trio.run"]
    for name, found in costs.items():
        ratio = statistics.median(a / b for a, b in zip(found, bare, strict=True))
        print(f"{name:26}{min(found) * 1e6:8.0f} µs{ratio:8.2f}")


def busy() -> None:
    """Print what the watchdog's looks cost a test that is never idle."""

    def seconds(case: type[Busy]) -> float:
        start = time.process_time()  # of all threads
        case("test").run(unittest.TestResult())
        return time.process_time() - start

    ratios = [seconds(Busy) / seconds(BusyUnwatched) for _ in range(3)]
    ratio = statistics.median(ratios)
    print(f"1,000,000 checkpoints, watched: {(ratio - 1) * 100:+.1f} %")


def memory(tests: int) -> None:
    def run() -> None:
        # A result of its own: unittest's keeps a line for each test from 3.12 on.
        Fixtured("test").run(unittest.TestResult())

    def peak() -> float:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    for _ in range(500):
        run()
    before = peak()
    for _ in range(tests):
        run()
    print(f"memory after {tests} tests with a fixture: {peak() - before:+.1f} MiB")


def import_time() -> None:
    """Print what ``import triocase`` takes beyond ``import trio, unittest``."""
    script = (
        "import trio, unittest, time; start = time.perf_counter(); import triocase; "
        "print(time.perf_counter() - start)"
    )
    root = Path(__file__).parent.parent
    with tempfile.TemporaryDirectory() as cache:  # as installed: with its bytecode
        environment = {"PYTHONPYCACHEPREFIX": cache}
        seconds = [
            float(
                subprocess.check_output(
                    [sys.executable, "-c", script], cwd=root, env=environment
                )
            )
            for _ in range(10)
        ]
    print(f"import triocase: {min(seconds) * 1e3:.1f} ms beyond trio and unittest")


if __name__ == "__main__":
    print(f"Python {sys.version.split()[0]}, Trio {trio.__version__}")
    compare(int(sys.argv[1]) if len(sys.argv) > 1 else 50)
    busy()
    memory(20_000)
    import_time()
