"""Tests with pytest-trio, before they move; they need pytest-trio.

The same tests in a class are in ``test_from_pytest_trio.py``.
"""

import pytest
import trio
from trio.testing import memory_stream_pair

from notes import Notes, ask

pytestmark = pytest.mark.trio


@pytest.fixture
def notes(tmp_path):
    return Notes(tmp_path)


@pytest.fixture
async def client(nursery, notes):
    client, server = memory_stream_pair()
    nursery.start_soon(notes.serve, server)
    async with client:
        yield client


async def test_note_is_kept(client, notes):
    assert await ask(client, "put tea two bags") == "kept"
    assert (notes.folder / "tea").read_text() == "two bags"
    assert await ask(client, "get tea") == "two bags"


@pytest.mark.parametrize("text", ["milk", "no milk", "no  milk at all"])
async def test_text_is_not_changed(client, text):
    await ask(client, f"put tea {text}")
    assert await ask(client, "get tea") == text


async def test_silent_client(client, autojump_clock, capsys):
    assert await client.receive_some() == b""
    assert trio.current_time() == 60
    assert capsys.readouterr().out == "a client was silent for too long\n"


async def test_read_only(client, monkeypatch):
    monkeypatch.setenv("NOTES_READ_ONLY", "1")
    assert await ask(client, "put tea two bags") == "refused"


async def test_bad_request(notes):
    with pytest.raises(ValueError, match="not understood: make tea"):
        notes.answer("make tea")


async def test_bad_request_ends_the_server(notes):
    client, server = memory_stream_pair()
    with pytest.RaisesGroup(pytest.RaisesExc(ValueError, match="make tea")):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(notes.serve, server)
            await client.send_all(b"make tea")


async def test_many_clients(notes, nursery):
    for name in ["tea", "milk"]:
        client, server = memory_stream_pair()
        nursery.start_soon(notes.serve, server)
        assert await ask(client, f"put {name} yes") == "kept"
    assert {path.name for path in notes.folder.iterdir()} == {"tea", "milk"}
