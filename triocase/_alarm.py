"""Another's time limit: a handler of SIGALRM that raises, such as pytest-timeout's.

Python runs a handler wherever the main thread is. In a task of the test its error is
one like any other. While all tasks wait, the main thread is in Trio's own loop; an
error there would break the run off, and Trio would take every later run for a nested
one. So there it is caught: it is an error of the test, and ends what the test is doing.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from trio.lowlevel import current_trio_token, currently_ki_protected

from ._exception_groups import add_note
from ._signals import ALARM, SignalHandler, handler_of
from ._task_tree import running_at, task_tree

if TYPE_CHECKING:
    from types import FrameType

    from ._lifecycle import Lifecycle

__unittest = True


class Alarm(SignalHandler):
    """Intercepts SIGALRM while one test runs, if there is a handler for it."""

    number = ALARM

    def __init__(self, life: Lifecycle) -> None:
        self._life = life
        if ALARM is not None and callable(handler_of(ALARM)):
            self.install()

    def intercept(self, frame: FrameType | None) -> bool:
        """Call the handler in front of Trio's loop, and keep what it raises."""
        life = self._life
        if life.task is None or life.finished or not currently_ki_protected():
            return False
        try:
            self._previous(self.number, frame)
        except BaseException as error:
            tree = task_tree(life, running_at(frame))
            add_note(error, f"The tasks of the {life.role} were:\n\n{tree}")
            life.findings.add(error)
            cancel = partial(life.escalation.cancel, life, f"SIGALRM: {error!r}")
            current_trio_token().run_sync_soon(cancel)
        return True
