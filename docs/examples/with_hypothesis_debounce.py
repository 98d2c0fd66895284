"""A search box that waits until nobody has typed for a while, at drawn moments."""

from collections.abc import Callable

import trio
from hypothesis import given
from hypothesis import strategies as st

import with_hypothesis_profile  # noqa: F401
from triocase import AsyncTrioTestCase, autojump_clock


async def debounce(
    typed: trio.MemoryReceiveChannel[str], search: Callable[[str], None], quiet: float
) -> None:
    """Search for a text when no other has come for ``quiet`` seconds."""
    async for text in typed:
        newest = text
        while newest is not None:
            text, newest = newest, None
            with trio.move_on_after(quiet):
                newest = await typed.receive()
        search(text)


class TestDebounce(AsyncTrioTestCase):
    @given(pauses=st.lists(st.integers(0, 9), min_size=1))
    @autojump_clock
    async def test_searches_after_a_pause_only(self, pauses: list[int]) -> None:
        send, receive = trio.open_memory_channel[str](0)
        searched: list[str] = []
        self.nursery.start_soon(debounce, receive, searched.append, 4.5)

        for number, pause in enumerate(pauses):
            await send.send(f"text {number}")
            await trio.sleep(pause)
        await trio.sleep(5)

        last = len(pauses) - 1
        self.assertEqual(
            searched,
            [f"text {i}" for i, pause in enumerate(pauses) if pause > 4.5 or i == last],
        )
