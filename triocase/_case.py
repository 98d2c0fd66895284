"""``AsyncTrioTestCase``: the public methods, and the hooks of unittest.

unittest's own ``run`` stays in charge: it starts and stops the test, reads the
skip and expected-failure marks, and speaks to the ``TestResult``. The whole test, from
``setUp`` to the last cleanup, happens inside one of its hooks, ``_callTestMethod``; the
hooks before and after it have nothing left to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from trio import run as _trio_run

from ._arguments import finite
from ._assertions import AssertRaisesGroupContext, hint_at_groups
from ._attributes import ClockAttribute, NurseryAttribute, time_to_advance
from ._calls import base_hook, call_cleanup_outside
from ._class_case import ClassLevel
from ._class_open_close import in_class_run
from ._contexts import enter_async_context, enter_sync_context
from ._fixtures import reserve_names
from ._frameworks import give_marks, refuse_other_runner, unwrapped
from ._repeats import run_as_decorated
from ._subtests import SubTest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from contextlib import AbstractAsyncContextManager, AbstractContextManager
    from unittest import TestResult

    from trio import Nursery
    from trio.abc import Clock, Instrument
    from trio.testing import MockClock

    from ._assertions import Expected
    from ._cleanups import Cleanup
    from ._test_lifecycle import TestLifecycle

__unittest = True

P = ParamSpec("P")
E = TypeVar("E", bound=BaseException)
T = TypeVar("T")


@reserve_names
class AsyncTrioTestCase(ClassLevel):
    """Run ``async def`` tests on Trio, each in a Trio run of its own.

    The stages of a test run in one task: ``setUp``, ``asyncSetUp``, the test method,
    ``asyncTearDown``, ``tearDown``, then the cleanups, last in first out. Sync methods
    run inside the Trio run too. Then the nursery is cancelled. Fixtures, each in a task
    of its own, are set up before ``setUp`` and torn down as cleanups.

    Example:
        >>> import trio
        >>> from triocase import AsyncTrioTestCase
        >>> class TestChannel(AsyncTrioTestCase):
        ...     async def asyncSetUp(self):
        ...         self.send, self.receive = trio.open_memory_channel(0)
        ...
        ...     async def test_value_arrives(self):
        ...         self.nursery.start_soon(self.send.send, "hello")
        ...         self.assertEqual(await self.receive.receive(), "hello")
        >>> TestChannel("test_value_arrives").debug()

    .. versionadded:: 0.1
    """

    _trioTest: TestLifecycle | None = None
    _trioExamples: Callable[[Callable[[], Any]], None] | None = None
    _trioTakenCleanups: list[Cleanup] | None = None

    nursery: Nursery = NurseryAttribute()  # type: ignore[assignment]
    clock: MockClock = ClockAttribute()  # type: ignore[assignment]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        refuse_other_runner(cls, AsyncTrioTestCase)

    # --- For tests to override ----------------------------------------------------

    @base_hook
    async def asyncSetUp(self) -> None:
        """Set up the test; called after ``setUp``, in the test's task.

        An error here is the test's: neither the test nor a teardown runs, but the
        cleanups do. A crash in ``self.nursery`` meanwhile cancels it.
        """

    @base_hook
    async def asyncTearDown(self) -> None:
        """Tear the test down; called before ``tearDown``, in the test's task.

        It is called if the setup went well, also when the test failed or a background
        task crashed, and its awaits work then. ``tearDown`` and the cleanups follow,
        even if it fails.
        """

    @base_hook
    def runTrio(
        self,
        async_fn: Callable[[], Awaitable[object]],
        *,
        clock: Clock | None,
        instruments: Sequence[Instrument],
    ) -> object:
        """Open a Trio run, call ``async_fn`` in it, and return when it has ended.

        Called outside of Trio, once for each test that is not skipped. Override it to
        run tests on another host, such as ``qtrio.run``. Deadlocks are not looked for
        then, because a host may wake tasks unseen.

        Args:
            async_fn: All stages of the test; takes no arguments and raises nothing.
                A ``KeyboardInterrupt`` that the run itself raises must be let through.
            clock: For ``trio.run``. None: real time.
            instruments: For ``trio.run``.

        Returns:
            Anything; it is ignored.
        """
        return _trio_run(async_fn, clock=clock, instruments=instruments)

    # --- For tests to call --------------------------------------------------------

    def addAsyncCleanup(
        self,
        function: Callable[P, Awaitable[object]],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> None:
        """Add an async function to the cleanups, with its arguments.

        There is one list for sync and async cleanups; the last one runs first. They run
        in the test's task after ``tearDown``, or after a setup that failed.
        ``addCleanup`` takes async functions too.
        """
        self.addCleanup(function, *args, **kwargs)

    def enterContext(self, cm: AbstractContextManager[T]) -> T:
        """Enter a sync context manager, and leave it as a cleanup.

        It is entered in the caller's task and left in the test's. So a cancel scope may
        be entered in ``setUp``: with ``self.enterContext(trio.move_on_after(5))`` a
        test that takes longer is an ERROR that names the deadline. In a fixture, which
        has a task of its own, write ``with`` for a cancel scope.

        Returns:
            What ``with cm as`` would bind.

        Raises:
            TypeError: ``cm`` is not a sync context manager.
        """
        return enter_sync_context(self, cm)

    async def enterAsyncContext(self, cm: AbstractAsyncContextManager[T]) -> T:
        """Enter an async context manager, and leave it as a cleanup.

        The context lives in a task of its own. It may contain nurseries and cancel
        scopes; if one of its tasks crashes, the test's body is cancelled, and the
        context is left in its turn among the cleanups. A bare nursery,
        ``trio.open_nursery()``, is cancelled when its turn comes. Context variables
        that the context sets are seen by the test. (An ``AsyncExitStack`` stays in the
        caller's task, as what is entered into it does.)

        Returns:
            What ``async with cm as`` would bind.

        Raises:
            TypeError: ``cm`` is not an async context manager, or is a lock, which
                belongs to the task that acquires it: use ``async with``.
            RuntimeError: The test is not running, or its cleanups are over.
        """
        return await enter_async_context(self._trioTest, cm)

    async def doAsyncCleanups(self) -> bool:
        """Run all cleanups now, sync and async, the last that was added first.

        Call it in the test's own task. Errors are reported as those of cleanups are.

        Returns:
            Whether all cleanups went well.

        Raises:
            RuntimeError: It was called in a background task, in a fixture, or outside
                of the run.
        """
        test = self._trioTest
        if test is None:
            raise RuntimeError("doAsyncCleanups() works only while the test runs.")
        return await test.cleanups.run_async()

    def doCleanups(self) -> bool:  # type: ignore[override]  # as in unittest itself
        """Run all cleanups now, the last that was added first, as unittest does.

        Returns:
            Whether all cleanups went well.

        Raises:
            RuntimeError: One of them is async; it and those that were added before it
                wait for the end of the test, or for :meth:`doAsyncCleanups`.
        """
        if self._trioTest is not None:
            return self._trioTest.cleanups.run_sync()
        return bool(super().doCleanups())

    async def advanceClock(self, seconds: float) -> None:
        """Move virtual time forward, and let every timer on the way fire at its time.

        First all tasks run until they are blocked. Then time moves to the next deadline
        of any task, they run until they are blocked again, and so on. So a task that
        wakes up each second wakes up three times in ``advanceClock(3.5)``, where
        ``self.clock.jump(3.5)`` wakes it up once. Call it in any task of a test with a
        virtual clock. It does not wait for I/O or worker threads, which count as
        blocked.

        Args:
            seconds: Virtual seconds. 0 lets all tasks run until they are blocked.

        Raises:
            RuntimeError: The test runs on real time, or is not running.
            TypeError: ``seconds`` is no number.
            ValueError: ``seconds`` is negative, infinite or NaN.
        """
        time = time_to_advance(self)
        checked = finite(
            seconds, "advanceClock()", "virtual seconds", "await self.advanceClock(1.5)"
        )
        await time.advance(checked)

    def assertRaisesGroup(self, *expected: Expected[E]) -> AssertRaisesGroupContext[E]:
        """Expect the block to raise an exception group with exactly these leaves.

        Leaves are compared in any order, however the groups are nested, without
        ``trio.Cancelled``; ``KeyboardInterrupt`` and ``SkipTest`` pass through.

        Args:
            expected: For each leaf an exception type, or a pair of a type and a
                regular expression that ``re.search`` finds in ``str(leaf)``.

        Returns:
            A context manager whose ``exception`` is the group.

        Raises:
            TypeError: ``expected`` is empty or holds anything else.

        Example:
            >>> class TestGroup(AsyncTrioTestCase):
            ...     async def test_both_errors_arrive(self):
            ...         with self.assertRaisesGroup(KeyError, (ValueError, "bad")):
            ...             async with trio.open_nursery() as nursery:
            ...                 nursery.start_soon(self.lose_key)
            ...                 raise ValueError("bad value")
            ...
            ...     async def lose_key(self):
            ...         raise KeyError("name")
            >>> TestGroup("test_both_errors_arrive").debug()
        """
        return AssertRaisesGroupContext(self, expected)

    if not TYPE_CHECKING:  # pragma: no branch  # the types are unittest's

        def assertRaises(self, expected_exception, *args, **kwargs):
            assertion = super().assertRaises
            return hint_at_groups(assertion, expected_exception, args, kwargs)

        def assertRaisesRegex(self, expected_exception, *args, **kwargs):
            assertion = super().assertRaisesRegex
            return hint_at_groups(assertion, expected_exception, args, kwargs)

        def subTest(self, *args, **params):
            return SubTest(self, super().subTest(*args, **params))

    # --- unittest's own ways in ---------------------------------------------------

    def run(self, result: TestResult | None = None) -> TestResult | None:
        """Run the test outside of any Trio run, and tell ``result``, as unittest does.

        Returns:
            ``result``, or a new one if there is none.
        """
        give_marks(self)  # here, for unittest looks for them before it calls any hook
        return super().run(result)

    def _callSetUp(self) -> None:
        pass  # part of the Trio run, below

    def _callTestMethod(self, method: Callable[[], Any]) -> None:
        # All of the test happens here, because here unittest knows by itself whether
        # a failure is expected; the verdict tells it so for the body alone.
        in_class_run(self, lambda: run_as_decorated(self, unwrapped(method)))

    def _callTearDown(self) -> None:
        pass  # part of the Trio run, above

    def _callCleanup(
        self, function: Callable[..., object], /, *args: Any, **kwargs: Any
    ) -> None:
        if self._trioTakenCleanups is not None:
            self._trioTakenCleanups.append((function, args, kwargs))
        else:
            call_cleanup_outside(function, *args, **kwargs)

    def _trioTakeCleanups(self) -> list[Cleanup]:
        """Take all cleanups out of unittest's list; the last to be run comes first."""
        taken = self._trioTakenCleanups = []
        super().doCleanups()
        del self._trioTakenCleanups
        return taken[::-1]
