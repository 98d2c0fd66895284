"""What triocase alone costs: its options, long tests, idle waits, memory, the import."""

from __future__ import annotations

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

from triocase import (
    AsyncTrioTestCase,
    autojump_clock,
    deadlock_check,
    fixture,
    shared_run,
    time_limit,
)

from .rounds import measure
from .tables import as_time, print_table

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from .rounds import Turn

ROOT = Path(__file__).parents[2]
REPETITIONS = 50
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
    checkpoints: int

    async def test(self) -> None:
        for _ in range(self.checkpoints):
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


@contextmanager
def opened(case: type[unittest.TestCase]) -> Iterator[None]:
    """Keep the run of a shared class open."""
    case.setUpClass()
    try:
        yield
    finally:
        case.tearDownClass()
        case.doClassCleanups()


def many(function: Callable[[], object], class_of_run: type | None = None) -> Turn:
    """Return a turn that calls this many times; a class's run is open around it.

    While it is, there can be no other run. To open and to close it is not counted.
    """

    def turn() -> dict[str, float]:
        with opened(class_of_run) if class_of_run else nullcontext():
            start = time.perf_counter()
            for _ in range(REPETITIONS):
                function()
            return {"empty": (time.perf_counter() - start) / REPETITIONS}

    return turn


def running(case: type[unittest.TestCase], *names: str) -> Callable[[], object]:
    """Return a function that runs the next of these tests."""
    result = unittest.TestResult()
    turn = itertools.cycle(names)

    def run_next() -> None:
        case(next(turn)).run(result)
        assert result.wasSuccessful(), result.errors

    return run_next


def options(rounds: int) -> None:
    """Print what an empty test costs in the ways that a user can write it."""
    bare = many(lambda: trio.run(noop))
    all_of_large = [f"test_{i}" for i in range(MANY)]

    def open_and_close() -> None:
        with opened(Shared):
            pass

    subjects = {
        "``trio.run`` by hand": bare,
        "``AsyncTrioTestCase``": many(running(Empty, "test")),
        f"in a class of {MANY} tests": many(running(Large, *all_of_large)),
        "without a time limit": many(running(Unlimited, "test")),
        "in virtual time": many(running(Virtual, "test")),
        "in a shared run": many(running(Shared, "test"), Shared),
        "to open and to close a shared run": many(open_and_close),
    }
    costs = measure(subjects, bare, rounds)
    rows = [(name, costs[name]["empty"]) for name in subjects]
    print(f"an empty test, {rounds} rounds")
    print_table(
        ["", "best", "ratio"],
        [[name, as_time(cost.seconds), f"{cost.ratio:.2f}"] for name, cost in rows],
    )


def busy(checkpoints: int) -> None:
    """Print what the watchdog's looks cost a test that is never idle."""
    Busy.checkpoints = checkpoints

    def seconds(case: type[Busy]) -> float:
        start = time.process_time()  # of all threads
        case("test").run(unittest.TestResult())
        return time.process_time() - start

    ratios = [seconds(Busy) / seconds(BusyUnwatched) for _ in range(3)]
    ratio = statistics.median(ratios)
    print(f"{checkpoints:,} checkpoints, watched: {(ratio - 1) * 100:+.1f} %")


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
    sys.path.insert(0, str(ROOT / "docs" / "examples"))
    from test_shared_api import TestApi

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


def memory(tests: int) -> None:
    """Print by how much many tests make the process grow."""

    def peak() -> float:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    def growth(case: type[unittest.TestCase]) -> float:
        def run() -> None:
            # A result of its own: unittest's keeps a line for each test from 3.12 on.
            case("test").run(unittest.TestResult())

        for _ in range(500):
            run()
        before = peak()
        for _ in range(tests):
            run()
        return peak() - before

    print(f"{tests:,} tests with a fixture: {growth(Fixtured):+.1f} MiB")
    with opened(SharedFixtured):
        print(f"as many of one shared run: {growth(SharedFixtured):+.1f} MiB")


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
