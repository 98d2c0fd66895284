"""Which classes share one Trio run among their tests, and which such runs are open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._marks import marks_of_class

if TYPE_CHECKING:
    from unittest import TestCase

    from ._class_lifecycle import ClassLifecycle
    from ._class_run import ClassRun

__unittest = True

# By class: a subclass has a run of its own.
open_runs: dict[type, ClassRun] = {}


def is_shared(cls: type[TestCase]) -> bool:
    """Return whether a class, or a parent, is decorated with ``@shared_run``.

    Raises:
        TypeError: Something is wrong with the class itself.
    """
    return "shared_run" in marks_of_class(cls)


def can_share(cls: type[TestCase]) -> bool:
    """Return whether a class shares a run, and nothing is wrong with it.

    What is wrong is for its tests to say.
    """
    try:
        return is_shared(cls)
    except TypeError:
        return False


def class_life_of(cls: type[TestCase], what: str) -> ClassLifecycle:
    """Return what a class has running.

    Args:
        cls: The class.
        what: What is asked for, in a message.

    Raises:
        TypeError: The class shares no run.
        RuntimeError: Its run is not open.
    """
    run = open_runs.get(cls)
    if run is not None:
        return run.life
    if not is_shared(cls):
        raise TypeError(
            f"{cls.__qualname__}.{what} belongs to a Trio run that the tests of a "
            f"class share, and those of {cls.__qualname__} have one each. Write "
            f"`@shared_run` above the class."
        )
    raise RuntimeError(
        f"{cls.__qualname__}.{what} works only while the Trio run of the class is "
        f"open, from its class fixtures to its last class cleanup: use it in "
        f"asyncSetUpClass, in a test, or in asyncTearDownClass."
    )
