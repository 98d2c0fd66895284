"""What the tests of all subjects share."""

from __future__ import annotations

from collections import Counter
from contextlib import asynccontextmanager
from types import FunctionType
from typing import TYPE_CHECKING, Any

import trio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

CHECKPOINTS = 10_000
# How many tests of each situation a subject has.
TESTS = {
    "empty": 40,
    "setup": 40,
    "background": 40,
    "fixture": 40,
    "checkpoints": 1,
}
ran: list[str] = []  # the situation of each test, noted by its body


def situation_of(test: str) -> str:
    """Return what the name of a test says."""
    return test.split("_")[1]


def many(namespace: dict[str, Any]) -> Callable[[FunctionType], FunctionType]:
    """Put as many copies of the decorated test beside it as are to be run."""

    def decorate(test: FunctionType) -> FunctionType:
        for i in range(1, TESTS[situation_of(test.__name__)]):
            name = f"{test.__name__}_{i}"
            namespace[name] = FunctionType(
                test.__code__, test.__globals__, name, None, test.__closure__
            )
        return test

    return decorate


def take_what_ran() -> Counter[str]:
    """Return how many bodies of each situation have run since it was last asked."""
    found = Counter(ran)
    ran.clear()
    return found


@asynccontextmanager
async def resource(checkpoint: Callable[[], Awaitable[object]]) -> AsyncIterator[str]:
    await checkpoint()
    yield "resource"
    await checkpoint()


async def serve(*, task_status: trio.TaskStatus[None]) -> None:
    task_status.started()
    await trio.sleep_forever()
