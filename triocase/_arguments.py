"""Numbers that users pass as arguments, checked."""

from __future__ import annotations

import sys
from numbers import Real

__unittest = True


def finite(
    value: object, what: str, unit: str, example: str, *, above: bool = False
) -> float:
    """Return ``value`` as a float if it is a finite number that is not negative.

    Args:
        value: What the user has passed.
        what: What takes it.
        unit: What it takes.
        example: What to write instead.
        above: Whether it must not be 0 either.

    Raises:
        TypeError: It is no number.
        ValueError: It is another number.
    """
    wanted = "above 0" if above else "that is not negative"
    message = (
        f"{what} takes {unit}, a finite number {wanted}; "
        f"not {value!r}. Write `{example}`."
    )
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(message)
    if above and value == 0:
        raise ValueError(message)
    if not 0 <= value <= sys.float_info.max:  # type: ignore[operator]
        raise ValueError(message)
    return float(value)


def whole(value: object, what: str, example: str, *, least: int = 0) -> int:
    """Return ``value`` if it is a whole number of at least ``least``.

    Args:
        value: What the user has passed.
        what: What takes it.
        example: What to write instead.
        least: The least that it may be.

    Raises:
        TypeError: It is no whole number.
        ValueError: It is too small.
    """
    message = (
        f"{what} takes a whole number from {least} on, not {value!r}. Write "
        f"`{example}`."
    )
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(message)
    if value < least:
        raise ValueError(message)
    return value
