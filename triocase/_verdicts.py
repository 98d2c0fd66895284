"""What was raised, turned into what unittest is told.

Trio wraps what a nursery's tasks raise into exception groups, and the harness, Trio
and contextlib stand between the test and the code that failed. unittest knows
nothing of either. So an error is made readable before unittest sees it:

* a group with one leaf becomes that leaf, whose traceback starts with the frames
  that led to the nursery;
* a group of several is a failure, a skip or an error, as its leaves are;
* frames of the harness go, and library frames above the user's first one.

unittest's own outcome object then reports it, at once, in its own way.
"""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from unittest import SkipTest

from trio import Cancelled

if sys.version_info < (3, 11):
    from exceptiongroup import BaseExceptionGroup, ExceptionGroup

if TYPE_CHECKING:
    from collections.abc import Iterator
    from unittest import TestCase

__unittest = True

_HARNESS = "triocase"
_LIBRARIES = frozenset({_HARNESS, "trio", "outcome", "contextlib"})


class Split(NamedTuple):
    """An error, taken apart by what the harness does with it."""

    interrupt: KeyboardInterrupt | None
    cancelled: Cancelled | None
    rest: BaseException | None


def leaves(error: BaseException) -> Iterator[BaseException]:
    """Yield the exceptions of a group at any depth; a bare exception is its own leaf."""
    if isinstance(error, BaseExceptionGroup):
        for nested in error.exceptions:
            yield from leaves(nested)
    else:
        yield error


def part(
    error: BaseException, *kinds: type[BaseException]
) -> tuple[BaseException | None, BaseException | None]:
    """Part ``error`` into what is of these types, at any depth, and the rest."""
    mine = [isinstance(leaf, kinds) for leaf in leaves(error)]
    if not any(mine):
        return None, error
    if all(mine):
        return error, None
    parts: tuple[BaseException | None, BaseException | None]
    parts = error.split(kinds)  # type: ignore[attr-defined]  # it is a group
    return parts


def split(error: BaseException) -> Split:
    """Part Ctrl-C and cancellation from the errors, wherever they are in a group."""
    interrupt = cancelled = None
    for leaf in leaves(error):
        if isinstance(leaf, KeyboardInterrupt):
            interrupt = interrupt or leaf
        elif isinstance(leaf, Cancelled):
            cancelled = cancelled or leaf
    return Split(interrupt, cancelled, part(error, KeyboardInterrupt, Cancelled)[1])


def add_note(error: BaseException, note: str) -> None:
    """Add a note to ``error``, as Python 3.11's ``add_note`` does."""
    notes = [*getattr(error, "__notes__", ()), note]
    error.__notes__ = notes  # type: ignore[attr-defined]  # new in 3.11


# --- Tracebacks ---------------------------------------------------------------------


def _package(entry: TracebackType) -> str:
    name: str = entry.tb_frame.f_globals.get("__name__", "")
    return name.partition(".")[0]


def _entries(error: BaseException) -> list[TracebackType]:
    """Return the traceback entries of ``error`` that tell a reader something."""
    found = []
    entry = error.__traceback__
    while entry is not None:
        if _package(entry) != _HARNESS:
            found.append(entry)
        entry = entry.tb_next
    if isinstance(error, BaseExceptionGroup):
        # All that libraries show in a group's own traceback is how a nursery ends.
        return [entry for entry in found if _package(entry) not in _LIBRARIES]
    while found and _package(found[0]) in _LIBRARIES:
        del found[0]
    return found


def _linked(entries: list[TracebackType]) -> TracebackType | None:
    """Return one traceback of these entries."""
    linked = None
    for entry in reversed(entries):
        linked = TracebackType(linked, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return linked


def _joined(above: list[TracebackType], below: list[TracebackType]) -> list[TracebackType]:
    """Continue one story with another, at the first frame that stands in both."""
    for i, upper in enumerate(above):
        for j, lower in enumerate(below):
            if upper.tb_frame is lower.tb_frame:
                return above[:i] + below[j:]
    return above + below


def _tidy(
    error: BaseException, failure: type[BaseException], seen: set[int] | None = None
) -> None:
    """Take frames that tell a reader nothing from all tracebacks of ``error``."""
    seen = set() if seen is None else seen
    seen.add(id(error))
    entries = _entries(error)
    if isinstance(error, Cancelled):
        _cut_libraries(entries)
    elif isinstance(error, failure):
        # How an assertion method fails. unittest itself leaves that out of the
        # exception that it is told about, but not of a group's leaves.
        while len(entries) > 1 and "__unittest" in entries[-1].tb_frame.f_globals:
            del entries[-1]
    error.__traceback__ = _linked(entries)
    related = [error.__cause__, error.__context__]
    if isinstance(error, BaseExceptionGroup):
        related += error.exceptions
    for other in related:
        if other is not None and id(other) not in seen:
            _tidy(other, failure, seen)


def _cut_libraries(entries: list[TracebackType]) -> None:
    """Cut what libraries did below the user's last frame."""
    while entries and _package(entries[-1]) in _LIBRARIES:
        del entries[-1]


def user_frames(error: BaseException) -> TracebackType | None:
    """Return the traceback of ``error`` down to the user's last frame."""
    entries = _entries(error)
    _cut_libraries(entries)
    return _linked(entries)


# --- Groups -------------------------------------------------------------------------


def _only_leaf(
    group: BaseExceptionGroup[Any], failure: type[BaseException]
) -> BaseException:
    """Return the one leaf of ``group``, with the story and the notes of its groups."""
    story: list[TracebackType] = []
    notes: list[str] = []
    node: BaseException = group
    while isinstance(node, BaseExceptionGroup):
        story = _joined(story, _entries(node))
        notes += getattr(node, "__notes__", ())
        node = node.exceptions[0]
    _tidy(node, failure)
    node.__traceback__ = _linked(_joined(story, _entries(node)))
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
    base = ExceptionGroup if issubclass(failure, Exception) else BaseExceptionGroup
    namespace = {"__module__": base.__module__, "__qualname__": base.__qualname__}
    try:
        kind: Any = type(base.__name__, (base, failure), namespace)
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
        _tidy(error, failure)
        if all(isinstance(leaf, SkipTest) for leaf in found):
            return SkipTest("; ".join(map(str, found)))
        if all(isinstance(leaf, failure) for leaf in found):
            return _as_failure(error, failure)
    else:
        _tidy(error, failure)
    return error


# --- Whom to tell -------------------------------------------------------------------


class Verdict(Protocol):
    """Where the errors of a test go."""

    @property
    def told(self) -> bool:
        """Whether anything was reported."""

    @property
    def stops_at_error(self) -> bool:
        """Whether the first error ends the test, but for its cleanups."""

    def expect(self, expected: bool) -> None:
        """Say whether an error now would be the one that the test expects."""

    def tell(self, error: BaseException, *, expected: bool = False) -> None:
        """Report an error: one that may be an expected failure, or any other."""

    def close(self) -> None:
        """Say that all has been told."""


class OutcomeVerdict:
    """Report through unittest's own outcome object.

    Its ``testPartExecutor`` knows how the Python at hand tells a ``TestResult`` about
    errors, skips and expected failures, and pytest reads the object on 3.10.
    """

    stops_at_error = False

    def __init__(self, case: TestCase, outcome: Any) -> None:
        self.told = False
        self._case = case
        self._outcome = outcome
        self._failure_is_expected: bool = self._outcome.expecting_failure

    def expect(self, expected: bool) -> None:
        self._outcome.expecting_failure = expected and self._failure_is_expected

    def tell(self, error: BaseException, *, expected: bool = False) -> None:
        before = self._outcome.expecting_failure
        self.told = True
        self.expect(expected)
        try:
            with self._outcome.testPartExecutor(self._case):
                raise readable(error, self._case.failureException)
        finally:
            self._outcome.expecting_failure = before
            del error  # this frame is in its traceback: no cycle

    def close(self) -> None:
        pass


class DebugVerdict:
    """Collect errors for ``debug()``, which raises the first of them bare."""

    stops_at_error = True

    def __init__(self, case: TestCase) -> None:
        self._case = case
        self._errors: list[BaseException] = []

    @property
    def told(self) -> bool:
        return bool(self._errors)

    def expect(self, expected: bool) -> None:
        pass

    def tell(self, error: BaseException, *, expected: bool = False) -> None:
        self._errors.append(readable(error, self._case.failureException))

    def close(self) -> None:
        """Raise the first error, with a note for each that came after it."""
        if not self._errors:
            return
        first = self._errors[0]
        for error in self._errors[1:]:
            add_note(first, f"later in the same test: {error!r}")
        self._errors.clear()
        try:
            raise first
        finally:
            del first


def verdict_for(case: TestCase) -> Verdict:
    """Return where the errors of ``case`` go: the only use of ``_outcome``.

    unittest sets it for the length of ``run()``; in ``debug()`` there is none.
    """
    outcome = case._outcome  # type: ignore[attr-defined]
    return DebugVerdict(case) if outcome is None else OutcomeVerdict(case, outcome)
