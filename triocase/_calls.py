"""Calls into user code, and what a method of the wrong colour is told.

What is async is found by calling, then awaiting what is awaitable: a partial, a
decorated or a mock-patched function says nothing about itself before the call.

Every call leaves the harness through one of these functions, so Ctrl-C may
interrupt what they call, but not the harness around them.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from trio.lowlevel import disable_ki_protection

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from unittest import TestCase

__unittest = True

_well_coloured: WeakSet[type[TestCase]] = WeakSet()
_ASYNC_TWINS = {"setUp": "asyncSetUp", "tearDown": "asyncTearDown"}


def _name(function: object) -> str:
    """Return what to call ``function`` in a message."""
    return getattr(function, "__qualname__", None) or repr(function)


def discard(awaitable: object) -> None:
    """Drop an awaitable that will not be awaited, without Python's warning."""
    close = getattr(awaitable, "close", None)
    if close is not None:
        close()


def _refuse_generator(result: object, function: object) -> None:
    if inspect.isasyncgen(result):
        raise TypeError(
            f"{_name(function)} is an async generator: it contains `yield`, so "
            f"calling it ran nothing. Write an `async def` without `yield`; to set "
            f"up before a `yield` and tear down after it, decorate a function with "
            f"`@contextlib.asynccontextmanager` and enter it with "
            f"`await self.enterAsyncContext(...)`."
        )


@disable_ki_protection
async def call(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Call a function of either colour and return its result."""
    result = function(*args, **kwargs)
    if result is not None:
        if inspect.isawaitable(result):
            return await result
        _refuse_generator(result, function)
    return result


@disable_ki_protection
async def call_sync_hook(hook: Callable[[], Any], /) -> None:
    """Call ``setUp`` or ``tearDown``, which unittest defines as sync."""
    result = hook()
    if result is not None and (inspect.isawaitable(result) or inspect.isasyncgen(result)):
        discard(result)
        twin = _ASYNC_TWINS[hook.__name__]
        raise TypeError(
            f"{_name(hook)} is async, but unittest's {hook.__name__} is a sync "
            f"method. Write `async def {twin}(self)` instead."
        )


@disable_ki_protection
async def call_async_hook(hook: Callable[[], Awaitable[object]], /) -> None:
    """Call ``asyncSetUp`` or ``asyncTearDown``."""
    result: object = hook()
    if not inspect.isawaitable(result):
        _refuse_generator(result, hook)
        sync_name = hook.__name__[len("async") :]
        sync_name = sync_name[0].lower() + sync_name[1:]
        raise TypeError(
            f"{_name(hook)} is not async: it returned {result!r}, which cannot be "
            f"awaited. Write `async def {hook.__name__}(self)`, or name the sync "
            f"method `{sync_name}`."
        )
    await result


@disable_ki_protection
async def call_test(method: Callable[[], Any], /) -> None:
    """Call a test method, which must return nothing."""
    result = await call(method)
    if result is not None:
        hint = " It contains `yield`: remove it." if inspect.isgenerator(result) else ""
        raise TypeError(
            f"{_name(method)} returned {result!r}; a test must return None. Assert "
            f"what it should hold instead of returning it.{hint}"
        )


def refuse_async_class_hooks(case: type[TestCase]) -> None:
    """Raise an error if unittest's class hooks are async functions.

    The one place where a function is inspected: unittest and pytest call these
    hooks themselves and drop what they return, so there is no result to look at.
    """
    if case in _well_coloured:
        return
    for name in ("setUpClass", "tearDownClass"):
        if inspect.iscoroutinefunction(getattr(case, name)):
            raise TypeError(
                f"{case.__qualname__}.{name} is async, but unittest calls it without "
                f"awaiting it, so it never ran. Write a sync `def {name}(cls)`, and "
                f"do what needs `await` in `asyncSetUp` or `asyncTearDown`."
            )
    _well_coloured.add(case)
