"""Run a test many times to find a race in it: in other orders, or cancelled somewhere.

The first run that fails is the test's verdict. What a run tells is kept until it is
known whether that run counts. How often the test is run, and how, is for ``_explore``
and ``_sweep`` to say.
"""

from __future__ import annotations

from functools import wraps
from textwrap import indent
from typing import TYPE_CHECKING, Any

from ._explore import explore
from ._options import Exploration
from ._orders import seed_of
from ._private_trio import check_trio
from ._progress import Progress
from ._rerun import name_in_module, rerun_command
from ._run_test import run_afresh
from ._run_verdict import RunVerdict
from ._sweep import sweep
from ._test_lifecycle import TestLifecycle
from ._verdicts import replace_outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._case import AsyncTrioTestCase
    from ._options import Options
    from ._schedules import Schedule
    from ._verdicts import Verdict

__unittest = True
__hypothesistracebackhide__ = True  # what __unittest is for unittest


def find_races(
    case: AsyncTrioTestCase,
    method: Callable[[], Any],
    verdict: Verdict,
    options: Options,
) -> None:
    """Run a test as often as its race finder says, or until it fails.

    Raises:
        KeyboardInterrupt: Ctrl-C, after the cleanups.
        BaseException: What ``verdict`` raises at the end.
    """
    finder = options.race_finder
    assert finder is not None
    runs = Runs(case, method, verdict, options, finder.seed)
    earlier = case._trioTakeCleanups()  # what was added before belongs to no one run
    try:
        check_trio()
        if isinstance(finder, Exploration):
            explore(runs, finder)
        else:
            sweep(runs, finder)
    except Exception as error:
        runs.progress.wipe()
        verdict.tell(error)  # never as the failure that the test expects
    finally:
        runs.progress.wipe()
        for function, args, kwargs in earlier:
            case.addCleanup(function, *args, **kwargs)
    verdict.close()


class Runs:
    """The runs of one test.

    Attributes:
        name: What to call the test.
        seed: What all orders come from, unless the environment says.
        is_async: Whether its method has made something that can be awaited.
        progress: What is shown of them.
    """

    def __init__(
        self,
        case: AsyncTrioTestCase,
        method: Callable[[], Any],
        verdict: Verdict,
        options: Options,
        seed: int | None,
    ) -> None:
        self.name = case.id()
        self.seed = seed_of(name_in_module(case)) if seed is None else seed
        self.progress = Progress(verdict)
        self.is_async = True
        self._case = case
        self._verdict = verdict
        self._options = options

        @wraps(method)
        def called() -> Any:
            result = method()
            self.is_async = result is not None
            return result

        self._method = called

    def run(self, schedule: Schedule) -> RunVerdict:
        """Run the test as a whole.

        Raises:
            RuntimeError: Trio has not kept to the schedule.
            KeyboardInterrupt: Ctrl-C.
        """
        verdict = RunVerdict(self._case, self._verdict)
        outcome = replace_outcome(self._case, verdict)
        try:
            test = TestLifecycle(self._case, self._method, verdict, schedule)
            run_afresh(test, self._options)
        except KeyboardInterrupt:
            self.tell(verdict)
            raise
        finally:
            replace_outcome(self._case, outcome)
        try:
            schedule.check()
        except RuntimeError:
            self.tell(verdict)
            raise
        return verdict

    def may_vary(self, schedule: Schedule) -> bool:
        """Return whether runs in one order may differ, for a reason that is seen."""
        return self._options.clock is None or bool(schedule.last_steps.from_outside)

    def tell(
        self, run: RunVerdict, note: str | None = None, *, expected: bool = False
    ) -> None:
        """Tell what a run has come to as the test's verdict.

        Args:
            run: The run that counts.
            note: What to add to what has gone wrong.
            expected: Whether that may be the expected failure at whatever stage it was.
        """
        self.progress.wipe()  # before the runner prints something there
        run.tell_outer(note, expected)

    def note(self, found: str, schedule: Schedule, variables: dict[str, int]) -> str:
        """Return what a report says of a run that has failed.

        Args:
            found: How it was found.
            schedule: The run's.
            variables: What is to be set in the environment to run it again.
        """
        try:
            return self._note(found, schedule, variables)
        except Exception as error:  # what the test has patched is patched for us, too
            return f"{found}\n(No more can be told: {error!r})"

    def _note(self, found: str, schedule: Schedule, variables: dict[str, int]) -> str:
        command = rerun_command(self._case, self._verdict.result, variables)
        parts = [found, f"To run just that again:\n\n    {command}\n"]
        last_steps = schedule.last_steps
        if last_steps.from_outside:
            things = " and ".join(sorted(last_steps.from_outside))
            parts.append(
                f"It has waited for {things}, so another run may take another course.\n"
            )
        unit = "real" if self._options.clock is None else "virtual"
        parts.append(
            f"The last steps before it ({unit} seconds, the task, where it waits then):"
            f"\n\n{indent(last_steps.text(), '    ')}"
        )
        return "\n".join(parts)
