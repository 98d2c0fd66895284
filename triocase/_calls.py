"""Calls into user code, and what a method of the wrong colour is told.

What is async is found by calling, then awaiting what is awaitable: a partial, a
decorated or a mock-patched function says nothing about itself before the call.

Every call leaves the harness through one of these functions, so Ctrl-C may
interrupt what they call, but not the harness around them.
"""

from __future__ import annotations

import inspect
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from unittest import TestCase

from trio.lowlevel import disable_ki_protection

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__unittest = True

T = TypeVar("T")

_base_hooks: set[object] = {TestCase.setUp, TestCase.tearDown}
_ASYNC_TWINS = {"setUp": "asyncSetUp", "tearDown": "asyncTearDown"}


def _name(function: object) -> str:
    """Return what to call ``function`` in a message."""
    while isinstance(function, partial):  # an example of Hypothesis's, for one
        function = function.func
    return getattr(function, "__qualname__", None) or repr(function)


def base_hook(hook: T) -> T:
    """Decorate a hook of the base class, so that it is known where one overrides it."""
    _base_hooks.add(hook)
    return hook


def has_hook(case: TestCase, name: str) -> bool:
    """Return whether a test overrides a hook: most have few, and a call costs."""
    return getattr(getattr(case, name), "__func__", None) not in _base_hooks


def discard(awaitable: object) -> None:
    """Drop an awaitable that will not be awaited, without Python's warning."""
    close = getattr(awaitable, "close", None)
    if close is not None:
        close()


async def caught(
    function: Callable[..., Awaitable[object]], /, *args: Any, **kwargs: Any
) -> BaseException | None:
    """Await ``function`` and return what it raises.

    So the caller can act on an error while no exception is being handled: what is
    raised or cancelled while one is handled gets that as its context.
    """
    try:
        await function(*args, **kwargs)
    except BaseException as error:
        return error
    return None


def refuse_generator(result: object, function: object) -> None:
    """Raise an error if a call has made an async generator, and so run nothing."""
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
        refuse_generator(result, function)
    return result


@disable_ki_protection
async def call_fixture(method: Callable[..., Any], case: TestCase) -> tuple[bool, Any]:
    """Call a fixture's method.

    Returns:
        Whether what it made could be awaited, and the result of that, or what it made.
    """
    made = method(case)
    return (True, await made) if inspect.isawaitable(made) else (False, made)


@disable_ki_protection
async def call_sync_hook(case: TestCase, name: str, /) -> None:
    """Call ``setUp`` or ``tearDown``, which unittest defines as sync."""
    result = getattr(case, name)()
    if result is not None and (
        inspect.isawaitable(result) or inspect.isasyncgen(result)
    ):
        discard(result)
        raise TypeError(
            f"{type(case).__qualname__}.{name} is async, but unittest's {name} is a "
            f"sync method. Write `async def {_ASYNC_TWINS[name]}(self)` instead."
        )


@disable_ki_protection
async def call_async_hook(case: TestCase, name: str, /) -> None:
    """Call ``asyncSetUp`` or ``asyncTearDown``."""
    hook = getattr(case, name)
    result = hook()
    if not inspect.isawaitable(result):
        refuse_generator(result, hook)
        (sync_name,) = (sync for sync, twin in _ASYNC_TWINS.items() if twin == name)
        raise TypeError(
            f"{type(case).__qualname__}.{name} is not async: it returned {result!r}, "
            f"which cannot be awaited. Write `async def {name}(self)`, or name the "
            f"sync method `{sync_name}`."
        )
    await result


@disable_ki_protection
async def call_test(method: Callable[[], Any], /) -> None:
    """Call a test method, which must return nothing."""
    result = method()
    if result is not None:
        if inspect.isawaitable(result):
            result = await result
        else:
            refuse_generator(result, method)
    if result is not None:
        hint = " It contains `yield`: remove it." if inspect.isgenerator(result) else ""
        raise TypeError(
            f"{_name(method)} returned {result!r}; a test must return None. Assert "
            f"what it should hold instead of returning it.{hint}"
        )


@disable_ki_protection
def call_outside(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Call a function after the run, where it still may be interrupted."""
    return function(*args, **kwargs)


def call_cleanup_outside(
    function: Callable[..., object], /, *args: Any, **kwargs: Any
) -> None:
    """Call a cleanup outside of any Trio run, where only sync ones can run."""
    result = function(*args, **kwargs)
    refuse_generator(result, function)
    if inspect.isawaitable(result):
        discard(result)
        raise RuntimeError(
            f"the async cleanup {function!r} was to be run outside of the test's Trio "
            f"run and cannot be awaited. Add it while the test runs, in setUp at the "
            f"earliest."
        )


def refuse_async_class_hooks(case: type[TestCase]) -> None:
    """Raise an error if unittest's class hooks are async functions.

    unittest and pytest call these hooks themselves and drop what they return. There is
    no result to look at, so the function is inspected. A decorator that hides it (no
    ``functools.wraps``) hides it from us, too.
    """
    for name in ("setUpClass", "tearDownClass"):
        hook = inspect.unwrap(getattr(case, name))
        if inspect.iscoroutinefunction(hook) or inspect.isasyncgenfunction(hook):
            raise TypeError(
                f"{case.__qualname__}.{name} is async, but unittest calls it without "
                f"awaiting it, so it never ran. Write a sync `def {name}(cls)`, and "
                f"do what needs `await` in `asyncSetUp` or `asyncTearDown`."
            )
