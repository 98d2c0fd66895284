"""Read each test's verdict out of what a runner has left: text, XML or subunit.

A reader takes the folder in which the runner ran, and what it printed. It returns what
is told of each test, by name; a test may be told of more than once. The setup of a class
is called "setUpClass (TestIt)" there, without a module.
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


_CLASS = re.compile(r"((?:setUp|tearDown)Class) \((?:\w+\.)*(\w+)\)")


def _name_of(told: str) -> str:
    """Return a test's name without its parameters, or that of a class's setup."""
    if match := _CLASS.fullmatch(told):
        return f"{match[1]} ({match[2]})"
    return told.partition(" ")[0]  # without "(i=1)"


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
    the subtest's report. The setup of a class that fails always has one; where it skips,
    3.10 has no more than the reason.
    """
    words = "|".join(_UNITTEST)
    pattern = rf"(test_\w+) \([\w.]+\)(?: .*?\(i=\d\))? \.\.\. ?({words})"
    told = [(name, _UNITTEST[word]) for name, word in re.findall(pattern, output)]
    if sys.version_info < (3, 11):
        reports = re.findall(r"(?m)^(FAIL|ERROR): (test_\w+) .*\(i=\d\)$", output)
        told += [(name, _UNITTEST[word]) for word, name in reports]
    classes = r"(?m)^(FAIL|ERROR): (\w+Class .*|_ErrorHolder)$"
    for word, what in re.findall(classes, output):
        told.append((_name_of(what), _UNITTEST[word]))
    skip = r"(?m)^(?:setUpClass .* \.\.\. )?skipped '?setUpClass of (\w+)"
    told += [(f"setUpClass ({name})", "skip") for name in re.findall(skip, output)]
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
            told.append((_name_of(str(case.get("name"))), verdict))
    return _by_name(told)


_SUBUNIT = {
    "success": "pass",
    "fail": "fail",
    "skip": "skip",
    "xfail": "expected",
    "uxsuccess": "unexpected",
}


def _last_name(test: str) -> str:
    return _name_of(test if _CLASS.fullmatch(test) else test.rpartition(".")[2])


def stestr_last(folder: Path, _output: str) -> Told:
    """Read the subunit stream of stestr's last run."""
    import subunit
    import testtools

    last = [sys.executable, "-m", "stestr.cli", "last", "--subunit"]
    stream = io.BytesIO(subprocess.run(last, cwd=folder, stdout=subprocess.PIPE).stdout)
    told = []
    tests = testtools.StreamToDict(
        lambda test: told.append((_last_name(test["id"]), test["status"]))
    )
    tests.startTestRun()
    subunit.ByteStreamToStreamResult(stream).run(tests)
    tests.stopTestRun()
    return _by_name((name, _SUBUNIT[status]) for name, status in told)
