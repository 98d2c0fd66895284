"""Where stderr is a terminal, a long search shows how far it is; elsewhere nothing."""

from __future__ import annotations

import contextlib
import io
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path
from unittest import mock

import trio

from triocase import AsyncTrioTestCase, _progress, explore_schedules

from .harness import PYTEST, ROOT, Process, environment, told

# QUIET and REST are the module's own times.
SOURCE = """
import sys
import unittest
import trio
from triocase import AsyncTrioTestCase, cancellation_sweep, explore_schedules, _progress

_progress._QUIET, _progress._PAUSE = QUIET, REST

class TestIt(AsyncTrioTestCase):
    runs = 0

    def setUp(self):
        TestIt.runs += 1

    @explore_schedules(runs=20)
    async def test_a_pass(self):
        await trio.lowlevel.checkpoint()

    @explore_schedules(runs=20)
    async def test_b_fail(self):
        await trio.lowlevel.checkpoint()
        self.assertNotEqual(self.runs, 30)

    @explore_schedules(runs=20)
    async def test_c_skip(self):
        self.skipTest("why")

    @cancellation_sweep
    async def test_d_sweep(self):
        for _ in range(10):
            await trio.lowlevel.checkpoint()

    @explore_schedules(runs=20)
    async def test_e_subtest(self):
        with self.subTest():
            await trio.lowlevel.checkpoint()

    async def test_f_plain(self):
        await trio.lowlevel.checkpoint()
"""


def source(quiet: float, rest: float = 0.0) -> str:
    """Return the test file, with some times in real seconds."""
    return SOURCE.replace("QUIET, REST", f"{quiet}, {rest}")


def in_terminal(text: str, *arguments: str) -> str:
    """Run a test file with a terminal for its output; return what is sent to that."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "test_it.py").write_text(textwrap.dedent(text))
        variables = environment(
            PYTHONPATH=str(ROOT), TERM="dumb", COLUMNS="80", NO_COLOR="1"
        )
        ours, theirs = pty.openpty()
        with open(ours, "rb", buffering=0) as terminal:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=folder,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=theirs,
                stderr=theirs,
            )
            os.close(theirs)
            sent = io.BytesIO()
            with contextlib.suppress(OSError):  # what Linux says at the end
                shutil.copyfileobj(terminal, sent)
            process.wait(120)
    return sent.getvalue().decode().replace(folder, "folder")


class Terminal(io.StringIO):
    """A terminal in this process."""

    def isatty(self) -> bool:
        return True


def screen(sent: str) -> list[str]:
    """Return what stands on a terminal in the end, but for the times."""
    lines: list[list[str]] = [[]]
    column = 0
    for character in sent:
        line = lines[-1]
        if character == "\n":
            lines.append([])
        elif character == "\r":
            column = 0
        elif character == "\b":
            column = max(0, column - 1)
        else:
            line.extend(" " * (column + 1 - len(line)))
            line[column] = character
            column += 1
    text = "\n".join("".join(line).rstrip() for line in lines)
    return re.sub(r" in \d+\.\d+s( =*)?", " in N", text).splitlines()


def shown(sent: str) -> list[str]:
    """Return what was shown of the progress, one after the other."""
    return re.findall(r"((?:run|point) \d+ of \d+) *\x08", sent)


RUNNERS = {
    "unittest": ("-m", "unittest", "-v", "-b", "test_it"),
    "pytest": PYTEST,
}


class TestProgress(unittest.TestCase):
    maxDiff = None

    def test_on_a_terminal(self) -> None:
        """It stands where the cursor is, and nothing is left of it in the end."""
        for runner, arguments in RUNNERS.items():
            with self.subTest(runner):
                sent = in_terminal(source(quiet=0.0), *arguments)
                silent = in_terminal(source(quiet=1000.0), *arguments)
                self.assertEqual(shown(silent), [])
                self.assertEqual(screen(sent), screen(silent))
                passed = [f"run {number} of 20" for number in range(1, 21)]
                points = [f"point {number} of 10" for number in range(11)]
                self.assertEqual(shown(sent), [*passed, *passed[:9], *points, *passed])

    def test_what_is_written(self) -> None:
        """Each text is written over the last, and goes back to where it began."""

        class Inner(AsyncTrioTestCase):
            @explore_schedules(runs=2)
            async def test(self) -> None:
                await trio.lowlevel.checkpoint()

            @explore_schedules(runs=2, seed=1)
            async def test_fail(self) -> None:
                await trio.lowlevel.checkpoint()
                self.assertEqual(terminal.getvalue(), "")

        back = "\b" * 10
        for name, verdict, texts in [
            ("test", "pass", ["run 1 of 2", "run 2 of 2", " " * 10]),
            ("test_fail", "FAIL", ["run 1 of 2", " " * 10]),
        ]:
            terminal = Terminal()
            with (
                mock.patch.multiple(_progress, _QUIET=0, _PAUSE=0),
                mock.patch.object(sys, "__stderr__", terminal),
            ):
                (text,) = told(Inner, name)
            self.assertEqual(text.partition(" ")[0], verdict)
            self.assertEqual(
                terminal.getvalue(), "".join(text + back for text in texts)
            )

    def test_after_a_second(self) -> None:
        """A search that takes over a second shows it from then on, ten times a second."""

        class Inner(AsyncTrioTestCase):
            def setUp(self) -> None:
                clock.now.return_value += 0.0625

            @explore_schedules(runs=20)
            async def test(self) -> None:
                await trio.lowlevel.checkpoint()

        terminal = Terminal()
        with (
            mock.patch.object(_progress, "RealTime") as clock,
            mock.patch.object(sys, "__stderr__", terminal),
        ):
            clock.now.return_value = 0.0
            self.assertEqual(told(Inner), ["pass"])
        # Sixteen runs take a second, and two of them more than a tenth.
        self.assertEqual(
            shown(terminal.getvalue()),
            [f"run {number} of 20" for number in (16, 18, 20)],
        )

    def test_rest(self) -> None:
        """It is shown anew only after a rest: a terminal may be slow."""
        sent = in_terminal(
            source(quiet=0.0, rest=1000.0),
            *("-m", "unittest", "test_it.TestIt.test_a_pass"),
        )
        self.assertEqual(shown(sent), ["run 1 of 20"])

    def test_defaults(self) -> None:
        """Those are the times that it has."""
        self.assertEqual((_progress._QUIET, _progress._PAUSE), (1.0, 0.1))

    def test_short_search(self) -> None:
        """A short one shows nothing."""
        sent = in_terminal(
            source(quiet=60.0),
            *("-m", "unittest", "test_it.TestIt.test_a_pass"),
        )
        self.assertEqual(shown(sent), [])
        self.assertNotIn("\b", sent)

    def test_without_a_terminal(self) -> None:
        """Nothing is written to a file or a pipe."""
        for runner, arguments in RUNNERS.items():
            with self.subTest(runner):
                code, output = Process(source(quiet=0.0), *arguments).finish()
                self.assertEqual(code, 1, output)
                self.assertNotIn("\b", output)
                self.assertEqual(
                    re.findall(r"run \d+ of 20\b(?!, with seed)", output), []
                )

    def test_ctrl_c(self) -> None:
        """It is wiped also when the search is stopped."""
        text = source(quiet=0.0) + textwrap.dedent(
            """
            class TestStop(AsyncTrioTestCase):
                runs = 0

                @explore_schedules
                async def test(self):
                    TestStop.runs += 1
                    if self.runs == 15:
                        raise KeyboardInterrupt
            """
        )
        arguments = ("-m", "unittest", "test_it.TestStop")
        sent = in_terminal(text, *arguments)
        self.assertEqual(len(shown(sent)), 14, sent)
        silent = in_terminal(text.replace("= 0.0, 0.0", "= 1000, 0"), *arguments)
        self.assertEqual(screen(sent), screen(silent))

    def test_patched_and_closed(self) -> None:
        """A test that patches time, or closes stderr, is not hurt by it."""
        text = source(quiet=0.0) + textwrap.dedent(
            """
            class TestOdd(AsyncTrioTestCase):
                @explore_schedules(runs=5)
                async def test_closed(self):
                    sys.__stderr__ = open("closed", "w")
                    sys.__stderr__.close()

                @explore_schedules(runs=5)
                async def test_none(self):
                    sys.__stderr__ = None
            """
        )
        sent = in_terminal(text, "-m", "unittest", "test_it.TestOdd")
        self.assertEqual(shown(sent), [])
        self.assertEqual(screen(sent)[-1], "OK")
