"""What depends on a class alone, found once a class.

A search through a class and its parents costs more than all else that the harness does
around a test. So what was found is kept on the class, until something is decorated: a
decorator may mark a class, or a parent of it, whose tests have run already.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from unittest import TestCase

__unittest = True

T = TypeVar("T")

_decorations = 0
_NEVER: tuple[int, Any] = -1, None


def note_decoration() -> None:
    """Say that something was decorated, so that what is known may be wrong."""
    global _decorations
    _decorations += 1


def once_a_class(
    find: Callable[[type[TestCase]], T],
) -> Callable[[type[TestCase]], T]:
    """Decorate a function of a class; an error that it raises is not kept."""
    kept = f"_trioKept{find.__name__}"

    @wraps(find)
    def found(cls: type[TestCase]) -> T:
        at: int
        result: T
        at, result = vars(cls).get(kept, _NEVER)
        if at != _decorations:
            result = find(cls)
            setattr(cls, kept, (_decorations, result))
        return result

    return found
