"""Whom a test's errors are told: unittest, or the caller of ``debug()``."""

from __future__ import annotations

import sys
from contextlib import contextmanager, nullcontext
from traceback import format_exception_only
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from ._exception_groups import add_note, readable, without

if sys.version_info < (3, 11):
    from exceptiongroup import ExceptionGroup

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from unittest import TestCase

__unittest = True
__hypothesistracebackhide__ = True  # what __unittest is for unittest


class Verdict(Protocol):
    """Where the errors of a test go."""

    @property
    def stops_at_error(self) -> bool:
        """Whether the first error ends the test, but for its cleanups."""

    @property
    def result(self) -> Any:
        """The runner's ``TestResult``; None if there is none."""

    def expect(self, expected: bool) -> None:
        """Say whether an error now would be the one that the test expects."""

    def tell(self, error: BaseException, *, expected: bool = False) -> None:
        """Report an error: one that may be an expected failure, or any other."""

    def pass_on(self, error: BaseException, *, expected: bool) -> None:
        """Report an error as it is, which is readable already."""

    def tell_part(
        self, part: TestCase | None, error: BaseException | None, *, expected: bool
    ) -> None:
        """Report how a subtest has ended; or, for no ``part``, pass on an error."""

    def close(self) -> None:
        """Say that all has been told."""

    def uncaptured(self) -> AbstractContextManager[TextIO | None]:
        """Return a context in which the process's own stderr is open."""


class OutcomeVerdict:
    """Report through unittest's own outcome object.

    Its ``testPartExecutor`` knows how the Python at hand tells a ``TestResult`` about
    errors, skips and expected failures, and pytest reads the object on 3.10.
    """

    stops_at_error = False

    def __init__(self, case: TestCase, outcome: Any) -> None:
        self._case = case
        self._outcome = outcome
        self._failure_is_expected: bool = self._outcome.expecting_failure
        self.result = outcome.result

    def expect(self, expected: bool) -> None:
        self._outcome.expecting_failure = expected and self._failure_is_expected

    def tell(self, error: BaseException, *, expected: bool = False) -> None:
        error = readable(error, self._case.failureException)
        try:
            self.pass_on(error, expected=expected)
        finally:
            del error  # this frame is in its traceback: no cycle

    def pass_on(self, error: BaseException, *, expected: bool) -> None:
        self.tell_part(None, error, expected=expected)

    def tell_part(
        self, part: TestCase | None, error: BaseException | None, *, expected: bool
    ) -> None:
        outcome = self._outcome
        before = outcome.expecting_failure
        self.expect(expected)
        shown = None if error is None else error.__traceback__
        # Not raised in a `with`: reports that show every frame would show this one.
        # (The second argument has another name on 3.10.)
        executor = outcome.testPartExecutor(part or self._case, part is not None)
        executor.__enter__()
        try:
            executor.__exit__(None if error is None else type(error), error, shown)
        finally:
            outcome.expecting_failure = before
            # Without the frame of the telling, which holds the error: no cycle keeps
            # it, and with it whatever the test's frames hold.
            if error is not None:
                error.with_traceback(shown)
            del error, shown

    def close(self) -> None:
        pass

    @contextmanager
    def uncaptured(self) -> Iterator[TextIO | None]:
        # pytest's result is its item, which leads to the plugin that captures.
        try:
            plugins = self.result.config.pluginmanager
            disabled = plugins.getplugin("capturemanager").global_and_fixture_disabled()
        except Exception:  # another runner
            disabled = nullcontext()
        with disabled:
            yield sys.__stderr__


class CollectingVerdict:
    """Collect errors until all has been told."""

    result: Any = None

    def __init__(self, case: TestCase | type[TestCase]) -> None:
        self._case = case
        self._errors: list[BaseException] = []

    def expect(self, expected: bool) -> None:
        pass

    def tell(self, error: BaseException, *, expected: bool = False) -> None:
        error = readable(error, self._case.failureException)
        self.pass_on(error, expected=expected)

    def pass_on(self, error: BaseException, *, expected: bool) -> None:
        self._errors.append(error)

    def tell_part(
        self, part: TestCase | None, error: BaseException | None, *, expected: bool
    ) -> None:
        assert error is not None  # where there is no outcome, there are no subtests
        self.pass_on(error, expected=expected)

    def uncaptured(self) -> AbstractContextManager[TextIO | None]:
        return nullcontext(sys.__stderr__)


class DebugVerdict(CollectingVerdict):
    """Raise the first error bare, for ``debug()``."""

    stops_at_error = True

    def close(self) -> None:
        """Raise the first error, with a note for each that came after it."""
        if not self._errors:
            return
        first, *later = self._errors
        self._errors.clear()
        try:
            raise _with_notes(first, later)
        finally:
            del first, later


class _RaisingVerdict(CollectingVerdict):
    """Raise all errors at the end.

    Attributes:
        what: Where they come from, in the message of a group.
    """

    what: str

    def close(self) -> None:
        """Raise the one error, or a group of several."""
        errors = [error for error in self._errors if isinstance(error, Exception)]
        signals = [each for each in self._errors if not isinstance(each, Exception)]
        self._errors = []
        # pytest's and Hypothesis's signals are no Exceptions, and in a group neither
        # would know its own. Hypothesis's says that the example does not count. One of
        # pytest's may say that the test is skipped: an error beside it comes first.
        packages = [type(each).__module__.partition(".")[0] for each in signals]
        try:
            if signals and ("hypothesis" in packages or not errors):
                raise _with_notes(signals[0], [*signals[1:], *errors])
            if len(errors) > 1:
                several = ExceptionGroup(f"several errors in {self.what}", errors)
                raise _with_notes(several, signals)
            if errors:
                raise _with_notes(errors[0], signals)
        finally:
            del errors, signals  # this frame is in their tracebacks: no cycle


class ClassVerdict(_RaisingVerdict):
    """Raise all errors of the setup or the teardown of a class, where unittest asks.

    Attributes:
        told: What tests have been told already, which is not told again.
    """

    stops_at_error = False

    def __init__(self, cls: type[TestCase]) -> None:
        super().__init__(cls)
        self.what = f"the setup of {cls.__qualname__}"
        self.told: list[BaseException] = []

    def tell(self, error: BaseException, *, expected: bool = False) -> None:
        rest = without(error, self.told)
        if rest is not None:
            super().tell(rest, expected=expected)


class ExampleVerdict(_RaisingVerdict):
    """Raise all errors of one of Hypothesis's examples.

    Attributes:
        all_expected: Whether each of them may be an expected failure. unittest is told
            what Hypothesis makes of them.
    """

    what = "one example"

    def __init__(self, case: TestCase, outer: Verdict) -> None:
        super().__init__(case)
        self.stops_at_error = outer.stops_at_error
        self.all_expected = True
        self._outer = outer

    def pass_on(self, error: BaseException, *, expected: bool) -> None:
        super().pass_on(error, expected=expected)
        self.all_expected &= expected

    def uncaptured(self) -> AbstractContextManager[TextIO | None]:
        return self._outer.uncaptured()

    def tell_outer(self) -> None:
        """Tell the errors as the test's own: Hypothesis will not hear of them."""
        while self._errors:
            self._outer.tell(self._errors.pop(0))


def _with_notes(error: BaseException, others: list[BaseException]) -> BaseException:
    """Return ``error`` with a note for each of the others."""
    for other in others:
        text = "".join(format_exception_only(type(other), other))
        add_note(error, f"also in the same test: {text.strip()}")
    return error


# --- The only uses of _outcome, which unittest sets for the length of run() ----------


def verdict_for(case: TestCase) -> Verdict:
    """Return where the errors of ``case`` go; in ``debug()`` there is no outcome."""
    outcome = case._outcome  # type: ignore[attr-defined]
    return DebugVerdict(case) if outcome is None else OutcomeVerdict(case, outcome)


def replace_outcome(case: TestCase, stand_in: object) -> Any:
    """Put another object in the place of the outcome, if there is one; return that."""
    outcome = case._outcome  # type: ignore[attr-defined]
    if outcome is not None:
        case._outcome = stand_in  # type: ignore[attr-defined]
    return outcome
