"""A server of notes, for ``pytest_trio_before.py`` and ``test_from_pytest_trio.py``."""

import os
from pathlib import Path

import trio


class Notes:
    """Keeps notes in a folder, a file each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def answer(self, request: str) -> str:
        """Answer "put NAME TEXT" and "get NAME"."""
        match request.split(maxsplit=2):
            case ["put", _, _] if os.environ.get("NOTES_READ_ONLY"):
                return "refused"
            case ["put", name, text]:
                (self.folder / name).write_text(text)
                return "kept"
            case ["get", name]:
                return (self.folder / name).read_text()
        raise ValueError(f"not understood: {request}")

    async def serve(self, stream: trio.abc.Stream) -> None:
        """Answer requests; hang up when none has come for a minute."""
        async with stream:
            while True:
                with trio.move_on_after(60) as scope:
                    request = await stream.receive_some()
                if scope.cancelled_caught:
                    print("a client was silent for too long")
                if scope.cancelled_caught or not request:
                    break
                await stream.send_all(self.answer(request.decode()).encode())


async def ask(client: trio.abc.Stream, request: str) -> str:
    """Send a request, and return the answer."""
    await client.send_all(request.encode())
    return bytes(await client.receive_some()).decode()
