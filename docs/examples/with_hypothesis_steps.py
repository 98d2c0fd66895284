"""A cache whose values expire, against a dict that does the same by hand."""

from typing import Any

import trio
from hypothesis import given
from hypothesis import strategies as st

import with_hypothesis_profile  # noqa: F401
from triocase import AsyncTrioTestCase, autojump_clock


class Cache:
    """Keeps values for ``ttl`` seconds, and removes them in the background."""

    def __init__(self, nursery: trio.Nursery, ttl: float) -> None:
        self.nursery = nursery
        self.ttl = ttl
        self.values: dict[str, int] = {}
        self.scopes: dict[str, trio.CancelScope] = {}

    async def set(self, key: str, value: int) -> None:
        await trio.lowlevel.checkpoint()
        if key in self.scopes:
            self.scopes[key].cancel()
        self.values[key] = value
        self.scopes[key] = trio.CancelScope()
        self.nursery.start_soon(self.expire, key, self.scopes[key])

    async def get(self, key: str) -> int | None:
        await trio.lowlevel.checkpoint()
        return self.values.get(key)

    async def expire(self, key: str, scope: trio.CancelScope) -> None:
        with scope:
            await trio.sleep(self.ttl)
            del self.values[key], self.scopes[key]


KEYS = st.sampled_from("abc")
STEPS = st.one_of(
    st.tuples(st.just("set"), KEYS, st.integers()),
    st.tuples(st.just("get"), KEYS),
    st.tuples(st.just("wait"), st.integers(1, 9)),
)


class TestCache(AsyncTrioTestCase):
    @given(steps=st.lists(STEPS))
    @autojump_clock
    async def test_any_steps(self, steps: list[tuple[Any, ...]]) -> None:
        cache = Cache(self.nursery, ttl=4.5)
        expected: dict[str, tuple[int, float]] = {}
        for step in steps:
            match step:
                case "set", key, value:
                    await cache.set(key, value)
                    expected[key] = value, trio.current_time() + 4.5
                case "get", key:
                    value, end = expected.get(key, (None, 0.0))
                    if trio.current_time() > end:
                        value = None
                    self.assertEqual(await cache.get(key), value)
                case "wait", seconds:
                    await trio.sleep(seconds)
