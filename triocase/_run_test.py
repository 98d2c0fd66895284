"""Run one test in a Trio run, and see to it that unittest hears of all that happens.

What happens inside the run is in ``_test_lifecycle``; here is how a test gets a run of
its own. One whose class has a run open gets that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._around_run import configure, is_reported, let_run, settle
from ._calls import has_hook
from ._open_runs import open_runs

if TYPE_CHECKING:
    from trio.abc import Clock, Instrument

    from ._options import Options
    from ._test_lifecycle import TestLifecycle

__unittest = True
__hypothesistracebackhide__ = True  # what __unittest is for unittest


def run_test(test: TestLifecycle, options: Options) -> None:
    """Run all stages of a test in a Trio run: that of its class, or its own.

    Args:
        test: The test.
        options: What the decorators say of it.

    Raises:
        KeyboardInterrupt: Ctrl-C, after the cleanups.
        BaseException: What the test's verdict raises at the end.
    """
    findings = test.findings
    class_run = open_runs.get(test.cls)
    try:
        findings.unawaited.start()
        try:
            configure(test, options)
            if class_run is None:
                _run_alone(test, options)
            else:
                class_run.run_test(test)
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
    test.verdict.close()


def run_afresh(test: TestLifecycle, options: Options) -> None:
    """Run a test, and take off the instance what it sets there: it is run again.

    Raises:
        BaseException: As :func:`run_test`.
    """
    attributes = vars(test.case)
    before = attributes.copy()
    try:
        run_test(test, options)
    finally:
        attributes.clear()
        attributes.update(before)


def _run_alone(test: TestLifecycle, options: Options) -> None:
    case = test.case
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
        if not is_reported(test, error):
            raise
    finally:
        del case._trioTest
    if not (test.finished or test.escalation.abandoned):
        raise RuntimeError(
            f"{type(case).__qualname__}.runTrio returned before the test had run. Let "
            f"it call `async_fn` in a Trio run and return when that has ended."
        )
