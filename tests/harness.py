"""Run an inner test class and look at what unittest was told."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import textwrap
import unittest
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import trio

from triocase import (
    AsyncTrioTestCase,
    _deadlock,
    _escalation,
    _options,
    _time_limit,
    fixture,
)

ROOT = Path(__file__).parent.parent


class WithEvents(AsyncTrioTestCase):
    """A base for inner classes, each of which has a list of what happens."""

    events: list[Any]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.events = []


def noted(name: str, *, scope: Any = "test") -> Any:
    """Return a fixture that notes what happens to it, and whose value is its name."""

    async def method(self: Any) -> AsyncIterator[str]:
        self.events.append(f"set up {name}")
        await trio.lowlevel.checkpoint()
        yield name
        await trio.lowlevel.checkpoint()
        self.events.append(f"tear down {name}")

    return fixture(scope=scope)(method)


class Recorder(unittest.TestResult):
    """A TestResult that writes down each verdict in the order in which it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []
        self.texts: list[str] = []
        self.passed_subtests = 0

    def _note(self, kind: str, err: Any, test: Any) -> None:
        text = self._exc_info_to_string(err, test)
        self.texts.append(plain(text))
        self.told.append(f"{kind} {err[0].__name__}: {err[1]}".rstrip(": "))

    def addSuccess(self, test: Any) -> None:
        super().addSuccess(test)
        self.told.append("pass")

    def addError(self, test: Any, err: Any) -> None:
        self._note("ERROR", err, test)
        super().addError(test, err)

    def addFailure(self, test: Any, err: Any) -> None:
        self._note("FAIL", err, test)
        super().addFailure(test, err)

    def addSkip(self, test: Any, reason: str) -> None:
        super().addSkip(test, reason)
        self.told.append(f"skip {reason}")

    def addExpectedFailure(self, test: Any, err: Any) -> None:
        self._note("expected", err, test)
        super().addExpectedFailure(test, err)

    def addUnexpectedSuccess(self, test: Any) -> None:
        super().addUnexpectedSuccess(test)
        self.told.append("unexpected success")

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
        if err is None:
            self.passed_subtests += 1
        else:
            failed = issubclass(err[0], test.failureException)
            self._note(f"subtest {'FAIL' if failed else 'ERROR'}", err, test)
        super().addSubTest(test, subtest, err)


def run(case: type[unittest.TestCase], name: str = "test", **options: Any) -> Recorder:
    """Run one test of an inner class; options are attributes of the result."""
    result = Recorder()
    for option, value in options.items():
        setattr(result, option, value)
    case(name).run(result)
    return result


def told(case: type[unittest.TestCase], name: str = "test") -> list[str]:
    """Return the verdicts of one test, in order."""
    return run(case, name).told


def report(case: type[unittest.TestCase], name: str = "test") -> str:
    """Return the one report of a test that fails once, as unittest prints it."""
    (text,) = run(case, name).texts
    return text


def plain(text: str) -> str:
    """Make a report the same on every machine and Python.

    Paths become file names and line numbers N. The marks below a source line differ
    from one Python to the next, and so does the module of a group on 3.10.
    """
    text = re.sub(r'File "(?:.*[/\\])?(.+?)", line \d+', r'File "\1", line N', text)
    text = re.sub(r"(?m)^[ |]*[~^]+\n", "", text)
    text = re.sub(r" at 0x[0-9a-f]+", " at 0x", text)
    return text.replace("exceptiongroup.", "")


def debug_error(case: type[unittest.TestCase], name: str = "test") -> BaseException:
    """Return what ``debug()`` raises."""
    try:
        case(name).debug()
    except BaseException as error:
        return error
    raise AssertionError("debug() raised nothing")


async def stray_cancelled() -> None:
    """Raise a Cancelled outside of the scope that it belongs to."""
    caught: list[trio.Cancelled] = []
    with trio.CancelScope() as scope:
        scope.cancel()
        try:
            await trio.sleep_forever()
        except trio.Cancelled as cancelled:
            caught.append(cancelled)
            raise
    raise caught.pop()


@contextlib.contextmanager
def impatient() -> Iterator[None]:
    """Let a time limit take its steps, and notice silence, in an instant."""
    with mock.patch.multiple(_time_limit, _LOOK=0.1, _ANSWER=0.1):
        with mock.patch.object(_escalation, "_GRACE", 0.2):
            yield


@contextlib.contextmanager
def hasty(margin: float = 0.1) -> Iterator[None]:
    """Let deadlocks be found in a fraction of a second."""
    with mock.patch.object(_time_limit, "_LOOK", 0.05):
        with mock.patch.multiple(_deadlock, _UNCHANGED=0.1, _MARGIN=margin):
            yield


@contextlib.contextmanager
def default_limit(text: str | None) -> Iterator[None]:
    """Set the environment's time limit, or take it away."""
    name = _options._VARIABLE
    with mock.patch.dict(os.environ, {} if text is None else {name: text}):
        if text is None:
            os.environ.pop(name, None)
        _options._default_limit.cache_clear()
        try:
            yield
        finally:
            _options._default_limit.cache_clear()


@contextlib.contextmanager
def alarm(handler: Callable[[int, Any], object]) -> Iterator[None]:
    """Handle SIGALRM, which comes when a test has said ``ring()``."""
    before = signal.signal(signal.SIGALRM, handler)
    try:
        yield
        assert signal.getsignal(signal.SIGALRM) is handler
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def ring() -> None:
    """Let the alarm come a moment later, in what follows."""
    signal.setitimer(signal.ITIMER_REAL, 0.2)


# What changes the output of unittest or pytest, or what triocase does. pytest prints
# whole messages in its summary where it finds CI or BUILD_NUMBER.
ENVIRONMENT_OF_OTHERS = re.compile(
    r"(PYTEST_|PYTHONWARNINGS|COVERAGE_|TRIOCASE_|FORCE_COLOR).*|CI|BUILD_NUMBER"
)


def environment(**variables: str) -> dict[str, str]:
    """Return the environment of a process that runs tests, with nothing of others'."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not ENVIRONMENT_OF_OTHERS.fullmatch(name)
    }
    # Hypothesis's plugin imports all of Hypothesis, which takes longer than most tests.
    return {**kept, "PYTEST_ADDOPTS": "-p no:hypothesispytest", **variables}


class Process:
    """A Python process that runs a test file of its own, in a folder of its own."""

    def __init__(
        self,
        source: str,
        *arguments: str,
        name: str = "test_it.py",
        typed: str = "",
        **variables: str,
    ) -> None:
        self.folder = tempfile.TemporaryDirectory()
        (Path(self.folder.name) / name).write_text(textwrap.dedent(source))
        # What it prints comes in its order.
        variables = {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **variables}
        self.popen = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=self.folder.name,
            env=environment(**variables),
            stdin=subprocess.PIPE if typed else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._typed = typed

    def wait_for(self, line: str) -> None:
        """Read until the process prints a line that ends in ``line``."""
        assert self.popen.stdout is not None
        seen = ""
        for output in self.popen.stdout:
            seen += output
            if output.rstrip().endswith(line):
                return
        self.finish()  # pragma: no cover  # only when a test of ours fails
        raise AssertionError(f"{line!r} was never printed; the output:\n{seen}")

    def finish(self, timeout: float = 120) -> tuple[int, str]:
        """Wait for the end; return the exit code and the rest of the output."""
        try:
            output, _ = self.popen.communicate(self._typed or None, timeout=timeout)
        except subprocess.TimeoutExpired:  # pragma: no cover  # likewise
            self.popen.kill()
            output, _ = self.popen.communicate()
            raise AssertionError(f"still running; the output:\n{output}") from None
        finally:
            self.folder.cleanup()
        return self.popen.returncode, output


UNITTEST = ("-m", "unittest", "-v", "test_it")
PYTEST = ("-m", "pytest", "-p", "no:cacheprovider", "-v", "--tb=short", "test_it.py")
