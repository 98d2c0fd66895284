"""What the decorators and the environment say together of one test.

A new option is a field of ``Options`` and a decorator in ``_decorators``; how marks are
left and combined is in ``_marks``.
"""

from __future__ import annotations

import math
from functools import cache
from os import environ
from typing import TYPE_CHECKING, Any, NamedTuple

from ._marks import Marks, has_examples, marks_of_class, own_marks

if TYPE_CHECKING:
    from collections.abc import Callable
    from unittest import TestCase

__unittest = True


class ClockOption(NamedTuple):
    """The virtual clock that a test asks for, as ``MockClock`` takes it."""

    rate: float = 0.0
    autojump_threshold: float = math.inf


class Exploration(NamedTuple):
    """Run a test under many orders of its tasks; see the decorator."""

    runs: int
    seed: int | None
    strategy: str
    depth: int

    @property
    def decorator(self) -> str:
        """The name of the decorator."""
        return "explore_schedules"


class Sweep(NamedTuple):
    """Cancel a test at each point where that is possible; see the decorator."""

    max_points: int
    seed: int | None

    @property
    def decorator(self) -> str:
        """The name of the decorator."""
        return "cancellation_sweep"


class Options(NamedTuple):
    """What the decorators say of one test.

    Attributes:
        clock: Its virtual clock, or None for real time.
        time_limit: In real seconds, infinite for no limit; None if they do not say.
        deadlock_check: Whether to look for deadlocks.
        shared_run: Whether the tests of the class share a run.
        race_finder: How to look for races, if at all.
    """

    clock: ClockOption | None = None
    time_limit: float | None = None
    deadlock_check: bool = True
    shared_run: bool = False
    race_finder: Exploration | Sweep | None = None


_DEFAULTS = Options()
_VARIABLE = "TRIOCASE_TIME_LIMIT"
_DEFAULT_LIMIT = 120.0  # real seconds


def options_of(case: TestCase, method: Callable[..., object]) -> Options:
    """Return what the decorators say of a test.

    Raises:
        TypeError: Two of them contradict each other, one stands where it has no
            effect, or a class hook is async.
    """
    cls = type(case)
    marks = marks_of_class(cls)
    own = own_marks(method)
    if not own:
        options = _options(marks, cls)
    else:
        _options(own, case)
        marks = {**marks, **own}
        options = _options(marks, cls)
    if options.race_finder is not None:
        _refuse_finder_beside(options, case, has_examples(method))
        if "clock" not in marks:
            options = options._replace(clock=ClockOption(autojump_threshold=0.0))
    if options.shared_run and "clock" in own:
        decorator = own["clock"][0].decorator
        raise TypeError(
            f"{case.id()} has a clock of its own, @{decorator}, but shares its Trio "
            f"run with all tests of {cls.__qualname__}, because of @shared_run. Write "
            f"@{decorator} above the class, or move the test to another class."
        )
    return options


def _refuse_finder_beside(options: Options, case: TestCase, examples: bool) -> None:
    assert options.race_finder is not None
    decorator = options.race_finder.decorator
    if examples:
        raise TypeError(
            f"{case.id()} has @{decorator} and Hypothesis's @given, and each of them "
            f"runs the test many times. Hypothesis takes for granted that an example "
            f"fails always or never, so it would call a race flaky. Write them above "
            f"two tests that call the same method."
        )
    if options.shared_run:
        raise TypeError(
            f"{case.id()} has @{decorator}, for which each run of the test is a Trio "
            f"run of its own, in an order of its own; but it shares one run with all "
            f"tests of {type(case).__qualname__}, because of @shared_run. Move the "
            f"test to a class without it."
        )


def options_of_class(cls: type[TestCase]) -> Options:
    """Return what the decorators say of a class.

    Raises:
        TypeError: As for a test.
    """
    return _options(marks_of_class(cls), cls)


def _options(marks: Marks, of: TestCase | type[TestCase]) -> Options:
    if not marks:
        return _DEFAULTS
    for option, found in marks.items():
        if len(found) > 1:
            names = " and ".join(f"@{mark.decorator}" for mark in found)
            where = of.__qualname__ if isinstance(of, type) else of.id()
            what = option.replace("_", " ")
            raise TypeError(f"{where} has more than one {what}: {names}. Keep one.")
    values: Any = {option: found[0].value for option, found in marks.items()}
    return Options(**values)


def time_limit_of(options: Options) -> float:
    """Return the time limit of a test in real seconds, infinite for none.

    Raises:
        ValueError: The environment variable is no number of seconds.
    """
    default = _default_limit()
    if options.time_limit is None or default == math.inf:
        return default
    return options.time_limit


@cache  # for the look at the environment has its price
def _default_limit() -> float:
    text = environ.get(_VARIABLE)
    if text is None:
        return _DEFAULT_LIMIT
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise ValueError(
            f"the environment variable {_VARIABLE} is {text!r}. It takes the time "
            f"limit of a test in real seconds, such as 30 or 0.5, or 0 for no limit."
        )
    return seconds or math.inf
