"""A limiter of calls that lets too many through, and one that does not."""

from collections import deque

import trio
from hypothesis import example, given
from hypothesis import strategies as st

import with_hypothesis_profile  # noqa: F401
from triocase import AsyncTrioTestCase, autojump_clock


class FixedWindow:
    """Lets at most ``calls`` through in ``period`` seconds, and then begins anew."""

    def __init__(self, calls: int, period: float) -> None:
        self.calls = calls
        self.period = period
        self.left = 0
        self.end = 0.0

    async def wait(self) -> None:
        if self.left == 0:
            await trio.sleep_until(self.end)
        if trio.current_time() >= self.end:
            self.left = self.calls
            self.end = trio.current_time() + self.period
        self.left -= 1


class SlidingWindow:
    """Lets at most ``calls`` through in any ``period`` seconds."""

    def __init__(self, calls: int, period: float) -> None:
        self.passed = deque([-period] * calls)
        self.period = period

    async def wait(self) -> None:
        await trio.sleep_until(self.passed.popleft() + self.period)
        self.passed.append(trio.current_time())


class LimiterTestCase(AsyncTrioTestCase):
    async def check(
        self, limiter: FixedWindow | SlidingWindow, pauses: list[int]
    ) -> None:
        """Check that there are never four calls in less than ten seconds."""
        passed = []
        for pause in pauses:
            await trio.sleep(pause)
            await limiter.wait()
            passed.append(trio.current_time())
        for first, fourth in zip(passed, passed[3:], strict=False):
            self.assertGreaterEqual(fourth - first, 10)


class TestFixedWindow(LimiterTestCase):
    @given(pauses=st.lists(st.integers(0, 9)))
    @autojump_clock
    async def test_three_calls(self, pauses: list[int]) -> None:
        await self.check(FixedWindow(calls=3, period=10), pauses)


class TestSlidingWindow(LimiterTestCase):
    @example(pauses=[0, 1, 0, 0, 0])  # what was found above
    @given(pauses=st.lists(st.integers(0, 9)))
    @autojump_clock
    async def test_three_calls(self, pauses: list[int]) -> None:
        await self.check(SlidingWindow(calls=3, period=10), pauses)
