"""Attributes of a test that exist only while it runs: the nursery and the clock.

They are no properties, because a test may assign its own over them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._case import AsyncTrioTestCase
    from ._clock import VirtualTime

__unittest = True


class NurseryAttribute:
    """The nursery for the test's background tasks, a ``trio.Nursery``.

    It is open from its setup to the last cleanup; then it is cancelled and joined. A
    task that crashes cancels the test's body, and its error is reported. Outside of
    its time it is an ``AttributeError``. A test may assign its own over it.
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
        return test.nursery


class ClockAttribute:
    """The test's virtual clock, a ``trio.testing.MockClock``.

    It is there while a test runs that is decorated with ``autojump_clock`` or
    ``mock_clock``, itself or its class. Otherwise it is an ``AttributeError``. A test
    may assign its own over it.
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
