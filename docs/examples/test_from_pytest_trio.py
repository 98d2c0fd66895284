"""The tests of ``pytest_trio_before.py`` in a class, which any unittest runner runs."""

import io
import os
from collections.abc import AsyncIterator
from contextlib import redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import trio
from trio.testing import memory_stream_pair

from notes import Notes, ask
from triocase import AsyncTrioTestCase, autojump_clock, fixture


class TestNotes(AsyncTrioTestCase):
    @fixture
    async def notes(self) -> AsyncIterator[Notes]:
        with TemporaryDirectory() as folder:
            yield Notes(Path(folder))

    @fixture
    async def client(self) -> AsyncIterator[trio.abc.Stream]:
        client, server = memory_stream_pair()
        self.nursery.start_soon(self.notes.serve, server)
        async with client:
            yield client

    async def test_note_is_kept(self) -> None:
        self.assertEqual(await ask(self.client, "put tea two bags"), "kept")
        self.assertEqual((self.notes.folder / "tea").read_text(), "two bags")
        self.assertEqual(await ask(self.client, "get tea"), "two bags")

    async def test_text_is_not_changed(self) -> None:
        for text in ["milk", "no milk", "no  milk at all"]:
            with self.subTest(text=text):
                await ask(self.client, f"put tea {text}")
                self.assertEqual(await ask(self.client, "get tea"), text)

    @autojump_clock
    async def test_silent_client(self) -> None:
        with redirect_stdout(io.StringIO()) as output:
            self.assertEqual(await self.client.receive_some(), b"")
        self.assertEqual(trio.current_time(), 60)
        self.assertEqual(output.getvalue(), "a client was silent for too long\n")

    @mock.patch.dict(os.environ, {"NOTES_READ_ONLY": "1"})
    async def test_read_only(self) -> None:
        self.assertEqual(await ask(self.client, "put tea two bags"), "refused")

    async def test_bad_request(self) -> None:
        with self.assertRaisesRegex(ValueError, "not understood: make tea"):
            self.notes.answer("make tea")

    async def test_bad_request_ends_the_server(self) -> None:
        client, server = memory_stream_pair()
        with self.assertRaisesGroup((ValueError, "make tea")):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self.notes.serve, server)
                await client.send_all(b"make tea")

    async def test_many_clients(self) -> None:
        for name in ["tea", "milk"]:
            client, server = memory_stream_pair()
            self.nursery.start_soon(self.notes.serve, server)
            self.assertEqual(await ask(client, f"put {name} yes"), "kept")
        kept = {path.name for path in self.notes.folder.iterdir()}
        self.assertEqual(kept, {"tea", "milk"})
