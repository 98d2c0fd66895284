"""What ``cancellation_sweep`` finds, what it tells of it, and how that is run again."""

from __future__ import annotations

import contextlib
import re
import unittest
from collections.abc import AsyncIterator, Callable
from typing import Any
from unittest import mock

import trio
import trio.lowlevel
import trio.testing

from triocase import (
    AsyncTrioTestCase,
    _schedules,
    autojump_clock,
    cancellation_sweep,
    deadlock_check,
    explore_schedules,
    fixture,
    mock_clock,
    real_clock,
    time_limit,
)

from . import harness
from .explored import Folder, command_in, few_steps, readable, replaying
from .harness import (
    debug_error,
    impatient,
    plain,
    run,
    stray_cancelled,
    told,
)

ADVICE = (
    "Write `raise` at the end of the `except` that catches it, so that it reaches its "
    "scope."
)


def report(case: type[unittest.TestCase]) -> str:
    """Return the one report of a test, the same on every machine and at every line."""
    return readable(harness.report(case))


def command_for(case: type[Any], point: int | None = None) -> str:
    """Return the command that runs a test again, with seed 1."""
    at = "" if point is None else f"TRIOCASE_POINT={point} "
    test = f"{case.__module__}.{case.__qualname__}.test"
    return f"TRIOCASE_SEED=1 {at}python -m unittest '{test}'"


class Counted(AsyncTrioTestCase):
    """A class that counts the runs of its tests."""

    runs = 0

    def setUp(self) -> None:
        type(self).runs += 1


class TestFails(unittest.TestCase):
    """A run fails for anything but Cancelled, and for what it leaves broken."""

    maxDiff = None

    def check(self, case: type[Any], *expected: str, point: str) -> None:
        """Check what is told of a test, and at which point it was found."""
        result = run(case)
        told = [
            re.sub(r"'Test\S+>\.Inner\.", "'…", plain(text)) for text in result.told
        ]
        self.assertEqual(told, list(expected))
        for text in result.texts:
            self.assertIn(f"Found by @cancellation_sweep {point}, with seed ", text)

    def test_raised_in_a_finally(self) -> None:
        """It raises another error as it is cancelled."""

        class Inner(AsyncTrioTestCase):
            @cancellation_sweep
            async def test(self) -> None:
                rows: dict[str, int] = {}
                try:
                    await trio.sleep(1)
                    rows["a"] = 1
                    await trio.sleep(1)
                finally:
                    del rows["a"]

        self.check(Inner, "ERROR KeyError: 'a'", point="at point 0 of 2")

    def test_raised_in_an_except(self) -> None:
        """It raises another error in place of Cancelled."""

        class Inner(AsyncTrioTestCase):
            @cancellation_sweep
            async def test(self) -> None:
                await trio.sleep(1)
                try:
                    await trio.sleep(1)
                except trio.Cancelled as cancelled:
                    raise OSError("lost") from cancelled

        self.check(Inner, "ERROR OSError: lost", point="at point 2 of 2")

    def test_failure(self) -> None:
        """An assertion that fails is a FAIL."""

        class Inner(AsyncTrioTestCase):
            @cancellation_sweep
            async def test(self) -> None:
                done = False
                try:
                    await trio.sleep(1)
                    done = True
                finally:
                    self.assertTrue(done)

        self.check(
            Inner, "FAIL AssertionError: False is not true", point="at point 0 of 1"
        )

    def test_raised_by_a_child(self) -> None:
        """A child raises another error, beside the Cancelled of others."""

        class Inner(AsyncTrioTestCase):
            async def child(self) -> None:
                await trio.sleep(1)
                try:
                    await trio.sleep(1)
                except trio.Cancelled:
                    raise OSError("lost") from None

            @cancellation_sweep(seed=1)
            async def test(self) -> None:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self.child)
                    nursery.start_soon(trio.sleep, 5)

        self.check(Inner, "ERROR OSError: lost", point="at point 4 of 4")

    def test_in_the_background(self) -> None:
        """A background task crashes because the body has gone."""

        class Inner(AsyncTrioTestCase):
            open = True

            async def background(self) -> None:
                await trio.sleep(1)
                if not self.open:
                    raise OSError("closed")

            @cancellation_sweep(seed=1)
            async def test(self) -> None:
                self.nursery.start_soon(self.background)
                try:
                    await trio.sleep(2)
                except trio.Cancelled:
                    self.open = False
                    raise

            async def asyncTearDown(self) -> None:
                await trio.sleep(2)

        self.check(Inner, "ERROR OSError: closed", point="at point 0 of 2")

    def test_teardown(self) -> None:
        """The teardown, a cleanup or a fixture finds a broken invariant."""

        class Base(AsyncTrioTestCase):
            def setUp(self) -> None:
                self.free = 1

            async def check(self) -> None:
                await trio.sleep(1)
                self.assertEqual(self.free, 1)

            @cancellation_sweep
            async def test(self) -> None:
                self.free -= 1
                await trio.sleep(1)
                self.free += 1

        class TearDown(Base):
            def tearDown(self) -> None:
                self.assertEqual(self.free, 1)

        class AsyncTearDown(Base):
            async def asyncTearDown(self) -> None:
                await self.check()

        class Cleanup(Base):
            def setUp(self) -> None:
                super().setUp()
                self.addCleanup(self.check)

        class Fixture(Base):
            @fixture
            async def value(self) -> AsyncIterator[None]:
                yield
                await self.check()

        class Context(Base):
            @contextlib.asynccontextmanager
            async def context(self) -> AsyncIterator[None]:
                yield
                await self.check()

            async def asyncSetUp(self) -> None:
                await self.enterAsyncContext(self.context())

        for case in [TearDown, AsyncTearDown, Cleanup, Fixture, Context]:
            with self.subTest(case.__name__):
                self.check(case, "FAIL AssertionError: 0 != 1", point="at point 0 of 1")

    def test_several(self) -> None:
        """All that goes wrong in that run is told, and each has the same note."""

        class Inner(AsyncTrioTestCase):
            @cancellation_sweep
            async def test(self) -> None:
                try:
                    await trio.sleep(1)
                except trio.Cancelled:
                    self.addCleanup(self.fail, "cleanup")
                    raise ValueError("body") from None

        self.check(
            Inner,
            "ERROR ValueError: body",
            "FAIL AssertionError: cleanup",
            point="at point 0 of 1",
        )

    def test_unawaited(self) -> None:
        """A coroutine that nobody awaits because of the cancellation."""

        class Inner(AsyncTrioTestCase):
            @cancellation_sweep
            async def test(self) -> None:
                await trio.sleep(1)
                coroutine = self.work()
                await trio.sleep(1)
                await coroutine

            async def work(self) -> None:
                await trio.sleep(1)

        self.check(
            Inner,
            "ERROR RuntimeWarning: coroutine '…work' was never awaited. Write `await` "
            "before the call.",
            point="at point 2 of 3",
        )

    def test_first_failure_is_the_verdict(self) -> None:
        """No run follows the first that fails."""

        class Inner(Counted):
            @cancellation_sweep
            async def test(self) -> None:
                for _ in range(3):
                    await trio.sleep(1)
                with self.assertRaises(AssertionError):
                    await trio.sleep(1)
                    self.fail()
                for _ in range(3):
                    await trio.sleep(1)

            def tearDown(self) -> None:
                self.assertNotEqual(self.runs, 4)

        self.check(Inner, "FAIL AssertionError: 4 == 4", point="at point 2 of 7")
        self.assertEqual(Inner.runs, 4)

    def test_before_any_cancellation(self) -> None:
        """A test that fails without one is not swept."""

        class Inner(Counted):
            @cancellation_sweep
            async def test(self) -> None:
                await trio.sleep(1)
                self.fail("broken")

        self.check(
            Inner, "FAIL AssertionError: broken", point="before any cancellation"
        )
        self.assertEqual(Inner.runs, 1)

    def test_cancelled_of_someone_else(self) -> None:
        """A Cancelled in the teardown that is not the sweep's is an error as ever."""

        class Inner(AsyncTrioTestCase):
            done = False

            @cancellation_sweep
            async def test(self) -> None:
                await trio.sleep(1)
                self.done = True

            async def asyncTearDown(self) -> None:
                if not self.done:
                    await stray_cancelled()

        self.check(
            Inner,
            "ERROR RuntimeError: the test was cancelled, and nothing raised an error: "
            "cancelled due to explicit from task "
            "<Task 'triocase._lifecycle.Lifecycle.run' at 0x>. What was cancelled has "
            "not been tested.",
            point="at point 0 of 1",
        )

    def test_open_nursery(self) -> None:
        """What the cancelled body has left open by hand is told."""

        class Inner(AsyncTrioTestCase):
            @cancellation_sweep
            async def test(self) -> None:
                opened = trio.open_nursery()
                await opened.__aenter__()
                await trio.sleep(1)
                await opened.__aexit__(None, None, None)

        self.check(
            Inner,
            f"ERROR RuntimeError: The method of {Inner('test')} left <trio.Nursery "
            f"object at 0x> (without tasks) open. What is entered by hand in the test method must be left "
            f"there: write `with` or `async with`. For a nursery to outlive the "
            f"method, write `await self.enterAsyncContext(trio.open_nursery())`; enter "
            f"a cancel scope in setUp.",
            point="at point 0 of 1",
        )


class TestSwallowed(unittest.TestCase):
    """A task that swallows Cancelled fails the test."""

    maxDiff = None

    def test_in_the_body(self) -> None:
        """The body goes on to its end, whatever it has swallowed it with. Told once."""

        class Inner(AsyncTrioTestCase):
            @cancellation_sweep
            async def test_except(self) -> None:
                try:
                    await trio.sleep(1)
                except trio.Cancelled:
                    pass

            @cancellation_sweep
            async def test_base_exception(self) -> None:
                try:
                    await trio.sleep(1)
                except BaseException:
                    return

            @cancellation_sweep
            async def test_suppress(self) -> None:
                with contextlib.suppress(trio.Cancelled):
                    await trio.sleep(1)

            @cancellation_sweep
            async def test_several_times(self) -> None:
                for _ in range(3):
                    with contextlib.suppress(trio.Cancelled):
                        await trio.sleep(1)

            @cancellation_sweep
            async def test_shielded_end(self) -> None:
                with contextlib.suppress(trio.Cancelled):
                    await trio.sleep(1)
                with trio.CancelScope(shield=True):
                    await trio.sleep(1)

            @cancellation_sweep
            async def test_in_a_scope(self) -> None:
                with trio.move_on_after(5):
                    with contextlib.suppress(trio.Cancelled):
                        await trio.sleep(1)

        for name in unittest.defaultTestLoader.getTestCaseNames(Inner):
            with self.subTest(name):
                result = run(Inner, name)
                self.assertEqual(
                    result.told,
                    [
                        f"ERROR RuntimeError: the test was cancelled here, and "
                        f"swallowed Cancelled. {ADVICE}"
                    ],
                )
                self.assertIn("at point 0 of ", result.texts[0])

    def test_before_the_next_one(self) -> None:
        """It is told of one that it swallows though it meets another, and raises that."""

        class Inner(AsyncTrioTestCase):
            async def swallow(self) -> None:
                with contextlib.suppress(trio.Cancelled):
                    await trio.sleep(1)
                await trio.sleep(2)

            @cancellation_sweep
            async def test(self) -> None:
                await self.swallow()

            @cancellation_sweep
            async def test_child(self) -> None:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self.swallow)

        for name, who in [("test", "the test"), ("test_child", "the task 'swallow'")]:
            with self.subTest(name):
                result = run(Inner, name)
                self.assertEqual(
                    result.told,
                    [
                        f"ERROR RuntimeError: {who} was cancelled here, and swallowed "
                        f"Cancelled. {ADVICE}"
                    ],
                )
                (text,) = result.texts
                self.assertIn(
                    "in swallow\n    await trio.sleep(1)\nRuntimeError: ", text
                )
                self.assertIn("at point 0 of ", text)

    def test_from_a_nursery(self) -> None:
        """The body swallows it where it comes from a nursery, with that of a child."""

        class Inner(AsyncTrioTestCase):
            async def child(self) -> None:
                await trio.sleep(1)

            @cancellation_sweep
            async def test(self) -> None:
                with contextlib.suppress(BaseException):
                    async with trio.open_nursery() as nursery:
                        nursery.start_soon(self.child)

            @cancellation_sweep
            async def test_child(self) -> None:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self.swallow)

            async def swallow(self) -> None:
                with contextlib.suppress(BaseException):
                    async with trio.open_nursery() as nursery:
                        nursery.start_soon(self.child)

        for name, who in [("test", "the test"), ("test_child", "the task 'swallow'")]:
            with self.subTest(name):
                self.assertEqual(
                    told(Inner, name),
                    [
                        f"ERROR RuntimeError: {who} was cancelled here, and swallowed "
                        f"Cancelled. {ADVICE}"
                    ],
                )

    def test_only_at_a_later_point(self) -> None:
        """It is told of the last Cancelled that it got, with the line."""

        class Inner(AsyncTrioTestCase):
            @cancellation_sweep(seed=1)
            async def test(self) -> None:
                await trio.sleep(1)
                with contextlib.suppress(trio.Cancelled):
                    await trio.sleep(2)

        self.assertEqual(
            report(Inner),
            f"""\
Traceback (most recent call last):
  File "test_sweep.py", line N, in test
    await trio.sleep(2)
RuntimeError: the test was cancelled here, and swallowed Cancelled. {ADVICE}
Found by @cancellation_sweep at point 2 of 2, with seed 1. Cancelled was raised in the \
test:

  File "test_sweep.py", line N, in test
    await trio.sleep(2)

To run just that again:

    {command_for(Inner, 2)}

The last steps before it (virtual seconds, the task, where it waits then):

    0  the test  test_sweep.py:N  await trio.sleep(1)
    1  the test  test_sweep.py:N  await trio.sleep(2)
    1  the test  fails
""",
        )

    def test_in_a_child(self) -> None:
        """A child ends as if nothing had happened, although the body is cancelled."""

        class Inner(AsyncTrioTestCase):
            async def child(self) -> None:
                with contextlib.suppress(trio.Cancelled):
                    await trio.sleep(3)

            @cancellation_sweep(seed=1)
            async def test(self) -> None:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self.child)

        self.assertEqual(
            report(Inner),
            f"""\
Traceback (most recent call last):
  File "test_sweep.py", line N, in child
    await trio.sleep(3)
RuntimeError: the task 'child' was cancelled here, and swallowed Cancelled. {ADVICE}
Found by @cancellation_sweep at point 0 of 2, with seed 1. Cancelled was raised in \
child:

  File "test_sweep.py", line N, in child
    await trio.sleep(3)

To run just that again:

    {command_for(Inner, 0)}

The last steps before it (virtual seconds, the task, where it waits then):

    0  the test  test_sweep.py:N  async with trio.open_nursery() as nursery:
    0  child     test_sweep.py:N  await trio.sleep(3)
    0  child     ends
""",
        )

    def test_kinds_of_children(self) -> None:
        """At any depth, started in whatever way."""

        async def swallow(task_status: Any = trio.TASK_STATUS_IGNORED) -> None:
            task_status.started()
            with contextlib.suppress(trio.Cancelled):
                await trio.sleep(3)

        async def nested() -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(swallow)

        class Inner(AsyncTrioTestCase):
            @cancellation_sweep
            async def test_nested(self) -> None:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(nested)

            @cancellation_sweep
            async def test_started(self) -> None:
                async with trio.open_nursery() as nursery:
                    await nursery.start(swallow)

        for name in ["test_nested", "test_started"]:
            with self.subTest(name):
                self.assertEqual(
                    told(Inner, name),
                    [
                        f"ERROR RuntimeError: the task 'swallow' was cancelled here, "
                        f"and swallowed Cancelled. {ADVICE}"
                    ],
                )

    def test_before_the_child_has_started(self) -> None:
        """A child that ends before ``started()`` has Trio's own error beside it."""

        async def child(task_status: trio.TaskStatus[None]) -> None:
            with contextlib.suppress(trio.Cancelled):
                await trio.sleep(1)
                task_status.started()

        class Inner(AsyncTrioTestCase):
            @cancellation_sweep
            async def test(self) -> None:
                async with trio.open_nursery() as nursery:
                    await nursery.start(child)

        self.assertEqual(
            told(Inner),
            [
                f"ERROR RuntimeError: the task 'child' was cancelled here, and "
                f"swallowed Cancelled. {ADVICE}",
                "ERROR RuntimeError: child exited without calling "
                "task_status.started()",
            ],
        )

    def test_name_of_a_child(self) -> None:
        """Whatever the child is called."""

        async def child() -> None:
            with contextlib.suppress(trio.Cancelled):
                await trio.sleep(3)

        for name in ["<worker>", "", "triocase.worker", "a worker", 3]:

            class Inner(AsyncTrioTestCase):
                called = name

                @cancellation_sweep
                async def test(self) -> None:
                    async with trio.open_nursery() as nursery:
                        nursery.start_soon(child, name=self.called)

            with self.subTest(name):
                (text,) = told(Inner)
                self.assertRegex(
                    text,
                    r"^ERROR RuntimeError: the task '.*' was cancelled here, and "
                    r"swallowed Cancelled\. ",
                )

    def test_callable_object(self) -> None:
        """Or where it is no function."""

        class Worker:
            async def __call__(self) -> None:
                with contextlib.suppress(trio.Cancelled):
                    await trio.sleep(3)

        class Inner(AsyncTrioTestCase):
            @cancellation_sweep
            async def test(self) -> None:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(Worker())

        (text,) = told(Inner)
        self.assertRegex(text, r"the task '.*' was cancelled here, and swallowed Canc")


class TestNotSwallowed(unittest.TestCase):
    """What treats Cancelled well passes, at each of its points."""

    def check(
        self, body: Callable[[Any], Any], parent: type[Any] = AsyncTrioTestCase
    ) -> None:
        class Inner(parent):  # type: ignore[misc]
            @cancellation_sweep
            async def test(self) -> None:
                await body(self)

        result = run(Inner)
        self.assertEqual(result.told, ["pass"], result.texts)

    def test_not_met(self) -> None:
        """A body that ends without meeting it, or that cannot be interrupted."""

        async def no_await(case: Any) -> None:
            pass

        async def shielded(case: Any) -> None:
            with trio.CancelScope(shield=True):
                await trio.sleep(1)

        async def thread(case: Any) -> None:
            await trio.to_thread.run_sync(lambda: None)

        for body in [no_await, shielded, thread]:
            with self.subTest(body.__name__):
                self.check(body)

    def test_inner_scopes(self) -> None:
        """A timeout inside the body, whether it takes effect or not."""

        async def body(case: Any) -> None:
            with trio.move_on_after(1):
                await trio.sleep(5)
            with trio.move_on_after(5):
                await trio.sleep(1)
            with trio.fail_after(5):
                await trio.sleep(1)
            with contextlib.suppress(trio.TooSlowError):
                with trio.fail_after(1):
                    await trio.sleep(5)
            with trio.CancelScope() as scope:
                scope.cancel()
                await trio.sleep(1)

        self.check(body)

    def test_clean_up(self) -> None:
        """A shielded clean-up, after which Cancelled goes on."""

        async def finally_(case: Any) -> None:
            try:
                await trio.sleep(1)
            finally:
                with trio.CancelScope(shield=True):
                    await trio.sleep(1)

        async def except_(case: Any) -> None:
            try:
                await trio.sleep(1)
            except trio.Cancelled:
                with trio.CancelScope(shield=True):
                    await trio.sleep(1)
                raise

        async def timed(case: Any) -> None:
            try:
                with trio.fail_after(2):
                    await trio.sleep(1)
            finally:
                with trio.move_on_after(5, shield=True):
                    await trio.sleep(3)

        for body in [finally_, except_, timed]:
            with self.subTest(body.__name__):
                self.check(body)

                async def child(case: Any, body: Any = body) -> None:
                    async with trio.open_nursery() as nursery:
                        nursery.start_soon(body, case)

                self.check(child)

    def test_another_cancelled(self) -> None:
        """Code that catches one and lets a later one through."""

        async def body(case: Any) -> None:
            try:
                await trio.sleep(1)
            except trio.Cancelled:
                await trio.lowlevel.checkpoint()

        async def child(case: Any) -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(body, case)

        self.check(body)
        self.check(child)

    def test_another_cancelled_in_a_clean_up(self) -> None:
        """A clean-up that is not shielded, whose own Cancelled comes in its place."""

        async def body(case: Any) -> None:
            try:
                await trio.sleep(1)
            finally:
                await trio.sleep(2)

        async def child(case: Any) -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(body, case)

        self.check(body)
        self.check(child)

    @unittest.skipUnless(hasattr(trio, "as_safe_channel"), "this Trio has none")
    def test_safe_channel(self) -> None:
        """An async generator that is a channel: it has a task, and Trio ends that."""

        @trio.as_safe_channel  # type: ignore[attr-defined,untyped-decorator,unused-ignore]
        async def numbers() -> AsyncIterator[int]:
            for number in range(3):
                await trio.sleep(1)
                yield number

        async def body(case: Any) -> None:
            async with numbers() as channel:
                async for _ in channel:
                    await trio.sleep(1)

        async def child(case: Any) -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(body, case)

        self.check(body)
        self.check(child)

    def test_raised_elsewhere(self) -> None:
        """Code that catches it, and raises it where it is asked for the result."""

        async def body(case: Any) -> None:
            caught: list[BaseException] = []
            try:
                await trio.sleep(1)
            except trio.Cancelled as cancelled:
                caught.append(cancelled)
            with trio.CancelScope(shield=True):
                await trio.sleep(1)
            if caught:
                raise caught.pop()

        async def child(case: Any) -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(body, case)

        self.check(body)
        self.check(child)

    def test_nurseries(self) -> None:
        """Nurseries in nurseries, with several tasks, from which it comes in a group."""

        async def nested(depth: int) -> None:
            if depth:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(nested, depth - 1)
                    nursery.start_soon(nested, depth - 1)
            await trio.sleep(1)

        async def body(case: Any) -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(nested, 2)
                await trio.sleep(1)
                nursery.start_soon(trio.sleep, 1)

        self.check(body)

    def test_nursery_that_is_cancelled(self) -> None:
        """A nursery that the body cancels, and whose tasks end for that."""

        async def body(case: Any) -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(trio.sleep_forever)
                nursery.start_soon(trio.sleep_forever)
                await trio.sleep(1)
                nursery.cancel_scope.cancel()
            await trio.sleep(1)

        self.check(body)

    def test_nursery_start(self) -> None:
        """A task that is being started, in a nursery of the body or the test's."""

        async def child(task_status: trio.TaskStatus[None]) -> None:
            await trio.sleep(1)
            task_status.started()
            await trio.sleep_forever()

        async def body(case: Any) -> None:
            async with trio.open_nursery() as nursery:
                await nursery.start(child)
                await trio.sleep(1)
                nursery.cancel_scope.cancel()

        async def background(case: Any) -> None:
            await case.nursery.start(child)
            await trio.sleep(1)

        self.check(body)
        self.check(background)

    def test_contexts(self) -> None:
        """Contexts that are entered in the body, and their tasks."""

        @contextlib.asynccontextmanager
        async def context() -> AsyncIterator[None]:
            await trio.sleep(1)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(trio.sleep_forever)
                await trio.sleep(1)
                try:
                    yield
                finally:
                    nursery.cancel_scope.cancel()

        async def body(case: Any) -> None:
            await case.enterAsyncContext(context())
            nursery = await case.enterAsyncContext(trio.open_nursery())
            nursery.start_soon(trio.sleep_forever)
            async with context():
                await trio.sleep(1)

        self.check(body)

    def test_methods_of_the_test(self) -> None:
        """What the base class itself offers, in the body or in a child of it."""

        @contextlib.asynccontextmanager
        async def context() -> AsyncIterator[None]:
            await trio.sleep(1)
            yield

        async def clean(case: Any) -> None:
            await trio.sleep(1)

        async def body(case: Any) -> None:
            case.addAsyncCleanup(clean, case)
            await case.advanceClock(1)
            await case.enterAsyncContext(context())
            await case.doAsyncCleanups()

        async def child(case: Any) -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(case.advanceClock, 1)
                nursery.start_soon(case.enterAsyncContext, context())

        self.check(body)
        self.check(child)

    def test_threads(self) -> None:
        """Worker threads, also such as are abandoned or that call into the run."""

        def call_back() -> None:
            trio.from_thread.run(trio.sleep, 0)
            trio.from_thread.check_cancelled()

        async def body(case: Any) -> None:
            await trio.to_thread.run_sync(lambda: None)
            await trio.to_thread.run_sync(lambda: None, abandon_on_cancel=True)
            await trio.to_thread.run_sync(call_back)

        self.check(body)

    def test_primitives(self) -> None:
        """Trio's own primitives, which clean up after themselves."""

        async def waiter(case: Any) -> None:
            async with case.condition:
                await case.condition.wait()

        async def consumer(case: Any) -> None:
            async with case.receive:
                async for _ in case.receive:
                    pass

        async def reader(case: Any, stream: trio.abc.ReceiveStream) -> None:
            async with stream:
                async for _ in stream:
                    pass

        async def body(case: Any) -> None:
            case.condition = trio.Condition()
            send, case.receive = trio.open_memory_channel[int](0)
            left, right = trio.testing.memory_stream_pair()
            async with trio.open_nursery() as nursery, send, left:
                nursery.start_soon(waiter, case)
                nursery.start_soon(consumer, case)
                nursery.start_soon(reader, case, right)
                for number in range(2):
                    await send.send(number)
                    await left.send_all(b"x")
                await trio.testing.wait_all_tasks_blocked()
                async with case.condition:
                    case.condition.notify()
                await send.aclose()
                await left.aclose()

        self.check(body)

    def test_task_that_no_task_starts(self) -> None:
        """One that is started as a deadline fires, where no task runs."""
        started: list[int] = []

        async def body(case: Any) -> None:
            async def late() -> None:
                started.append(1)

            async with trio.open_nursery() as nursery:

                def abort(_: object) -> trio.lowlevel.Abort:
                    nursery.start_soon(late)
                    return trio.lowlevel.Abort.SUCCEEDED

                with trio.move_on_after(1):
                    await trio.lowlevel.wait_task_rescheduled(abort)

        self.check(body)
        self.assertGreaterEqual(len(started), 1)

    def test_test_nursery(self) -> None:
        """A body that cancels ``self.nursery`` goes on, and so does the sweep."""
        events: list[str] = []

        async def body(case: Any) -> None:
            case.nursery.start_soon(trio.sleep_forever)
            await trio.sleep(1)
            case.nursery.cancel_scope.cancel()
            await trio.sleep(1)
            events.append("the end")

        self.check(body)
        self.assertEqual(events, ["the end"])


class TestStuck(unittest.TestCase):
    """A run that does not end fails, as it does without a sweep."""

    maxDiff = None

    def test_deadlock_in_the_teardown(self) -> None:
        """The teardown waits for what the cancelled body has never done."""

        class Inner(AsyncTrioTestCase):
            async def asyncSetUp(self) -> None:
                self.done = trio.Event()

            async def asyncTearDown(self) -> None:
                await self.done.wait()

            @cancellation_sweep(seed=1)
            async def test(self) -> None:
                await trio.sleep(1)
                self.done.set()

        self.assertEqual(
            re.sub(
                r"tests\.test_sweep\.\S+\.(?=test \(the test\))", "…", report(Inner)
            ),
            f"""\
Traceback (most recent call last):
  File "test_sweep.py", line N, in asyncTearDown
    await self.done.wait()
triocase.DeadlockError: the teardown of the test is deadlocked: each of its tasks \
waits, and nothing can wake any of them.
Its tasks:

…test (the test)
  File "test_sweep.py", line N, in asyncTearDown
    await self.done.wait()
  waits for an Event
Found by @cancellation_sweep at point 0 of 1, with seed 1. Cancelled was raised in the \
test:

  File "test_sweep.py", line N, in test
    await trio.sleep(1)

To run just that again:

    {command_for(Inner, 0)}

The last steps before it (virtual seconds, the task, where it waits then):

    0  the test  test_sweep.py:N  await trio.sleep(1)
    0  the test  test_sweep.py:N  await self.done.wait()
""",
        )

    def test_deadlock_in_the_body(self) -> None:
        """So does a shielded clean-up in the body."""

        class Inner(AsyncTrioTestCase):
            @cancellation_sweep
            async def test(self) -> None:
                done = trio.Event()
                try:
                    await trio.sleep(1)
                    done.set()
                finally:
                    with trio.CancelScope(shield=True):
                        await done.wait()

        with impatient():
            (text,) = told(Inner)
        self.assertTrue(
            text.startswith(
                "ERROR DeadlockError: the test is deadlocked: each of its tasks waits, "
                "and nothing can wake any of them."
            ),
            text,
        )

    def test_deadlock_before_any_cancellation(self) -> None:
        """A test that is deadlocked without it fails at once."""

        class Inner(Counted):
            @cancellation_sweep
            async def test(self) -> None:
                await trio.Event().wait()

        (text,) = run(Inner).texts
        self.assertIn("DeadlockError: the test is deadlocked", text)
        self.assertIn("Found by @cancellation_sweep before any cancellation", text)
        self.assertEqual(Inner.runs, 1)

    def test_spin(self) -> None:
        """A loop that swallows Cancelled for ever is ended after a number of steps."""

        class Inner(AsyncTrioTestCase):
            ready = False

            @cancellation_sweep(seed=1)
            async def test(self) -> None:
                with contextlib.suppress(trio.Cancelled):
                    await trio.sleep(1)
                    self.ready = True
                while not self.ready:
                    with contextlib.suppress(trio.Cancelled):
                        await trio.lowlevel.checkpoint()

        with impatient(), few_steps():
            text = report(Inner)
        text = re.sub(r"tests\.test_sweep\.\S+\.(?=test \(the test\))", "…", text)
        self.assertEqual(
            re.sub(r"\(× [\d,]+\)", "(× n)", text),
            f"""\
Traceback (most recent call last):
  File "test_sweep.py", line N, in test
    await trio.lowlevel.checkpoint()
triocase.TimeLimitExceeded: the test goes on for ever: its tasks have taken 100,000 \
steps while time stood still.
It went on although it was cancelled, so its Trio run was abandoned.
Not run: its teardown, and its async cleanups.
Its tasks:

…test (the test)
  File "test_sweep.py", line N, in test
    await trio.lowlevel.checkpoint()
  waits in trio.lowlevel.checkpoint
Found by @cancellation_sweep at point 0 of 1, with seed 1. Cancelled was raised in the \
test:

  File "test_sweep.py", line N, in test
    await trio.sleep(1)

To run just that again:

    {command_for(Inner, 0)}

The last steps before it (virtual seconds, the task, where it waits then):

    0  the test  test_sweep.py:N  await trio.sleep(1)
    0  the test  test_sweep.py:N  await trio.lowlevel.checkpoint()  (× n)
""",
        )

    def test_spin_of_a_child(self) -> None:
        """So is one in a child, and one in the teardown."""

        class Inner(AsyncTrioTestCase):
            ready = False

            async def spin(self) -> None:
                while not self.ready:
                    await trio.lowlevel.checkpoint()

            async def child(self) -> None:
                try:
                    await trio.sleep(1)
                finally:
                    with trio.CancelScope(shield=True):
                        await self.spin()

            @cancellation_sweep
            async def test_child(self) -> None:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self.child)
                    await trio.sleep(0.5)
                    self.ready = True

            @cancellation_sweep
            async def test_teardown(self) -> None:
                self.addCleanup(self.spin)
                await trio.sleep(1)
                self.ready = True

        for name, who in [
            ("test_child", "the test"),
            ("test_teardown", "the teardown of the test"),
        ]:
            with self.subTest(name), impatient(), few_steps():
                (text,) = told(Inner, name)
                self.assertTrue(
                    text.startswith(
                        f"ERROR TimeLimitExceeded: {who} goes on for ever: its tasks "
                        f"have taken 100,000 steps while time stood still.\n"
                    ),
                    text,
                )

    def test_steps_while_time_goes_on(self) -> None:
        """Many steps are no spin as long as time goes on."""

        class Inner(AsyncTrioTestCase):
            @cancellation_sweep(max_points=3)
            async def test(self) -> None:
                for _ in range(30):
                    with trio.CancelScope(shield=True):
                        for _ in range(100):
                            await trio.lowlevel.checkpoint()
                        await trio.sleep(1)

        with mock.patch.multiple(_schedules, MOST_STEPS=500, _STEPS_A_LOOK=100):
            self.assertEqual(told(Inner), ["pass"])

    def test_time_limit(self) -> None:
        """A run that neither is deadlocked nor spins has its time limit."""

        class Inner(AsyncTrioTestCase):
            done = False

            @deadlock_check(False)
            @time_limit(0.2)
            @cancellation_sweep
            async def test(self) -> None:
                await trio.sleep(1)
                self.done = True

            async def asyncTearDown(self) -> None:
                if not self.done:
                    await trio.sleep_forever()

        with impatient():
            (text,) = run(Inner).texts
        self.assertIn(
            "TimeLimitExceeded: the teardown of the test has not ended within its time "
            "limit of 0.2 seconds.\n",
            text,
        )
        self.assertIn("Found by @cancellation_sweep at point 0 of 1, ", text)


class TestAnotherCourse(unittest.TestCase):
    """A cancelled run that does not come to its point has shown nothing."""

    maxDiff = None

    def test_nothing_varies(self) -> None:
        """It is an error where runs are the same, and not the expected failure."""

        class Inner(Counted):
            async def sleep(self) -> None:
                await trio.sleep(1)
                if self.runs < 4:
                    await trio.sleep(1)

            @cancellation_sweep(seed=1)
            async def test(self) -> None:
                await self.sleep()

            @unittest.expectedFailure
            @cancellation_sweep(seed=1)
            async def test_expected(self) -> None:
                await self.sleep()

        for name in ["test", "test_expected"]:
            Inner.runs = 0
            with self.subTest(name):
                result = run(Inner, name)
                self.assertEqual(
                    result.told[:1],
                    [
                        f"ERROR RuntimeError: {Inner(name).id()} has not come to point "
                        f"2 of 2, to be cancelled there: it took another course than "
                        f"in its first run, in the same order with seed 1. Something "
                        f"is left of an earlier run, in an attribute of the class or "
                        f"in a module; or the order of a set has changed. Make anew "
                        f"in `setUp` what each run needs."
                    ],
                )
                self.assertEqual(len(result.texts), 1)
                self.assertFalse(result.wasSuccessful())
                self.assertEqual(Inner.runs, 4)

    def test_point_of_the_environment(self) -> None:
        """So it is if the environment has named that point."""

        class Inner(Counted):
            @cancellation_sweep(seed=1)
            async def test(self) -> None:
                if self.runs == 1:
                    await trio.sleep(1)

        with replaying(point=1):
            (text,) = told(Inner)
        self.assertIn(" has not come to point 1 of 1, to be cancelled there: ", text)
        self.assertEqual(Inner.runs, 2)

    def test_runs_vary(self) -> None:
        """Where runs may differ, the point is left out: with I/O, a thread, real time."""

        class Inner(Counted):
            async def sleep(self) -> None:
                if self.runs == 1:
                    await trio.lowlevel.checkpoint()

            @cancellation_sweep
            async def test_thread(self) -> None:
                await trio.to_thread.run_sync(int)
                await self.sleep()

            @cancellation_sweep
            async def test_socket(self) -> None:
                one, other = trio.socket.socketpair()
                with one, other:
                    async with trio.open_nursery() as nursery:
                        nursery.start_soon(one.recv, 1)
                        await trio.testing.wait_all_tasks_blocked()
                        await other.send(b"x")
                await self.sleep()

            @real_clock
            @cancellation_sweep
            async def test_real(self) -> None:
                await self.sleep()

        for name, runs in [("test_thread", 4), ("test_socket", 6), ("test_real", 3)]:
            Inner.runs = 0
            with self.subTest(name):
                self.assertEqual(told(Inner, name), ["pass"])
                self.assertEqual(Inner.runs, runs)


class TestReport(unittest.TestCase):
    """A report names the point, the seed, the line, the command and the last steps."""

    maxDiff = None

    def test_in_the_test(self) -> None:
        """Where the test itself is cancelled."""

        class Inner(AsyncTrioTestCase):
            free = 1

            @cancellation_sweep(seed=1)
            async def test(self) -> None:
                await trio.sleep(1.5)
                self.free -= 1
                await self.work()
                self.free += 1

            async def work(self) -> None:
                await trio.sleep(1)

            def tearDown(self) -> None:
                self.assertEqual(self.free, 1)

        self.assertEqual(
            report(Inner),
            f"""\
Traceback (most recent call last):
  File "test_sweep.py", line N, in tearDown
    self.assertEqual(self.free, 1)
AssertionError: 0 != 1
Found by @cancellation_sweep at point 2 of 2, with seed 1. Cancelled was raised in the \
test:

  File "test_sweep.py", line N, in work
    await trio.sleep(1)

To run just that again:

    {command_for(Inner, 2)}

The last steps before it (virtual seconds, the task, where it waits then):

      0  the test  test_sweep.py:N  await trio.sleep(1.5)
    1.5  the test  test_sweep.py:N  await trio.sleep(1)
    1.5  the test  fails
""",
        )

    def test_in_a_child(self) -> None:
        """Where a child is, while the test waits inside a shield."""

        class Inner(AsyncTrioTestCase):
            free = 1

            async def child(self) -> None:
                await trio.sleep(1)
                self.free -= 1
                await trio.sleep(1)
                self.free += 1

            @cancellation_sweep(seed=1)
            async def test(self) -> None:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self.child)
                    with trio.CancelScope(shield=True):
                        await trio.sleep(3)

            def tearDown(self) -> None:
                self.assertEqual(self.free, 1)

        self.assertEqual(
            report(Inner),
            f"""\
Traceback (most recent call last):
  File "test_sweep.py", line N, in tearDown
    self.assertEqual(self.free, 1)
AssertionError: 0 != 1
Found by @cancellation_sweep at point 2 of 2, with seed 1. Cancelled was raised in \
child:

  File "test_sweep.py", line N, in child
    await trio.sleep(1)

To run just that again:

    {command_for(Inner, 2)}

The last steps before it (virtual seconds, the task, where it waits then):

    0  the test  test_sweep.py:N  await trio.sleep(3)
    0  child     test_sweep.py:N  await trio.sleep(1)
    1  child     test_sweep.py:N  await trio.sleep(1)
    1  child     ends
    3  the test  test_sweep.py:N  async with trio.open_nursery() as nursery:
    3  the test  fails
""",
        )

    def test_in_one_child_of_several(self) -> None:
        """Where several tasks wait, it names the one at whose point it is."""

        class Inner(AsyncTrioTestCase):
            free = 1

            async def child(self) -> None:
                await trio.sleep(1)
                self.free -= 1
                await trio.sleep(2)
                self.free += 1

            async def innocent(self) -> None:
                await trio.sleep(4)

            @cancellation_sweep(seed=1)
            async def test(self) -> None:
                async with trio.open_nursery() as nursery:
                    for _ in range(4):
                        nursery.start_soon(self.innocent)
                    nursery.start_soon(self.child)
                    for _ in range(4):
                        nursery.start_soon(self.innocent)
                    await trio.sleep(4)

            def tearDown(self) -> None:
                self.assertEqual(self.free, 1)

        self.assertRegex(
            report(Inner),
            r"AssertionError: 0 != 1\n"
            r"Found by @cancellation_sweep at point \d+ of \d+, with seed 1\. "
            r"Cancelled was raised in child:\n\n"
            r'  File "test_sweep\.py", line N, in child\n'
            r"    await trio.sleep\(2\)\n",
        )

    def test_in_a_function_of_trios(self) -> None:
        """Where the child that is cancelled has no line of the user's."""

        class Inner(AsyncTrioTestCase):
            done = False

            @cancellation_sweep(seed=1)
            async def test(self) -> None:
                try:
                    async with trio.open_nursery() as nursery:
                        with trio.CancelScope(shield=True):
                            nursery.start_soon(trio.sleep, 1)
                            await trio.sleep(2)
                    self.done = True
                finally:
                    self.assertTrue(self.done)

        self.assertEqual(
            report(Inner).partition("To run just that again:\n")[0].splitlines()[-4:],
            [
                "Found by @cancellation_sweep at point 0 of 1, with seed 1. Cancelled "
                "was raised in sleep:",
                "",
                "  In sleep",
                "",
            ],
        )

    def test_in_a_function_of_trios_beside_the_test(self) -> None:
        """There it names the line of the test, if the test waits, too."""

        class Inner(Counted):
            @cancellation_sweep(seed=1)
            async def test(self) -> None:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(trio.sleep, 3)
                    await trio.sleep(4)

            def tearDown(self) -> None:
                self.assertNotEqual(self.runs, 4)

        self.assertIn(
            "Found by @cancellation_sweep at point 2 of 2, with seed 1. Cancelled was "
            'raised in the test:\n\n  File "test_sweep.py", line N, in test\n'
            "    await trio.sleep(4)\n",
            report(Inner),
        )

    def test_without_a_line(self) -> None:
        """Where the test has none itself."""

        class Inner(AsyncTrioTestCase):
            done = False

            @cancellation_sweep(seed=1)
            def test(self) -> Any:
                return trio.sleep(1)  # noqa: ASYNC105

            def tearDown(self) -> None:
                self.assertEqual(trio.current_time(), self.start + 1)

            def setUp(self) -> None:
                self.start = trio.current_time()

        self.assertIn(
            "\nFound by @cancellation_sweep at point 0 of 1, with seed 1. Cancelled "
            "was raised in the test.\nTo run just that again:\n",
            report(Inner),
        )

    def test_before_any_cancellation(self) -> None:
        """Where no cancellation is needed."""

        class Inner(AsyncTrioTestCase):
            @cancellation_sweep(seed=1)
            async def test(self) -> None:
                await trio.sleep(1)
                self.fail("broken")

        self.assertEqual(
            report(Inner),
            f"""\
Traceback (most recent call last):
  File "test_sweep.py", line N, in test
    self.fail("broken")
AssertionError: broken
Found by @cancellation_sweep before any cancellation, with seed 1.
To run just that again:

    {command_for(Inner)}

The last steps before it (virtual seconds, the task, where it waits then):

    0  the test  test_sweep.py:N  await trio.sleep(1)
    1  the test  fails
""",
        )

    def test_nothing_interrupted(self) -> None:
        """Where nothing was interrupted, and yet something goes wrong."""

        class Inner(AsyncTrioTestCase):
            @cancellation_sweep(seed=1)
            async def test(self) -> None:
                self.deadline = trio.current_effective_deadline()

            def tearDown(self) -> None:
                self.assertGreater(self.deadline, 0)

        self.assertEqual(
            report(Inner),
            f"""\
Traceback (most recent call last):
  File "test_sweep.py", line N, in tearDown
    self.assertGreater(self.deadline, 0)
AssertionError: -inf not greater than 0
Found by @cancellation_sweep at point 0 of 0, with seed 1. Nothing was interrupted: \
the test had nothing more to wait for.
To run just that again:

    {command_for(Inner, 0)}

The last steps before it (virtual seconds, the task, where it waits then):

    0  the test  fails
""",
        )

    def test_another_course(self) -> None:
        """Where a test that does other things each time fails before the point."""

        class Inner(Counted):
            @cancellation_sweep(seed=1)
            async def test(self) -> None:
                await trio.sleep(1)
                if self.runs > 3:
                    self.fail("another course")
                await trio.sleep(1)

        self.assertIn(
            "\nFound by @cancellation_sweep at point 2 of 2, with seed 1. This time "
            "the run has not come to that point.\nTo run just that again:\n",
            report(Inner),
        )

    def test_unawaited(self) -> None:
        """Where it turns out at the end of the run."""

        class Inner(AsyncTrioTestCase):
            @cancellation_sweep(seed=1)
            async def test(self) -> None:
                coroutine = self.work()
                await trio.sleep(1)
                await coroutine

            async def work(self) -> None:
                await trio.sleep(1)

        text = report(Inner)
        self.assertEqual(
            text.replace(f"'{Inner.__qualname__}.", "'…"),
            f"""\
Traceback (most recent call last):
  File "test_sweep.py", line N, in test
    coroutine = self.work()
RuntimeWarning: coroutine '…work' was never awaited. Write `await` before the call.
Found by @cancellation_sweep at point 0 of 2, with seed 1. Cancelled was raised in the \
test:

  File "test_sweep.py", line N, in test
    await trio.sleep(1)

To run just that again:

    {command_for(Inner, 0)}

The last steps before it (virtual seconds, the task, where it waits then):

    0  the test  test_sweep.py:N  await trio.sleep(1)
    0  the test  fails
""",
        )

    def test_thread(self) -> None:
        """Where the test has waited for a thread, the replay is not certain."""

        class Inner(AsyncTrioTestCase):
            async def sleep(self) -> None:
                await trio.sleep(1)
                self.done = True

            @cancellation_sweep(seed=1)
            async def test(self) -> None:
                self.done = False
                await trio.to_thread.run_sync(lambda: None)
                self.addCleanup(lambda: self.assertTrue(self.done))
                await self.sleep()

        self.assertIn(
            "\n\nIt has waited for a worker thread, so another run may take another "
            "course.\n\nThe last steps before it (virtual seconds, ",
            report(Inner),
        )

    def test_debug(self) -> None:
        """``debug()`` raises the bare exception, with the same note."""

        class Inner(Counted):
            @cancellation_sweep(seed=1)
            async def test(self) -> None:
                try:
                    await trio.sleep(1)
                except trio.Cancelled:
                    raise OSError("lost") from None

        error = debug_error(Inner)
        self.assertEqual(repr(error), "OSError('lost')")
        (note,) = error.__notes__  # type: ignore[attr-defined]  # new in 3.11
        self.assertTrue(
            note.startswith(
                "Found by @cancellation_sweep at point 0 of 1, with seed 1. Cancelled "
                "was raised in the test:\n\n"
            ),
            note,
        )
        self.assertEqual(Inner.runs, 2)


class TestEnvironment(unittest.TestCase):
    """What the environment says of a sweep."""

    maxDiff = None

    def make(self) -> type[Any]:
        class Inner(Counted):
            cancelled_at: list[float] = []

            @cancellation_sweep(seed=1)
            async def test(self) -> None:
                start = trio.current_time()
                try:
                    for _ in range(3):
                        await trio.sleep(1)
                except trio.Cancelled:
                    self.cancelled_at.append(trio.current_time() - start)
                    raise

        return Inner

    def test_point(self) -> None:
        """TRIOCASE_POINT has the test cancelled there alone, after the first run."""
        for point, time in [(0, 0), (1, 0), (2, 1), (3, 2)]:
            case = self.make()
            with self.subTest(point), replaying(point=point):
                self.assertEqual(told(case), ["pass"])
                self.assertEqual(case.runs, 2)
                self.assertEqual(case.cancelled_at, [time])

    def test_no_point(self) -> None:
        """Without it all points have their run."""
        case = self.make()
        self.assertEqual(told(case), ["pass"])
        self.assertEqual(case.runs, 5)
        self.assertEqual(case.cancelled_at, [0, 0, 1, 2])

    def test_beyond_the_last(self) -> None:
        """A point that there is not is an error, after the first run."""
        case = self.make()
        with replaying(point=4):
            self.assertEqual(
                told(case),
                [
                    f"ERROR ValueError: the environment variable TRIOCASE_POINT is 4, "
                    f"and {case.__module__}.{case.__qualname__}.test can be cancelled "
                    f"at the points 0 to 3, in the order with seed 1."
                ],
            )
        self.assertEqual(case.runs, 1)

    def test_fails_without_a_cancellation(self) -> None:
        """A test that fails in the first run is told so, whatever the point."""

        class Inner(AsyncTrioTestCase):
            @cancellation_sweep
            async def test(self) -> None:
                self.fail("broken")

        for point in ["0", "7"]:
            with self.subTest(point), replaying(point=point):
                (text,) = run(Inner).texts
                self.assertIn("before any cancellation", text)

    def test_seed(self) -> None:
        """TRIOCASE_SEED sets the order of all runs, and the report names it."""

        class Inner(Counted):
            @cancellation_sweep(seed=1)
            async def test(self) -> None:
                await trio.sleep(1)
                self.addCleanup(self.assertEqual, self.runs, 1)
                await trio.sleep(1)

        with replaying(seed=12):
            text = report(Inner)
        self.assertIn("at point 2 of 2, with seed 12. ", text)
        self.assertIn("\n    TRIOCASE_SEED=12 TRIOCASE_POINT=2 python -m ", text)
        self.assertEqual(Inner.runs, 4)

    def test_not_a_number(self) -> None:
        """What is no whole number there is an error, before any run."""
        for variable in ["point", "seed"]:
            for wrong in [
                "",
                "x",
                "-1",
                "1.5",
                " 1",
                "1_0",
                "²",
                "\N{ARABIC-INDIC DIGIT ONE}",
            ]:
                case = self.make()
                with self.subTest(wrong), replaying(**{variable: wrong}):
                    self.assertEqual(
                        told(case),
                        [
                            f"ERROR ValueError: the environment variable "
                            f"TRIOCASE_{variable.upper()} is {wrong!r}. It takes a whole number, as the report of a "
                            f"failing test tells it."
                        ],
                    )
                self.assertEqual(case.runs, 0)

    def test_other_tests(self) -> None:
        """Tests without the decorator do not care."""

        class Inner(Counted):
            async def test(self) -> None:
                await trio.sleep(1)

        with replaying(seed="x", point="x"):
            self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(Inner.runs, 1)


class TestCommand(unittest.TestCase):
    """The command in the report, run as it stands, fails in the same way."""

    maxDiff = None

    SOURCE = """
        import sys
        import trio
        import unittest
        from triocase import AsyncTrioTestCase, cancellation_sweep

        class TestIt(AsyncTrioTestCase):
            def setUp(self):
                self.holder = None
                print("RUN", file=sys.stderr)

            async def work(self, name):
                for _ in range(3):
                    await trio.lowlevel.checkpoint()
                    if self.holder is None:
                        self.holder = name
                        await trio.lowlevel.checkpoint()
                        self.holder = None

            @cancellation_sweep
            async def test_it(self):
                async with trio.open_nursery() as nursery:
                    for name in "abcd":
                        nursery.start_soon(self.work, name)
                    with trio.CancelScope(shield=True):
                        await trio.sleep(1)

            def tearDown(self):
                self.assertIsNone(self.holder)

        if __name__ == "__main__":
            unittest.main()
    """

    def check(self, folder: Folder, command: str, again: str) -> None:
        """Check that the command in a report is as expected, and what it does.

        Args:
            folder: Where to run both.
            command: What runs the test first.
            again: The command in its report, for any seed and point.
        """
        output = folder.run(command, PYTHONHASHSEED="1")
        reported = command_in(output)
        self.assertEqual(
            re.sub(r"=\d+", "=n", reported),
            f"TRIOCASE_SEED=n TRIOCASE_POINT=n {again}",
        )
        replayed = folder.run(reported, PYTHONHASHSEED="2")
        self.assertEqual(self.story(replayed), self.story(output))
        self.assertEqual(replayed.count("RUN\n"), 2, replayed)
        self.assertGreater(output.count("RUN\n"), 2)

    def story(self, output: str) -> str:
        """Return the error of the test with its notes."""
        found = re.search(r"AssertionError: '[abcd]' is not None(?s:.*) fails", output)
        assert found is not None, output
        self.assertIn("Cancelled was raised in work #", found[0])
        return plain(found[0])

    def test_unittest(self) -> None:
        """Under ``python -m unittest``."""
        self.check(
            Folder(self, test_it=self.SOURCE),
            "python -m unittest test_it",
            "python -m unittest test_it.TestIt.test_it",
        )

    def test_from_elsewhere(self) -> None:
        """Under its discovery, from another folder whose name a shell takes apart."""
        self.check(
            Folder(self, **{"some tests/test_it": self.SOURCE}),
            "python -m unittest discover -s 'some tests'",
            "PYTHONPATH='some tests':$PYTHONPATH python -m unittest "
            "test_it.TestIt.test_it",
        )

    def test_main(self) -> None:
        """As a script."""
        self.check(
            Folder(self, test_it=self.SOURCE),
            "python test_it.py",
            "python test_it.py TestIt.test_it",
        )

    def test_pytest(self) -> None:
        """Under pytest."""
        self.check(
            Folder(self, test_it=self.SOURCE),
            "python -m pytest -p no:cacheprovider test_it.py",
            "python -m pytest test_it.py::TestIt::test_it",
        )


class TestBadInput(unittest.TestCase):
    maxDiff = None

    def test_max_points(self) -> None:
        """What is no number of points is refused at decoration."""
        for wrong in [0, -1]:
            with self.assertRaises(ValueError) as negative:
                cancellation_sweep(max_points=wrong)
            self.assertEqual(
                str(negative.exception),
                f"cancellation_sweep(max_points=...) takes a whole number from 1 on, "
                f"not {wrong!r}. Write `@cancellation_sweep(max_points=2000)`.",
            )
        for other in [1.0, 2.5, "5", True, False, None, [5]]:
            with self.assertRaises(TypeError) as caught:
                cancellation_sweep(max_points=other)  # type: ignore[arg-type]
            self.assertEqual(
                str(caught.exception),
                f"cancellation_sweep(max_points=...) takes a whole number from 1 on, "
                f"not {other!r}. Write `@cancellation_sweep(max_points=2000)`.",
            )

    def test_seed(self) -> None:
        """So is what is no seed."""
        with self.assertRaises(ValueError) as negative:
            cancellation_sweep(seed=-1)
        self.assertEqual(
            str(negative.exception),
            "cancellation_sweep(seed=...) takes a whole number from 0 on, not -1. "
            "Write `@cancellation_sweep(seed=1)`.",
        )
        for other in [1.0, "5", True, False, b"5"]:
            with self.assertRaises(TypeError) as caught:
                cancellation_sweep(seed=other)  # type: ignore[arg-type]
            self.assertEqual(
                str(caught.exception),
                f"cancellation_sweep(seed=...) takes a whole number from 0 on, not "
                f"{other!r}. Write `@cancellation_sweep(seed=1)`.",
            )

    def test_good_arguments(self) -> None:
        """The least that is taken, and much."""

        class Inner(AsyncTrioTestCase):
            @cancellation_sweep(max_points=1, seed=0)
            async def test_least(self) -> None:
                await trio.sleep(1)

            @cancellation_sweep(max_points=10**9, seed=10**30)
            async def test_most(self) -> None:
                await trio.sleep(1)

            @cancellation_sweep()
            async def test_none(self) -> None:
                await trio.sleep(1)

        for name in unittest.defaultTestLoader.getTestCaseNames(Inner):
            with self.subTest(name):
                self.assertEqual(told(Inner, name), ["pass"])

    def test_on_something_else(self) -> None:
        """It goes on a test method or a class, and on nothing else."""
        with self.assertRaises(TypeError) as caught:
            cancellation_sweep(3)  # type: ignore[call-overload]
        self.assertEqual(
            str(caught.exception),
            "cancellation_sweep decorates a test method or a class, not 3. Write "
            "`@cancellation_sweep` or `@cancellation_sweep(max_points=2000)` above "
            "`async def` or `class`.",
        )

    def test_on_a_hook(self) -> None:
        """On a hook it has no effect, and is refused."""

        class Inner(AsyncTrioTestCase):
            @cancellation_sweep
            async def asyncSetUp(self) -> None:
                raise NotImplementedError

            async def test(self) -> None:
                raise NotImplementedError

        (text,) = told(Inner)
        self.assertRegex(
            text,
            r"^ERROR TypeError: @cancellation_sweep stands above .*\.asyncSetUp, where "
            r"it has no effect: ",
        )

    def test_too_many_points(self) -> None:
        """A test with more points than allowed is refused after the first run."""

        class Inner(Counted):
            async def sleep(self) -> None:
                for _ in range(5):
                    await trio.sleep(1)

            @cancellation_sweep(max_points=5)
            async def test_enough(self) -> None:
                await self.sleep()

            @cancellation_sweep(max_points=4)
            async def test_too_many(self) -> None:
                await self.sleep()

            @cancellation_sweep
            async def test_default(self) -> None:
                for _ in range(201):
                    await self.sleep()

        self.assertEqual(told(Inner, "test_enough"), ["pass"])
        self.assertEqual(Inner.runs, 1 + 6)
        for name, number, allowed in [
            ("test_too_many", 5, 4),
            ("test_default", 1005, 1000),
        ]:
            Inner.runs = 0
            with self.subTest(name):
                self.assertEqual(
                    told(Inner, name),
                    [
                        f"ERROR RuntimeError: {Inner.__module__}.{Inner.__qualname__}."
                        f"{name} can be cancelled at the points 0 to {number}, and "
                        f"@cancellation_sweep goes to point {allowed} at most, for "
                        f"each costs a run. Test a smaller piece, or write "
                        f"`@cancellation_sweep(max_points={number})`."
                    ],
                )
                self.assertEqual(Inner.runs, 1)

    def test_sync_test(self) -> None:
        """A sync test has no points, and is refused, also where the class has it."""

        class Method(AsyncTrioTestCase):
            @cancellation_sweep
            def test(self) -> None:
                pass

        @cancellation_sweep
        class Class(AsyncTrioTestCase):
            def test(self) -> None:
                pass

            @unittest.expectedFailure
            def test_expected(self) -> None:
                pass

            async def test_async(self) -> None:
                pass

        for case, name in [
            (Method, "test"),
            (Class, "test"),
            (Class, "test_expected"),
        ]:
            with self.subTest(case.__name__, name=name):
                self.assertEqual(
                    told(case, name)[:1],
                    [
                        f"ERROR TypeError: {case.__module__}.{case.__qualname__}.{name} "
                        f"has @cancellation_sweep, but is no async test: there is no "
                        f"point at which it can be cancelled. Write `async def`, or "
                        f"take the decorator off."
                    ],
                )
        self.assertEqual(told(Class, "test_async"), ["pass"])

    def test_both_finders(self) -> None:
        """Both race finders on one method contradict each other."""

        class Inner(AsyncTrioTestCase):
            @explore_schedules
            @cancellation_sweep
            async def test(self) -> None:
                raise NotImplementedError

        self.assertEqual(
            told(Inner),
            [
                f"ERROR TypeError: {Inner.__module__}.{Inner.__qualname__}.test has "
                f"more than one race finder: @explore_schedules and "
                f"@cancellation_sweep. Keep one."
            ],
        )

    def test_clocks_contradict(self) -> None:
        """What is wrong with the other decorators is an error as ever."""

        class Inner(AsyncTrioTestCase):
            @autojump_clock
            @mock_clock
            @cancellation_sweep
            async def test(self) -> None:
                raise NotImplementedError

        (text,) = told(Inner)
        self.assertIn("has more than one clock", text)
