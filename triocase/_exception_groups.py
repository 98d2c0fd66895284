"""Exception groups: what is in them, and what unittest should see of them.

Trio wraps whatever a nursery's tasks raise into groups. unittest knows nothing of
groups, so an error is made readable before unittest sees it: a group with one leaf
becomes that leaf, whose traceback starts with the frames that led to the nursery; a
group of several is a failure, a skip or an error, as its leaves are.
"""

from __future__ import annotations

import copyreg
import sys
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest import SkipTest

from trio import Cancelled

from ._errors import LoopBlocked
from ._tracebacks import joined, linked, shown_entries, tidy

if sys.version_info < (3, 11):
    from exceptiongroup import BaseExceptionGroup, ExceptionGroup

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

__unittest = True

# What only ends the code in which it is raised.
CANCELLATION = Cancelled, LoopBlocked


class Split(NamedTuple):
    """An error, taken apart by what the harness does with it.

    Attributes:
        interrupt: The first Ctrl-C in it.
        cancelled: The first in it that only ends the code in which it is raised.
        rest: It without any of these.
    """

    interrupt: KeyboardInterrupt | None
    cancelled: BaseException | None
    rest: BaseException | None


def leaves(error: BaseException) -> Iterator[BaseException]:
    """Yield the exceptions in a group, at any depth; a bare one is its own leaf."""
    if isinstance(error, BaseExceptionGroup):
        for nested in error.exceptions:
            yield from leaves(nested)
    else:
        yield error


def partition(
    error: BaseException, *kinds: type[BaseException]
) -> tuple[BaseException | None, BaseException | None]:
    """Part ``error`` into what is of these types, at any depth, and the rest."""
    mine = [isinstance(leaf, kinds) for leaf in leaves(error)]
    if not any(mine):
        return None, error
    if all(mine):
        return error, None
    parts: tuple[BaseException | None, BaseException | None]
    try:
        parts = error.split(kinds)  # type: ignore[attr-defined]  # it is a group
    except Exception:  # a group class of the user's that cannot be taken apart
        parts = None, error
    return parts


def without(error: BaseException, known: list[BaseException]) -> BaseException | None:
    """Return what is left of ``error`` without these very exceptions."""

    def is_known(one: BaseException) -> bool:
        return any(one is each for each in known)

    if isinstance(error, BaseExceptionGroup) and any(map(is_known, leaves(error))):
        rest: BaseException | None = error.split(is_known)[1]
        return rest
    return None if is_known(error) else error


def split(error: BaseException) -> Split:
    """Part Ctrl-C and cancellation from the errors, wherever they are in a group."""
    interrupt = cancelled = None
    for leaf in leaves(error):
        if isinstance(leaf, KeyboardInterrupt):
            interrupt = interrupt or leaf
        elif isinstance(leaf, CANCELLATION):
            cancelled = cancelled or leaf
    _, rest = partition(error, KeyboardInterrupt, *CANCELLATION)
    return Split(interrupt, cancelled, rest)


def add_note(error: BaseException, note: str) -> None:
    """Add a note to ``error``, as Python 3.11's ``add_note`` does, if it takes one."""
    notes = [*getattr(error, "__notes__", ()), note]
    with suppress(AttributeError):  # an exception class may be frozen
        error.__notes__ = notes  # type: ignore[attr-defined]  # new in 3.11


def readable(error: BaseException, failure: type[BaseException]) -> BaseException:
    """Return ``error`` as unittest should see it.

    Args:
        error: What a stage of the test raised, without Ctrl-C and cancellation.
        failure: The test's ``failureException``.
    """
    if isinstance(error, BaseExceptionGroup):
        found = list(leaves(error))
        if len(found) == 1:
            return _only_leaf(error, failure)
        tidy(error, failure)
        if all(isinstance(leaf, SkipTest) for leaf in found):
            return SkipTest("; ".join(map(str, found)))
        if all(isinstance(leaf, failure) for leaf in found):
            return _as_failure(error, failure)
    else:
        tidy(error, failure)
    return error


def _only_leaf(
    group: BaseExceptionGroup[Any], failure: type[BaseException]
) -> BaseException:
    """Return the one leaf of ``group``, with the frames and the notes of its groups."""
    trace: list[TracebackType] = []
    notes: list[str] = []
    node: BaseException = group
    while isinstance(node, BaseExceptionGroup):
        trace = joined(trace, shown_entries(node))
        notes += getattr(node, "__notes__", ())
        node = node.exceptions[0]
    tidy(node, failure)
    node = node.with_traceback(linked(joined(trace, shown_entries(node))))
    for note in notes:
        add_note(node, note)
    return node


def _as_failure(
    group: BaseExceptionGroup[Any], failure: type[BaseException]
) -> BaseExceptionGroup[Any]:
    """Return ``group`` as one that unittest counts as a failure.

    unittest asks for the type alone, so this is a group that is a ``failure`` too.
    It keeps its type's name: the report prints what a plain group prints.
    """
    try:
        kind = _failure_group(failure)  # type: ignore[arg-type]  # a class has a hash
        twin: BaseExceptionGroup[Any] = kind(group.message, group.exceptions)
    except TypeError:  # `failure` is laid out in memory as no group can be
        return group
    twin.__traceback__ = group.__traceback__
    twin.__context__ = group.__context__
    twin.__cause__ = group.__cause__
    twin.__suppress_context__ = group.__suppress_context__
    for note in getattr(group, "__notes__", ()):
        add_note(twin, note)
    return twin


class _FailureGroupType(type):
    """What makes types of groups that are failures, too."""


@lru_cache(maxsize=8)  # Hypothesis counts errors of different types as different
def _failure_group(failure: type[BaseException]) -> Any:
    base = ExceptionGroup if issubclass(failure, Exception) else BaseExceptionGroup
    namespace = {"__module__": base.__module__, "__qualname__": base.__qualname__}
    return _FailureGroupType(base.__name__, (base, failure), namespace)


# Runners with several processes pickle errors together with their types.
copyreg.pickle(
    _FailureGroupType,
    lambda kind: (_failure_group, kind.__bases__[1:]),
)
