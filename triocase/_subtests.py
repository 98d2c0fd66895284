"""``subTest`` that knows cancellation, Ctrl-C and groups.

unittest's own ``subTest`` reports whatever reaches it as the subtest's error and goes
on. For Trio that is wrong twice: a ``Cancelled`` must reach its scope, or a timeout
around the subtest never takes effect, and a ``KeyboardInterrupt`` in a group must
stop the run. So what passes through is taken out before unittest sees the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trio.lowlevel import enable_ki_protection

from ._exception_groups import CANCELLATION, partition, readable, split

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from types import TracebackType

    from ._case import AsyncTrioTestCase
    from ._findings import Findings
    from ._test_lifecycle import TestLifecycle

__unittest = True


class SubTest:
    """A context manager around unittest's own."""

    def __init__(
        self, case: AsyncTrioTestCase, context: AbstractContextManager[Any]
    ) -> None:
        self._case = case
        self._context = context

    # Both are protected: Ctrl-C and a time limit do not interrupt unittest in there.

    @enable_ki_protection
    def __enter__(self) -> None:
        self._context.__enter__()

    @enable_ki_protection
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        if error is None:
            return self._end(None)
        passing, rest = partition(error, *CANCELLATION, KeyboardInterrupt)
        try:
            if rest is None:
                # Nothing for unittest to report. A KeyboardInterrupt is the one
                # exception that it lets through and does not count.
                return self._end(KeyboardInterrupt())
            if passing is not None:
                # Should unittest end the test here, Ctrl-C still ends the run.
                self._findings.note_interrupt(split(passing).interrupt)
            if self._test.schedule is not None:
                self._test.schedule.subtest_failed(rest)
            self._findings.unawaited.claim(rest)
            self._test.cleanups.gather()  # a runner may pickle the test
            rest = readable(rest, self._case.failureException)
            shown = rest.__traceback__
            swallowed = self._end(rest)
            if swallowed:
                rest.with_traceback(shown)  # in no cycle with the frames of the telling
            if swallowed and passing is not None:
                raise passing
            return swallowed
        finally:
            del error, passing, rest  # this frame may be in their tracebacks: no cycle

    @property
    def _test(self) -> TestLifecycle:
        test = self._case._trioTest
        assert test is not None  # without a run nothing is caught, and nothing told
        return test

    @property
    def _findings(self) -> Findings:
        return self._test.findings

    def _end(self, error: BaseException | None) -> bool | None:
        """Leave unittest's context; note what it raises to end the test early."""
        try:
            if error is None:
                return self._context.__exit__(None, None, None)
            return self._context.__exit__(type(error), error, error.__traceback__)
        except BaseException as signal:
            self._findings.stop_signal = signal
            raise
        finally:
            del error
