"""A log that may lose lines: it is closed before the last one is read."""

import trio

from triocase import AsyncTrioTestCase, explore_schedules


class Log:
    """Lines go into a channel, and a task writes them down one by one."""

    def __init__(self) -> None:
        self.written: list[str] = []
        self._send, self._receive = trio.open_memory_channel[str](10)

    async def run(self) -> None:
        async for line in self._receive:
            await trio.lowlevel.checkpoint()  # the disk
            self.written.append(line)

    async def write(self, line: str) -> None:
        await self._send.send(line)

    async def aclose(self) -> None:
        await self._send.aclose()
        await self._receive.aclose()


class RepairedLog(Log):
    async def run(self) -> None:
        async with self._receive:  # who reads it closes it, after the last line
            await super().run()

    async def aclose(self) -> None:
        await self._send.aclose()


class TestFaulty(AsyncTrioTestCase):
    log_type = Log

    @explore_schedules
    async def test_all_is_written(self) -> None:
        log = self.log_type()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(log.run)
            await self.serve(log)
            await log.aclose()
        self.assertEqual(log.written, ["GET /"])

    async def serve(self, log: Log) -> None:
        await log.write("GET /")
        for _chunk in range(6):
            await trio.lowlevel.checkpoint()  # the reply is sent


class TestRepaired(TestFaulty):
    log_type = RepairedLog
