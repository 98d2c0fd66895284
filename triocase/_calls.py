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

ASYNC_TWINS = {
    "setUp": "asyncSetUp",
    "tearDown": "asyncTearDown",
    "setUpClass": "asyncSetUpClass",
    "tearDownClass": "asyncTearDownClass",
}
_base_hooks: set[object] = {TestCase.setUp, TestCase.tearDown}
_ENTER = "self.enterAsyncContext"


def base_hook(hook: T) -> T:
    """Decorate a hook of the base class, so that it is known where one overrides it."""
    _base_hooks.add(hook)
    return hook


def has_hook(subject: object, name: str) -> bool:
    """Return whether a test, or a class, overrides a hook; most have few."""
    return getattr(getattr(subject, name), "__func__", None) not in _base_hooks


def overrides(cls: type, name: str) -> bool:
    """Return whether a class overrides a hook of the base class, of whatever kind."""
    hook = inspect.getattr_static(cls, name)
    function = getattr(hook, "__func__", hook)
    return not any(function is each for each in _base_hooks)


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


def refuse_generator(result: object, function: object, enter: str = _ENTER) -> None:
    """Raise an error if a call has made an async generator, and so run nothing."""
    if inspect.isasyncgen(result):
        raise TypeError(
            f"{_name(function)} is an async generator: it contains `yield`, so "
            f"calling it ran nothing. Write an `async def` without `yield`; to set "
            f"up before a `yield` and tear down after it, decorate a function with "
            f"`@contextlib.asynccontextmanager` and enter it with "
            f"`await {enter}(...)`."
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
async def call_fixture(method: Callable[..., Any], subject: object) -> tuple[bool, Any]:
    """Call a fixture's method, of a test or a class.

    Returns:
        Whether what it made could be awaited, and the result of that, or what it made.
    """
    made = method(subject)
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
            f"sync method. Write `async def {ASYNC_TWINS[name]}(self)` instead."
        )


@disable_ki_protection
async def call_async_hook(subject: Any, name: str, /) -> None:
    """Call ``asyncSetUp`` or ``asyncTearDown`` of a test, or their twins of a class."""
    hook = getattr(subject, name)
    is_class = isinstance(subject, type)
    cls, first = (subject, "cls") if is_class else (type(subject), "self")
    result = hook()
    if not inspect.isawaitable(result):
        refuse_generator(
            result, hook, "cls.enterAsyncClassContext" if is_class else _ENTER
        )
        (sync_name,) = (sync for sync, twin in ASYNC_TWINS.items() if twin == name)
        raise TypeError(
            f"{cls.__qualname__}.{name} is not async: it returned {result!r}, "
            f"which cannot be awaited. Write `async def {name}({first})`, or name the "
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
def call_outside(function: Callable[..., object], /, *args: Any, **kwargs: Any) -> bool:
    """Call a function outside of any Trio run.

    Returns:
        Whether it was sync; else it has done nothing.
    """
    result = function(*args, **kwargs)
    refuse_generator(result, function)
    if inspect.isawaitable(result):
        discard(result)
        return False
    return True


def call_cleanup_outside(
    function: Callable[..., object], /, *args: Any, **kwargs: Any
) -> None:
    """Call a cleanup of a test, which must be sync, outside of any Trio run."""
    if not call_outside(function, *args, **kwargs):
        raise RuntimeError(
            f"the async cleanup {function!r} was to be run outside of the test's Trio "
            f"run and cannot be awaited. Add it while the test runs, in setUp at the "
            f"earliest."
        )


def call_class_cleanup_outside(
    function: Callable[..., object], /, *args: Any, **kwargs: Any
) -> None:
    """Call a cleanup of a class, which must be sync, outside of any Trio run."""
    if not call_outside(function, *args, **kwargs):
        raise TypeError(
            f"the class cleanup {function!r} is async, and unittest calls it without "
            f"awaiting it. Write `@shared_run` above the class, and add it in "
            f"`asyncSetUpClass`."
        )


def _name(function: object) -> str:
    """Return what to call ``function`` in a message."""
    while isinstance(function, partial):  # an example of Hypothesis's, for one
        function = function.func
    return getattr(function, "__qualname__", None) or repr(function)
