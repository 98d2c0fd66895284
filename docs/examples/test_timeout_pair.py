"""A timeout that raises, alone and in a nursery."""

from collections.abc import Awaitable, Callable

import trio

from triocase import AsyncTrioTestCase, autojump_clock

Sensor = Callable[[], Awaitable[float]]


async def read(sensor: Sensor) -> float:
    """Read a sensor, within five seconds."""
    with trio.fail_after(5):
        return await sensor()


async def read_all(sensors: dict[str, Sensor]) -> dict[str, float]:
    """Read sensors, all at once."""
    values: dict[str, float] = {}

    async def read_one(name: str) -> None:
        values[name] = await read(sensors[name])

    async with trio.open_nursery() as nursery:
        for name in sensors:
            nursery.start_soon(read_one, name)
    return values


def takes(seconds: float) -> Sensor:
    """Return a sensor that takes so long."""

    async def sensor() -> float:
        await trio.sleep(seconds)
        return 21.5

    return sensor


@autojump_clock
class TestRead(AsyncTrioTestCase):
    async def test_just_in_time(self) -> None:
        self.assertEqual(await read(takes(4.5)), 21.5)
        self.assertEqual(trio.current_time(), 4.5)

    async def test_just_too_late(self) -> None:
        with self.assertRaises(trio.TooSlowError):
            await read(takes(5.5))
        self.assertEqual(trio.current_time(), 5)

    async def test_all_in_time(self) -> None:
        values = await read_all({"roof": takes(4.5), "cellar": takes(0.5)})
        self.assertEqual(values, {"roof": 21.5, "cellar": 21.5})
        self.assertEqual(trio.current_time(), 4.5)

    async def test_one_is_too_late(self) -> None:
        with self.assertRaisesGroup(trio.TooSlowError):
            await read_all({"roof": takes(5.5), "cellar": takes(0.5)})
