"""Read each test's verdict out of what a runner has left: text, XML or subunit.

A reader takes the folder in which the runner ran, and what it printed. It returns what
is told of each test, by name; a test may be told of more than once.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from xml.etree import ElementTree

Told = dict[str, list[str]]
Reader = Callable[[Path, str], Told]


def _by_name(told: Iterable[tuple[str, str]]) -> Told:
    verdicts: Told = {}
    for name, verdict in told:
        verdicts.setdefault(name, []).append(verdict)
    return verdicts


_UNITTEST = {
    "ok": "pass",
    "FAIL": "fail",
    "ERROR": "error",
    "skipped": "skip",
    "expected failure": "expected",
    "unexpected success": "unexpected",
}


def unittest_text(_folder: Path, output: str) -> Told:
    """Read what ``-v`` prints in unittest, and in runners that build on it.

    A failing subtest has a line of its own, and its test no word; on 3.10 there is only
    the subtest's report.
    """
    words = "|".join(_UNITTEST)
    pattern = rf"(test_\w+) \([\w.]+\)(?: .*?\(i=\d\))? \.\.\. ?({words})"
    told = [(name, _UNITTEST[word]) for name, word in re.findall(pattern, output)]
    if sys.version_info < (3, 11):
        reports = re.findall(r"(?m)^(FAIL|ERROR): (test_\w+) .*\(i=\d\)$", output)
        told += [(name, _UNITTEST[word]) for word, name in reports]
    return _by_name(told)


_TRIAL = {
    "OK": "pass",
    "FAIL": "fail",
    "ERROR": "error",
    "SKIPPED": "skip",
    "TODO": "expected",
    "SUCCESS!?!": "unexpected",
}


def trial_text(_folder: Path, output: str) -> Told:
    """Read what trial prints with ``--reporter=verbose``."""
    told = re.findall(r"(?m)^ +(test_\w+) \.\.\. +\[(.+)\]$", output)
    return _by_name((name, _TRIAL[word]) for name, word in told)


def junit_xml(folder: Path, _output: str) -> Told:
    """Read the XML files that pytest and others write."""
    told = []
    for file in folder.glob("*.xml"):
        for case in ElementTree.parse(file).iter("testcase"):
            verdict = "pass"
            for child in case:
                if child.tag in ("failure", "error"):
                    verdict = "fail" if child.tag == "failure" else "error"
                elif child.tag == "skipped":
                    expected = "xfail" in (child.get("type") or "")
                    verdict = "expected" if expected else "skip"
            name = str(case.get("name")).partition(" ")[0]  # without "(i=1)"
            told.append((name, verdict))
    return _by_name(told)


_SUBUNIT = {
    "success": "pass",
    "fail": "fail",
    "skip": "skip",
    "xfail": "expected",
    "uxsuccess": "unexpected",
}


def stestr_last(folder: Path, _output: str) -> Told:
    """Read the subunit stream of stestr's last run."""
    import subunit
    import testtools

    last = [sys.executable, "-m", "stestr.cli", "last", "--subunit"]
    stream = io.BytesIO(subprocess.run(last, cwd=folder, stdout=subprocess.PIPE).stdout)
    told = []
    tests = testtools.StreamToDict(
        lambda test: told.append((test["id"].rpartition(".")[2], test["status"]))
    )
    tests.startTestRun()
    subunit.ByteStreamToStreamResult(stream).run(tests)
    tests.stopTestRun()
    return _by_name((name, _SUBUNIT[status]) for name, status in told)
