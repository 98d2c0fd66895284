"""Assertions about exception groups, and what ``assertRaises`` says of one."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from unittest import SkipTest

from trio import Cancelled, current_effective_deadline

from ._errors import LoopBlocked
from ._exception_groups import add_note, leaves, partition

if sys.version_info < (3, 11):
    from exceptiongroup import BaseExceptionGroup

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType
    from typing import TypeAlias

    from ._case import AsyncTrioTestCase

__unittest = True

E = TypeVar("E", bound=BaseException)

if TYPE_CHECKING:
    Expected: TypeAlias = type[E] | tuple[type[E], str | re.Pattern[str]]


class AssertRaisesGroupContext(Generic[E]):
    """What ``assertRaisesGroup`` returns: a context manager.

    Attributes:
        exception: The group that the block raised, once the block has ended.
    """

    exception: BaseExceptionGroup[E]

    def __init__(
        self, case: AsyncTrioTestCase, expected: tuple[Expected[E], ...]
    ) -> None:
        if not expected:
            raise TypeError(
                "assertRaisesGroup() needs at least one leaf to expect: write "
                "`assertRaisesGroup(ValueError)`."
            )
        self._case = case
        self._expected = [_ExpectedLeaf(each) for each in expected]

    def __enter__(self) -> AssertRaisesGroupContext[E]:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        wanted = f"a group with the leaves: {', '.join(map(str, self._expected))}"
        if error is None:
            raise self._case.failureException(f"nothing was raised; expected {wanted}")
        found = [leaf for leaf in leaves(error) if not isinstance(leaf, Cancelled)]
        if not found or any(map(self._passes_through, found)):
            return False
        try:
            if not isinstance(error, BaseExceptionGroup):
                raise self._case.failureException(
                    f"{error!r} is a bare exception, not a group; expected {wanted}. "
                    f"For a bare exception, write `assertRaises`."
                ) from error
            if difference := self._difference(found):
                raise self._case.failureException(difference) from error
            self.exception = error.with_traceback(None)
            if len(found) < len(list(leaves(error))) and _is_cancelled():
                # The cancellation that came along goes on to its scope.
                raise partition(error, Cancelled)[0] or error
        finally:
            del error, found  # this frame may be in their tracebacks: no cycle
        return True

    def _passes_through(self, leaf: BaseException) -> bool:
        test = self._case._trioTest
        stop_signal = None if test is None else test.findings.stop_signal
        return (
            isinstance(leaf, (KeyboardInterrupt, LoopBlocked, SkipTest))
            or leaf is stop_signal
        )

    def _difference(self, found: list[BaseException]) -> str | None:
        pairs = _pair_off(self._expected, found)
        paired = set(pairs.values())
        missing = [str(e) for i, e in enumerate(self._expected) if i not in pairs]
        unexpected = [repr(e) for i, e in enumerate(found) if i not in paired]
        if not missing and not unexpected:
            return None
        return (
            f"the exception group has other leaves than expected\n"
            f"missing: {', '.join(missing) or 'none'}\n"
            f"unexpected: {', '.join(unexpected) or 'none'}"
        )


class _ExpectedLeaf:
    """One expected leaf: its type, and what its text must match."""

    def __init__(self, expected: object) -> None:
        kind: object = expected
        pattern: str | re.Pattern[str] | None = None
        if isinstance(expected, tuple) and len(expected) == 2:
            kind, pattern = expected
        if not (
            isinstance(kind, type)
            and issubclass(kind, BaseException)
            and isinstance(pattern, (str, re.Pattern, type(None)))
        ):
            raise TypeError(
                f"assertRaisesGroup() takes exception types and (type, regex) pairs, "
                f"not {expected!r}. Write `assertRaisesGroup(ValueError)` or "
                f'`assertRaisesGroup((ValueError, "some text"))`.'
            )
        if issubclass(kind, BaseExceptionGroup):
            raise TypeError(
                f"assertRaisesGroup() takes the leaves of the group, and a leaf is "
                f"never a {kind.__name__}: list the leaves, however deep they are."
            )
        self.kind = kind
        self.pattern = None if pattern is None else re.compile(pattern)

    def matches(self, leaf: BaseException) -> bool:
        return isinstance(leaf, self.kind) and (
            self.pattern is None or self.pattern.search(str(leaf)) is not None
        )

    def __str__(self) -> str:
        if self.pattern is None:
            return self.kind.__qualname__
        return f"({self.kind.__qualname__}, {self.pattern.pattern!r})"


def _pair_off(
    expected: Sequence[_ExpectedLeaf], found: Sequence[BaseException]
) -> dict[int, int]:
    """Return which leaf fulfils which expectation, for as many as possible.

    A leaf may fulfil several expectations (an ``OSError`` and a ``ConnectionError``),
    so a new pair may have to move an earlier one: augmenting paths.
    """
    taken: dict[int, int] = {}  # expectation -> leaf

    def place(leaf: int, tried: set[int]) -> bool:
        for wish in range(len(expected)):
            if wish not in tried and expected[wish].matches(found[leaf]):
                tried.add(wish)
                if wish not in taken or place(taken[wish], tried):
                    taken[wish] = leaf
                    return True
        return False

    for leaf in range(len(found)):
        place(leaf, set())
    return taken


def _is_cancelled() -> bool:
    """Whether the current scope is cancelled, so that its Cancelled must reach it."""
    return current_effective_deadline() == float("-inf")


# --- assertRaises and assertRaisesRegex --------------------------------------------


def hint_at_groups(
    assertion: Callable[..., Any],
    expected: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    """Call ``assertRaises`` or its like; a group that it lets through gets a note."""
    name = assertion.__name__
    try:
        context = assertion(expected, *args, **kwargs)
    except BaseExceptionGroup as group:  # from the callable that was passed along
        _hint(group, name, expected)
        raise
    return context and _HintingContext(context, name, expected)


class _HintingContext:
    """unittest's ``assertRaises`` context, with a hint when it meets a group."""

    def __init__(self, context: Any, name: str, expected: Any) -> None:
        self._context = context
        self._name = name
        self._expected = expected

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def __enter__(self) -> Any:
        return self._context.__enter__()

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> Any:
        _hint(error, self._name, self._expected)
        return self._context.__exit__(kind, error, trace)


def _hint(error: BaseException | None, name: str, expected: Any) -> None:
    if not isinstance(error, BaseExceptionGroup) or isinstance(error, expected):
        return
    inside = [leaf for leaf in leaves(error) if isinstance(leaf, expected)]
    if inside:
        add_note(
            error,
            f"{name}() takes a bare exception, and this is a group. To expect it, "
            f"write `with self.assertRaisesGroup({type(inside[0]).__qualname__}):`",
        )
