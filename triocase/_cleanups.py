"""The cleanups of a test or a class: sync and async in one list, the last one first."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from trio.lowlevel import current_task

from ._calls import call, call_outside, refuse_generator
from ._exception_groups import CANCELLATION, partition
from ._live_context import LiveContext

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from trio.lowlevel import Task

    from ._findings import Findings

    Cleanup = tuple[Callable[..., object], tuple[Any, ...], dict[str, Any]]

__unittest = True


class Cleanups:
    """What was added to be run after the teardown, and has not been run yet.

    Attributes:
        task: The task of the test or the class, in which they run.
    """

    def __init__(
        self, findings: Findings, take_all: Callable[[], list[Cleanup]] = list
    ) -> None:
        self.task: Task | None = None
        self._findings = findings
        self._take_all = take_all
        self._stack: list[Cleanup] = []

    def add(
        self, function: Callable[..., object], /, *args: Any, **kwargs: Any
    ) -> None:
        """Add one, to be run first."""
        self._stack.append((function, args, kwargs))

    def gather(self) -> None:
        """Take all out of unittest's own list, which is an attribute of a test."""
        self._stack += self._take_all()

    def take(self) -> Cleanup | None:
        """Take the one that was added last."""
        self.gather()
        return self._stack.pop() if self._stack else None

    def run_sync(self) -> bool:
        """Run them now, from sync code; stop with an error at the first async one."""
        well = True
        while cleanup := self.take():
            function, args, kwargs = cleanup
            try:
                result = function(*args, **kwargs)
                refuse_generator(result, function)
            except Exception as error:
                self._findings.add(error)
                well = False
            else:
                if inspect.isawaitable(result):
                    self._stack.append((_finish, (result,), {}))
                    raise RuntimeError(
                        f"doCleanups() cannot await the cleanup {function!r}. Write "
                        f"`await self.doAsyncCleanups()` instead."
                    )
        return well

    def run_outside(self) -> list[str]:
        """Run the sync ones after the run has died; return the names of the others."""
        lost = []
        while len(self._findings.interrupts) < 2 and (cleanup := self.take()):
            function, args, kwargs = cleanup
            try:
                if not call_outside(function, *args, **kwargs):
                    lost.append(_name(function))
            except BaseException as error:
                self._findings.add(error)
        return lost

    async def run_async(self) -> bool:
        """Run them now, from async code in the test's task."""
        if current_task() is not self.task:
            raise RuntimeError(
                "doAsyncCleanups() belongs in the test itself, in asyncSetUp or "
                "asyncTearDown; it was called in a fixture or a background task."
            )
        well = True
        while cleanup := self.take():
            function, args, kwargs = cleanup
            try:
                await call(function, *args, **kwargs)
            except BaseException as error:
                if partition(error, *CANCELLATION, KeyboardInterrupt)[0] is not None:
                    raise
                self._findings.add(error)
                well = False
        return well


def _name(function: object) -> str:
    owner = getattr(function, "__self__", None)
    if isinstance(owner, LiveContext):
        return str(owner)
    return getattr(function, "__qualname__", None) or repr(function)


async def _finish(awaitable: Awaitable[object]) -> None:
    await awaitable
