"""A ticker that is stepped by hand."""

from collections.abc import Callable

import trio

from triocase import AsyncTrioTestCase, mock_clock


async def tick(beat: Callable[[], None]) -> None:
    """Call ``beat`` once a second."""
    while True:
        await trio.sleep(1)
        beat()


@mock_clock
class TestTick(AsyncTrioTestCase):
    def setUp(self) -> None:
        self.beats: list[float] = []
        self.nursery.start_soon(tick, self.beat)

    def beat(self) -> None:
        self.beats.append(trio.current_time())

    async def test_beats_once_a_second(self) -> None:
        await self.advanceClock(0.5)
        self.assertEqual(self.beats, [])
        await self.advanceClock(3)
        self.assertEqual(self.beats, [1, 2, 3])

    async def test_a_jump_skips_what_is_on_the_way(self) -> None:
        await self.advanceClock(0)  # until the ticker sleeps
        self.clock.jump(3.5)
        await self.advanceClock(0)  # until it sleeps again
        self.assertEqual(self.beats, [3.5])
