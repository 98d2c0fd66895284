"""Run a test once as it is, then cancel it at each point where it can be cancelled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._cancel_points import PointSchedule
from ._orders import order_of
from ._rerun import POINT, SEED, number_from
from ._run_verdict import FOUND

if TYPE_CHECKING:
    from ._options import Sweep
    from ._race_finders import Runs

__unittest = True
__hypothesistracebackhide__ = True  # what __unittest is for unittest


def sweep(runs: Runs, finder: Sweep) -> None:
    """Run the test until a run fails, or once for each point.

    Raises:
        TypeError: The test is not async.
        ValueError: An environment variable is no seed, or no point of this test.
        RuntimeError: There are too many points, or Trio has not kept to the order.
        KeyboardInterrupt: Ctrl-C.
    """
    replayed, only = number_from(SEED), number_from(POINT)
    seed = runs.seed if replayed is None else replayed

    def schedule(cancel_at: int | None = None) -> PointSchedule:
        return PointSchedule(order_of("random", 0, seed), cancel_at)

    counting = schedule()
    first = runs.run(counting)
    if not runs.is_async:
        raise TypeError(
            f"{runs.name} has @{finder.decorator}, but is no async test: there is no "
            f"point at which it can be cancelled. Write `async def`, or take the "
            f"decorator off."
        )
    if first.failed:
        found = f"{FOUND}{finder.decorator} before any cancellation, with seed {seed}."
        runs.tell(first, runs.note(found, counting, {SEED: seed}))
        return
    if first.skipped:
        runs.tell(first)
        return
    points = counting.points
    last = len(points) - 1
    if last > finder.max_points:
        raise RuntimeError(
            f"{runs.name} can be cancelled at the points 0 to {last}, and "
            f"@{finder.decorator} goes to point {finder.max_points} at most, for each "
            f"costs a run. Test a smaller piece, or write "
            f"`@{finder.decorator}(max_points={last})`."
        )
    if only is not None and only > last:
        raise ValueError(
            f"the environment variable {POINT} is {only}, and {runs.name} can be "
            f"cancelled at the points 0 to {last}, in the order with seed {seed}."
        )
    for point in range(last + 1) if only is None else [only]:
        cancelling = schedule(points[point])
        run = runs.run(cancelling)
        if run.failed:
            found = (
                f"{FOUND}{finder.decorator} at point {point} of {last}, with seed "
                f"{seed}.{_where(cancelling)}"
            )
            variables = {SEED: seed, POINT: point}
            # What it fails with is most often found in the teardown. The first run has
            # shown that all is well there otherwise.
            note = runs.note(found, cancelling, variables)
            runs.tell(run, note, expected=True)
            return
        if not (cancelling.reached or runs.may_vary(counting)):
            raise RuntimeError(
                f"{runs.name} has not come to point {point} of {last}, to be cancelled "
                f"there: it took another course than in its first run, in the same "
                f"order with seed {seed}. Something is left of an earlier run, in an "
                f"attribute of the class or in a module; or the order of a set has "
                f"changed. Make anew in `setUp` what each run needs."
            )
        runs.progress.show(f"point {point} of {last}")
    runs.tell(first)


def _where(cancelling: PointSchedule) -> str:
    """Return where ``Cancelled`` was raised."""
    if not cancelling.reached:
        return " This time the run has not come to that point."
    if cancelling.delivery is None:
        return " Nothing was interrupted: the test had nothing more to wait for."
    task, place = cancelling.delivery
    if place is None:
        return f" Cancelled was raised in {task}."
    return f" Cancelled was raised in {task}:\n\n{place}\n"
