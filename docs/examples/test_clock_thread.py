"""Worker threads beside virtual time."""

import time
from collections.abc import Callable

import trio

from triocase import AsyncTrioTestCase, autojump_clock


def measure() -> int:
    """Read the sensor; blocks the thread that calls it."""
    time.sleep(0.02)
    return 21


def wake_and_measure() -> int:
    """Give the sensor a moment before it is read; called in a worker thread."""
    trio.from_thread.run(trio.sleep, 0.02)
    return measure()


async def temperature(read: Callable[[], int]) -> int:
    """Read the sensor in a thread; abandon it after five seconds."""
    with trio.fail_after(5):
        return await trio.to_thread.run_sync(read, abandon_on_cancel=True)


@autojump_clock
class TestTemperature(AsyncTrioTestCase):
    async def test_thread_that_works(self) -> None:
        self.assertEqual(await temperature(measure), 21)

    async def test_thread_that_waits_for_a_timer(self) -> None:
        self.assertEqual(await temperature(wake_and_measure), 21)

    async def test_jumps_again_after_the_thread(self) -> None:
        self.assertEqual(await temperature(measure), 21)
        await trio.sleep(60 * 60)
