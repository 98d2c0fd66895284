"""When the run of a class is opened and closed.

unittest's hooks of the class do that. A runner may leave one out, or both.
"""

from __future__ import annotations

import atexit
from typing import TYPE_CHECKING

from ._class_run import ClassRun
from ._open_runs import can_share, open_runs
from ._verdicts import verdict_for
from ._watchdog import RealTime

if TYPE_CHECKING:
    from collections.abc import Callable
    from unittest import TestCase

    from ._case import AsyncTrioTestCase

__unittest = True
__hypothesistracebackhide__ = True  # what __unittest is for unittest

_LAST_SECONDS = 5.0  # real, for all runs that were left open when Python exits


def open_class(cls: type[TestCase]) -> None:
    """Open the run of a class, whose setup is called; one that was left open is closed.

    Inside that very run nothing is done: what is run there again are tests, and each
    fails. An error here would make unittest leave out the rest of the tests outside.

    Raises:
        BaseException: What went wrong in the setup.
    """
    run = open_runs.get(cls)
    if run is None or not run.is_around:
        close_class(cls)
        ClassRun(cls).open()


def close_class(cls: type[TestCase]) -> None:
    """Close the run of a class, if it is open.

    Raises:
        RuntimeError: It is called from inside that run.
        BaseException: What went wrong in the teardown.
    """
    run = open_runs.get(cls)
    if run is not None:
        run.close()


def close_left_open(cls: type[TestCase]) -> None:
    """Close the run of a class whose teardown was not called, or has failed.

    Raises:
        BaseException: What went wrong in the teardown.
    """
    run = open_runs.get(cls)
    if run is not None and not run.is_around:
        run.close()


def in_class_run(case: AsyncTrioTestCase, run_test: Callable[[], None]) -> None:
    """Run a test; if it shares a run that nobody has opened, then in one for it alone.

    What goes wrong in setup and teardown of the class is told as the test's errors.

    Raises:
        KeyboardInterrupt: Ctrl-C, after the cleanups.
        BaseException: What the test's verdict raises.
    """
    cls = type(case)
    if cls in open_runs or not can_share(cls):
        run_test()
        return
    verdict = verdict_for(case)

    def attempt(function: Callable[[], None]) -> bool:
        try:
            function()
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            verdict.tell(error)
            return False
        return True

    if attempt(lambda: open_class(cls)):
        attempt(run_test)  # in debug() it raises the test's error
        attempt(lambda: close_class(cls))
    verdict.close()


@atexit.register
def _close_all() -> None:
    deadline = RealTime.now() + _LAST_SECONDS
    for run in list(open_runs.values()):
        run.close_in_silence(deadline)
