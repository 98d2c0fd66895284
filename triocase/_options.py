"""The decorators, and how those on a method, its class and the parents combine.

A decorator leaves a mark on the function or class that it gets, and returns it as it
is: no wrapper, so it composes with whatever else wraps or marks a test. What the
marks say is read when the test runs: the method's own win over those of its class,
which win over those of the parents. A new option is a field of ``Options`` and a
decorator.

The limit: a decorator that returns a function of its own without ``functools.wraps``
hides the marks below it, as it hides ``unittest.expectedFailure``.
"""

from __future__ import annotations

import math
import sys
from functools import partial
from numbers import Real
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar, overload

from ._calls import refuse_async_class_hooks
from ._once_a_class import note_decoration, once_a_class

if TYPE_CHECKING:
    from collections.abc import Callable
    from unittest import TestCase

__unittest = True

T = TypeVar("T", bound="Callable[..., Any]")


class ClockOption(NamedTuple):
    """The virtual clock that a test asks for, as ``MockClock`` takes it."""

    rate: float = 0.0
    autojump_threshold: float = math.inf


class Options(NamedTuple):
    """What the decorators say of one test.

    Attributes:
        clock: Its virtual clock, or None for real time.
    """

    clock: ClockOption | None = None


_DEFAULTS = Options()


class Mark(NamedTuple):
    """What one decorator says, and its name."""

    decorator: str
    value: object


class TestDecorator(Protocol):
    """What takes a test method or a class and returns the same."""

    def __call__(self, test: T, /) -> T: ...


_Marks = dict[str, tuple[Mark, ...]]  # by field of Options
_MARKS = "_trioMarks"
_NO_MARKS: _Marks = {}
_BARE: Any = object()
_HOOKS = (
    *("setUpClass", "setUp", "asyncSetUp", "asyncTearDown", "tearDown"),
    *("tearDownClass", "runTrio"),
)


# --- The decorators ---------------------------------------------------------------


@overload
def autojump_clock(test: T, /) -> T: ...
@overload
def autojump_clock(*, threshold: float = 0) -> TestDecorator: ...
def autojump_clock(test: Any = _BARE, /, *, threshold: float = 0) -> Any:
    """Run the test in virtual time that jumps whenever every task is blocked.

    Time stands still while tasks run. When all are blocked, it jumps to the next
    deadline: sleeps and timeouts take no real time. While a worker thread of
    :func:`trio.to_thread.run_sync` is at work, time does not jump, but runs at the
    real rate. The clock, :attr:`self.clock <AsyncTrioTestCase.clock>`, is made before
    each run and starts at 0.

    It decorates a test method or a class, a mixin too. The method's own clock wins over
    that of its class, and the class's over that of its parents.

    Args:
        threshold: Real seconds for which all tasks must have been blocked. For a test
            with real I/O, which Trio cannot tell from doing nothing, take a little more
            than an answer needs.

    Raises:
        TypeError: It decorates neither a function nor a class, or ``threshold`` is no
            number.
        ValueError: ``threshold`` is negative, infinite or NaN.

    Example:
        >>> import trio
        >>> from triocase import AsyncTrioTestCase, autojump_clock
        >>> class TestSleep(AsyncTrioTestCase):
        ...     @autojump_clock
        ...     async def test_year(self):
        ...         await trio.sleep(365 * 24 * 60 * 60)
        ...         self.assertEqual(trio.current_time(), 31_536_000)
        >>> TestSleep("test_year").debug()

    .. versionadded:: 0.1
    """
    seconds = finite(
        threshold,
        "autojump_clock(threshold=...)",
        "real seconds",
        "@autojump_clock(threshold=0.01)",
    )
    usage = "`@autojump_clock` or `@autojump_clock(threshold=0.01)`"
    clock = ClockOption(autojump_threshold=seconds)
    return _decorate(
        test, decorator="autojump_clock", usage=usage, option="clock", value=clock
    )


@overload
def mock_clock(test: T, /) -> T: ...
@overload
def mock_clock(*, rate: float = 0) -> TestDecorator: ...
def mock_clock(test: Any = _BARE, /, *, rate: float = 0) -> Any:
    """Run the test in virtual time that moves only when told, or at ``rate``.

    :meth:`AsyncTrioTestCase.advanceClock` moves it. The clock,
    :attr:`self.clock <AsyncTrioTestCase.clock>`, is made before each run and starts
    at 0. It decorates what :func:`autojump_clock` does.

    Args:
        rate: Virtual seconds for each real second.

    Raises:
        TypeError: It decorates neither a function nor a class, or ``rate`` is no
            number.
        ValueError: ``rate`` is negative, infinite or NaN.

    Example:
        >>> import trio
        >>> from triocase import AsyncTrioTestCase, mock_clock
        >>> class TestTimeout(AsyncTrioTestCase):
        ...     @mock_clock
        ...     async def test_not_yet(self):
        ...         with trio.move_on_after(10) as scope:
        ...             await self.advanceClock(9.5)
        ...         self.assertFalse(scope.cancelled_caught)
        >>> TestTimeout("test_not_yet").debug()

    .. versionadded:: 0.1
    """
    checked = finite(
        rate,
        "mock_clock(rate=...)",
        "virtual seconds for each real second",
        "@mock_clock(rate=2.0)",
    )
    usage = "`@mock_clock` or `@mock_clock(rate=2.0)`"
    clock = ClockOption(rate=checked)
    return _decorate(
        test, decorator="mock_clock", usage=usage, option="clock", value=clock
    )


@overload
def real_clock(test: T, /) -> T: ...
@overload
def real_clock() -> TestDecorator: ...
def real_clock(test: Any = _BARE, /) -> Any:
    """Run the test in real time after all, where its class has a virtual clock.

    It decorates what :func:`autojump_clock` does.

    Raises:
        TypeError: It decorates neither a function nor a class.

    .. versionadded:: 0.1
    """
    usage = "`@real_clock`"
    return _decorate(
        test, decorator="real_clock", usage=usage, option="clock", value=None
    )


def finite(value: Any, what: str, unit: str, example: str) -> float:
    """Return ``value`` as a float if it is a finite number that is not negative.

    Raises:
        TypeError: It is no number.
        ValueError: It is another number.
    """
    message = (
        f"{what} takes {unit}, a finite number that is not negative; "
        f"not {value!r}. Write `{example}`."
    )
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(message)
    if not 0 <= value <= sys.float_info.max:  # type: ignore[operator]
        raise ValueError(message)
    return float(value)


# --- The marks that they leave ----------------------------------------------------


def _decorate(
    test: Any = _BARE, *, decorator: str, usage: str, option: str, value: object
) -> Any:
    """Mark ``test``, or, if it is not there yet, return what will do so."""
    if test is _BARE:
        return partial(
            _decorate, decorator=decorator, usage=usage, option=option, value=value
        )
    marks = _own_marks(test)
    mark = Mark(decorator, value)
    # A mark on a staticmethod or classmethod would not be seen through the instance.
    possible = callable(test) and not isinstance(test, (staticmethod, classmethod))
    try:
        if possible:
            # A new dict: functools.wraps gives the old one to the wrapper as it is.
            marks = {**marks, option: (mark, *marks.get(option, ()))}
            setattr(test, _MARKS, marks)
    except (AttributeError, TypeError):
        possible = False
    if not possible:
        raise TypeError(
            f"{decorator} decorates a test method or a class, not {test!r}. Write "
            f"{usage} above `async def` or `class`."
        )
    note_decoration()
    return test


def _own_marks(test: Any) -> _Marks:
    """Return the marks of a function, or of a class without those of its parents."""
    if isinstance(test, type):
        marks = vars(test).get(_MARKS)
    else:
        marks = getattr(test, _MARKS, None)
    if isinstance(marks, dict):  # a mock has any attribute
        return marks
    # A partialmethod is a partial on the instance.
    return _own_marks(test.func) if isinstance(test, partial) else _NO_MARKS


def refuse_marks(function: object, name: str) -> None:
    """Raise an error if ``function``, which is no test, has a mark."""
    for marks in _own_marks(function).values():
        raise TypeError(
            f"@{marks[0].decorator} stands above {name}, where it has no effect: it "
            f"goes for a test from its setup to the last cleanup. Write it above the "
            f"test method or the class."
        )


@once_a_class
def _marks_of_class(case: type[TestCase]) -> _Marks:
    """Return the marks of a class with those of its parents.

    Raises:
        TypeError: Something is wrong with the class itself.
    """
    refuse_async_class_hooks(case)
    for hook in _HOOKS:
        refuse_marks(getattr(case, hook), f"{case.__qualname__}.{hook}")
    marks: _Marks = {}
    for parent in reversed(case.__mro__):
        marks.update(_own_marks(parent))
    return marks


def options_of(case: TestCase, method: Callable[..., object]) -> Options:
    """Return what the decorators say of a test.

    Raises:
        TypeError: Two of them contradict each other, one stands where it has no
            effect, or a class hook is async.
    """
    cls = type(case)
    marks = _marks_of_class(cls)
    own = _own_marks(method)
    if own:
        marks = {**marks, **own}
    if not marks:
        return _DEFAULTS
    for option, found in marks.items():
        if len(found) > 1:
            names = " and ".join(f"@{mark.decorator}" for mark in found)
            where = case.id() if option in own else cls.__qualname__
            raise TypeError(f"{where} has more than one {option}: {names}. Keep one.")
    values: Any = {option: found[0].value for option, found in marks.items()}
    return Options(**values)
