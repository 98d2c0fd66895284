"""Attributes of a test that exist only while it runs: the nurseries and the clock.

They are no properties, because a test may assign its own over them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from ._open_runs import class_life_of

if TYPE_CHECKING:
    from unittest import TestCase

    from ._case import AsyncTrioTestCase
    from ._clock import VirtualTime

__unittest = True


class NurseryAttribute:
    """The nursery for the test's background tasks, a ``trio.Nursery``.

    It is open from the test's setup to its last cleanup; then it is cancelled, and its
    tasks are joined. A task that crashes cancels the test's body, and its error is
    reported. Outside of its time it is an ``AttributeError``. A test may assign an
    attribute of its own over it.

    .. versionadded:: 0.1
    """

    def __get__(self, case: AsyncTrioTestCase | None, owner: type) -> Any:
        if case is None:
            return self
        test = case._trioTest
        if test is None or test.nursery is None:
            raise AttributeError(
                f"{owner.__qualname__}.nursery is open only while a test runs, from "
                f"its setup to the last cleanup. Start background tasks there, with "
                f"`self.nursery.start_soon(...)`."
            )
        test.nursery_owner.used = True
        return test.nursery


class _NoNursery:
    """What a class has in place of its nursery, where that is not open.

    Runners look at all attributes of a class, and not all of them expect an error.
    """

    def __init__(self, why: Exception) -> None:
        self._why = why

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(str(self._why))


class ClassNurseryAttribute:
    """``cls.class_nursery``, whose docstring stands where the class has it."""

    def __get__(self, case: object, owner: type[TestCase]) -> Any:
        try:
            return class_life_of(owner, "class_nursery").nursery
        except Exception as error:
            if case is None:
                return _NoNursery(error)
            raise AttributeError(str(error)) from None


class ClockAttribute:
    """The test's virtual clock, a ``trio.testing.MockClock``.

    It is there from the setup to the last cleanup of a test that is decorated with
    :func:`autojump_clock` or :func:`mock_clock`, itself or its class. It is the clock
    that ``trio.lowlevel.current_clock()`` returns, and new for each test, or for each
    class with :func:`shared_run`. Otherwise it is an ``AttributeError``. A test may
    assign an attribute of its own over it.

    .. versionadded:: 0.1
    """

    def __get__(self, case: AsyncTrioTestCase | None, owner: type) -> Any:
        if case is None:
            return self
        test = case._trioTest
        if test is None:
            raise AttributeError(
                f"{owner.__qualname__}.clock is there only while a test runs, from "
                f"its setup to the last cleanup."
            )
        if test.time is None:
            raise AttributeError(
                f"{owner.__qualname__}.clock: {case} runs on real time. Decorate it, "
                f"or its class, with `@autojump_clock` or `@mock_clock`."
            )
        return test.time.clock


def time_to_advance(case: AsyncTrioTestCase) -> VirtualTime:
    """Return the virtual time of a test.

    Raises:
        RuntimeError: The test runs on real time, or is not running.
    """
    time = None if case._trioTest is None else case._trioTest.time
    if time is None:
        raise RuntimeError(
            f"advanceClock() moves virtual time, and {case} has none. Decorate the "
            f"test, or its class, with `@mock_clock` or `@autojump_clock`."
        )
    return time
