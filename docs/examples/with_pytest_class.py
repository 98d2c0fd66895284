"""A fixture for a whole class, from conftest.py."""

import os
from pathlib import Path

import pytest
import trio

from triocase import AsyncTrioTestCase


@pytest.mark.usefixtures("archive")
class TestArchive(AsyncTrioTestCase):
    archive: Path

    async def test_takes_a_file(self) -> None:
        await trio.Path(self.archive / "2024.txt").write_text("tea")
        self.assertEqual(os.listdir(self.archive), ["2024.txt"])

    async def test_connects_directly(self) -> None:
        self.assertNotIn("HTTPS_PROXY", os.environ)
