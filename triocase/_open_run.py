"""Run one test in a Trio run, and see to it that unittest hears of all that happens.

What happens inside the run is in ``_lifecycle``; here is how a test gets a run of its
own. One whose class has a run open gets that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._abandon import RunAbandoned
from ._calls import has_hook
from ._left_open import is_complaint
from ._outside import configure, let_run, settle
from ._shared import open_runs
from ._test_run import TestRun

if TYPE_CHECKING:
    from collections.abc import Callable

    from trio.abc import Clock, Instrument

    from ._case import AsyncTrioTestCase
    from ._options import Options
    from ._schedules import Schedule
    from ._verdicts import Verdict

__unittest = True
__hypothesistracebackhide__ = True  # what __unittest is for unittest


def run_test(
    case: AsyncTrioTestCase,
    method: Callable[[], Any],
    verdict: Verdict,
    options: Options,
    schedule: Schedule | None = None,
) -> None:
    """Run all stages of a test in a Trio run: that of its class, or its own.

    Args:
        case: The test.
        method: What to call between setup and teardown.
        verdict: Whom to tell what goes wrong.
        options: What the decorators say of it.
        schedule: What decides the order of the steps of its tasks, if not Trio.

    Raises:
        KeyboardInterrupt: Ctrl-C, after the cleanups.
        BaseException: What ``verdict`` raises at the end.
    """
    test = TestRun(case, method, verdict, schedule)
    findings = test.findings
    class_run = open_runs.get(type(case))
    try:
        findings.unawaited.start()
        try:
            configure(test, options)
            if class_run is None:
                _open_run(case, test, options)
            else:
                class_run.run_test(case, test)
        except BaseException as error:
            # A Ctrl-C that hits Trio itself comes as the cause of a TrioInternalError.
            cause = error.__cause__
            findings.add(cause if isinstance(cause, KeyboardInterrupt) else error)
        settle(test)
    finally:
        test.limit.stop()
        findings.unawaited.stop()
    findings.tell()  # what was found only as the errors above were dropped
    findings.raise_interrupt()
    verdict.close()


def run_afresh(
    case: AsyncTrioTestCase,
    method: Callable[[], Any],
    verdict: Verdict,
    options: Options,
    schedule: Schedule | None = None,
) -> None:
    """Run a test, and take off the instance what it sets there: it is run again.

    Raises:
        BaseException: As :func:`run_test`.
    """
    attributes = vars(case)
    before = attributes.copy()
    try:
        run_test(case, method, verdict, options, schedule)
    finally:
        attributes.clear()
        attributes.update(before)


def _open_run(case: AsyncTrioTestCase, test: TestRun, options: Options) -> None:
    clock: Clock | None = None
    instruments: tuple[Instrument, ...] = ()
    if options.clock is not None:
        from ._clock import VirtualTime  # late: see there

        test.time = VirtualTime(options.clock)
        clock, instruments = test.time.clock, (test.time,)
    if test.schedule is not None:
        instruments = (*instruments, test.schedule)
    if has_hook(case, "runTrio"):
        test.limit.finds_deadlocks = False  # a host of the user's wakes tasks unseen
    case._trioTest = test
    try:
        let_run(
            test,
            lambda: case.runTrio(test.run, clock=clock, instruments=instruments),
            is_over=lambda: True,
        )
    except Exception as error:
        # Not so Trio's own complaint about a nursery that was left open: we named it.
        if not (
            isinstance(error.__cause__, RunAbandoned)
            or (test.finished and test.left_a_nursery_open and is_complaint(error))
        ):
            raise
    finally:
        del case._trioTest
    if not (test.finished or test.ending.abandoned):
        raise RuntimeError(
            f"{type(case).__qualname__}.runTrio returned before the test had run. Let "
            f"it call `async_fn` in a Trio run and return when that has ended."
        )
