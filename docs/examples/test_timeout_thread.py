"""A timeout around a worker thread, when it must fire."""

import threading
from collections.abc import Callable

import trio

from triocase import AsyncTrioTestCase


async def load(read: Callable[[], object], *, patience: float = 5) -> None:
    """Read in a worker thread; abandon the thread when it takes too long."""
    with trio.fail_after(patience):
        await trio.to_thread.run_sync(read, abandon_on_cancel=True)


class TestLoad(AsyncTrioTestCase):
    async def test_disk_that_does_not_answer(self) -> None:
        answer = threading.Event()
        self.addCleanup(answer.set)  # the thread is to end with the test
        with self.assertRaises(trio.TooSlowError):
            await load(answer.wait, patience=0.02)
