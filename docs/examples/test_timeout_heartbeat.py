"""A client that shows every now and then that it is alive, and who misses it."""

import trio
import trio.testing

from triocase import AsyncTrioTestCase, autojump_clock


async def keep_alive(stream: trio.abc.SendStream) -> None:
    """Send a ping every twenty seconds."""
    while True:
        await stream.send_all(b".")
        await trio.sleep(20)


async def until_lost(stream: trio.abc.ReceiveStream) -> None:
    """Receive until nothing has come for thirty seconds."""
    while True:
        with trio.move_on_after(30) as silence:
            await stream.receive_some()
        if silence.cancelled_caught:
            return


@autojump_clock
class TestHeartbeat(AsyncTrioTestCase):
    async def asyncSetUp(self) -> None:
        self.client, self.server = trio.testing.memory_stream_pair()
        self.lost_at: float | None = None
        self.nursery.start_soon(self.note_when_lost)

    async def note_when_lost(self) -> None:
        await until_lost(self.server)
        self.lost_at = trio.current_time()

    async def test_is_not_lost_for_an_hour(self) -> None:
        self.nursery.start_soon(keep_alive, self.client)
        await trio.sleep(60 * 60)
        self.assertIsNone(self.lost_at)

    async def test_is_lost_half_a_minute_after_the_last_ping(self) -> None:
        with trio.move_on_after(50):
            await keep_alive(self.client)  # at 0, 20 and 40
        await trio.sleep(60)
        self.assertEqual(self.lost_at, 70)
