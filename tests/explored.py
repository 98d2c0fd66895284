"""Look at what ``@explore_schedules`` has found."""

from __future__ import annotations

import contextlib
import os
import re
import textwrap
import unittest
from collections.abc import Iterator
from unittest import mock

from .harness import plain, report

_STORY = re.compile(r"The last steps before it \(.*\):\n\n((?: {4}.*\n)*)")


def readable(text: str) -> str:
    """Make a report the same on every machine, wherever the tests are run from."""
    text = re.sub(r"(?m)^(    .*\.py):\d+", r"\1:N", plain(text))
    return re.sub(r" PYTHONPATH=\S+", "", text)


def story_in(text: str) -> str:
    """Return the last steps that a report tells, without the line numbers."""
    (story,) = _STORY.findall(readable(text))
    return textwrap.dedent(story)


def story_of(case: type[unittest.TestCase], name: str = "test") -> str:
    """Return the last steps that the one report of a test tells."""
    return story_in(report(case, name))


@contextlib.contextmanager
def replaying(seed: object) -> Iterator[None]:
    """Set the environment's seed."""
    with mock.patch.dict(os.environ, {"TRIOCASE_SEED": str(seed)}):
        yield
