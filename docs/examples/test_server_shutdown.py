"""A server that shuts down gracefully: open requests are answered, with a limit."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import trio

from memory_listener import MemoryListener
from triocase import AsyncTrioTestCase, autojump_clock, time_limit


class Server:
    """Serves until ``stop`` is called, then lets the open requests end."""

    def __init__(self, handler: Callable[[trio.abc.Stream], Awaitable[object]]) -> None:
        self.handler = handler
        self.grace = 30.0
        self._stop = trio.Event()

    def stop(self) -> None:
        """Accept no more clients; cut off in ``grace`` seconds those that are left."""
        self._stop.set()

    async def serve(
        self,
        listeners: Sequence[trio.abc.Listener[trio.abc.Stream]],
        *,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        async with trio.open_nursery() as handlers:
            serve = partial(trio.serve_listeners, handler_nursery=handlers)
            async with trio.open_nursery() as accepting:
                await accepting.start(serve, self.handler, listeners)
                task_status.started()
                await self._stop.wait()
                accepting.cancel_scope.cancel()  # closes the listeners
            handlers.cancel_scope.deadline = trio.current_time() + self.grace


async def five_seconds_later(stream: trio.abc.Stream) -> None:
    """Send back what has come, after five seconds."""
    async with stream:
        async for data in stream:
            await trio.sleep(5)
            await stream.send_all(data)


@autojump_clock
class TestStop(AsyncTrioTestCase):
    def setUp(self) -> None:
        self.listener = MemoryListener()
        self.server = Server(five_seconds_later)

    async def test_open_request_is_answered(self) -> None:
        async with trio.open_nursery() as nursery:  # is left when the server has ended
            await nursery.start(self.server.serve, [self.listener])
            async with await self.listener.connect() as client:
                await client.send_all(b"hello")
                await trio.sleep(1)
                self.server.stop()
                self.assertEqual(await client.receive_some(), b"hello")
        self.assertEqual(trio.current_time(), 5)

    async def test_no_new_client(self) -> None:
        async with trio.open_nursery() as nursery:
            await nursery.start(self.server.serve, [self.listener])
            self.server.stop()
        with self.assertRaises(ConnectionRefusedError):
            await self.listener.connect()

    async def test_client_that_stays_is_cut_off(self) -> None:
        async with trio.open_nursery() as nursery:
            await nursery.start(self.server.serve, [self.listener])
            await self.listener.connect()
            self.server.stop()
        self.assertEqual(trio.current_time(), 30)


class TestStopWithSockets(AsyncTrioTestCase):
    @time_limit(10)
    async def test_no_new_client(self) -> None:
        server = Server(five_seconds_later)
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        async with trio.open_nursery() as nursery:
            await nursery.start(server.serve, listeners)
            address = listeners[0].socket.getsockname()
            server.stop()
        with self.assertRaises(OSError):
            await trio.open_tcp_stream(*address)
