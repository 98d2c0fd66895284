"""Tests of a server that is another process."""

import subprocess
import sys
from collections.abc import AsyncIterator
from functools import partial

import trio

import server_process
from triocase import AsyncTrioTestCase, fixture, time_limit

COMMAND = [sys.executable, server_process.__file__]


@time_limit(20)
class TestProcess(AsyncTrioTestCase):
    @fixture
    async def process(self) -> trio.Process:
        """The server; it is terminated at the end of the test."""
        run = partial(trio.run_process, COMMAND, stdout=subprocess.PIPE)
        process: trio.Process = await self.nursery.start(run)
        return process

    @fixture
    async def client(self) -> AsyncIterator[trio.SocketStream]:
        """A client; the server prints its port when it listens, and not before."""
        assert self.process.stdout is not None
        line = b""
        while not line.endswith(b"\n"):
            line += await self.process.stdout.receive_some()
        async with await trio.open_tcp_stream("127.0.0.1", int(line)) as client:
            yield client

    async def test_echo(self) -> None:
        await self.client.send_all(b"hello")
        self.assertEqual(await self.client.receive_some(), b"hello")

    async def test_ends_when_told(self) -> None:
        self.process.terminate()
        self.assertEqual(await self.process.wait(), 0)
        self.assertEqual(await self.client.receive_some(), b"")
