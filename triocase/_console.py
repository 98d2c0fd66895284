"""What is printed while a test runs, for a person who wants to know where it is.

A runner that captures what tests print would show it when the test is over, which may
be never. So it goes to the process's own stderr, past the runner.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._verdicts import Verdict

__unittest = True


def show(text: str, verdict: Verdict) -> None:
    """Print a text past the runner, if it can be printed; wait until it is."""
    # A closed stream, a broken pipe; or what the test has patched.
    with suppress(Exception), verdict.uncaptured() as stderr:
        if stderr is not None:
            print(text, file=stderr, flush=True)
