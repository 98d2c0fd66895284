"""Context managers that are entered for the rest of a test, sync and async."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, TypeVar

from trio import CapacityLimiter, Condition, Lock, StrictFIFOLock, open_nursery
from trio.lowlevel import current_task

from ._calls import call
from ._live_context import LiveContext

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractAsyncContextManager, AbstractContextManager
    from unittest import TestCase

    from ._lifecycle import Lifecycle

__unittest = True

T = TypeVar("T")

NurseryManager = type(open_nursery(strict_exception_groups=True))
_OWNED_BY_TASKS = (Lock, StrictFIFOLock, Condition, CapacityLimiter)


def enter_sync_context(case: TestCase, cm: AbstractContextManager[T]) -> T:
    """Enter a sync context in the test's own task, and leave it as a cleanup."""
    kind = type(cm)
    try:
        enter, leave = kind.__enter__, kind.__exit__
    except AttributeError:
        hint = (
            " It is an async one: write `await self.enterAsyncContext(...)`."
            if hasattr(kind, "__aenter__")
            else " Write `self.enterContext(cm)` with an object that `with` takes."
        )
        raise TypeError(
            f"enterContext() takes a context manager, not {cm!r}.{hint}"
        ) from None
    value = enter(cm)
    case.addCleanup(leave, cm, None, None, None)
    return value


async def enter_async_context(
    life: Lifecycle | None, cm: AbstractAsyncContextManager[T]
) -> T:
    """Enter an async context in a task of its own, and leave it as a cleanup."""
    if life is None:
        raise RuntimeError(
            "enterAsyncContext() works only while the test runs. For what a whole "
            "class shares, write `@shared_run` above it, and "
            "`await cls.enterAsyncClassContext(...)` in `asyncSetUpClass`."
        )
    if isinstance(cm, AsyncExitStack):
        # It holds nothing yet, and what it will hold is entered in this task.
        life.add_cleanup(cm.aclose)
        return cm
    value: T = await LiveContext(life, _ManagerSteps(cm, *life.enters_with)).enter()
    return value


class _ManagerSteps:
    """Enter and leave an async context manager as ``async with`` does."""

    def __init__(
        self, manager: AbstractAsyncContextManager[Any], sync: str, usage: str
    ) -> None:
        kind = type(manager)
        name = usage.partition(".")[2]
        try:
            self._enter: Callable[..., Awaitable[Any]] = kind.__aenter__
            self._exit: Callable[..., Awaitable[bool | None]] = kind.__aexit__
        except AttributeError:
            hint = (
                f" It is a sync context manager: write `{sync}(...)`."
                if hasattr(kind, "__enter__")
                else f" Write `await {usage}(cm)` with an object that "
                "`async with` takes."
            )
            raise TypeError(
                f"{name}() takes an async context manager, not {manager!r}.{hint}"
            ) from None
        if isinstance(manager, _OWNED_BY_TASKS):
            raise TypeError(
                f"{name}() cannot take {manager!r}: a {kind.__name__} "
                f"belongs to the task that acquires it, and a context lives in a task "
                f"of its own. Write `async with` around the code that needs it."
            )
        self._manager = manager
        self.always_finishes = False
        # The repr of a context manager may fail.
        generator = getattr(manager, "gen", None)  # of an @asynccontextmanager
        self.name = getattr(generator, "__qualname__", None) or kind.__qualname__

    async def enter(self) -> Any:
        return await call(self._enter, self._manager)

    async def leave(self, cancelled: BaseException | None) -> None:
        if isinstance(self._manager, NurseryManager):
            # A bare nursery has nobody else to stop its tasks.
            for nursery in current_task().child_nurseries:
                nursery.cancel_scope.cancel("the context's turn to be left")
        kind = None if cancelled is None else type(cancelled)
        trace = None if cancelled is None else cancelled.__traceback__
        await call(self._exit, self._manager, kind, cancelled, trace)
