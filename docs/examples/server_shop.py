"""A small HTTP server: what does a thing cost?"""

from functools import partial

import trio

PRICES = {"/tea": b"3.20", "/milk": b"1.10"}


async def answer(stream: trio.abc.Stream) -> None:
    """Answer one request. The client has ten seconds to send it."""
    async with stream:
        with trio.move_on_after(10) as patience:
            request = await read_request(stream)
        if patience.cancelled_caught:
            await respond(stream, "408 Request Timeout")
        elif not request:
            return  # the client has gone
        elif price := PRICES.get(request.split()[1]):
            await respond(stream, "200 OK", price)
        else:
            await respond(stream, "404 Not Found")


async def read_request(stream: trio.abc.Stream) -> str:
    """Return the request up to its empty line; nothing if it ends before."""
    request = b""
    while not request.endswith(b"\r\n\r\n"):
        data = await stream.receive_some()
        if not data:
            return ""
        request += data
    return request.decode()


async def respond(stream: trio.abc.Stream, status: str, body: bytes = b"") -> None:
    """Send a response."""
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n"
    await stream.send_all(head.encode() + body)


async def serve_shop(
    port: int,
    *,
    task_status: trio.TaskStatus[list[trio.SocketListener]] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until cancelled. Started is when the port listens."""
    serve = partial(trio.serve_tcp, answer, port, host="127.0.0.1")
    await serve(task_status=task_status)
