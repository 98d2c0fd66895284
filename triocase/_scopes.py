"""The cancel scopes of one lifecycle, and what cancels what.

The constraint: a crash in a background task must cancel the body, and only that. A
nursery around everything would cancel the teardown too, and a scope around a setup or a
teardown stage would be misnested with what user code holds open by hand from one stage
to another. So there are scopes in three places only::

    outer ⟨ inner ⟨ setup … body ⟨ test ⟩ … teardown, cleanups ⟩⟩

A crash cancels ``body`` while the test runs. During setup it cancels ``outer``, and
``inner`` becomes a shield afterwards so that the cleanups can await. What setup code
opened by hand is inside ``inner`` and outside ``body``: it lives until the teardown.

The time limit of the setup and the body cancels what a crash does. At the limit of the
teardown everything is cancelled: ``outer``, with ``inner`` no shield any more.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from trio import CancelScope

from ._left_open import CheckedScope

if TYPE_CHECKING:
    from trio import Nursery
    from trio.lowlevel import Task

__unittest = True


class Stage(Enum):
    """How far a lifecycle is, as far as a crash is concerned."""

    SETUP = auto()
    BODY = auto()
    TEARDOWN = auto()  # and cleanups
    CLOSING = auto()  # the nursery, after the last cleanup


class Scopes:
    """The scopes of one lifecycle; all are entered and left in its own task.

    Attributes:
        stage: Where it is.
        inner: Around everything but the closing of the nursery.
        body: Around the body.
    """

    def __init__(self) -> None:
        self.stage = Stage.SETUP
        self.inner = CheckedScope()
        self.body = CheckedScope()
        self._outer = CancelScope()
        self._cancelled = False
        self._cut = False
        self._step_cut = False

    def enter(self) -> None:
        """Enter what is around everything."""
        self._outer.__enter__()
        self.inner.enter()

    def leave(self) -> None:
        """Leave it, after ``inner``."""
        self._outer.__exit__(None, None, None)

    @property
    def setup_was_cancelled(self) -> bool:
        """Whether a crash, a limit or Ctrl-C has cancelled the setup."""
        return self._cancelled

    def let_cleanups_await(self) -> None:
        """Shield the cleanups from what has cancelled the setup."""
        if self._cancelled and not self._cut:
            self.inner.scope.shield = True

    def nurseries(self, task: Task) -> list[Nursery]:
        """Return those that ``task`` has opened since the setup, or the body, began."""
        if self.stage is Stage.BODY:
            return self.body.nurseries(task)
        return self.inner.nurseries(task)

    def cancel_body(self, because: str) -> None:
        """Cancel the setup or the body; nothing once the teardown has begun."""
        if self.stage is Stage.SETUP:
            self._cancel_all(because)
        elif self.stage is Stage.BODY:
            self.body.scope.cancel(because)

    def cut_teardown(self, because: str) -> None:
        """Cancel all that is left; what does not await runs all the same."""
        self._cut = True
        self.inner.scope.shield = False
        self._cancel_all(because)

    def interrupt(self) -> None:
        """Cancel what Ctrl-C would end: the body, or one step of the teardown."""
        self.cancel_body("Ctrl-C")
        if self.stage is Stage.TEARDOWN and not self._cut:
            self._step_cut = True
            self.inner.scope.shield = False
            self._cancel_all("Ctrl-C")

    def end_step(self) -> None:
        """Let the next step of the teardown await again, if the last was cut."""
        if self._step_cut:
            self._step_cut = False
            self.let_cleanups_await()

    def _cancel_all(self, because: str) -> None:
        self._cancelled = True  # to ask the scope has its price
        self._outer.cancel(because)
