"""Who swallows ``Cancelled``, once the body of a test was cancelled on purpose.

What a task gets must come out of it, so that it reaches its scope. So what each task of
the user's gets is noted, be it thrown into the task or raised by its nursery; and when
the task has ended, that is compared with what has come out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio import Cancelled

from ._exception_groups import leaves
from ._left_open import errors_of_tasks
from ._private_trio import is_in_reach
from ._tracebacks import frame_of, is_harness, is_library, related, user_traceback

if TYPE_CHECKING:
    from collections.abc import Callable, Container

    from trio import Nursery
    from trio.lowlevel import Task

    from ._test_lifecycle import TestLifecycle

__unittest = True


class SwallowCheck:
    """The search for tasks of one test that swallow ``Cancelled``."""

    def __init__(
        self,
        life: TestLifecycle,
        body_tasks: Container[Task],
        name_of: Callable[[Task], str],
    ) -> None:
        self._life = life
        self._body_tasks = body_tasks
        self._name_of = name_of
        # What each has got. Its frames hold all that the task has made, so it is let go
        # as soon as the task has ended.
        self._got: dict[Task, list[Cancelled]] = {}
        self._got_from_children: dict[Task, list[Cancelled]] = {}
        self._known_errors: dict[Nursery, int] = {}

    def note(self, task: Task, cancelled: Cancelled) -> None:
        """Note what is thrown into a task of the body."""
        if self._is_users(task):
            self._got.setdefault(task, []).append(cancelled)

    def check_exited(self, task: Task, nursery: Nursery) -> None:
        """Check a task that has ended; what it has raised is with its nursery."""
        known = self._known_errors.get(nursery, 0)
        errors = errors_of_tasks(nursery)
        self._known_errors[nursery] = len(errors)
        self.check(task, errors[known:])
        self._pass_up(nursery.parent_task, errors[known:])

    def check(self, task: Task, errors: list[BaseException]) -> None:
        """Tell if a task has swallowed what it got.

        Either nothing of it has come out of the task; or one was caught in code of the
        user's, and is not even the context of what has come out. (Trio itself may lose
        one where it raises another.)

        Args:
            task: One that has ended, or the test's own at the end of the test's method.
            errors: What has come out of it.
        """
        own = self._got.pop(task, [])
        got = own + self._got_from_children.pop(task, [])
        if got:
            raised = {id(each) for error in errors for each in related(error)}
            lost = [cancelled for cancelled in got if id(cancelled) not in raised]
            if len(lost) < len(got):
                lost = [each for each in lost if each in own and _users_caught(each)]
            if lost:
                self._tell(task, lost[0])

    def _pass_up(self, parent: Task, errors: list[BaseException]) -> None:
        """Note what a task gets from its nursery, where it waits for its children."""
        if (
            parent in self._body_tasks
            and self._is_users(parent)
            and is_in_reach(parent, self._life.scopes.body.scope)
        ):
            self._got_from_children.setdefault(parent, []).extend(
                leaf
                for error in errors
                for leaf in leaves(error)
                if isinstance(leaf, Cancelled)
            )

    def _tell(self, task: Task, cancelled: Cancelled) -> None:
        name = self._name_of(task)
        who = name if task is self._life.task else f"the task {name!r}"
        error = RuntimeError(
            f"{who} was cancelled here, and swallowed Cancelled. Write `raise` at the "
            f"end of the `except` that catches it, so that it reaches its scope."
        )
        self._life.findings.add(error.with_traceback(user_traceback(cancelled)))

    def _is_users(self, task: Task) -> bool:
        return task is self._life.task or not is_harness(frame_of(task.coro))


def _users_caught(cancelled: Cancelled) -> bool:
    """Return whether it has got no further than to a frame of the user's."""
    entry = cancelled.__traceback__
    return entry is not None and not is_library(entry.tb_frame)
