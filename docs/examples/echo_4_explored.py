"""The race of the early client, without sockets: is the port open in time?"""

import trio

from triocase import AsyncTrioTestCase, explore_schedules


class Port:
    is_open = False

    async def serve(self) -> None:
        await trio.lowlevel.checkpoint()  # open it
        self.is_open = True

    async def connect(self) -> None:
        await trio.lowlevel.checkpoint()  # look up the host
        await trio.lowlevel.checkpoint()  # send a packet
        if not self.is_open:
            raise ConnectionRefusedError("nobody listens")


class TestPort(AsyncTrioTestCase):
    @explore_schedules
    async def test_connect(self) -> None:
        port = Port()
        self.nursery.start_soon(port.serve)
        await port.connect()
