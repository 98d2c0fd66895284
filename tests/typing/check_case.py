"""User code under mypy strict and pyright: checked by them, never run."""

from __future__ import annotations

from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

import trio
import trio.testing
from typing_extensions import assert_type

from triocase import (
    AsyncTrioTestCase,
    autojump_clock,
    deadlock_check,
    mock_clock,
    real_clock,
    time_limit,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence


@asynccontextmanager
async def connection() -> AsyncIterator[str]:
    yield "connected"


@contextmanager
def setting() -> Iterator[int]:
    yield 3


async def close(name: str, *, force: bool = False) -> int:
    return 0


class TestTypes(AsyncTrioTestCase):
    def setUp(self) -> None:
        assert_type(self.enterContext(setting()), int)
        assert_type(self.enterContext(trio.fail_after(5)), trio.CancelScope)
        self.addCleanup(close, "sync list", force=True)

    async def asyncSetUp(self) -> None:
        await super().asyncSetUp()
        assert_type(await self.enterAsyncContext(connection()), str)
        nursery = await self.enterAsyncContext(trio.open_nursery())
        assert_type(nursery, trio.Nursery)
        self.addAsyncCleanup(close, "name", force=True)
        self.addAsyncCleanup(close, 3)  # type: ignore[arg-type]  # pyright: ignore
        self.addAsyncCleanup(close, "name", forced=True)  # type: ignore[call-arg]  # pyright: ignore

    async def test_types(self) -> None:
        assert_type(self.nursery, trio.Nursery)
        assert_type(await self.doAsyncCleanups(), bool)
        assert_type(self.doCleanups(), bool)
        with self.assertRaises(OSError) as caught:
            raise OSError
        assert_type(caught.exception, OSError)
        with self.assertRaisesGroup(OSError, (OSError, "text")) as group:
            raise OSError
        for error in group.exception.exceptions:
            print(error)
        with self.subTest("message", i=1):
            pass
        self.assertRaisesGroup(3)  # type: ignore[arg-type]  # pyright: ignore

    async def asyncTearDown(self) -> None:
        await super().asyncTearDown()


class TestHost(AsyncTrioTestCase):
    def runTrio(
        self,
        async_fn: Callable[[], Awaitable[object]],
        *,
        clock: trio.abc.Clock | None,
        instruments: Sequence[trio.abc.Instrument],
    ) -> Any:
        return trio.run(async_fn, clock=clock, instruments=instruments)


@autojump_clock
class TestClocks(AsyncTrioTestCase):
    @mock_clock
    async def bare(self, number: int) -> str:
        return str(number)

    @deadlock_check(False)
    @time_limit(5)
    @real_clock
    @autojump_clock(threshold=0.1)
    @mock_clock(rate=2)
    @real_clock()
    def options(self, number: int) -> str:
        return str(number)

    async def test_types(self) -> None:
        assert_type(self.clock, trio.testing.MockClock)
        assert_type(await self.advanceClock(1), None)
        assert_type(await self.bare(3), str)
        assert_type(self.options(3), str)
        await self.bare("3")  # type: ignore[arg-type]  # pyright: ignore
        await self.advanceClock("1")  # type: ignore[arg-type]  # pyright: ignore


@mock_clock(rate=2)
class Mixin:
    number = 3


assert_type(TestClocks(), TestClocks)
assert_type(Mixin().number, int)
autojump_clock(3)  # type: ignore[call-overload]  # pyright: ignore
autojump_clock(threshold="3")  # type: ignore[call-overload]  # pyright: ignore
mock_clock(threshold=3)  # type: ignore[call-overload]  # pyright: ignore
real_clock(rate=3)  # type: ignore[call-overload]  # pyright: ignore
time_limit("3")  # type: ignore[arg-type]  # pyright: ignore
deadlock_check("off")  # type: ignore[arg-type]  # pyright: ignore
