"""The Trio run of one class: opened before its first test, closed after its last.

What happens inside the run is in ``_class_lifecycle``; here are the ways to get into it
and out of it again. Each way ends with the run at rest or over.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, NoReturn

from trio.lowlevel import checkpoint, current_trio_token, spawn_system_task

from ._around_run import configure, is_reported, let_run, settle
from ._class_lifecycle import ClassLifecycle
from ._context_variables import changes
from ._guest import GuestRun, RealClock
from ._open_runs import open_runs
from ._options import options_of_class
from ._verdicts import ClassVerdict
from ._watchdog import RealTime, keep_for_ever

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context
    from unittest import TestCase

    from trio.abc import Clock, Instrument

    from ._guest import RestingTime
    from ._lifecycle import Lifecycle
    from ._test_lifecycle import TestLifecycle

__unittest = True
__hypothesistracebackhide__ = True  # what __unittest is for unittest


class ClassRun:
    """The Trio run of one class.

    Attributes:
        life: What is in the run.
    """

    _outer_context: Context  # that it was opened in

    def __init__(self, cls: type[TestCase]) -> None:
        """Prepare it.

        Raises:
            TypeError: Something is wrong with the class.
        """
        options = options_of_class(cls)
        self._cls = cls
        self._verdict = ClassVerdict(cls)
        self.life = ClassLifecycle(cls, self._verdict)
        self._clock: Clock
        self._instruments: tuple[Instrument, ...] = ()
        resting: RestingTime
        if options.clock is None:
            self._clock = resting = RealClock()
        else:
            from ._clock import VirtualTime  # late: see there

            time = self.life.time = resting = VirtualTime(options.clock)
            self._clock, self._instruments = time.clock, (time,)
        configure(self.life, options)
        self._guest = GuestRun(resting)
        self._where = _here()
        self._abandoned_in: str | None = None

    def open(self) -> None:
        """Open the run and set the class up.

        Raises:
            BaseException: What went wrong; the class is torn down then.
        """
        watch = self.life.findings.unawaited
        watch.start()
        self._outer_context = copy_context()
        open_runs[self._cls] = self
        try:
            try:
                self._guest.start(self.life.run, self._clock, self._instruments)
            except RuntimeError:  # there is another
                del open_runs[self._cls]
                raise
            self._go_on(self.life, lambda: None, until=self._is_at_rest)
        except BaseException:
            watch.stop()
            raise
        if not self._is_over():
            self.life.limit.listen_no_more()
            watch.stop()
        else:
            self._finish()

    def close(self) -> None:
        """Tear the class down and end the run.

        Raises:
            RuntimeError: It is called from inside the run, or in another thread.
            BaseException: What went wrong.
        """
        self.refuse_misuse()
        self._verdict.what = f"the teardown of {self._cls.__qualname__}"
        if not self._is_over():
            watch = self.life.findings.unawaited
            watch.start()
            try:
                self._go_on(self.life, self.life.end, until=lambda: False)
            except BaseException:
                watch.stop()
                raise
        self._finish()

    def run_test(self, test: TestLifecycle) -> None:
        """Run all stages of a test; if that ends with Ctrl-C, tear the class down.

        Raises:
            BaseException: Why the test has not been run to its end.
        """
        self.refuse_misuse()
        try:
            if self._can_run(test):
                self._serve(test)
        except KeyboardInterrupt as error:  # between the tests
            test.findings.note_interrupt(error)
        if test.findings.interrupts:
            self.close()

    def _serve(self, test: TestLifecycle) -> None:
        changed = changes(self._outer_context, copy_context())
        test.time = self.life.time
        test.case._trioTest = test
        try:
            begin = partial(self.life.serve, test, changed)
            self._go_on(test, begin, until=self._is_at_rest)
        finally:
            del test.case._trioTest
        if test.escalation.abandoned:
            self._abandoned_in = test.name
        elif not test.finished:
            self._raise_what_ended_it()

    def close_in_silence(self, deadline: float) -> None:
        """Tear the class down, and tell nobody; give up at a time of the real clock."""
        del open_runs[self._cls]
        with suppress(BaseException):
            self.refuse_misuse()
            # No thread can be started any more, so let the run never wait for one.
            spawn_system_task(_spin)
            self._guest.go_on(
                self.life.end, lambda: RealTime.now() > deadline, _give_up
            )
            if self._is_over():
                settle(self.life)
        # What could not be closed would complain when it is collected.
        keep_for_ever(self)

    def refuse_misuse(self) -> None:
        """Raise an error for a call that would not come back, or have no effect."""
        if self._where != _here():
            raise RuntimeError(
                f"the Trio run of {self._cls.__qualname__} was opened in another "
                f"thread. Run all tests of a class that is decorated with @shared_run "
                f"in one thread."
            )
        self._guest.refuse_nesting()

    @property
    def is_around(self) -> bool:
        """Whether this is called from inside the run."""
        return self._guest.running and self._where == _here()

    def _can_run(self, test: TestLifecycle) -> bool:
        """Return whether a test can run; if not, the first one is told a crash.

        Raises:
            RuntimeError: Why not, in other words.
        """
        cls, life = self._cls.__qualname__, self.life
        if self._abandoned_in is not None:
            raise RuntimeError(
                f"the Trio run of {cls} was abandoned, because {self._abandoned_in} "
                f"went on although it was cancelled. So this test was not run."
            )
        if life.untold:
            for error in life.untold:
                life.tell(test, error)
            life.untold.clear()
            return False
        if life.crash_error is not None:
            raise RuntimeError(
                f"a background task of {cls} has crashed before this test, which was "
                f"not run: {life.crash_error!r}"
            ) from life.crash_error
        if self._is_over():
            self._raise_what_ended_it()
        return True

    def _raise_what_ended_it(self) -> None:
        error = self._guest.error
        raise RuntimeError(
            f"the Trio run of {self._cls.__qualname__} has ended before this test had "
            f"run: {error!r}"
        ) from error

    def _go_on(
        self, life: Lifecycle, begin: Callable[[], object], until: Callable[[], bool]
    ) -> None:
        """Let the run go on until it has done what it was told, or is over."""

        def go_on() -> None:
            self._guest.go_on(begin, until, hear)

        def hear(error: BaseException) -> None:
            life.findings.add(error)
            current_trio_token().run_sync_soon(life.interrupt)

        let_run(life, go_on, self._is_over)

    def _is_at_rest(self) -> bool:
        return self.life.at_rest

    def _is_over(self) -> bool:
        return self._guest.outcome is not None

    def _finish(self) -> None:
        """Tell what went wrong, now that the run is over."""
        del open_runs[self._cls]
        life, findings = self.life, self.life.findings
        try:
            error = self._guest.error
            if error is not None and not is_reported(life, error):
                findings.add(error)
            settle(life)
        finally:
            life.limit.stop()
            findings.unawaited.stop()
        findings.tell()
        findings.raise_interrupt()
        self._verdict.close()


def _here() -> tuple[int, int]:
    return os.getpid(), threading.get_ident()


def _give_up(error: BaseException) -> NoReturn:
    raise error


async def _spin() -> None:
    while True:
        await checkpoint()
