"""Switch off the shields around what a task does.

Trio does not tell which cancel scopes these are. But a ``with`` block keeps its context
manager on the stack of its frame, and the garbage collector tells what a frame holds.
So the frames of this one task are searched: its coroutine, all that it awaits, and
generators that are context managers. What is not in reach from there is never touched,
such as the scopes of a test in another thread.

The limits: a scope that an object of the user's enters in its ``__enter__`` is found if
it is a direct attribute of that object. A scope in a local variable is found, too,
though it may be around another task.
"""

from __future__ import annotations

import gc
from collections import deque
from contextlib import suppress
from types import (
    AsyncGeneratorType,
    CoroutineType,
    FrameType,
    GeneratorType,
    MethodType,
)
from typing import TYPE_CHECKING, Any

from trio import CancelScope

from ._tracebacks import frame_of, is_harness

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from trio.lowlevel import Task

__unittest = True

_FRAMED = (CoroutineType, GeneratorType, AsyncGeneratorType, FrameType)
# What stands between a coroutine and what it awaits; the types have no public names.
_AWAITED = {
    *("async_generator_asend", "async_generator_athrow"),
    *("anext_awaitable", "coroutine_wrapper"),
}


def switch_shields_off(tasks: Iterable[Task], others: Iterable[Task]) -> bool:
    """Switch off the shields around what some tasks do; return whether there were any.

    Args:
        tasks: The tasks.
        others: Tasks whose shields stay, should one of ``tasks`` have been handed them.
    """
    spared = {id(scope) for task in others for scope in _scopes_around(task)}
    shields = [
        scope
        for task in tasks
        for scope in _scopes_around(task)
        if scope.shield and id(scope) not in spared
    ]
    for scope in shields:
        scope.shield = False
    return bool(shields)


def _scopes_around(task: Task) -> list[CancelScope]:
    """Return the cancel scopes that the frames of ``task`` hold."""
    scopes: list[CancelScope] = []
    seen: set[int] = set()
    waiting: list[Any] = [task.coro]
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if _is(thing, CancelScope):
            scopes.append(thing)
        else:
            with suppress(Exception):  # of a type that does not let itself be asked
                waiting += _within(thing)
    return scopes


def _within(thing: Any) -> Iterator[Any]:
    """Yield what ``thing`` holds that may be a scope, or lead to one."""
    if _goes_on(thing):
        held = gc.get_referents(thing)
        if is_harness(frame_of(thing)):
            held = [each for each in held if _goes_on(each)]  # ours are our affair
        yield from held
    elif _is(thing, MethodType):
        yield thing.__self__  # of the `__exit__` that a `with` block keeps
    elif hasattr(type(thing), "__exit__") or hasattr(type(thing), "__aexit__"):
        yield from _attributes(thing)


def _attributes(thing: object, depth: int = 3) -> Iterator[Any]:
    """Yield what a context manager has entered itself, in an ``ExitStack`` too."""
    for held in gc.get_referents(thing):
        if _is(held, CancelScope, MethodType) or _goes_on(held):
            yield held
        elif _is(held, dict, deque, tuple) and depth:
            yield from _attributes(held, depth - 1)
        elif type(held).__module__ == "contextlib":
            yield held


def _goes_on(thing: object) -> bool:
    return _is(thing, *_FRAMED) or type(thing).__name__ in _AWAITED


def _is(thing: object, *kinds: type) -> bool:
    """Return whether that is its type; a proxy says it is what it stands for."""
    return issubclass(type(thing), kinds)
