"""How a test that is stuck is ended, step by step; or a class's setup or teardown.

1. Cancel the body; or, in the teardown, all that is left.
2. Switch off the shields of the tasks that have not ended.
3. Abandon the run.

The first step is taken when the time limit is over or a deadlock is found. Each of the
others is taken some seconds later, unless the stage has ended by then.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from trio import WouldBlock

from ._abandon import abandon_run
from ._exception_groups import CANCELLATION, leaves, split
from ._shields import switch_shields_off
from ._task_tree import task_tree, where_stuck
from ._tasks import tasks_in

if sys.version_info < (3, 11):
    from exceptiongroup import BaseExceptionGroup

if TYPE_CHECKING:
    from ._findings import Finding
    from ._lifecycle import Lifecycle
    from ._task_tree import Running

__unittest = True

_GRACE = 4.0  # real seconds for a step to have its effect


class Cause(NamedTuple):
    """Why a test is ended.

    Attributes:
        error: What it fails with.
        verdict: What is said of "the test", or of "the teardown of the test".
        afterwards: What is said of it when that has been told, and it still goes on.
        because: For the message of the ``Cancelled`` that the test gets.
    """

    error: type[Exception]
    verdict: str
    afterwards: str
    because: str


class Escalation:
    """The steps that are taken to end one test, or the setup or teardown of one class.

    Attributes:
        in_teardown: Whether the test has come to its teardown, where steps begin anew.
        step: The number of the last that was taken; 0 if none was.
        abandoned: Whether the run had to be abandoned.
    """

    in_teardown = False
    step = 0
    abandoned = False
    _cause: Cause | None = None
    _finding: Finding | None = None  # the last
    _message: list[str]

    def __init__(self, before: str, teardown: str) -> None:
        self._parts = before, teardown

    def begin_teardown(self) -> None:
        """Begin anew, for the teardown and the cleanups."""
        self.in_teardown = True
        self.step = 0
        self._cause = self._finding = None

    @property
    def reported(self) -> bool:
        """Whether the test fails for what this is about."""
        return self._finding is not None

    @property
    def untold(self) -> BaseException | None:
        """The error, as long as it has not been told."""
        return None if self._finding is None else self._finding.error

    @property
    def who(self) -> str:
        """What does not end."""
        return self._parts[self.in_teardown]

    def take_step(self, life: Lifecycle, cause: Cause) -> float:
        """Take the next step; called by Trio, between steps of tasks.

        Args:
            life: That of the test or the class.
            cause: Why; that of the first step counts.

        Returns:
            How long to wait for its effect, in real seconds.
        """
        self.step += 1
        if not self.reported or (self.step > 1 and self.untold is None):
            self.add_error(life, cause, None)
        if self.step == 1:
            self.cancel(life, cause.because)
        elif self.step == 2:
            self._switch_shields_off(life)
        else:
            self._abandon(life)
        return _GRACE

    def cancel(self, life: Lifecycle, because: str) -> None:
        """Cancel the body; or, in the teardown, all that is left."""
        if self.in_teardown:
            life.scopes.cut_teardown(because)
        else:
            life.scopes.cancel_body(because)

    def add_error(self, life: Lifecycle, cause: Cause, running: Running | None) -> None:
        """Add an error to the test's findings, with where the test is now.

        Args:
            life: That of the test or the class.
            cause: Why; that of the first error counts.
            running: What blocks the event loop, if anything does.
        """
        verdict = cause.verdict if self._cause is None else self._cause.afterwards
        self._cause = cause = self._cause or cause
        self._message = [f"{self.who} {verdict}"]
        if running is not None and running.task is None:
            self._message.append("A cleanup blocks that runs after its Trio run.")
        elif running is not None:
            self._message.append("It blocks the event loop, so no other task can run.")
        if running is None or running.task is not None:
            self._message.append(f"Its tasks:\n\n{task_tree(life, running)}")
        error = cause.error("\n".join(self._message))
        self._finding = life.findings.add(error)
        with suppress(Exception):  # what the test awaits may be odd
            error.__traceback__ = where_stuck(life, running)

    def take_over(self, life: Lifecycle, error: BaseException) -> None:
        """Keep what was in flight when the test was cancelled or interrupted.

        Python keeps it as the context of what has taken its place, which is not told.
        """
        reported = self.untold
        if reported is None:
            return
        in_flight = []
        for leaf in leaves(error):
            context: BaseException | None = leaf
            # Trio raises WouldBlock in itself, where it then waits.
            while isinstance(context, (*CANCELLATION, WouldBlock)):
                context = context.__context__
            if context is not leaf and context is not None:
                in_flight.append(context)
                life.findings.note_interrupt(split(context).interrupt)
        if len(in_flight) == 1:
            reported.__context__ = in_flight[0]
        elif in_flight:
            reported.__context__ = BaseExceptionGroup(
                "in flight when the test was ended", in_flight
            )

    def _switch_shields_off(self, life: Lifecycle) -> None:
        others = [] if self.in_teardown or not life.nursery else [life.nursery]
        if switch_shields_off(life.stuck_tasks(), tasks_in(others)):
            self._remark(
                f"It was shielded from cancellation. After {_GRACE:g} seconds that was "
                f"switched off."
            )

    def _abandon(self, life: Lifecycle) -> None:
        self.abandoned = True
        self._remark(
            "It went on although it was cancelled, so its Trio run was abandoned."
        )
        if not life.finished:
            left = "what was left of it" if self.in_teardown else "its teardown"
            self._remark(f"Not run: {left}, and its async cleanups.")
        abandon_run(life.ctrl_c.listen_no_more)

    def _remark(self, text: str) -> None:
        """Say in the error what else was done."""
        assert self.untold is not None
        self._message.insert(-1, text)
        self.untold.args = ("\n".join(self._message),)
