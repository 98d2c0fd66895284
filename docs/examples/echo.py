"""An echo server."""

from contextlib import suppress

import trio


async def echo(stream: trio.abc.Stream) -> None:
    """Send everything back. Hang up after a minute without a message."""
    async with stream:
        # A client may be gone before it has read the reply.
        with suppress(trio.BrokenResourceError), trio.move_on_after(60) as idle:
            async for data in stream:
                await stream.send_all(data)
                idle.deadline = trio.current_time() + 60


async def echo_server(
    port: int,
    *,
    task_status: trio.TaskStatus[list[trio.SocketListener]] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until cancelled. Started is when the port is open, not earlier."""
    await trio.serve_tcp(echo, port, host="127.0.0.1", task_status=task_status)
