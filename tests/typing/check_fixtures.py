"""Fixtures under mypy strict and pyright: checked by them, never run."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import trio
from typing_extensions import assert_type

from triocase import AsyncTrioTestCase, fixture

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from triocase._fixtures import Fixture


class Mixin:
    @fixture
    async def name(self) -> AsyncIterator[str]:
        yield "name"


class Base(Mixin, AsyncTrioTestCase):
    @fixture
    async def nursery_of_server(self) -> AsyncGenerator[trio.Nursery, None]:
        async with trio.open_nursery() as nursery:
            yield nursery

    @fixture()
    async def port(self) -> int:
        return len(self.name)

    @fixture()
    async def ports(self) -> AsyncIterator[list[int]]:
        yield [self.port]

    @fixture
    async def number(self) -> float:
        return 0.5

    async def test_types(self) -> None:
        assert_type(self.name, str)
        assert_type(self.nursery_of_server, trio.Nursery)
        assert_type(self.port, int)
        assert_type(self.ports, list[int])
        assert_type(self.number, float)
        self.port = 3  # type: ignore[assignment]  # pyright: ignore


class Narrower(Base):
    @fixture
    async def number(self) -> AsyncIterator[int]:
        yield 3

    async def test_types(self) -> None:
        assert_type(self.number, int)


def types_of_the_class(name: Fixture[str]) -> None:
    assert_type(Base.name, "Fixture[str]")


class Wrong(Base):
    @fixture
    async def port(self) -> str:  # type: ignore[override]  # pyright: ignore
        return "80"

    @fixture  # type: ignore[arg-type]  # pyright: ignore
    def sync(self) -> int:
        return 3

    @fixture  # type: ignore[arg-type]  # pyright: ignore
    @asynccontextmanager
    async def manager(self) -> AsyncIterator[int]:
        yield 3

    @fixture  # type: ignore[arg-type]  # pyright: ignore
    async def parameter(self, server: str) -> int:
        return 3


fixture(3)  # type: ignore[call-overload]  # pyright: ignore
