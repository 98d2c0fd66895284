"""What is wrong with how a class overrides the hooks of its setup and teardown."""

from __future__ import annotations

import inspect
from itertools import takewhile
from types import CodeType
from typing import TYPE_CHECKING

from ._calls import ASYNC_TWINS, overrides

if TYPE_CHECKING:
    from unittest import TestCase

__unittest = True

_FOR_EACH_TEST = {"setUpClass": "asyncSetUp", "tearDownClass": "asyncTearDown"}


def refuse_wrong_hooks(cls: type[TestCase], *, shared: bool) -> None:
    """Raise an error if a hook of a class has the wrong colour, or has no effect.

    unittest and pytest call the sync hooks themselves and drop what they return. There
    is no result to look at, so the function is inspected. A decorator that hides it (no
    ``functools.wraps``) hides it from us, too.

    Args:
        cls: The class.
        shared: Whether its tests share a Trio run.
    """
    for name, for_each_test in _FOR_EACH_TEST.items():
        twin = ASYNC_TWINS[name]
        hook = inspect.unwrap(getattr(cls, name))
        if inspect.iscoroutinefunction(hook) or inspect.isasyncgenfunction(hook):
            if shared:
                advice = f"Write `async def {twin}(cls)` instead."
            else:
                advice = (
                    f"Write a sync `def {name}(cls)`, and do what needs `await` in "
                    f"`{for_each_test}`, or in `{twin}` of a class with `@shared_run`."
                )
            raise TypeError(
                f"{cls.__qualname__}.{name} is async, but unittest calls it without "
                f"awaiting it, so it never ran. {advice}"
            )
        if overrides(cls, twin):
            _check_async_hook(cls, twin, shared)
        if shared:
            _refuse_forgotten_super(cls, name)
    if shared and overrides(cls, "runTrio"):
        raise TypeError(
            f"{cls.__qualname__} overrides runTrio, which opens a run for each test, "
            f"and is decorated with @shared_run, for which triocase opens one run "
            f"itself. Keep one of the two."
        )


def _check_async_hook(cls: type[TestCase], name: str, shared: bool) -> None:
    full_name = f"{cls.__qualname__}.{name}"
    if not shared:
        raise TypeError(
            f"{full_name} belongs to a Trio run that the tests of a class share, and "
            f"those of {cls.__qualname__} have one each: it would never be called. "
            f"Write `@shared_run` above the class."
        )
    if not isinstance(inspect.getattr_static(cls, name), classmethod):
        raise TypeError(
            f"{full_name} is no classmethod. Write `@classmethod` above "
            f"`async def {name}(cls)`."
        )


def _refuse_forgotten_super(cls: type[TestCase], name: str) -> None:
    """Raise an error if an override of unittest's hook never mentions the hook."""
    for parent in takewhile(_is_users, cls.__mro__):
        hook = vars(parent).get(name)
        function = inspect.unwrap(getattr(hook, "__func__", hook)) if hook else None
        code = getattr(function, "__code__", None)
        if isinstance(code, CodeType) and not _mentions(code, name):
            raise TypeError(
                f"{parent.__qualname__}.{name} does not call that of its parent, so "
                f"the Trio run of {cls.__qualname__} is not opened and closed. Write "
                f"`super().{name}()` in it."
            )


def _is_users(cls: type) -> bool:
    return cls.__module__.partition(".")[0] != "triocase"


def _mentions(code: CodeType, name: str) -> bool:
    nested = (each for each in code.co_consts if isinstance(each, CodeType))
    return name in code.co_names or any(_mentions(each, name) for each in nested)
