"""What is done outside of a Trio run for what happens inside: before, after, around."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._abandon import RunAbandoned
from ._alarm import Alarm
from ._deadlock import ThreadTime
from ._left_open import complains_of_open_nursery
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
        if life.escalation.abandoned or died:
            life.ctrl_c.listen_no_more(run_is_dead=True)
            keep_for_ever(life)


def is_reported(life: Lifecycle, error: BaseException) -> bool:
    """Return whether an error with which a run has ended is told in other words.

    It is that of a run which we have abandoned; or Trio's own complaint about a nursery
    that was left open, which we have named.
    """
    return isinstance(error.__cause__, RunAbandoned) or (
        life.finished and life.left_a_nursery_open and complains_of_open_nursery(error)
    )


def settle(life: Lifecycle) -> None:
    """After the run: do what it has left undone, and tell the rest."""
    findings = life.findings
    if not life.finished:
        findings.expect_failure(False)
        if life.escalation.abandoned and life.ctrl_c.pressed:
            # Trio has taken the Ctrl-C, and the run has not come to its end.
            findings.add(KeyboardInterrupt())
        life.limit.begin_teardown(life)
        lost = life.cleanups.run_outside()
        if lost and not life.escalation.abandoned:  # else that is said already
            findings.add(
                RuntimeError(
                    f"the Trio run of the {life.role} has ended before its cleanups. "
                    f"Not run, because they are async: {', '.join(lost)}."
                )
            )
    findings.tell_the_rest()
