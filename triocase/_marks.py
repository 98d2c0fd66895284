"""The marks that decorators leave on a test method or a class, and how they combine.

A decorator leaves a mark on the function or class that it gets, and returns it as it
is: no wrapper, so it composes with whatever else wraps or marks a test. What the
marks say is read when the test runs: the method's own win over those of its class,
which win over those of the parents.

The limit: a decorator that returns a function of its own without ``functools.wraps``
hides the marks below it, as it hides ``unittest.expectedFailure``.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from ._calls import ASYNC_TWINS
from ._hook_checks import refuse_wrong_hooks
from ._once_a_class import note_decoration, once_a_class

if TYPE_CHECKING:
    from collections.abc import Callable
    from unittest import TestCase

__unittest = True

T = TypeVar("T", bound="Callable[..., Any]")


class Mark(NamedTuple):
    """What one decorator says, and its name."""

    decorator: str
    value: object


class TestDecorator(Protocol):
    """What takes a test method or a class and returns the same."""

    def __call__(self, test: T, /) -> T: ...


Marks = dict[str, tuple[Mark, ...]]  # by field of Options
_MARKS = "_trioMarks"
_NO_MARKS: Marks = {}
BARE: Any = object()
_HOOKS = (*ASYNC_TWINS, *ASYNC_TWINS.values(), "runTrio")


def decorate(
    test: Any = BARE, *, decorator: str, usage: str, option: str, value: object
) -> Any:
    """Mark ``test``, or, if it is not there yet, return what will do so."""
    if test is BARE:
        return partial(
            decorate, decorator=decorator, usage=usage, option=option, value=value
        )
    marks = own_marks(test)
    mark = Mark(decorator, value)
    # A mark on a staticmethod or classmethod would not be seen through the instance.
    possible = callable(test) and not isinstance(test, (staticmethod, classmethod))
    try:
        if possible:
            # A new dict: functools.wraps gives the old one to the wrapper as it is.
            marks = {**marks, option: (mark, *marks.get(option, ()))}
            setattr(test, _MARKS, marks)
    except (AttributeError, TypeError):
        possible = False
    if not possible:
        # As `@parameterized.expand` does, which makes other methods.
        hint = (
            " The decorator below returned None: swap the two." if test is None else ""
        )
        raise TypeError(
            f"{decorator} decorates a test method or a class, not {test!r}. Write "
            f"{usage} above `async def` or `class`.{hint}"
        )
    note_decoration()
    return test


def own_marks(test: Any) -> Marks:
    """Return the marks of a function, or of a class without those of its parents."""
    if isinstance(test, type):
        marks = vars(test).get(_MARKS)
    else:
        marks = getattr(test, _MARKS, None)
    if isinstance(marks, dict):  # a mock has any attribute
        return marks
    # A partialmethod is a partial on the instance; @given passes no marks on.
    if isinstance(test, partial):
        return own_marks(test.func)
    if has_examples(test):
        return own_marks(test.hypothesis.inner_test)
    return _NO_MARKS


def has_examples(method: Any) -> bool:
    """Return whether a test is decorated with Hypothesis's ``@given``."""
    # A mock has any attribute; a state machine's test has no function below @given.
    return getattr(method, "is_hypothesis_test", None) is True and hasattr(
        getattr(method, "hypothesis", None), "inner_test"
    )


def refuse_marks(function: object, name: str) -> None:
    """Raise an error if ``function``, which is no test, has a mark."""
    for marks in own_marks(function).values():
        raise TypeError(
            f"@{marks[0].decorator} stands above {name}, where it has no effect: it "
            f"goes for a test from its setup to the last cleanup. Write it above the "
            f"test method or the class."
        )


@once_a_class
def marks_of_class(cls: type[TestCase]) -> Marks:
    """Return the marks of a class with those of its parents.

    Raises:
        TypeError: Something is wrong with the class itself.
    """
    marks: Marks = {}
    for parent in reversed(cls.__mro__):
        marks.update(own_marks(parent))
    refuse_wrong_hooks(cls, shared="shared_run" in marks)
    for hook in _HOOKS:
        refuse_marks(getattr(cls, hook), f"{cls.__qualname__}.{hook}")
    return marks
