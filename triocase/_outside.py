"""What is done outside of a Trio run for what happens inside: before, after, around."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._alarm import Alarm
from ._deadlock import ThreadTime
from ._options import time_limit_of
from ._watchdog import keep_for_ever

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._lifecycle import Lifecycle
    from ._options import Options

__unittest = True
__hypothesistracebackhide__ = True  # what __unittest is for unittest


def configure(life: Lifecycle, options: Options) -> None:
    """Set the limits that a test or a class has by its options."""
    life.limit.seconds = time_limit_of(options)
    life.limit.finds_deadlocks = options.deadlock_check and ThreadTime.known


def let_run(
    life: Lifecycle, run: Callable[[], object], is_over: Callable[[], bool]
) -> None:
    """Call a function in which a Trio run goes on, and hear of signals meanwhile.

    Args:
        life: What is in the run.
        run: The function.
        is_over: Whether the run has ended, whatever has become of ``life``.
    """
    life.limit.listen()
    alarm = Alarm(life)
    try:
        run()
    finally:
        alarm.remove()
        # Ended by `settle` for what is over, for its limit goes on until then.
        died = is_over() and not life.finished and life.task is not None
        if life.ending.abandoned or died:
            life.ctrl_c.listen_no_more(run_is_dead=True)
            keep_for_ever(life)


def settle(life: Lifecycle) -> None:
    """After the run: do what it has left undone, and tell the rest."""
    findings = life.findings
    if not life.finished:
        findings.expect_failure(False)
        if life.ending.abandoned and life.ctrl_c.pressed:
            # Trio has taken the Ctrl-C, and the run has not come to its end.
            findings.add(KeyboardInterrupt())
        life.limit.begin_teardown(life)
        lost = life.cleanups.run_outside()
        if lost and not life.ending.abandoned:  # else that is said already
            findings.add(
                RuntimeError(
                    f"the Trio run of the {life.role} has ended before its cleanups. "
                    f"Not run, because they are async: {', '.join(lost)}."
                )
            )
    findings.tell_the_rest()
