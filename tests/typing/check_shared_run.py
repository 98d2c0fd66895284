"""Shared runs under mypy strict and pyright: checked by them, never run."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import trio
from typing_extensions import assert_type

from triocase import (
    AsyncTrioTestCase,
    autojump_clock,
    fixture,
    shared_run,
    time_limit,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator


@asynccontextmanager
async def connection() -> AsyncIterator[str]:
    yield "connected"


async def close(name: str, *, force: bool = False) -> int:
    return 0


def close_sync(name: str) -> int:
    return 0


class Mixin:
    @fixture(scope="class")
    async def name(cls) -> AsyncIterator[str]:
        yield "name"


@shared_run
class Base(Mixin, AsyncTrioTestCase):
    @fixture(scope="class")
    async def nursery_of_server(cls) -> AsyncGenerator[trio.Nursery, None]:
        async with trio.open_nursery() as nursery:
            yield nursery

    @fixture(scope="class")
    async def port(cls) -> int:
        return len(cls.name)

    @fixture(scope="class")
    async def number(cls) -> float:
        return 0.5

    @fixture(scope="test")
    async def own(self) -> list[int]:
        return [self.port]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        assert_type(cls.port, int)

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        await super().asyncSetUpClass()
        assert_type(cls.class_nursery, trio.Nursery)
        assert_type(await cls.enterAsyncClassContext(connection()), str)
        stack = await cls.enterAsyncClassContext(AsyncExitStack())
        assert_type(stack, AsyncExitStack[bool | None])
        nursery = await cls.enterAsyncClassContext(trio.open_nursery())
        assert_type(nursery, trio.Nursery)
        cls.addAsyncClassCleanup(close, "name", force=True)
        cls.addClassCleanup(close, "name", force=True)
        cls.addClassCleanup(close_sync, "name")
        cls.addAsyncClassCleanup(close, 3)  # type: ignore[arg-type]  # pyright: ignore
        cls.addAsyncClassCleanup(close, "name", forced=True)  # type: ignore[call-arg]  # pyright: ignore
        cls.addAsyncClassCleanup(close_sync, "name")  # type: ignore[arg-type]  # pyright: ignore
        cls.addClassCleanup(close_sync, 3)  # type: ignore[arg-type]  # pyright: ignore
        assert_type(cls.name, str)
        assert_type(cls.nursery_of_server, trio.Nursery)
        assert_type(cls.number, float)

    async def test_types(self) -> None:
        assert_type(self.name, str)
        assert_type(self.nursery_of_server, trio.Nursery)
        assert_type(self.port, int)
        assert_type(self.own, list[int])
        assert_type(self.class_nursery, trio.Nursery)
        assert_type(type(self).port, int)
        self.port = 3  # type: ignore[assignment]  # pyright: ignore

    @classmethod
    async def asyncTearDownClass(cls) -> None:
        await super().asyncTearDownClass()

    @classmethod
    def tearDownClass(cls) -> None:
        super().tearDownClass()


class Narrower(Base):
    @fixture(scope="class")
    async def number(cls) -> AsyncIterator[int]:
        yield 3

    async def test_types(self) -> None:
        assert_type(self.number, int)
        assert_type(Narrower.number, int)


@time_limit(5)
@shared_run()
@autojump_clock
class Decorated(AsyncTrioTestCase):
    number = 3


assert_type(Base(), Base)
assert_type(Base.port, int)
assert_type(Decorated().number, int)
assert_type(shared_run(Mixin), type[Mixin])


class Wrong(Base):
    @fixture(scope="class")
    async def port(cls) -> str:  # type: ignore[override]  # pyright: ignore
        return "80"

    @classmethod
    def asyncSetUpClass(cls) -> None:  # type: ignore[override]  # pyright: ignore
        pass

    @fixture(scope="class")  # type: ignore[arg-type]  # pyright: ignore
    def sync(cls) -> int:
        return 3

    @fixture(scope="class")  # type: ignore[arg-type]  # pyright: ignore
    async def parameter(cls, server: str) -> int:
        return 3

    @shared_run  # type: ignore[call-overload]  # pyright: ignore
    async def test_decorated(self) -> None:
        pass


fixture(scope="module")  # type: ignore[call-overload]  # pyright: ignore
fixture(3, scope="class")  # type: ignore[call-overload]  # pyright: ignore
shared_run(3)  # type: ignore[call-overload]  # pyright: ignore
