"""A test that does not end is ended at its time limit, step by step."""

from __future__ import annotations

import bdb
import contextlib
import math
import signal
import sys
import threading
import time
import types
import unittest
from collections.abc import AsyncIterator
from typing import Any
from unittest import mock

import trio
import trio.lowlevel
import trio.testing

from triocase import (
    AsyncTrioTestCase,
    TimeLimitExceeded,
    _debuggers,
    _escalation,
    _time_limit,
    autojump_clock,
    fixture,
    mock_clock,
    real_clock,
    time_limit,
)

from .harness import (
    UNITTEST,
    Process,
    debug_error,
    default_limit,
    impatient,
    report,
    run,
    told,
)

LIMIT = 0.1  # of tests that are meant to exceed it, in real seconds


def limit_of(case: type[unittest.TestCase], name: str = "test") -> float:
    """Return the time limit that a test runs under."""
    seen: list[float] = []

    class Inner(case):  # type: ignore[misc,valid-type]
        def setUp(self) -> None:
            seen.append(self._trioTest.limit.seconds)

    run(Inner, name)
    (limit,) = seen
    return limit


class Plain(AsyncTrioTestCase):
    async def test(self) -> None:
        pass

    @time_limit(3)
    async def test_three(self) -> None:
        pass

    @time_limit(None)
    async def test_none(self) -> None:
        pass


@time_limit(5)
class Five(Plain):
    pass


class TestWhichLimit(unittest.TestCase):
    """The method's own limit, else its class's, else the environment's, else 120."""

    def test_default(self) -> None:
        """It is 120 seconds; the environment sets another one."""
        with default_limit(None):
            self.assertEqual(limit_of(Plain), 120)
        with default_limit("30"):
            self.assertEqual(limit_of(Plain), 30)
        with default_limit(" 0.5 "):
            self.assertEqual(limit_of(Plain), 0.5)

    def test_decorators(self) -> None:
        """A decorator wins over the environment, the method's over the class's."""
        for environment in [None, "30"]:
            with default_limit(environment):
                self.assertEqual(limit_of(Plain, "test_three"), 3)
                self.assertEqual(limit_of(Plain, "test_none"), math.inf)
                self.assertEqual(limit_of(Five), 5)
                self.assertEqual(limit_of(Five, "test_three"), 3)

    def test_inheritance(self) -> None:
        """A subclass has its parent's, and mixins give theirs."""

        class Child(Five):
            pass

        @time_limit(7)
        class Mixin:
            pass

        class Mixed(Mixin, Plain):
            pass

        self.assertEqual(limit_of(Child), 5)
        self.assertEqual(limit_of(time_limit(6)(Child)), 6)
        self.assertEqual(limit_of(Mixed), 7)

    def test_zero_in_the_environment(self) -> None:
        """0 there is no limit at all, decorators included."""
        with default_limit("0"):
            for case, name in [(Plain, "test"), (Plain, "test_three"), (Five, "test")]:
                self.assertEqual(limit_of(case, name), math.inf)

    def test_beside_other_decorators(self) -> None:
        """It composes with clocks, skips, patches and expected failures."""

        class Inner(AsyncTrioTestCase):
            @time_limit(1.5)
            @mock.patch.object(sys, "argv", ["patched"])
            @mock_clock
            async def test_patched(self) -> None:
                self.assertEqual(sys.argv, ["patched"])
                self.assertEqual(self.clock.current_time(), 0)

            @unittest.expectedFailure
            @time_limit(1.5)
            async def test_expected(self) -> None:
                self.fail()

            @time_limit(1.5)
            @unittest.expectedFailure
            async def test_expected_below(self) -> None:
                self.fail()

            @time_limit(1.5)
            @unittest.skip("why")
            async def test_skipped(self) -> None:
                raise NotImplementedError

        self.assertEqual(told(Inner, "test_patched"), ["pass"])
        self.assertEqual(limit_of(Inner, "test_patched"), 1.5)
        for name in ["test_expected", "test_expected_below"]:
            self.assertEqual(told(Inner, name), ["expected AssertionError: None"])
            self.assertEqual(limit_of(Inner, name), 1.5)
        self.assertEqual(told(Inner, "test_skipped"), ["skip why"])


class TestBadInput(unittest.TestCase):
    maxDiff = None

    def test_arguments(self) -> None:
        """What is no time is refused at decoration, with what to write."""
        for wrong in [0, -1, math.nan, math.inf, 0.0]:
            with self.assertRaises(ValueError) as caught:
                time_limit(wrong)
            self.assertEqual(
                str(caught.exception),
                f"time_limit() takes real seconds, a finite number above 0; not "
                f"{wrong!r}. Write `@time_limit(5)`, or for no limit "
                f"`@time_limit(None)`.",
            )
        for other in ["5", True, [5]]:
            with self.assertRaisesRegex(TypeError, r"time_limit\(\) takes real sec"):
                time_limit(other)  # type: ignore[arg-type]

    def test_bare(self) -> None:
        """So is the decorator without its parentheses."""
        with self.assertRaisesRegex(TypeError, r"Write `@time_limit\(5\)`"):

            @time_limit  # type: ignore[arg-type]
            async def test(self: object) -> None:
                raise NotImplementedError

    def test_on_something_else(self) -> None:
        """And on what is neither a method nor a class."""
        with self.assertRaisesRegex(TypeError, "time_limit decorates a test method"):
            time_limit(5)(3)  # type: ignore[type-var]

    def test_twice(self) -> None:
        """Two limits on one method contradict each other."""

        class Inner(AsyncTrioTestCase):
            @time_limit(1)
            @time_limit(2)
            async def test(self) -> None:
                raise NotImplementedError

        (text,) = told(Inner)
        self.assertIn("has more than one time limit", text)

    def test_environment(self) -> None:
        """What is no number there is an ERROR of each test, and named."""
        for wrong in ["", "soon", "-1", "nan", "inf", "1,5"]:
            with default_limit(wrong):
                for name in ["test", "test_three"]:
                    self.assertEqual(
                        told(Plain, name),
                        [
                            f"ERROR ValueError: the environment variable "
                            f"TRIOCASE_TIME_LIMIT is {wrong!r}. It takes the time "
                            f"limit of a test in real seconds, such as 30 or 0.5, or "
                            f"0 for no limit."
                        ],
                    )


class TestExceeded(unittest.TestCase):
    """What the limit does to a test that can be cancelled."""

    maxDiff = None

    def test_life_of_the_test(self) -> None:
        """The body is cancelled; what follows runs as ever, and can await."""
        events: list[str] = []

        @time_limit(LIMIT)
        class Inner(AsyncTrioTestCase):
            @fixture
            async def value(self) -> AsyncIterator[int]:
                yield 1
                await trio.lowlevel.checkpoint()
                events.append("fixture left")

            async def asyncSetUp(self) -> None:
                self.addAsyncCleanup(self.note, "cleanup")
                self.nursery.start_soon(self.background)

            async def asyncTearDown(self) -> None:
                await self.note("asyncTearDown")

            def tearDown(self) -> None:
                events.append("tearDown")

            async def test(self) -> None:
                try:
                    await trio.sleep_forever()
                except trio.Cancelled as cancelled:
                    events.append(str(cancelled))
                    raise

            async def note(self, event: str) -> None:
                await trio.lowlevel.checkpoint()
                events.append(event)

            async def background(self) -> None:
                try:
                    await trio.sleep_forever()
                finally:
                    events.append("background")

        expected = ["asyncTearDown", "tearDown", "cleanup", "fixture left"]
        (text,) = told(Inner)
        self.assertIn("ERROR TimeLimitExceeded: the test has not ended within", text)
        self.assertEqual(events[1:], [*expected, "background"])
        self.assertIn("its time limit of 0.1 seconds", events[0])
        events.clear()
        self.assertIsInstance(debug_error(Inner), TimeLimitExceeded)
        self.assertEqual(events[1:], [*expected[2:], "background"])  # as ever in debug

    def test_report(self) -> None:
        """It reads like a failure at the line that waits, with all tasks below."""

        @time_limit(1)
        class TestChat(AsyncTrioTestCase):
            async def handler(self) -> None:
                await trio.Event().wait()

            async def talk(self) -> None:
                async with trio.open_nursery() as nursery:
                    for _ in range(1000):
                        nursery.start_soon(self.handler)

            async def test(self) -> None:
                await self.talk()

        name = "tests.test_time_limit.TestExceeded.test_report.<locals>.TestChat"
        self.assertEqual(
            report(TestChat),
            f"""\
Traceback (most recent call last):
  File "test_time_limit.py", line N, in test
    await self.talk()
  File "test_time_limit.py", line N, in talk
    async with trio.open_nursery() as nursery:
triocase.TimeLimitExceeded: the test has not ended within its time limit of 1 second.
Its tasks:

{name}.test (the test)
  File "test_time_limit.py", line N, in test
    await self.talk()
  File "test_time_limit.py", line N, in talk
    async with trio.open_nursery() as nursery:
  waits in trio.open_nursery, for its tasks
  nursery:
    {name}.handler × 1000
      File "test_time_limit.py", line N, in handler
        await trio.Event().wait()
      waits for an Event
""",
        )

    def test_counts_from_the_first_fixture(self) -> None:
        """Fixtures, setups and body share one limit; what follows has it again."""

        class Inner(AsyncTrioTestCase):
            slow: tuple[str, ...] = ()

            async def stage(self, name: str) -> None:
                if name in self.slow:
                    await trio.sleep(0.8)

            @fixture
            async def value(self) -> AsyncIterator[int]:
                await self.stage("fixture")
                yield 1

            async def asyncSetUp(self) -> None:
                await self.stage("asyncSetUp")

            async def asyncTearDown(self) -> None:
                await self.stage("asyncTearDown")
                self.addAsyncCleanup(self.stage, "cleanup")

            @time_limit(1.4)
            async def test(self) -> None:
                await self.stage("test")

        for slow, times in [
            (("test", "asyncTearDown"), 0),
            (("fixture", "cleanup"), 0),
            (("fixture", "test"), 1),
            (("fixture", "asyncSetUp"), 1),
            (("asyncTearDown", "cleanup"), 1),
        ]:
            with self.subTest(slow):
                Inner.slow = slow
                self.assertEqual(len(run(Inner).texts), times)

    def test_whatever_the_clock(self) -> None:
        """A clock that stands still, one that jumps for ever: the time is real."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                with trio.move_on_after(1):
                    await trio.sleep_forever()
                while True:
                    await trio.sleep(1)

        for clock in [mock_clock, autojump_clock, real_clock]:
            with self.subTest(clock):
                limited = clock(time_limit(LIMIT)(type("Limited", (Inner,), {})))
                (text,) = told(limited)
                self.assertIn("TimeLimitExceeded", text)

    def test_before_the_limit_it_does_nothing(self) -> None:
        """A test that ends in time passes, and its run is not woken meanwhile."""

        class Steps(trio.abc.Instrument):
            count = 0

            def before_task_step(self, task: object) -> None:
                self.count += 1

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                await trio.testing.wait_all_tasks_blocked()
                steps = Steps()
                trio.lowlevel.add_instrument(steps)
                await trio.sleep(0.5)
                self.assertEqual(steps.count, 1)  # its own

        with impatient():
            self.assertEqual(told(Inner), ["pass"])

    def test_frozen_time(self) -> None:
        """A tool that freezes time, wherever modules hold it, changes nothing."""
        real = time.monotonic

        class Inner(AsyncTrioTestCase):
            @time_limit(5)
            async def test(self) -> None:
                await trio.lowlevel.checkpoint()

            @time_limit(LIMIT)
            async def test_teardown(self) -> None:
                self.addCleanup(trio.sleep_forever)

        with contextlib.ExitStack() as stack:
            for module in list(sys.modules.values()):
                for name, value in list(vars(module).items()):
                    if value is real and module.__name__.startswith(
                        ("triocase", "time")
                    ):
                        frozen = mock.patch.object(module, name, lambda: 1e9)
                        stack.enter_context(frozen)
            self.assertEqual(told(Inner), ["pass"])
            (text,) = told(Inner, "test_teardown")
        self.assertIn("the teardown of the test has not ended", text)

    def test_caught(self) -> None:
        """A test that catches its cancellation has not passed."""

        class Inner(AsyncTrioTestCase):
            @time_limit(LIMIT)
            async def test(self) -> None:
                with contextlib.suppress(trio.Cancelled):
                    await trio.sleep_forever()

        (text,) = told(Inner)
        self.assertIn("ERROR TimeLimitExceeded", text)

    def test_other_errors(self) -> None:
        """What the test raises as it is cancelled is reported as well."""

        class Inner(AsyncTrioTestCase):
            @time_limit(LIMIT)
            async def test(self) -> None:
                try:
                    await trio.sleep_forever()
                finally:
                    self.fail("as well")

        limit, failure = told(Inner)
        self.assertIn("ERROR TimeLimitExceeded", limit)
        self.assertEqual(failure, "FAIL AssertionError: as well")
        self.assertNotIn("AssertionError", run(Inner).texts[0])  # it is told once

    def test_error_in_flight(self) -> None:
        """An error that was in flight when a hanging ``finally`` was cancelled is told."""

        @contextlib.asynccontextmanager
        async def server() -> AsyncIterator[None]:
            try:
                yield
            finally:
                await trio.sleep_forever()

        class Inner(AsyncTrioTestCase):
            @time_limit(LIMIT)
            async def test_awaiting(self) -> None:
                async with server():
                    self.fail("the real cause")

            @time_limit(LIMIT)
            async def test_blocking(self) -> None:
                try:
                    self.fail("the real cause")
                finally:
                    time.sleep(1000)

            @time_limit(LIMIT)
            async def test_in_a_nursery(self) -> None:
                async with trio.open_nursery():
                    async with server():
                        self.fail("the real cause")

        for name in ["test_awaiting", "test_blocking", "test_in_a_nursery"]:
            with self.subTest(name), impatient():
                self.assertRegex(
                    report(Inner, name),
                    "(?s)AssertionError: the real cause\n\nDuring handling of .*"
                    "TimeLimitExceeded",
                )

    def test_errors_in_flight(self) -> None:
        """Several are told together."""

        class Inner(AsyncTrioTestCase):
            async def child(self, message: str) -> None:
                try:
                    self.fail(message)
                finally:
                    await trio.sleep_forever()

            @time_limit(LIMIT)
            async def test(self) -> None:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self.child, "first")
                    nursery.start_soon(self.child, "second")
                    try:
                        await trio.sleep_forever()
                    except trio.Cancelled as cancelled:
                        raise ValueError("as a group") from cancelled

        limit, error = run(Inner).texts
        self.assertIn("AssertionError: first", limit)
        self.assertIn("AssertionError: second", limit)
        self.assertIn("in flight when the test was ended (2 sub-exc", limit)
        self.assertIn("ValueError: as a group", error)

    def test_what_trio_handles_is_not_in_flight(self) -> None:
        """What a primitive of Trio's raises in itself, before it waits, is not told."""

        class Inner(AsyncTrioTestCase):
            @time_limit(LIMIT)
            async def test(self) -> None:
                lock = trio.Lock()
                async with lock, trio.open_nursery() as nursery:
                    nursery.start_soon(lock.acquire)
                    nursery.start_soon(lock.acquire)

            @time_limit(LIMIT)
            async def test_behind_it(self) -> None:
                lock = trio.Lock()
                async with lock, trio.open_nursery() as nursery:
                    try:
                        self.fail("the real cause")
                    finally:
                        nursery.start_soon(lock.acquire)
                        await trio.Semaphore(0).acquire()

        self.assertNotIn("During handling", report(Inner))
        text = report(Inner, "test_behind_it")
        self.assertIn("AssertionError: the real cause\n\nDuring handling", text)
        self.assertNotIn("WouldBlock", text)

    def test_ctrl_c_in_flight(self) -> None:
        """A Ctrl-C that was in flight then stops the run all the same."""

        class Inner(AsyncTrioTestCase):
            @time_limit(LIMIT)
            async def test_awaiting(self) -> None:
                try:
                    raise KeyboardInterrupt
                finally:
                    await trio.sleep_forever()

            @time_limit(LIMIT)
            async def test_blocking(self) -> None:
                try:
                    raise KeyboardInterrupt
                finally:
                    time.sleep(1000)

        for name in ["test_awaiting", "test_blocking"]:
            with self.subTest(name), impatient():
                with self.assertRaises(KeyboardInterrupt):
                    run(Inner, name)

    def test_expected_failure(self) -> None:
        """In the body it is the failure that was expected, as any; not after it."""

        class Inner(AsyncTrioTestCase):
            @unittest.expectedFailure
            @time_limit(LIMIT)
            async def test(self) -> None:
                await trio.sleep_forever()

            @unittest.expectedFailure
            @time_limit(LIMIT)
            async def test_teardown(self) -> None:
                self.addCleanup(trio.sleep_forever)
                self.fail()

        (text,) = told(Inner)
        self.assertIn("expected TimeLimitExceeded", text)
        self.assertTrue(
            any(
                "ERROR TimeLimitExceeded" in text
                for text in told(Inner, "test_teardown")
            )
        )

    def test_in_the_setup(self) -> None:
        """A setup is cancelled like one that fails: no test, but the cleanups."""
        events: list[str] = []

        class Base(AsyncTrioTestCase):
            async def asyncTearDown(self) -> None:
                raise NotImplementedError

            async def test(self) -> None:
                raise NotImplementedError

            async def clean(self) -> None:
                await trio.lowlevel.checkpoint()
                events.append("cleaned")

        @time_limit(LIMIT)
        class InSetUp(Base):
            async def asyncSetUp(self) -> None:
                self.addCleanup(self.clean)
                await trio.sleep_forever()

        @time_limit(LIMIT)
        class InFixture(Base):
            @fixture
            async def value(self) -> AsyncIterator[int]:
                self.addCleanup(self.clean)
                await trio.sleep_forever()
                yield 1  # never

        for case in [InSetUp, InFixture]:
            with self.subTest(case):
                events.clear()
                self.assertIn("await trio.sleep_forever()\ntriocase.", report(case))
                self.assertEqual(events, ["cleaned"])

    def test_in_the_teardown(self) -> None:
        """At its limit it is cut: what does not wait still runs, awaits are cancelled."""
        events: list[str] = []

        class Inner(AsyncTrioTestCase):
            @contextlib.asynccontextmanager
            async def context(self) -> AsyncIterator[None]:
                yield
                try:
                    await trio.lowlevel.checkpoint()
                finally:
                    events.append("context left")

            async def asyncSetUp(self) -> None:
                await self.enterAsyncContext(self.context())
                self.addCleanup(events.append, "sync cleanup")
                self.addCleanup(self.wait)

            async def asyncTearDown(self) -> None:
                await trio.sleep_forever()

            def tearDown(self) -> None:
                events.append("tearDown")

            @time_limit(LIMIT)
            async def test(self) -> None:
                pass

            async def wait(self) -> None:
                events.append("async cleanup")
                await trio.sleep_forever()

        self.assertIn(
            "in asyncTearDown\n    await trio.sleep_forever()\ntriocase."
            "TimeLimitExceeded: the teardown of the test has not ended within its time "
            "limit of 0.1 seconds.\n",
            report(Inner),
        )
        expected = ["tearDown", "async cleanup", "sync cleanup", "context left"]
        self.assertEqual(events, expected)

    def test_twice(self) -> None:
        """The body at its limit and the teardown at its own are two errors."""

        class Inner(AsyncTrioTestCase):
            async def asyncTearDown(self) -> None:
                await trio.sleep_forever()

            @time_limit(1)
            async def test(self) -> None:
                await trio.sleep_forever()

        body, teardown = told(Inner)
        self.assertIn("the test has not ended within its time limit of 1 second.", body)
        self.assertIn("the teardown of the test has not", teardown)

    def test_background_tasks(self) -> None:
        """A background task that will not end is shown, with its line."""

        class Inner(AsyncTrioTestCase):
            async def stubborn(self) -> None:
                with trio.CancelScope(shield=True):
                    await trio.sleep_forever()

            @time_limit(LIMIT)
            async def test(self) -> None:
                self.nursery.start_soon(self.stubborn)
                await trio.testing.wait_all_tasks_blocked()

        with impatient():
            self.assertIn(
                "in stubborn\n    await trio.sleep_forever()\ntriocase.", report(Inner)
            )

    def test_setup_that_crashed(self) -> None:
        """Cleanups that run shielded, after a crash in the setup, have a limit too."""

        class Inner(AsyncTrioTestCase):
            async def crash(self) -> None:
                raise ValueError("crash")

            async def asyncSetUp(self) -> None:
                self.addCleanup(trio.sleep_forever)
                self.nursery.start_soon(self.crash)
                await trio.sleep_forever()

            @time_limit(LIMIT)
            async def test(self) -> None:
                raise NotImplementedError

        crash, limit = told(Inner)
        self.assertEqual(crash, "ERROR ValueError: crash")
        self.assertIn("the teardown of the test has not ended", limit)


class TestSteps(unittest.TestCase):
    def test_each_within_five_seconds(self) -> None:
        """Each step comes within five seconds of one that had no effect."""
        self.assertLessEqual(_escalation._GRACE + _time_limit._ANSWER, 5)


class TestShields(unittest.TestCase):
    """The second step: shields of the tasks that are stuck are switched off."""

    def check(self, *managers: Any) -> None:
        for manager in managers:
            with self.subTest(manager), impatient():

                class Inner(AsyncTrioTestCase):
                    use = staticmethod(manager)

                    @time_limit(LIMIT)
                    async def test(self) -> None:
                        async with contextlib.AsyncExitStack() as stack:
                            context = self.use()
                            if hasattr(context, "__aenter__"):
                                await stack.enter_async_context(context)
                            else:
                                stack.enter_context(context)
                            await trio.sleep_forever()

                text = report(Inner)
                self.assertIn("It was shielded from cancellation. After 0.2 sec", text)
                self.assertNotIn("abandoned", text)

    def test_scopes(self) -> None:
        """Whatever made the scope, and whoever has entered it."""

        @contextlib.contextmanager
        def generator() -> Any:
            with trio.CancelScope(shield=True):
                yield

        @contextlib.asynccontextmanager
        async def async_generator() -> Any:
            with generator():
                yield

        class Lazy:
            """Says that it is what it stands for, and breaks if it is looked at."""

            @property
            def __class__(self) -> Any:  # type: ignore[override]
                raise NotImplementedError

        class Asked(type):
            def __getattr__(cls, name: str) -> Any:
                raise ReferenceError

        class Odd(metaclass=Asked):
            pass

        @contextlib.contextmanager
        def beside_a_proxy() -> Any:
            things = Lazy(), Odd()
            proxy, odd = things
            with generator():
                yield
            del proxy, odd  # never

        class Holder:
            def __enter__(self) -> None:
                self.stack = contextlib.ExitStack()
                self.stack.enter_context(generator())

            def __exit__(self, *exc: Any) -> Any:
                return self.stack.__exit__(*exc)

        class Manager:
            def __enter__(self) -> None:
                self.scope = trio.CancelScope(shield=True)
                self.scope.__enter__()

            def __exit__(self, *exc: Any) -> Any:
                return self.scope.__exit__(*exc)

        @contextlib.contextmanager
        def stack() -> Any:
            with contextlib.ExitStack() as stack:
                stack.enter_context(Manager())
                yield

        self.check(
            lambda: trio.CancelScope(shield=True),
            lambda: trio.move_on_after(1000, shield=True),
            lambda: trio.fail_after(1000, shield=True),
            generator,
            async_generator,
            Manager,
            Holder,
            beside_a_proxy,
            stack,
        )

    def test_what_is_awaited(self) -> None:
        """They are found along all that the task awaits."""

        async def shielded() -> None:
            with trio.CancelScope(shield=True):
                await trio.sleep_forever()

        async def generator() -> AsyncIterator[None]:
            await shielded()
            yield  # never

        class Awaitable:
            def __await__(self) -> Any:
                return shielded().__await__()

        class Inner(AsyncTrioTestCase):
            @time_limit(LIMIT)
            async def test_iteration(self) -> None:
                async for _ in generator():
                    raise NotImplementedError

            @time_limit(LIMIT)
            async def test_next(self) -> None:
                await anext(generator(), None)

            @time_limit(LIMIT)
            async def test_awaitable(self) -> None:
                await Awaitable()

            @time_limit(LIMIT)
            async def test_child(self) -> None:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(shielded)

            @time_limit(LIMIT)
            async def test_nursery(self) -> None:
                async with trio.open_nursery() as nursery:
                    nursery.cancel_scope.shield = True
                    await trio.sleep_forever()

            @contextlib.asynccontextmanager
            async def context(self) -> AsyncIterator[None]:
                await shielded()
                yield  # never

            @time_limit(LIMIT)
            async def test_context(self) -> None:
                await self.enterAsyncContext(self.context())

        for name in list(vars(Inner)):
            if name.startswith("test_"):
                with self.subTest(name), impatient():
                    self.assertIn("shielded from cancel", report(Inner, name))

    def test_not_those_of_background_tasks(self) -> None:
        """While the body is stuck, a background task's shield stays."""
        events: list[str] = []

        class Inner(AsyncTrioTestCase):
            async def background(self) -> None:
                with trio.CancelScope(shield=True) as self.scope:
                    await trio.sleep_forever()

            async def asyncTearDown(self) -> None:
                events.append(f"shield {self.scope.shield}")
                self.scope.cancel()

            @time_limit(LIMIT)
            async def test(self) -> None:
                self.nursery.start_soon(self.background)
                with trio.CancelScope(shield=True):
                    await trio.sleep_forever()

        with impatient():
            self.assertIn("shielded", report(Inner))
        self.assertEqual(events, ["shield True"])

    def test_not_one_that_a_background_task_has_handed_over(self) -> None:
        """Nor where the test has that scope in a variable."""
        events: list[str] = []

        class Inner(AsyncTrioTestCase):
            def note(self, scope: trio.CancelScope) -> None:
                events.append(f"shield {scope.shield}")

            async def background(self, task_status: Any) -> None:
                with trio.CancelScope(shield=True) as scope:
                    task_status.started(scope)
                    await trio.sleep_forever()
                events.append("cancelled by the test")

            @time_limit(LIMIT)
            async def test(self) -> None:
                scope = await self.nursery.start(self.background)
                self.addCleanup(scope.cancel)
                self.addCleanup(self.note, scope)  # no closure: it stays in the frame
                with trio.CancelScope(shield=True):
                    await trio.sleep_forever()

        with impatient():
            self.assertIn("shielded", report(Inner))
        self.assertEqual(events, ["shield True", "cancelled by the test"])

    def test_not_those_of_the_host(self) -> None:
        """And one in a child task of the setup."""

        async def shielded() -> None:
            with trio.CancelScope(shield=True):
                await trio.sleep_forever()

        class Inner(AsyncTrioTestCase):
            async def asyncSetUp(self) -> None:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(shielded)

            @time_limit(LIMIT)
            async def test(self) -> None:
                raise NotImplementedError

        with impatient():
            text = report(Inner)
        self.assertIn("shielded from", text)
        self.assertNotIn("abandoned", text)

    def test_not_those_of_the_setup(self) -> None:
        """While the body is stuck, shields in what the setup has opened by hand stay."""
        events: list[str] = []

        class Inner(AsyncTrioTestCase):
            async def shielded(self) -> None:
                with trio.CancelScope(shield=True) as self.scope:
                    await trio.sleep_forever()

            async def asyncSetUp(self) -> None:
                self.opened = trio.open_nursery()
                nursery = await self.opened.__aenter__()
                nursery.start_soon(self.shielded)
                await trio.testing.wait_all_tasks_blocked()

            async def asyncTearDown(self) -> None:
                events.append(f"shield {self.scope.shield}")
                self.scope.cancel()
                await self.opened.__aexit__(None, None, None)

            @time_limit(LIMIT)
            async def test(self) -> None:
                with trio.CancelScope(shield=True):
                    await trio.sleep_forever()

        with impatient():
            self.assertIn("shielded", report(Inner))
        self.assertEqual(events, ["shield True"])

    def test_child_of_a_context(self) -> None:
        """A shield in a child task of a context that is being entered."""

        async def shielded() -> None:
            with trio.CancelScope(shield=True):
                await trio.sleep_forever()

        class Inner(AsyncTrioTestCase):
            @contextlib.asynccontextmanager
            async def context(self) -> Any:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(shielded)
                yield  # never

            @time_limit(LIMIT)
            async def test(self) -> None:
                await self.enterAsyncContext(self.context())

        with impatient():
            text = report(Inner)
        self.assertIn("shielded from", text)
        self.assertNotIn("abandoned", text)

    def test_stack_of_an_object(self) -> None:
        """A shield in an ExitStack that is an attribute of a context manager."""

        class Manager:
            def __enter__(self) -> None:
                self.stack = contextlib.ExitStack()
                self.stack.enter_context(trio.CancelScope(shield=True))

            def __exit__(self, *exc: Any) -> Any:
                return self.stack.__exit__(*exc)

        class Inner(AsyncTrioTestCase):
            @time_limit(LIMIT)
            async def test(self) -> None:
                with Manager():
                    await trio.sleep_forever()

        with impatient():
            text = report(Inner)
        self.assertIn("It was shielded", text)
        self.assertNotIn("abandoned", text)

    def test_not_those_of_another_thread(self) -> None:
        """Nor one in a test of another thread, which goes on to its end."""
        stuck = threading.Event()

        class Innocent(AsyncTrioTestCase):
            async def test(self) -> None:
                self.addCleanup(self.slow)

            async def slow(self) -> None:
                with trio.CancelScope(shield=True) as scope:
                    while not stuck.is_set():
                        await trio.sleep(0.01)
                    assert scope.shield

        class Stuck(AsyncTrioTestCase):
            @time_limit(LIMIT)
            async def test(self) -> None:
                with trio.CancelScope(shield=True):
                    await trio.sleep_forever()

        verdicts: list[str] = []
        thread = threading.Thread(target=lambda: verdicts.extend(told(Innocent)))
        thread.start()
        with impatient():
            self.assertIn("shielded", report(Stuck))
        stuck.set()
        thread.join()
        self.assertEqual(verdicts, ["pass"])

    def test_shield_that_ends_in_time(self) -> None:
        """A shielded cleanup in the body has its seconds."""
        events: list[str] = []

        class Inner(AsyncTrioTestCase):
            @time_limit(LIMIT)
            async def test(self) -> None:
                try:
                    await trio.sleep_forever()
                finally:
                    with trio.CancelScope(shield=True):
                        await trio.sleep(1)
                    events.append("cleaned")

        self.assertNotIn("shielded", report(Inner))
        self.assertEqual(events, ["cleaned"])


class TestDebugger(unittest.TestCase):
    """A test in which a debugger was seen has no limit."""

    def check(self, body: Any) -> list[str]:
        class Inner(AsyncTrioTestCase):
            @time_limit(LIMIT)
            async def test(self) -> None:
                await body(self)

        before = sys.gettrace()
        try:
            with impatient():
                return told(Inner)
        finally:
            sys.settrace(before)

    async def slow(self) -> None:
        await trio.sleep(0.5)

    def test_trace_function(self) -> None:
        """One whose trace function was set before the test, or in it."""

        async def body(case: object) -> None:
            sys.settrace(debugger.trace_dispatch)
            await self.slow()  # never

        debugger = bdb.Bdb()
        debugger.reset()
        self.assertEqual(self.check(body), ["pass"])

        class Inner(AsyncTrioTestCase):
            @time_limit(LIMIT)
            async def test(inner) -> None:
                await self.slow()  # never

        before = sys.gettrace()
        debugger.reset()
        sys.settrace(debugger.trace_dispatch)
        try:
            verdicts = told(Inner)
        finally:
            sys.settrace(before)
        self.assertEqual(verdicts, ["pass"])

    def test_at_a_prompt(self) -> None:
        """One that is at its prompt, without following the test, in whatever thread."""

        def prompt() -> None:
            time.sleep(0.6)

        pdb = type(sys)("pdb")
        prompt = types.FunctionType(prompt.__code__, {"time": time, **vars(pdb)})

        async def here(case: object) -> None:
            prompt()
            await self.slow()

        async def in_a_thread(case: object) -> None:
            await trio.to_thread.run_sync(prompt)
            await self.slow()

        for body in [here, in_a_thread]:
            self.assertEqual(self.check(body), ["pass"])

    def test_seen_before_the_limit(self) -> None:
        """A debugger that was at work before the limit, and has gone, has ended it."""

        class Inner(AsyncTrioTestCase):
            @time_limit(0.8)
            async def test(self) -> None:
                frame = sys._getframe()
                frame.f_trace = bdb.Bdb().trace_dispatch
                time.sleep(0.4)
                del frame.f_trace
                await trio.sleep(0.8)

        with impatient():
            self.assertEqual(told(Inner), ["pass"])

    def test_no_limit_of_the_teardown(self) -> None:
        """A test in which a debugger was seen has no limit in its teardown either."""

        class Inner(AsyncTrioTestCase):
            async def asyncTearDown(self) -> None:
                await trio.sleep(0.3)

            @time_limit(LIMIT)
            async def test(self) -> None:
                frame = sys._getframe()
                frame.f_trace = bdb.Bdb().trace_dispatch
                time.sleep(0.5)
                del frame.f_trace

        with impatient():
            self.assertEqual(told(Inner), ["pass"])

    def test_that_was_seen_in_between(self) -> None:
        """One that was seen after the run was asked to end the test."""

        class Inner(AsyncTrioTestCase):
            @time_limit(LIMIT)
            async def test(self) -> None:
                limit = self._trioTest.limit
                turn = limit._blocked_loop._turn = limit.turn
                limit._switch_off()
                limit.end(turn, limit.cause)
                signal.raise_signal(signal.SIGURG)
                await trio.sleep(0.3)

        self.assertEqual(told(Inner), ["pass"])

    def test_that_comes_late(self) -> None:
        """One that is first seen when the limit is over, before anything is done."""

        class Inner(AsyncTrioTestCase):
            @time_limit(LIMIT)
            async def test(self) -> None:
                await trio.sleep(0.5)

        with mock.patch("triocase._time_limit.debugger_is_on", side_effect=[0, 1]):
            self.assertEqual(told(Inner), ["pass"])

    def test_of_an_ide(self) -> None:
        """pydevd's is an object or a function of a module of its own."""
        tracer = type("ThreadTracer", (), {"__call__": lambda *_: None})
        tracer.__module__ = "_pydevd_bundle.pydevd_cython"

        def function(*_: object) -> None:
            pass  # never

        function.__module__ = "pydevd"
        traces = [tracer(), tracer().__call__, function]
        for trace in traces:  # pragma: no branch  # coverage may not see its end

            async def body(  # pragma: no branch  # nor that of this
                case: object, trace: Any = trace
            ) -> None:
                sys.settrace(trace)
                await self.slow()  # never

            self.assertEqual(self.check(body), ["pass"])

    def test_seen_in_one_test(self) -> None:
        """The next test has its limit again."""

        async def body(case: object) -> None:
            frame = sys._getframe()
            while frame.f_back is not None:
                frame = frame.f_back
            frame.f_trace = bdb.Bdb().trace_dispatch  # as pdb leaves it there
            try:
                await self.slow()
            finally:
                del frame.f_trace

        (text,) = self.check(body)
        self.assertIn("ERROR TimeLimitExceeded", text)

    def test_monitoring(self) -> None:
        """One that has registered with sys.monitoring, which is new in Python 3.12."""
        tools = ["a debugger", None]
        monitoring = mock.Mock(DEBUGGER_ID=0, get_tool=lambda number: tools[number])

        async def body(case: object) -> None:
            with mock.patch("triocase._debuggers._monitoring", monitoring):
                await self.slow()

        self.assertEqual(self.check(body), ["pass"])
        if sys.version_info >= (3, 12):  # pragma: no branch
            self.assertIs(_debuggers._monitoring, sys.monitoring)

    def test_coverage(self) -> None:
        """Coverage, whose trace function is no debugger's, changes nothing."""

        def trace(frame: object, event: str, argument: object) -> None:
            pass  # never

        async def body(case: object) -> None:
            sys.settrace(trace)
            await trio.sleep_forever()  # never

        (text,) = self.check(body)
        # It runs, but coverage's own trace function was away and may not see it.
        self.assertIn("ERROR TimeLimitExceeded", text)  # pragma: no cover

    def test_pdb(self) -> None:
        """At pdb's own prompt, for longer than the limit, and after it."""
        source = """
import sys, threading, time
import trio
from triocase import AsyncTrioTestCase, time_limit

class Slow:
    def readline(self):
        time.sleep(2.5)
        return "continue\\n"

class TestIt(AsyncTrioTestCase):
    @time_limit(0.5)
    async def test_a(self):
        sys.stdin = Slow()
        import pdb
        pdb.Pdb(stdin=Slow()).set_trace()
        await trio.sleep(2)
        print("CONTINUED")

    @time_limit(0.5)
    async def test_b(self):
        await trio.sleep_forever()
"""
        code, output = Process(source, *UNITTEST).finish()
        self.assertEqual(code, 1, output)
        self.assertRegex(output, "(?s)test_a .*CONTINUED\nok\ntest_b .*ERROR")
