"""A time limit for all tests of a project, and a longer one for one test."""

import zlib

import trio

from triocase import AsyncTrioTestCase, time_limit


async def checksum(data: bytes) -> int:
    """Compute it in a worker thread, so that other tasks can go on."""
    return await trio.to_thread.run_sync(zlib.crc32, data)


@time_limit(5)
class ProjectTestCase(AsyncTrioTestCase):
    """The base class of all tests of this project."""


class TestChecksum(ProjectTestCase):
    async def test_of_little(self) -> None:
        self.assertEqual(await checksum(b"tea"), 0x8E86D7B2)

    @time_limit(60)
    async def test_of_much(self) -> None:
        self.assertEqual(await checksum(bytes(2**20)), 0xA738EA1C)
