"""Press Ctrl-C while a process of its own runs a test file."""

from __future__ import annotations

import signal
from pathlib import Path

from .harness import Process

HEAD = """
import contextlib, os, signal, sys, threading, time, unittest
import trio
from triocase import AsyncTrioTestCase, fixture, shared_run

# A process that was started in the background may have been told to ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)

def say(text):
    print(text, flush=True)

def ready():
    # Asked for from a thread, Ctrl-C comes when the test waits in what follows.
    threading.Timer(0.2, say, ["ready"]).start()

@trio.lowlevel.enable_ki_protection  # as in a sleep, it does not hit this task
async def pressed(times=1):
    # Until it has come, for whom a cancellation is not to be the end.
    while not os.path.exists(f"pressed {times}"):
        await trio.sleep(0.05)
"""


def run_pressed(source: str, *arguments: str, presses: int = 1) -> tuple[int, str]:
    """Run a test file that says "ready" for each press.

    Returns:
        The exit code, and what is printed after the last press.
    """
    process = Process(HEAD + source, *arguments)
    for number in range(presses):
        process.wait_for("ready")
        process.popen.send_signal(signal.SIGINT)
        (Path(process.folder.name) / f"pressed {number + 1}").touch()
    return process.finish()
