"""What is told of one run among many, kept until it is known whether it counts."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO, TypeGuard
from unittest import SkipTest

from ._exception_groups import add_note
from ._verdicts import CollectingVerdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from unittest import TestCase

    from ._case import AsyncTrioTestCase
    from ._verdicts import Verdict

__unittest = True
__hypothesistracebackhide__ = True  # what __unittest is for unittest

FOUND = "Found by @"  # how a note begins


class RunVerdict(CollectingVerdict):
    """The verdict of one run; it also stands in for unittest's outcome in its subtests.

    Attributes:
        success, expectedFailure, result, result_supports_subtests: What unittest's
            ``subTest`` reads of the outcome.
    """

    def __init__(self, case: AsyncTrioTestCase, outer: Verdict) -> None:
        super().__init__(case)
        self.stops_at_error = outer.stops_at_error
        self.success = True
        self.expectedFailure = None
        self._outer = outer
        self._told: list[tuple[TestCase | None, BaseException | None, bool]] = []
        self.result = outer.result
        self.result_supports_subtests = hasattr(self.result, "addSubTest")
        self._expected = False

    # --- To be told ---------------------------------------------------------------

    def expect(self, expected: bool) -> None:
        self._expected = expected

    def pass_on(self, error: BaseException, *, expected: bool) -> None:
        self._told.append((None, error, expected))

    def uncaptured(self) -> AbstractContextManager[TextIO | None]:
        return self._outer.uncaptured()

    def close(self) -> None:
        pass

    @contextmanager
    def testPartExecutor(self, part: TestCase, **_: object) -> Iterator[None]:
        """Do for a subtest what the outcome's own does, and keep what it would tell."""
        before, self.success = self.success, True
        try:
            yield
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            self.success = False
            self._told.append((part, error, self._expected))
        else:
            if part is not self._case and self.success:
                self._told.append((part, None, self._expected))
        finally:
            self.success = self.success and before

    # --- What it has come to ------------------------------------------------------

    @property
    def failed(self) -> bool:
        """Whether anything went wrong."""
        return any(_is_wrong(error) for _, error, _ in self._told)

    @property
    def skipped(self) -> bool:
        """Whether the test was skipped, and not just a subtest."""
        return any(
            part is None and error is not None and _is_skip(error)
            for part, error, _ in self._told
        )

    def tell_outer(self, note: str | None, all_expected: bool) -> None:
        """Tell all of it as the test's own; with a note to what has gone wrong."""
        for part, error, expected in self._told:
            if note is not None and _is_wrong(error):
                _replace_note(error, note)
            self._outer.tell_part(part, error, expected=expected or all_expected)
            del error
        self._told.clear()


def _replace_note(error: BaseException, note: str) -> None:
    """Add a note to ``error``, in place of that of another run which has raised it."""
    notes = getattr(error, "__notes__", None)
    if notes is not None:
        notes[:] = [each for each in notes if not each.startswith(FOUND)]
    add_note(error, note)


def _is_wrong(error: BaseException | None) -> TypeGuard[BaseException]:
    return error is not None and not _is_skip(error)


def _is_skip(error: BaseException) -> bool:
    """Return whether an error says that a test is skipped, in unittest or in pytest."""
    kinds = {f"{kind.__module__}.{kind.__name__}" for kind in type(error).__mro__}
    pytests = "_pytest.outcomes.OutcomeException" in kinds
    return isinstance(error, SkipTest) or (pytests and "builtins.Skipped" in kinds)
