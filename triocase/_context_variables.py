"""The context variables that differ between two moments, to be copied elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contextvars import Context, ContextVar

    Changes = list[tuple[ContextVar[Any], Any]]

__unittest = True

UNSET: Any = object()  # in place of a variable's value


def changes(before: Context, after: Context) -> Changes:
    """Return the variables that differ, with their values in ``after``, or UNSET."""
    changed = [
        (variable, value)
        for variable, value in after.items()
        if variable not in before or before[variable] is not value
    ]
    return changed + [(gone, UNSET) for gone in before if gone not in after]
