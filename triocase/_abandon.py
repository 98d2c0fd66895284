"""Leave a Trio run that will not end.

A task of ours is cancelled whose abort function raises. Trio takes that for a bug of
its own and leaves ``run`` at once, which the next run does not mind. Before that
everything is cancelled, Trio's own tasks too, so that a thread which comes back later
learns that the run has ended.

What is left are suspended coroutines. Collected, they would go on outside of any run,
and might not end there either; so nothing of the run may ever be collected.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from trio.lowlevel import (
    cancel_shielded_checkpoint,
    current_task,
    enable_ki_protection,
    wait_task_rescheduled,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__unittest = True

_STEPS = 10  # of the run loop, for what can still be cancelled


class RunAbandoned(Exception):
    """The cause of the ``TrioInternalError`` with which an abandoned run ends."""


def abandon_run(farewell: Callable[[], object]) -> None:
    """Leave the run soon; called by a function that was given to ``run_sync_soon``.

    Args:
        farewell: To be called in the run at the last moment.
    """
    nursery = current_task().parent_nursery  # it encloses all that runs
    assert nursery is not None
    nursery.cancel_scope.cancel("the run is abandoned")
    nursery.start_soon(_leave, farewell)


@enable_ki_protection
async def _leave(farewell: Callable[[], object]) -> None:
    for _ in range(_STEPS):
        await cancel_shielded_checkpoint()

    def abort(raise_cancel: object) -> NoReturn:
        raise RunAbandoned

    farewell()
    await wait_task_rescheduled(abort)  # it is cancelled already
