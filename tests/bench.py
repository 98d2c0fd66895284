"""What a test costs: ``python tests/bench.py [repetitions]``.

All that is compared runs in turn in one process, so that the ratios hold on a busy
machine too: each figure is the best of its rounds, each ratio the median over the
rounds. A bare ``trio.run`` of an empty function is 1. While the run of a shared class is
open, no other can be: it is opened and closed around its turn, and that is not counted.
"""

from __future__ import annotations

import gc
import itertools
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import unittest
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import trio

sys.path.insert(0, str(Path(__file__).parent.parent / "docs" / "examples"))
sys.path.insert(0, str(Path(__file__).parent.parent))

from test_shared_api import TestApi
from triocase import (
    AsyncTrioTestCase,
    autojump_clock,
    deadlock_check,
    fixture,
    shared_run,
    time_limit,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

ROOT = Path(__file__).parent.parent
ROUNDS = 40
MANY = 1000
WAITS = 300


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


@shared_run
class Shared(Empty):
    pass


@shared_run
class SharedFixtured(Fixtured):
    pass


class Waits(AsyncTrioTestCase):
    """Waits in which the run is idle; how long they take is noted."""

    seconds: float
    answers: trio.socket.SocketType

    async def test_sleep(self) -> None:
        start = time.perf_counter()
        for _ in range(WAITS):
            await trio.sleep(0.001)
        Waits.seconds = time.perf_counter() - start

    async def test_answer(self) -> None:
        """Get answers from another process."""
        start = time.perf_counter()
        for _ in range(WAITS):
            await self.answers.send(b"x")
            await self.answers.recv(1)
        Waits.seconds = time.perf_counter() - start


@shared_run
class SharedWaits(Waits):
    pass


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


@contextmanager
def opened(case: type[unittest.TestCase]) -> Iterator[None]:
    """Keep the run of a shared class open."""
    case.setUpClass()
    try:
        yield
    finally:
        case.tearDownClass()
        case.doClassCleanups()


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
        "  in a shared run": running(Shared, "test"),
        "hand-written base": running(HandWritten, "test"),
        "IsolatedAsyncioTestCase": running(Asyncio, "test"),
        "sync TestCase": running(Sync, "test"),
    }
    costs: dict[str, list[float]] = {name: [] for name in subjects}
    gc.disable()
    for _ in range(ROUNDS):
        for name, subject in subjects.items():
            shared = name == "  in a shared run"
            with opened(Shared) if shared else nullcontext():
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


def idle_waits() -> None:
    """Print what a shared run adds to a wait in which the run is idle."""
    ours, theirs = socket.socketpair()
    echo = (
        "import socket, sys; s = socket.socket(fileno=int(sys.argv[1]))\n"
        "while x := s.recv(1): s.send(x)"
    )
    command = [sys.executable, "-c", echo, str(theirs.fileno())]

    def seconds(case: type[Waits], name: str) -> float:
        result = unittest.TestResult()
        case(name).run(result)
        assert result.wasSuccessful(), result.errors
        return Waits.seconds / WAITS

    with ours, theirs, subprocess.Popen(command, pass_fds=[theirs.fileno()]):
        theirs.close()
        Waits.answers = trio.socket.from_stdlib_socket(ours)
        for what in ["sleep", "answer"]:
            name = f"test_{what}"
            costs = [
                seconds(SharedWaits, name) - seconds(Waits, name) for _ in range(10)
            ]
            more = statistics.median(costs) * 1e6
            print(f"an idle wait in a shared run ({what}): {more:+.0f} µs")
        ours.shutdown(socket.SHUT_RDWR)


def forty_tests() -> None:
    """Print what the documentation's example takes, with and without a shared run."""
    names = unittest.defaultTestLoader.getTestCaseNames(TestApi)
    forty = [name for _ in range(40 // len(names)) for name in names]

    def seconds(run: Callable[[unittest.TestResult], object]) -> float:
        result = unittest.TestResult()
        start = time.perf_counter()
        run(result)
        found = time.perf_counter() - start
        assert result.wasSuccessful() and result.testsRun == 40, result.errors
        return found

    def shared(result: unittest.TestResult) -> None:
        unittest.TestSuite(map(TestApi, forty)).run(result)

    def each(result: unittest.TestResult) -> None:
        for name in forty:  # alone, each starts all that its class starts
            TestApi(name).run(result)

    once, always = (min(seconds(way) for _ in range(3)) for way in (shared, each))
    print(f"forty tests with one server: {once:.2f} s; with one each: {always:.2f} s")


def memory(tests: int, case: type[unittest.TestCase], what: str) -> None:
    def run() -> None:
        # A result of its own: unittest's keeps a line for each test from 3.12 on.
        case("test").run(unittest.TestResult())

    def peak() -> float:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    for _ in range(500):
        run()
    before = peak()
    for _ in range(tests):
        run()
    print(f"memory after {tests} tests {what}: {peak() - before:+.1f} MiB")


def import_time() -> None:
    """Print what ``import triocase`` takes beyond ``import trio, unittest``."""
    script = (
        "import trio, unittest, time; start = time.perf_counter(); import triocase; "
        "print(time.perf_counter() - start)"
    )
    with tempfile.TemporaryDirectory() as cache:  # as installed: with its bytecode
        environment = {"PYTHONPYCACHEPREFIX": cache}
        seconds = [
            float(
                subprocess.check_output(
                    [sys.executable, "-c", script], cwd=ROOT, env=environment
                )
            )
            for _ in range(10)
        ]
    print(f"import triocase: {min(seconds) * 1e3:.1f} ms beyond trio and unittest")


if __name__ == "__main__":
    print(f"Python {sys.version.split()[0]}, Trio {trio.__version__}")
    compare(int(sys.argv[1]) if len(sys.argv) > 1 else 50)
    idle_waits()
    forty_tests()
    busy()
    memory(20_000, Fixtured, "with a fixture")
    with opened(SharedFixtured):
        memory(20_000, SharedFixtured, "of one shared run")
    import_time()
