"""Decorators in any order under mypy strict and pyright: checked, never run."""

from __future__ import annotations

import unittest
from unittest import mock

from hypothesis import example, given, settings
from hypothesis import strategies as st
from typing_extensions import assert_type

from triocase import (
    AsyncTrioTestCase,
    autojump_clock,
    deadlock_check,
    mock_clock,
    time_limit,
)


class TestDecorators(AsyncTrioTestCase):
    @autojump_clock
    @time_limit(5)
    @deadlock_check(False)
    @unittest.expectedFailure
    @unittest.skipIf(False, "why")
    async def above(self, number: int) -> str:
        return str(number)

    @unittest.skipUnless(True, "why")
    @unittest.expectedFailure
    @deadlock_check(False)
    @mock_clock(rate=2)
    @time_limit(None)
    async def below(self, number: int) -> str:
        return str(number)

    @time_limit(5)
    @unittest.skip("why")
    @autojump_clock
    @unittest.expectedFailure
    @deadlock_check(True)
    async def between(self, number: int) -> str:
        return str(number)

    @mock.patch("os.getcwd", new=lambda: "/")
    @time_limit(5)
    async def mocked(self, number: int) -> str:
        return str(number)

    @time_limit(5)
    @settings(max_examples=5)
    @example(number=5)
    @given(number=st.integers())
    @autojump_clock
    async def test_given(self, number: int) -> None:
        assert_type(number, int)

    async def test_types(self) -> None:
        for method in (self.above, self.below, self.between):
            assert_type(await method(3), str)
            await method("3")  # type: ignore[arg-type]  # pyright: ignore
        assert_type(await self.mocked(3), str)
