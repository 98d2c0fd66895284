"""Fixtures that any test class can take, and one that replaces another."""

from collections.abc import AsyncIterator
from tempfile import TemporaryDirectory

import trio

from triocase import AsyncTrioTestCase, fixture


class InFolder:
    """A mixin for tests that write files."""

    @fixture
    async def folder(self) -> AsyncIterator[trio.Path]:
        """An empty folder, which is deleted after the test."""
        with TemporaryDirectory() as folder:
            yield trio.Path(folder)


class WithReport(InFolder):
    """A mixin for tests that need a report in that folder."""

    @fixture
    async def report(self) -> trio.Path:
        """A report of two lines."""
        report = self.folder / "report"
        await report.write_text("one\ntwo\n")
        return report


class TestReport(WithReport, AsyncTrioTestCase):
    async def test_has_two_lines(self) -> None:
        text = await self.report.read_text()
        self.assertEqual(text.splitlines(), ["one", "two"])


class TestReportWithSpace(TestReport):
    """The same tests, with the report in a folder whose name has a space."""

    @fixture
    async def folder(self) -> AsyncIterator[trio.Path]:
        """It takes the place of the other folder; the report is written into it."""
        with TemporaryDirectory(suffix=" with a space") as folder:
            yield trio.Path(folder)
