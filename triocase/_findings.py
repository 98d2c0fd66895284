"""What went wrong in a test or a class: collected in order, then told."""

from __future__ import annotations

import sys
from collections import deque
from typing import TYPE_CHECKING
from unittest import SkipTest

from ._exception_groups import CANCELLATION, leaves, partition, split
from ._tracebacks import user_traceback
from ._unawaited import UnawaitedWatch

if sys.version_info < (3, 11):
    from exceptiongroup import BaseExceptionGroup

if TYPE_CHECKING:
    from ._verdicts import Verdict

__unittest = True


class Finding:
    """An error with its place in the order of events.

    A crash is felt before its error is known: then it is *pending* until the nursery
    or the context that lost a task has closed, and later errors wait behind it.

    Attributes:
        expected: Whether it may be the failure that the test expects.
        is_crash: Whether a background task or a context has raised it.
        pending: Whether the error is not known yet.
        error: What it is; None again once it has been told.
    """

    def __init__(self, *, expected: bool, is_crash: bool) -> None:
        self.expected = expected
        self.is_crash = is_crash
        self.pending = True
        self.error: BaseException | None = None

    def resolve(self, error: BaseException | None) -> None:
        """Say what the error is, or that there is none after all."""
        self.pending = False
        self.error = error


class Findings:
    """The errors, cancellations and interrupts of one test, or of one class.

    Any task may add to them. They are told to the verdict by the test's own task
    between its stages, and after the run, where no exception is being handled: what is
    raised while one is handled gets that as its context.

    Attributes:
        body_runs: Whether the test's body runs: an error now may be the expected one.
        interrupts: Each Ctrl-C that has reached the test.
        stop_signal: What unittest raised to end a test early at a failing subtest.
        unawaited: Looks for coroutines that are never awaited.
        trouble: Whether anything has gone wrong.
        expects_cancellation: Whether it is we who have cancelled the body, so that
            nothing is wrong with that.
    """

    expects_cancellation = False

    def __init__(self, verdict: Verdict, what: str) -> None:
        self.body_runs = False
        self.interrupts: list[KeyboardInterrupt] = []
        self.stop_signal: BaseException | None = None
        self.unawaited = UnawaitedWatch()
        self.trouble = False
        self._verdict = verdict
        self._what = what  # to call what they are of
        self._waiting: deque[Finding] = deque()
        self._cancelled: tuple[BaseException, bool] | None = None
        self._explained = False
        self._left_open: list[RuntimeError] = []

    # --- To add something ---------------------------------------------------------

    def add(self, error: BaseException) -> Finding:
        """Add an error. A Ctrl-C in it counts at once, whatever it waits behind."""
        self.note_interrupt(split(error).interrupt)
        finding = Finding(expected=self.body_runs, is_crash=False)
        rest: BaseException | None = error
        if self.body_runs and self.expects_cancellation:
            rest = partition(error, *CANCELLATION)[1]
        if rest is not None:
            self.append(finding)
        finding.resolve(rest)
        return finding

    def add_crash(self) -> Finding:
        """Add an error that is not known yet; whoever adds it must resolve it."""
        return self.append(Finding(expected=self.body_runs, is_crash=True))

    def append(self, finding: Finding) -> Finding:
        """Add one that has its place here; return it."""
        self._waiting.append(finding)
        self.trouble = True
        return finding

    def add_left_open(self, descriptions: list[str], by: str, advice: str) -> None:
        """Add what ``by`` entered by hand and never left."""
        for left in descriptions:
            self._left_open.append(RuntimeError(f"{by} left {left} open. {advice}"))

    def note_interrupt(self, error: BaseException | None) -> None:
        """Count a Ctrl-C, once, and each that came while it was being handled."""
        while isinstance(error, KeyboardInterrupt) and error not in self.interrupts:
            self.interrupts.append(error)
            error = error.__context__

    # --- To tell it ---------------------------------------------------------------

    @property
    def stopping(self) -> bool:
        """Whether nothing but the cleanups is to follow."""
        return bool(self.interrupts or (self._verdict.stops_at_error and self.trouble))

    def expect_failure(self, expected: bool) -> None:
        """Say whether the test's body runs, which may be expected to fail."""
        self.body_runs = expected
        self._verdict.expect(expected)

    def tell(self) -> None:
        """Tell what is known, in order, up to a crash whose error is not known."""
        if self.unawaited.found:
            self.trouble = True
            for warning in self.unawaited.take():
                self._verdict.tell(warning)  # never expected: something has not run
        while self._waiting and not self._waiting[0].pending:
            finding = self._waiting.popleft()
            if finding.error is not None:
                self._tell_one(finding, finding.error)
                finding.error = None

    def _tell_one(self, finding: Finding, error: BaseException) -> None:
        interrupt, cancelled, rest = split(error)
        self.note_interrupt(interrupt)
        if cancelled is not None and self._cancelled is None:
            self._cancelled = cancelled, finding.expected
        if isinstance(rest, BaseExceptionGroup) and self.stop_signal is not None:
            # unittest's signal to itself; beside a real error it has been heard.
            rest = partition(rest, type(self.stop_signal))[1] or self.stop_signal
        try:
            if rest is not None:
                # A skip explains a cancelled test only where it is what cancelled it.
                skip = all(isinstance(leaf, SkipTest) for leaf in leaves(rest))
                self._explained |= finding.is_crash or not skip
                self.unawaited.claim(rest)
                self._verdict.tell(rest, expected=finding.expected)
        finally:
            del error, rest  # this frame is in their tracebacks: no cycle

    def tell_the_rest(self) -> None:
        """Tell what can be judged only when the run has ended."""
        for finding in self._waiting:
            finding.pending = False
        self.tell()
        if self.unawaited.claimed:
            self.unawaited.release()
            self.tell()
        if self._cancelled is not None and not (self._explained or self.interrupts):
            self._tell_cancellation(*self._cancelled)
        self._cancelled = None  # its frames hold the test
        if not self.stopping:  # else it is we who have left the teardown out
            for error in self._left_open:
                self._verdict.tell(error)

    def raise_interrupt(self) -> None:
        """Raise the first Ctrl-C, if there was one."""
        if self.interrupts:
            try:
                raise self.interrupts[0]
            finally:
                self.interrupts.clear()

    def _tell_cancellation(self, cancelled: BaseException, expected: bool) -> None:
        error = RuntimeError(
            f"{self._what} was cancelled, and nothing raised an error: {cancelled}. "
            f"What was cancelled has not been tested."
        )
        self._verdict.tell(
            error.with_traceback(user_traceback(cancelled)), expected=expected
        )
