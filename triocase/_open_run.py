"""Open a Trio run for one test, and see to it that unittest hears of all that happens.

What happens inside the run is in ``_lifecycle``; here are the ways to get into a run
and out of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._abandon import RunAbandoned
from ._alarm import Alarm
from ._calls import has_hook
from ._deadlock import ThreadTime
from ._groups import leaves
from ._lifecycle import TestRun
from ._options import options_of, time_limit_of
from ._watchdog import keep_for_ever

if TYPE_CHECKING:
    from collections.abc import Callable

    from trio.abc import Clock, Instrument

    from ._case import AsyncTrioTestCase
    from ._options import Options
    from ._verdicts import Verdict

__unittest = True
__hypothesistracebackhide__ = True  # what __unittest is for unittest


def run_test(
    case: AsyncTrioTestCase,
    method: Callable[[], Any],
    verdict: Verdict,
    marked: Callable[[], Any] | None = None,
) -> None:
    """Run all stages of a test in a Trio run of its own.

    Args:
        case: The test.
        method: What to call between setup and teardown.
        verdict: Whom to tell what goes wrong.
        marked: What the decorators' marks are on, if not ``method``.

    Raises:
        KeyboardInterrupt: Ctrl-C, after the cleanups.
        BaseException: What ``verdict`` raises at the end.
    """
    test = TestRun(case, method, verdict)
    findings = test.findings
    try:
        findings.unawaited.start()
        try:
            _open_run(case, test, options_of(case, marked or method))
        except BaseException as error:
            # A Ctrl-C that hits Trio itself comes as the cause of a TrioInternalError.
            cause = error.__cause__
            findings.add(cause if isinstance(cause, KeyboardInterrupt) else error)
        if not test.finished:
            findings.expect_failure(False)
            if test.ending.abandoned and test.ctrl_c.pressed:
                # Trio has taken the Ctrl-C, and the run has not come to its end.
                findings.add(KeyboardInterrupt())
            test.limit.begin_teardown(test)
            lost = test.cleanups.run_outside()
            if lost and not test.ending.abandoned:  # else that is said already
                findings.add(
                    RuntimeError(
                        f"the Trio run of the test has ended before its cleanups. Not "
                        f"run, because they are async: {', '.join(lost)}."
                    )
                )
        findings.tell_the_rest()
    finally:
        test.limit.stop()
        findings.unawaited.stop()
    findings.tell()  # what was found only as the errors above were dropped
    findings.raise_interrupt()
    verdict.close()


def _is_complaint(error: Exception) -> bool:
    return all(
        isinstance(leaf, RuntimeError) and "Nursery stack corrupted" in str(leaf)
        for leaf in leaves(error)
    )


def _open_run(case: AsyncTrioTestCase, test: TestRun, options: Options) -> None:
    clock: Clock | None = None
    instruments: tuple[Instrument, ...] = ()
    if options.clock is not None:
        from ._clock import VirtualTime  # late: see there

        test.time = VirtualTime(options.clock)
        clock, instruments = test.time.clock, (test.time,)
    test.limit.seconds = time_limit_of(options)
    test.limit.finds_deadlocks = (
        options.deadlock_check
        and ThreadTime.known
        and not has_hook(case, "runTrio")  # a host of the user's wakes tasks unseen
    )
    test.limit.listen()
    alarm = Alarm(test)
    case._trioTest = test
    try:
        case.runTrio(test.run, clock=clock, instruments=instruments)
    except Exception as error:
        # Not so Trio's own complaint about a nursery that was left open: we named it.
        if not (
            isinstance(error.__cause__, RunAbandoned)
            or (test.finished and test.left_a_nursery_open and _is_complaint(error))
        ):
            raise
    finally:
        alarm.remove()
        del case._trioTest
        if test.ending.abandoned or (not test.finished and test.task is not None):
            test.ctrl_c.listen_no_more(run_is_dead=True)
            keep_for_ever(test)
    if not (test.finished or test.ending.abandoned):
        raise RuntimeError(
            f"{type(case).__qualname__}.runTrio returned before the test had run. Let "
            f"it call `async_fn` in a Trio run and return when that has ended."
        )
