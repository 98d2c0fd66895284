"""pytest's fixtures in a test class: an autouse fixture puts them on ``self``."""

import os
from pathlib import Path

import pytest
import trio

from triocase import AsyncTrioTestCase


async def save(text: str) -> None:
    """Write a note into the folder of the environment variable NOTES."""
    folder = trio.Path(os.environ["NOTES"])
    await (folder / "note.txt").write_text(text)
    print("saved")


class TestSave(AsyncTrioTestCase):
    @pytest.fixture(autouse=True)
    def take_fixtures(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        monkeypatch.setenv("NOTES", str(tmp_path))
        self.folder = tmp_path
        self.capsys = capsys

    async def test_is_written(self) -> None:
        await save("buy tea")
        assert (self.folder / "note.txt").read_text() == "buy tea"

    async def test_is_told(self) -> None:
        await save("buy milk")
        assert self.capsys.readouterr().out == "saved\n"
