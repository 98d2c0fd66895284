"""Run all of them, and print the table."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ..tables import machine, print_table

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
LIMIT = 20
SUBJECTS = {
    "triocase_case": "triocase",
    "own_base": "own base",
    "asyncio_case": "``Isolated…``",
    "with_pytest_trio": "pytest-trio",
    "with_anyio": "anyio",
}
PLUGINS = {
    "with_pytest_trio": "pytest_trio.plugin",
    "with_anyio": "anyio.pytest_plugin",
}
FAULTS = {
    "deadlock": "waits for an event that nobody sets",
    "client": "waits for a client that never comes",
    "blocked": "calls ``time.sleep`` for ever",
    "crash": "has a background task that crashes",
    "teardown": "has one, and awaits in its teardown",
    "fixture": "has a fixture whose task crashes",
    "unawaited": "forgets an ``await``",
    "cancelled": "cancels its tasks, then fails",
    "assertion": "asserts what is false",
}


def outcome(subject: str, fault: str) -> tuple[str, str]:
    """Return what came of a test, in a word or two, and its output."""
    if subject in PLUGINS:
        runner = ["pytest", "-p", "no:cacheprovider", "--noconftest", "-s"]
        runner += ["-p", PLUGINS[subject], "-c", os.devnull, "--rootdir", str(ROOT)]
        runner += [f"{HERE / subject}.py::test_{fault}"]
    else:
        runner = ["unittest", f"{__package__}.{subject}", "-k", f"test_{fault}"]
    environment = {
        "TRIOCASE_TIME_LIMIT": "2",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
    }
    try:
        done = subprocess.run(
            [sys.executable, "-m", *runner],
            env=environment,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=LIMIT,
        )
    except subprocess.TimeoutExpired as expired:
        output, verdict = expired.output or b"", "hangs"
    else:
        output, verdict = done.stdout, ["passes", "fails"][done.returncode]
    text = output.decode()
    assert f"ran: {fault}" in text, text
    if fault == "teardown" and verdict != "hangs":
        verdict = "runs" if "torn down" in text else "cut off"
    elif fault == "assertion" and verdict == "fails":
        verdict = "grouped" if "ExceptionGroup" in text else verdict
    return verdict, text


def main() -> None:
    print(machine())
    with ThreadPoolExecutor(4) as pool:
        found = {
            (subject, fault): pool.submit(outcome, subject, fault)
            for subject in SUBJECTS
            for fault in FAULTS
        }
    print_table(
        ["a test that …", *SUBJECTS.values()],
        [
            [words, *(found[subject, fault].result()[0] for subject in SUBJECTS)]
            for fault, words in FAULTS.items()
        ],
    )
    if "-v" in sys.argv:
        for (subject, fault), future in found.items():
            print(f"\n===== {subject}: {fault}\n{future.result()[1]}")


if __name__ == "__main__":
    main()
