"""The task that owns ``self.nursery``, and feels a crash in it first.

A nursery reports an error only when its last task has ended. But what a crash cancels
at once is the nursery's own block, and there its owner does nothing but wait.

A nursery is cancelled once. When the test has cancelled ``self.nursery`` itself, that
wait is over; from then on an instrument looks for errors as tasks exit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio import Cancelled, CancelScope, Event, open_nursery

from ._calls import caught
from ._left_open import errors_in, join

if TYPE_CHECKING:
    from collections.abc import Callable

    from trio import Nursery

    from ._findings import Finding

__unittest = True


class NurseryOwner:
    """The owner of the nursery of one test, or of one class.

    Attributes:
        crash: To be called when the nursery loses a task: why, and the nursery. None
            once that has no consequence any more.
        nursery: What the test sees as ``self.nursery``.
        used: Whether a test has ever seen it.
        opened: Set when it is open.
        ends: To be set to have it cancelled.
        closed: Set when all of its tasks have ended.
    """

    def __init__(self) -> None:
        self.crash: Callable[[object, Nursery], Finding] | None = None
        self.nursery: Nursery | None = None
        self.used = False
        self.opened = Event()
        self.ends = Event()
        self.closed = Event()
        self._crash: Finding | None = None

    async def run(self) -> None:
        """Own the nursery, in a task of its own."""
        error = await caught(self._hold_nursery_open)
        if error is not None:
            self._feel_crash(type(error).__name__)
        if self._crash is not None:
            self._crash.resolve(error)
        self.crash = None  # the test and the owner are in no cycle
        self.closed.set()

    async def _hold_nursery_open(self) -> None:
        async with open_nursery() as nursery:
            self.nursery = nursery
            self.opened.set()
            cancelled = await caught(self.ends.wait)
            # Always, for what `nursery.start` is about to start is no child task yet.
            nursery.cancel_scope.cancel("the test has ended")
            if isinstance(cancelled, Cancelled):
                if cancelled.source == "nursery":
                    self._feel_crash(cancelled.reason)
                else:  # the test has cancelled it
                    await self._watch(nursery)

    async def _watch(self, nursery: Nursery) -> None:
        """Look for a crash whenever a task exits, until all have."""

        def look() -> None:
            for error in errors_in(nursery):
                self._feel_crash(type(error).__name__)

        look()
        with CancelScope(shield=True):
            await join([nursery], look)

    def _feel_crash(self, reason: object) -> None:
        if self._crash is None:
            assert self.nursery is not None and self.crash is not None
            self._crash = self.crash(reason, self.nursery)
