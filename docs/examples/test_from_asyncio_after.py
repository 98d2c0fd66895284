"""The tests of ``test_from_asyncio_before.py``, after the code has moved to Trio."""

import math
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import trio
from trio.testing import wait_all_tasks_blocked

from triocase import AsyncTrioTestCase, autojump_clock

PAUSES = [10, 60]


class Outbox:
    """Sends letters in the background, one after the other; tries each three times."""

    def __init__(self, send: Callable[[str], Awaitable[object]]) -> None:
        self.letters, self._received = trio.open_memory_channel[str](math.inf)
        self.lost: list[str] = []
        self._send = send

    async def run(
        self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Send what is put into ``letters`` until cancelled."""
        task_status.started()
        async for letter in self._received:
            if not await self._deliver(letter):
                self.lost.append(letter)

    async def _deliver(self, letter: str) -> bool:
        for pause in [*PAUSES, None]:
            try:
                await self._send(letter)
                return True
            except OSError:
                if pause is not None:
                    await trio.sleep(pause)
        return False

    async def write(self, letter: str) -> None:
        await self.letters.send(letter)


@autojump_clock
class TestOutbox(AsyncTrioTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(TemporaryDirectory()))

    async def asyncSetUp(self) -> None:
        self.send = mock.AsyncMock()
        self.outbox = Outbox(self.send)
        await self.nursery.start(self.outbox.run)

    async def test_letter_is_sent(self) -> None:
        await self.outbox.write("Ada")
        await wait_all_tasks_blocked()
        self.send.assert_awaited_once_with("Ada")

    async def test_letter_is_tried_again(self) -> None:
        times = []

        async def send(letter: str) -> None:
            times.append(trio.current_time())
            if len(times) < 3:
                raise OSError("nobody there")

        self.send.side_effect = send
        await self.outbox.write("Ada")
        await trio.sleep(1000)
        self.assertEqual(times, [0, 10, 70])

    async def test_letter_is_lost(self) -> None:
        self.send.side_effect = OSError
        await self.outbox.write("Ada")
        await trio.sleep(1000)
        self.assertEqual(self.outbox.lost, ["Ada"])

    async def test_letters_of_two_writers(self) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.outbox.write, "Ada")
            nursery.start_soon(self.outbox.write, "Grace")
        await wait_all_tasks_blocked()
        self.assertEqual(self.send.await_count, 2)

    async def test_one_letter_at_a_time(self) -> None:
        stamped = trio.Event()

        async def send(letter: str) -> None:
            if letter == "Ada":
                await stamped.wait()

        self.send.side_effect = send
        await self.outbox.write("Ada")
        await self.outbox.write("Grace")
        await wait_all_tasks_blocked()
        self.send.assert_called_once_with("Ada")
        stamped.set()
        await wait_all_tasks_blocked()
        self.assertEqual(self.send.await_count, 2)

    async def test_letter_from_a_file(self) -> None:
        file = self.folder / "letter"
        file.write_text("Ada")
        await self.outbox.write(await trio.to_thread.run_sync(file.read_text))
        await wait_all_tasks_blocked()
        self.send.assert_awaited_once_with("Ada")

    async def test_other_errors_end_the_outbox(self) -> None:
        outbox = Outbox(mock.AsyncMock(side_effect=ValueError("no address")))
        with self.assertRaisesGroup((ValueError, "no address")):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(outbox.run)
                await outbox.write("Ada")
