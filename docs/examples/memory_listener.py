"""A listener without a socket, for servers in virtual time."""

import trio
import trio.testing


class MemoryListener(trio.abc.Listener[trio.abc.Stream]):
    """Accepts the clients that call ``connect``, in the same Trio run."""

    def __init__(self) -> None:
        self._send, self._receive = trio.open_memory_channel[trio.abc.Stream](0)

    async def connect(self) -> trio.abc.HalfCloseableStream:
        """Return a client, as soon as its other end was accepted.

        Raises:
            ConnectionRefusedError: The listener is closed.
        """
        client, server = trio.testing.memory_stream_pair()
        try:
            await self._send.send(server)
        except trio.BrokenResourceError:
            raise ConnectionRefusedError("nobody listens") from None
        return client

    async def accept(self) -> trio.abc.Stream:
        return await self._receive.receive()

    async def aclose(self) -> None:
        self._receive.close()
        await trio.lowlevel.checkpoint()
