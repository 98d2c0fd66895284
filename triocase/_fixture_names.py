"""Which fixtures a class has, in which order, and what is wrong with them."""

from __future__ import annotations

import inspect
from types import FunctionType
from typing import TYPE_CHECKING, Any

from ._fixtures import CLASS_SCOPE, TEST_SCOPE, Fixture, reserved_names
from ._marks import refuse_marks
from ._once_a_class import once_a_class
from ._open_runs import is_shared

if TYPE_CHECKING:
    from unittest import TestCase

__unittest = True


def fixture_names(cls: type[TestCase], scope: str) -> tuple[str, ...]:
    """Return the names of a class's fixtures, in the order in which they are set up.

    Raises:
        TypeError: Something is wrong with one of them, of whatever scope.
    """
    return _names_by_scope(cls)[scope]


@once_a_class
def _names_by_scope(cls: type[TestCase]) -> dict[str, tuple[str, ...]]:
    names: dict[str, None] = {}
    for parent in reversed(cls.__mro__):
        known = vars(parent).get("_trioFixtures", {})  # one may be patched just now
        for name, value in {**known, **vars(parent).copy()}.items():
            is_fixture = issubclass(type(value), Fixture)
            if is_fixture and name in reserved_names:
                raise value.refused(
                    f"the fixture {cls.__qualname__}.{name} hides `{name}` of "
                    f"AsyncTrioTestCase. Give it another name."
                )
            if is_fixture or name in known:
                names[name] = None
            elif _is_over_a_fixture(value):
                raise TypeError(
                    f"{parent.__qualname__}.{name} has another decorator above "
                    f"`@fixture`, which hides it. Write `@fixture` above all others."
                )
    by_scope: dict[str, tuple[str, ...]] = {TEST_SCOPE: (), CLASS_SCOPE: ()}
    for name in names:
        fixture = fixture_of(cls, name)
        scope = TEST_SCOPE
        if isinstance(fixture, Fixture):
            full_name = f"{cls.__qualname__}.{name}"
            scope = fixture.scope
            refuse_marks(fixture.method, full_name)
            _refuse_parameters(fixture, full_name)
            if scope == CLASS_SCOPE and not is_shared(cls):
                raise fixture.refused(
                    f"the fixture {full_name} lives as long as its class, and the "
                    f"tests of {cls.__qualname__} have a Trio run each. Write "
                    f"`@shared_run` above the class, or `@fixture` above the fixture."
                )
        by_scope[scope] += (name,)
    return by_scope


def fixture_of(cls: type, name: str) -> Any:
    """Return what a class has of that name: a fixture, or what hides one, or None."""
    found = (vars(parent)[name] for parent in cls.__mro__ if name in vars(parent))
    return next(found, None)


def _is_over_a_fixture(value: Any) -> bool:
    """Return whether ``value`` is what a decorator has made of a fixture.

    It looks at types and at what they are known to hold, because other attributes of a
    class may do anything when they are asked.
    """
    seen = set()
    while id(value) not in seen:
        seen.add(id(value))
        kind = type(value)
        if issubclass(kind, Fixture):
            return True
        if issubclass(kind, property):
            value = value.fget
        elif issubclass(kind, (staticmethod, classmethod)):
            value = value.__func__
        elif issubclass(kind, FunctionType):
            value = vars(value).get("__wrapped__")
        else:
            try:
                held = object.__getattribute__(value, "__dict__").values()
            except AttributeError:
                return False
            return any(issubclass(type(inner), Fixture) for inner in list(held))
    return False


def _refuse_parameters(fixture: Fixture[Any], name: str) -> None:
    """Raise an error if a fixture does not take ``self``, or ``cls``, alone.

    Only a function of Python's says what it takes; Python itself says it of the others
    when they are called.
    """
    if not isinstance(fixture.method, FunctionType):
        return
    code = fixture.method.__code__
    named = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    if len(named) > 1 or not (named or code.co_flags & inspect.CO_VARARGS):
        first = "cls" if fixture.scope == CLASS_SCOPE else "self"
        example = f"{first}.{named[1]}" if named[1:] else f"{first}.name"
        raise fixture.refused(
            f"the fixture {name}({', '.join(named)}) must take `{first}` and nothing "
            f"else. Other fixtures are attributes: write `{example}`."
        )
