"""Other test frameworks that would run a test in their own way, or not at all.

pytest and pytest-trio put a function on the instance, over its test. ``pytest --trace``
drops what the test returns, a coroutine too; pytest-trio opens a Trio run for it. They
restore the instance themselves, so nothing is taken off here. Any other function on
the instance is the test, as the user has it.
"""

from __future__ import annotations

import inspect
from types import FunctionType
from typing import Any
from unittest import TestCase

__unittest = True

# What @expectedFailure leaves on a method; unittest looks at the instance's.
_EXPECTED = "__unittest_expecting_failure__"
# Their TestCases bring a runner of their own.
_PACKAGES = ("django", "testtools", "twisted")


def unwrapped(test: Any) -> Any:
    """Return the test that ``test`` hides, or ``test`` itself."""
    if isinstance(test, FunctionType):
        name = str(test.__globals__.get("__name__"))
        if name.startswith("_pytest."):
            return getattr(test, "__wrapped__", test)
        if name.startswith("pytest_trio."):
            # Only the closure of what this function runs still knows the test.
            closure = inspect.getclosurevars(inspect.unwrap(test))
            return closure.nonlocals.get("testfunc", test)
    return test


def expects_failure(test: Any) -> bool:
    """Return whether a test method is decorated with ``@expectedFailure``."""
    return bool(getattr(test, _EXPECTED, False))


def give_marks(case: TestCase) -> None:
    """Say on a wrapper that the test which it hides is expected to fail."""
    for test in vars(case).values():
        if isinstance(test, FunctionType) and expects_failure(unwrapped(test)):
            setattr(test, _EXPECTED, True)


def refuse_other_runner(cls: type[TestCase], ours: type[TestCase]) -> None:
    """Raise an error if another base of ``cls`` would run its tests.

    That cannot wait until a test runs: nothing of ours would be called then.
    """
    parents = cls.__mro__
    before_ours = parents[: parents.index(ours)]
    for base in parents:
        asyncios = base.__module__ == "unittest.async_case" and base in before_ours
        package = base.__module__.partition(".")[0]
        if asyncios or (package in _PACKAGES and issubclass(base, TestCase)):
            raise TypeError(
                f"{cls.__qualname__} derives from {ours.__qualname__} and from "
                f"{base.__module__}.{base.__qualname__}, which runs tests in its own "
                f"way: async tests would not run on Trio. Derive from one of them."
            )
