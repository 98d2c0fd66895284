"""pytest's marks on async tests."""

import sys

import pytest
import trio

from triocase import AsyncTrioTestCase, DeadlockError


class TestMarks(AsyncTrioTestCase):
    @pytest.mark.skip(reason="the printer is away")
    async def test_print(self) -> None:
        raise NotImplementedError

    @pytest.mark.skipif(sys.platform == "win32", reason="has no sockets of this kind")
    async def test_unix_sockets(self) -> None:
        left, right = trio.socket.socketpair(trio.socket.AF_UNIX)
        with left, right:
            await left.send(b"x")
            self.assertEqual(await right.recv(1), b"x")

    @pytest.mark.xfail(raises=DeadlockError, strict=True, reason="to be mended")
    async def test_close_wakes_the_reader(self) -> None:
        send, receive = trio.open_memory_channel[str](0)
        self.nursery.start_soon(send.clone().send, "first")
        send.close()
        self.assertEqual([text async for text in receive], ["first"])
