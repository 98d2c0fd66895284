"""A client that may come too early: its server has not begun to listen."""

import trio
from trio.testing import memory_stream_pair

from triocase import AsyncTrioTestCase, explore_schedules


class Network:
    """What connects clients and servers, in memory."""

    def __init__(self) -> None:
        self._listening: dict[int, trio.Nursery] = {}

    async def serve(
        self, port: int, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        await trio.lowlevel.checkpoint()  # the host is looked up
        async with trio.open_nursery() as self._listening[port]:
            task_status.started()
            await trio.sleep_forever()

    async def connect(self, port: int) -> trio.abc.Stream:
        for _step in ["look the host up", "send a packet"]:
            await trio.lowlevel.checkpoint()
        if port not in self._listening:
            raise ConnectionRefusedError(f"nobody listens on port {port}")
        ours, theirs = memory_stream_pair()
        self._listening[port].start_soon(echo, theirs)
        return ours


async def echo(stream: trio.abc.Stream) -> None:
    async for data in stream:
        await stream.send_all(data)


class TestFaulty(AsyncTrioTestCase):
    async def asyncSetUp(self) -> None:
        self.network = Network()
        await self.start()

    async def start(self) -> None:
        self.nursery.start_soon(self.network.serve, 80)

    @explore_schedules
    async def test_echo(self) -> None:
        async with await self.network.connect(80) as client:
            await client.send_all(b"hello")
            self.assertEqual(await client.receive_some(), b"hello")


class TestRepaired(TestFaulty):
    async def start(self) -> None:
        await self.nursery.start(self.network.serve, 80)
