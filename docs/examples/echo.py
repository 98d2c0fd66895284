"""An echo server, and what its tests share."""

import socket

import trio

LOCALHOST = "127.0.0.1"


async def echo(stream: trio.SocketStream) -> None:
    """Send everything back until the client has finished."""
    async for data in stream:
        await stream.send_all(data)


async def echo_server(
    port: int,
    *,
    task_status: trio.TaskStatus[list[trio.SocketListener]] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until cancelled. Started is when the port listens, not earlier."""
    await trio.serve_tcp(echo, port, host=LOCALHOST, task_status=task_status)


async def receive(stream: trio.SocketStream, count: int) -> bytes:
    """Return the next ``count`` bytes, or fewer if the stream ends before."""
    received = b""
    while data := await stream.receive_some(count - len(received)):
        received += data
        if len(received) == count:
            break
    return received


async def ask(stream: trio.SocketStream, message: bytes) -> bytes:
    """Send ``message``, and return as many bytes of the reply."""
    await stream.send_all(message)
    return await receive(stream, len(message))


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((LOCALHOST, 0))
        port: int = probe.getsockname()[1]
        return port
