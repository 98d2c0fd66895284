"""Tests of an asyncio class with ``IsolatedAsyncioTestCase``, before they move to Trio.

The same tests on Trio are in ``test_from_asyncio_after.py``.
"""

import asyncio
import unittest
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

PAUSES = [10, 60]


class Outbox:
    """Sends letters in the background, one after the other; tries each three times."""

    def __init__(self, send: Callable[[str], Awaitable[object]]) -> None:
        self.letters: asyncio.Queue[str] = asyncio.Queue()
        self.lost: list[str] = []
        self.is_open = False
        self._send = send

    async def run(self) -> None:
        """Send what is put into ``letters`` until cancelled."""
        self.is_open = True
        while True:
            letter = await self.letters.get()
            if not await self._deliver(letter):
                self.lost.append(letter)
            self.letters.task_done()

    async def _deliver(self, letter: str) -> bool:
        for pause in [*PAUSES, None]:
            try:
                await self._send(letter)
                return True
            except OSError:
                if pause is not None:
                    await asyncio.sleep(pause)
        return False

    async def write(self, letter: str) -> None:
        await self.letters.put(letter)


class TestOutbox(unittest.IsolatedAsyncioTestCase):
    def setUp(self) -> None:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    async def asyncSetUp(self) -> None:
        self.send = mock.AsyncMock()
        self.outbox = Outbox(self.send)
        self.task = asyncio.create_task(self.outbox.run())
        while not self.outbox.is_open:
            await asyncio.sleep(0)

    async def asyncTearDown(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def test_letter_is_sent(self) -> None:
        await self.outbox.write("Ada")
        await asyncio.wait_for(self.outbox.letters.join(), 5)
        self.send.assert_awaited_once_with("Ada")

    async def test_letter_is_tried_again(self) -> None:
        self.send.side_effect = [OSError, OSError, "sent"]
        with mock.patch("asyncio.sleep") as sleep:
            await self.outbox.write("Ada")
            await self.outbox.letters.join()
        self.assertEqual(sleep.await_args_list, [mock.call(10), mock.call(60)])

    async def test_letter_is_lost(self) -> None:
        self.send.side_effect = OSError
        with mock.patch("asyncio.sleep"):
            await self.outbox.write("Ada")
            await self.outbox.letters.join()
        self.assertEqual(self.outbox.lost, ["Ada"])

    async def test_letters_of_two_writers(self) -> None:
        await asyncio.gather(self.outbox.write("Ada"), self.outbox.write("Grace"))
        await self.outbox.letters.join()
        self.assertEqual(self.send.await_count, 2)

    async def test_one_letter_at_a_time(self) -> None:
        stamped = asyncio.get_running_loop().create_future()

        async def send(letter: str) -> None:
            if letter == "Ada":
                await stamped

        self.send.side_effect = send
        await self.outbox.write("Ada")
        await self.outbox.write("Grace")
        for _ in range(10):
            await asyncio.sleep(0)  # long enough, it seems
        self.send.assert_called_once_with("Ada")
        stamped.set_result(None)
        await self.outbox.letters.join()
        self.assertEqual(self.send.await_count, 2)

    async def test_letter_from_a_file(self) -> None:
        file = self.folder / "letter"
        file.write_text("Ada")
        loop = asyncio.get_running_loop()
        await self.outbox.write(await loop.run_in_executor(None, file.read_text))
        await self.outbox.letters.join()
        self.send.assert_awaited_once_with("Ada")

    async def test_other_errors_end_the_outbox(self) -> None:
        self.send.side_effect = ValueError("no address")
        await self.outbox.write("Ada")
        with self.assertRaisesRegex(ValueError, "no address"):
            await asyncio.wait_for(self.task, 5)
