"""The race finders under mypy strict and pyright: checked by them, never run."""

from __future__ import annotations

import unittest
from unittest import mock

from typing_extensions import assert_type

from triocase import (
    AsyncTrioTestCase,
    autojump_clock,
    cancellation_sweep,
    explore_schedules,
    time_limit,
)


class TestMethods(AsyncTrioTestCase):
    @explore_schedules
    async def explored(self, number: int) -> str:
        return str(number)

    @explore_schedules(runs=5, seed=1, strategy="pct", depth=2)
    async def explored_with_arguments(self, number: int) -> str:
        return str(number)

    @explore_schedules(seed=None)
    @time_limit(5)
    @unittest.skipIf(False, "why")
    async def explored_beside_others(self, number: int) -> str:
        return str(number)

    @explore_schedules()
    def explored_sync(self, number: int) -> str:
        return str(number)

    @cancellation_sweep
    async def swept(self, number: int) -> str:
        return str(number)

    @cancellation_sweep(max_points=5, seed=1)
    async def swept_with_arguments(self, number: int) -> str:
        return str(number)

    @unittest.expectedFailure
    @autojump_clock
    @cancellation_sweep()
    @mock.patch("os.getcwd", new=lambda: "/")
    async def swept_beside_others(self, number: int) -> str:
        return str(number)

    async def test_types(self) -> None:
        for method in (
            self.explored,
            self.explored_with_arguments,
            self.explored_beside_others,
            self.swept,
            self.swept_with_arguments,
        ):
            assert_type(await method(3), str)
            await method("3")  # type: ignore[arg-type]  # pyright: ignore
        assert_type(await self.swept_beside_others(3), str)
        assert_type(self.explored_sync(3), str)


@explore_schedules
class Explored(AsyncTrioTestCase):
    number = 3


@explore_schedules(runs=5)
class ExploredWithArguments(Explored):
    pass


@cancellation_sweep
class Swept(AsyncTrioTestCase):
    number = 3


@cancellation_sweep(max_points=5)
@time_limit(5)
class SweptWithArguments(Swept):
    pass


class Mixin:
    pass


assert_type(Explored().number, int)
assert_type(ExploredWithArguments(), ExploredWithArguments)
assert_type(Swept().number, int)
assert_type(SweptWithArguments(), SweptWithArguments)
assert_type(explore_schedules(Mixin), type[Mixin])
assert_type(explore_schedules(runs=5)(Mixin), type[Mixin])
assert_type(cancellation_sweep(Mixin), type[Mixin])
assert_type(cancellation_sweep(seed=5)(Mixin), type[Mixin])

explore_schedules(5)  # type: ignore[call-overload]  # pyright: ignore
explore_schedules(runs="5")  # type: ignore[call-overload]  # pyright: ignore
explore_schedules(runs=0.5)  # type: ignore[call-overload]  # pyright: ignore
explore_schedules(runs=None)  # type: ignore[call-overload]  # pyright: ignore
explore_schedules(strategy=1)  # type: ignore[call-overload]  # pyright: ignore
explore_schedules(max_points=5)  # type: ignore[call-overload]  # pyright: ignore
explore_schedules(runs=5)(3)  # type: ignore[type-var]  # pyright: ignore
cancellation_sweep(5)  # type: ignore[call-overload]  # pyright: ignore
cancellation_sweep(max_points="5")  # type: ignore[call-overload]  # pyright: ignore
cancellation_sweep(runs=5)  # type: ignore[call-overload]  # pyright: ignore
cancellation_sweep(seed=1)(3)  # type: ignore[type-var]  # pyright: ignore
