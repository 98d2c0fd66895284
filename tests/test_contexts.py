"""Contexts entered for a test: each lives in a task of its own, or in the test's."""

from __future__ import annotations

import contextlib
import contextvars
import functools
import gc
import os
import signal
import unittest
import weakref
from collections.abc import AsyncIterator, Iterator
from typing import Any
from unittest import mock

import trio
import trio.testing

from triocase import AsyncTrioTestCase
from triocase._findings import Findings
from triocase._live_context import LiveContext

from .harness import WithEvents, debug_error, report, stray_cancelled, told

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")


class Noting(WithEvents):
    """A base for inner classes whose contexts note what happens to them."""

    @contextlib.asynccontextmanager
    async def noted(self, name: str) -> AsyncIterator[str]:
        await trio.lowlevel.checkpoint()
        self.events.append(f"enter {name}")
        try:
            yield name
        finally:
            await trio.lowlevel.checkpoint()
            self.events.append(f"leave {name}")

    @contextlib.asynccontextmanager
    async def serving(self, *tasks: Any) -> AsyncIterator[trio.Nursery]:
        async with self.noted("server"):
            async with trio.open_nursery() as nursery:
                for task in tasks:
                    nursery.start_soon(task)
                yield nursery
                nursery.cancel_scope.cancel()

    async def crash(self) -> None:
        await trio.lowlevel.checkpoint()
        raise ValueError("crash")

    async def wait(self, name: str) -> None:
        try:
            await trio.sleep_forever()
        finally:
            self.events.append(f"{name} cancelled")


class TestEnterAsyncContext(unittest.TestCase):
    def test_is_left_in_its_turn_among_the_cleanups(self) -> None:
        """Contexts and cleanups are one list, last in first out."""

        class Inner(Noting):
            async def asyncSetUp(self) -> None:
                self.addCleanup(self.events.append, "first cleanup")
                value = await self.enterAsyncContext(self.noted("a"))
                self.assertEqual(value, "a")
                self.addCleanup(self.events.append, "second cleanup")
                await self.enterAsyncContext(self.noted("b"))

            async def test(self) -> None:
                self.events.append("test")

            async def asyncTearDown(self) -> None:
                self.events.append("teardown")

        events = ["enter a", "enter b", "test", "teardown"]
        events += ["leave b", "second cleanup", "leave a", "first cleanup"]
        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(Inner.events, events)
        Inner.events.clear()
        Inner("test").debug()
        self.assertEqual(Inner.events, events)

    def test_error_of_the_entry(self) -> None:
        """An error of the entry is raised where the context is entered, bare."""

        class Inner(Noting):
            @contextlib.asynccontextmanager
            async def broken(self) -> AsyncIterator[None]:
                await trio.lowlevel.checkpoint()
                raise OSError("no entry")
                yield

            async def test(self) -> None:
                with self.assertRaisesRegex(OSError, "no entry"):
                    await self.enterAsyncContext(self.broken())

            async def test_report(self) -> None:
                await self.enterAsyncContext(self.broken())

        self.assertEqual(told(Inner), ["pass"])
        text = report(Inner, "test_report")
        self.assertNotIn("triocase", text)
        self.assertEqual(
            [line for line in text.splitlines() if "test_contexts" in line],
            [
                '  File "test_contexts.py", line N, in test_report',
                '  File "test_contexts.py", line N, in broken',
            ],
        )

    def test_failed_entry_is_not_left(self) -> None:
        """A context that was not entered is no cleanup, which could be cancelled."""

        class Inner(Noting):
            @contextlib.asynccontextmanager
            async def broken(self) -> AsyncIterator[None]:
                raise OSError("no entry")
                yield

            def setUp(self) -> None:
                self.scope = self.enterContext(trio.CancelScope())

            async def test(self) -> None:
                with self.assertRaises(OSError):
                    await self.enterAsyncContext(self.broken())
                self.scope.cancel()

        self.assertEqual(told(Inner), ["pass"])

    def test_assertion_in_the_entry(self) -> None:
        """unittest cuts no frames of the context's own off a failing assertion."""

        class Inner(Noting):
            @contextlib.asynccontextmanager
            async def broken(self) -> AsyncIterator[None]:
                self.fail("in the entry")
                yield  # never

            async def test(self) -> None:
                await self.enterAsyncContext(self.broken())

        text = report(Inner)
        self.assertIn("in broken", text)
        self.assertNotIn("triocase", text)

    def test_error_of_the_exit(self) -> None:
        """An error of the exit is reported, and the other cleanups run."""

        class Inner(Noting):
            @contextlib.asynccontextmanager
            async def broken(self) -> AsyncIterator[None]:
                yield
                raise OSError("no exit")

            async def test(self) -> None:
                await self.enterAsyncContext(self.noted("a"))
                await self.enterAsyncContext(self.broken())

        self.assertEqual(told(Inner), ["ERROR OSError: no exit"])
        self.assertEqual(Inner.events, ["enter a", "leave a"])
        self.assertEqual(
            report(Inner),
            "Traceback (most recent call last):\n"
            '  File "test_contexts.py", line N, in broken\n'
            '    raise OSError("no exit")\n'
            "OSError: no exit\n",
        )

    def test_may_contain_nurseries_and_scopes(self) -> None:
        """Contexts with nurseries and scopes may be left in any order of tasks."""

        class Inner(Noting):
            @contextlib.asynccontextmanager
            async def scoped(self) -> AsyncIterator[trio.CancelScope]:
                with trio.CancelScope() as scope:
                    yield scope

            async def test(self) -> None:
                await self.enterAsyncContext(self.serving(lambda: self.wait("task")))
                await self.enterAsyncContext(self.scoped())
                with trio.move_on_after(60):
                    await self.enterAsyncContext(self.serving())
                await trio.testing.wait_all_tasks_blocked()

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(Inner.events[-2:], ["task cancelled", "leave server"])

    def test_crash_in_the_background(self) -> None:
        """A crash in a context cancels the body, and the exit runs in its turn."""

        class Inner(Noting):
            async def asyncSetUp(self) -> None:
                await self.enterAsyncContext(self.serving(self.crash_later))
                self.addAsyncCleanup(self.later_cleanup)

            async def crash_later(self) -> None:
                await trio.testing.wait_all_tasks_blocked()
                await self.crash()

            async def later_cleanup(self) -> None:
                await trio.lowlevel.checkpoint()
                self.events.append("cleanup")

            async def test(self) -> None:
                await self.wait("body")

            async def asyncTearDown(self) -> None:
                await trio.lowlevel.checkpoint()
                self.events.append("teardown")

        self.assertEqual(told(Inner), ["ERROR ValueError: crash"])
        self.assertEqual(
            Inner.events,
            ["enter server", "body cancelled", "teardown", "cleanup", "leave server"],
        )

    def test_crash_during_the_setup(self) -> None:
        """A context that crashes while the setup goes on cancels the setup."""

        class Inner(Noting):
            async def asyncSetUp(self) -> None:
                await self.enterAsyncContext(self.serving(self.crash))
                await self.wait("setup")

            async def test(self) -> None:
                raise NotImplementedError

        self.assertEqual(told(Inner), ["ERROR ValueError: crash"])
        self.assertEqual(
            Inner.events, ["enter server", "setup cancelled", "leave server"]
        )

    def test_crash_in_debug(self) -> None:
        """debug() raises the crash of a context."""

        class Inner(Noting):
            async def test(self) -> None:
                await self.enterAsyncContext(self.serving(self.crash))
                await self.wait("body")

        self.assertEqual(repr(debug_error(Inner)), "ValueError('crash')")

    def test_crash_and_errors_after_it(self) -> None:
        """The crash is reported first, as it came first, with all that follows."""

        class Inner(Noting):
            async def test(self) -> None:
                await self.enterAsyncContext(self.serving(self.crash))
                await self.wait("body")

            async def asyncTearDown(self) -> None:
                raise KeyError("teardown")

        self.assertEqual(
            told(Inner), ["ERROR ValueError: crash", "ERROR KeyError: 'teardown'"]
        )

    def test_crash_that_the_context_handles(self) -> None:
        """A context may handle its own crash; the test was cancelled all the same."""

        class Inner(Noting):
            @contextlib.asynccontextmanager
            async def tolerant(self) -> AsyncIterator[None]:
                try:
                    async with self.serving(self.crash):
                        yield
                except BaseException:
                    self.events.append("handled")

            async def test(self) -> None:
                await self.enterAsyncContext(self.tolerant())
                await trio.sleep_forever()

        (verdict,) = told(Inner)
        self.assertRegex(
            verdict,
            r"the test was cancelled, .*a background task crashed: .*tolerant: child "
            r"task raised exception ValueError\('crash'\)",
        )
        self.assertEqual(Inner.events[-1], "handled")

    def test_that_ends_early_without_an_error(self) -> None:
        """A context whose own scope ends it has been left; the test goes on."""

        class Inner(Noting):
            @contextlib.asynccontextmanager
            async def brief(self) -> AsyncIterator[trio.CancelScope]:
                async with self.noted("brief"):
                    with trio.CancelScope() as scope:
                        yield scope

            async def test(self) -> None:
                scope = await self.enterAsyncContext(self.brief())
                scope.cancel()
                await trio.testing.wait_all_tasks_blocked()
                self.events.append("test goes on")

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(Inner.events, ["enter brief", "leave brief", "test goes on"])

    def test_that_ends_at_once(self) -> None:
        """It may be over by the time that the caller gets its value, or just after."""

        class Inner(Noting):
            @contextlib.asynccontextmanager
            async def cancelled(self) -> AsyncIterator[str]:
                with trio.CancelScope() as scope:
                    scope.cancel()
                    yield "value"
                self.events.append("left")

            async def test(self) -> None:
                value = await self.enterAsyncContext(self.cancelled())
                self.assertEqual((value, self.events), ("value", ["left"]))
                await trio.lowlevel.checkpoint()

        for _ in range(20):  # Trio may run the caller or the context's nursery first
            Inner.events.clear()
            self.assertEqual(told(Inner), ["pass"])
            self.assertEqual(Inner.events, ["left"])

    def test_that_ends_early_with_an_error(self) -> None:
        """A timeout inside a context is a crash of that context."""

        class Inner(Noting):
            @contextlib.asynccontextmanager
            async def brief(self) -> AsyncIterator[None]:
                with trio.fail_after(0.01):
                    yield

            async def test(self) -> None:
                await self.enterAsyncContext(self.brief())
                await self.wait("body")

        self.assertEqual(told(Inner), ["ERROR TooSlowError"])
        self.assertEqual(Inner.events, ["body cancelled"])
        text = report(Inner)
        self.assertNotIn("triocase", text)
        self.assertNotIn("_traps.py", text)
        self.assertIn("in brief", text)

    def test_cancelling_the_caller_cancels_the_entry(self) -> None:
        """A timeout around the entry cancels it; nothing is left to be left."""

        class Inner(Noting):
            @contextlib.asynccontextmanager
            async def slow(self) -> AsyncIterator[None]:
                await self.wait("entry")
                yield  # never

            async def test(self) -> None:
                with trio.move_on_after(0.01) as scope:
                    await self.enterAsyncContext(self.slow())
                self.assertTrue(scope.cancelled_caught)
                self.events.append("test goes on")

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(Inner.events, ["entry cancelled", "test goes on"])

    def test_entry_that_succeeds_though_cancelled(self) -> None:
        """A context that was entered all the same is left at once."""

        class Inner(Noting):
            @contextlib.asynccontextmanager
            async def stubborn(self) -> AsyncIterator[None]:
                with trio.CancelScope(shield=True):
                    await trio.sleep(0.03)
                async with self.noted("stubborn"):
                    yield  # never

            async def test(self) -> None:
                with trio.move_on_after(0.01):
                    await self.enterAsyncContext(self.stubborn())
                self.events.append("test goes on")

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(Inner.events[-1], "test goes on")

    def test_cancelled_by_nobody(self) -> None:
        """A Cancelled that the entry brings from elsewhere is the caller's error."""

        class Inner(Noting):
            @contextlib.asynccontextmanager
            async def stray(self) -> AsyncIterator[None]:
                await stray_cancelled()
                yield  # never

            async def test(self) -> None:
                await self.enterAsyncContext(self.stray())
                raise NotImplementedError

        (verdict,) = told(Inner)
        self.assertIn("the test was cancelled, and nothing raised an error", verdict)

    def test_entry_that_succeeds_gets_the_cancelled(self) -> None:
        """A context manager that was entered all the same gets the Cancelled."""

        class Inner(Noting):
            @contextlib.asynccontextmanager
            async def stubborn(self) -> AsyncIterator[None]:
                with trio.CancelScope(shield=True):
                    await trio.sleep(0.03)
                try:
                    yield
                except trio.Cancelled:
                    self.events.append("cancelled")
                    raise

            async def test(self) -> None:
                with trio.move_on_after(0.01):
                    await self.enterAsyncContext(self.stubborn())
                self.events.append("test goes on")

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(Inner.events, ["cancelled", "test goes on"])

    def test_exit_is_told(self) -> None:
        """An exit gets what `async with` gives it: type, error, traceback."""

        class Manager:
            async def __aenter__(self) -> None:
                pass

            async def __aexit__(self, kind: Any, error: Any, trace: Any) -> None:
                seen.append(kind is trio.Cancelled is type(error))
                seen.append(trace is error.__traceback__ is not None)

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                with trio.CancelScope() as scope:
                    scope.cancel()
                    await self.enterAsyncContext(Manager())

        seen: list[bool] = []
        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(seen, [True, True])

    def test_error_of_a_cancelled_entry(self) -> None:
        """An entry that fails while it is cancelled: the error is not lost."""

        class Inner(Noting):
            @contextlib.asynccontextmanager
            async def slow(self) -> AsyncIterator[None]:
                try:
                    await trio.sleep_forever()
                finally:
                    raise OSError("on the way out")
                yield

            async def test(self) -> None:
                with trio.move_on_after(0.01):
                    await self.enterAsyncContext(self.slow())

        self.assertEqual(told(Inner), ["ERROR OSError: on the way out"])

    def test_exit_in_a_cancelled_scope_of_the_users(self) -> None:
        """A user's cancelled scope reaches the exit of a context left inside it."""

        class Inner(Noting):
            @contextlib.asynccontextmanager
            async def slow(self) -> AsyncIterator[None]:
                yield
                try:
                    await self.wait("exit")
                finally:
                    raise OSError("exit")

            async def asyncSetUp(self) -> None:
                self.scope = self.enterContext(trio.CancelScope())
                await self.enterAsyncContext(self.slow())

            async def test(self) -> None:
                self.scope.cancel()

        self.assertEqual(told(Inner), ["ERROR OSError: exit"])
        self.assertEqual(Inner.events, ["exit cancelled"])

    def test_entered_in_a_background_task(self) -> None:
        """A background task may enter a context for the test."""

        class Inner(Noting):
            async def test(self) -> None:
                entered = trio.Event()

                async def task() -> None:
                    await self.enterAsyncContext(self.noted("a"))
                    entered.set()

                self.nursery.start_soon(task)
                await entered.wait()

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(Inner.events, ["enter a", "leave a"])

    def test_entered_too_late(self) -> None:
        """When the cleanups are over, nothing would leave it: a clear error."""

        class Inner(Noting):
            async def test(self) -> None:
                async def task() -> None:
                    try:
                        await trio.sleep_forever()
                    finally:
                        with trio.CancelScope(shield=True):
                            await self.enterAsyncContext(self.noted("a"))

                self.nursery.start_soon(task)
                await trio.testing.wait_all_tasks_blocked()

        self.assertEqual(
            told(Inner),
            [
                "ERROR RuntimeError: the cleanups of this test are over, so nothing "
                "would leave the context. Write `async with` around the code that "
                "needs it."
            ],
        )
        self.assertEqual(Inner.events, [])

    def test_outside_of_the_run(self) -> None:
        """Outside of a test's run it says what to use instead."""
        case = Noting("asyncSetUp")
        with self.assertRaisesRegex(RuntimeError, "only while the test runs"):
            trio.run(case.enterAsyncContext, case.noted("a"))
        with self.assertRaisesRegex(RuntimeError, "only while the test runs"):
            trio.run(case.doAsyncCleanups)

    def test_bad_input(self) -> None:
        """What is no async context manager is refused, with what to write."""

        class Inner(AsyncTrioTestCase):
            thing: Any

            async def test(self) -> None:
                await self.enterAsyncContext(self.thing)

            def test_sync(self) -> None:
                self.enterContext(self.thing)

        for name, thing, message in [
            (
                "test",
                3,
                "enterAsyncContext() takes an async context manager, not 3. Write "
                "`await self.enterAsyncContext(cm)` with an object that `async with` "
                "takes.",
            ),
            (
                "test",
                contextlib.nullcontext,
                "enterAsyncContext() takes an async context manager, not <class "
                "'contextlib.nullcontext'>. Write `await self.enterAsyncContext(cm)` "
                "with an object that `async with` takes.",
            ),
            (
                "test_sync",
                3,
                "enterContext() takes a context manager, not 3. Write "
                "`self.enterContext(cm)` with an object that `with` takes.",
            ),
        ]:
            with self.subTest(name, thing=thing):
                Inner.thing = thing
                self.assertEqual(told(Inner, name), [f"ERROR TypeError: {message}"])
                self.assertNotIn("AttributeError", report(Inner, name))
        Inner.thing = contextlib.suppress()
        (verdict,) = told(Inner)
        self.assertIn("It is a sync context manager: write `self.enterContext", verdict)
        Inner.thing = contextlib.AsyncExitStack()
        (verdict,) = told(Inner, "test_sync")
        self.assertIn("It is an async one: write `await self.enterAsync", verdict)

    def test_locks_are_refused(self) -> None:
        """What belongs to the task that acquires it needs `async with`."""

        class Inner(AsyncTrioTestCase):
            lock: Any

            async def test(self) -> None:
                await self.enterAsyncContext(self.lock)

        for kind in [trio.Lock, trio.StrictFIFOLock, trio.Condition]:
            Inner.lock = kind()
            (verdict,) = told(Inner)
            self.assertRegex(
                verdict,
                rf"ERROR TypeError: enterAsyncContext\(\) cannot take <.*>: a "
                rf"{kind.__name__} belongs to the task that acquires it, and a context "
                rf"lives in a task of its own. Write `async with` around the code that "
                rf"needs it.$",
            )
        Inner.lock = trio.CapacityLimiter(1)
        self.assertIn("a CapacityLimiter belongs", told(Inner)[0])

    def test_semaphore_is_entered(self) -> None:
        """A semaphore belongs to nobody, so it may be held by a context."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                semaphore = trio.Semaphore(1)
                await self.enterAsyncContext(semaphore)
                self.assertEqual(semaphore.value, 0)
                await self.doAsyncCleanups()
                self.assertEqual(semaphore.value, 1)

        self.assertEqual(told(Inner), ["pass"])

    def test_nursery_of_its_own_is_cancelled_in_its_turn(self) -> None:
        """A nursery entered as a context waits for its tasks when it is left."""

        class Inner(Noting):
            async def test(self) -> None:
                await self.enterAsyncContext(self.noted("a"))
                nursery = await self.enterAsyncContext(trio.open_nursery())
                nursery.start_soon(self.wait, "task")
                self.addCleanup(nursery.cancel_scope.cancel)
                await trio.testing.wait_all_tasks_blocked()

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(Inner.events, ["enter a", "task cancelled", "leave a"])

    def test_nursery_as_a_context_is_cancelled(self) -> None:
        """enterAsyncContext(trio.open_nursery()) needs no cancel by hand."""

        class Inner(Noting):
            async def test(self) -> None:
                await self.enterAsyncContext(self.noted("a"))
                nursery = await self.enterAsyncContext(trio.open_nursery())
                nursery.start_soon(self.wait, "task")
                await trio.testing.wait_all_tasks_blocked()

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(Inner.events, ["enter a", "task cancelled", "leave a"])

    def test_exit_on_the_instance(self) -> None:
        """As with `async with`, __aenter__ and __aexit__ are looked up on the type."""

        class Manager:
            async def __aenter__(self) -> None:
                events.append("entered")

            async def __aexit__(self, *_: object) -> None:
                events.append("left")

        events: list[str] = []

        class Case(AsyncTrioTestCase):
            async def test(self) -> None:
                manager = Manager()
                manager.__aenter__ = manager.__aexit__ = None  # type: ignore
                await self.enterAsyncContext(manager)

        self.assertEqual(told(Case), ["pass"])
        self.assertEqual(events, ["entered", "left"])

    def test_ctrl_c_may_interrupt_it(self) -> None:
        """Ctrl-C may interrupt the code of a context."""

        class Manager:
            async def __aenter__(self) -> None:
                seen.append(trio.lowlevel.currently_ki_protected())

            async def __aexit__(self, *_: object) -> None:
                seen.append(trio.lowlevel.currently_ki_protected())

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                await self.enterAsyncContext(Manager())

        seen: list[bool] = []
        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(seen, [False, False])

    def test_ctrl_c_as_it_becomes_a_cleanup(self) -> None:
        """Ctrl-C while a context becomes a cleanup does not keep it from being one."""

        class Inner(AsyncTrioTestCase):
            def addCleanup(self, *args: Any, **kwargs: Any) -> None:
                seen.append(trio.lowlevel.currently_ki_protected())
                super().addCleanup(*args, **kwargs)

            async def test(self) -> None:
                await self.enterAsyncContext(trio.open_nursery())

        seen: list[bool] = []
        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(seen, [True])

    def test_ctrl_c_in_the_harness(self) -> None:
        """Ctrl-C does not interrupt the harness's own part of a context."""
        seen: list[Any] = []

        def noting(name: str) -> Any:
            original = getattr(LiveContext, name)

            @functools.wraps(original)
            async def wrapper(*args: Any) -> Any:
                seen.append((name, trio.lowlevel.currently_ki_protected()))
                return await original(*args)

            return mock.patch.object(LiveContext, name, wrapper)

        class Inner(Noting):
            async def test(self) -> None:
                await self.enterAsyncContext(self.noted("a"))

        with noting("_wait_for"), noting("_stay"), noting("_call_enter"):
            self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(
            seen,
            [
                ("_wait_for", True),
                ("_call_enter", True),
                ("_stay", True),
                ("_wait_for", True),
            ],
        )

    def test_ctrl_c_that_is_swallowed(self) -> None:
        """A Ctrl-C during an entry stops the run though the test swallows it."""

        class Inner(Noting):
            @contextlib.asynccontextmanager
            async def slow(self) -> AsyncIterator[None]:
                await trio.to_thread.run_sync(os.kill, os.getpid(), signal.SIGINT)
                yield  # never

            async def test(self) -> None:
                with contextlib.suppress(KeyboardInterrupt):
                    await self.enterAsyncContext(self.slow())

        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, before)
        with self.assertRaises(KeyboardInterrupt):
            told(Inner)

    def test_error_is_not_kept(self) -> None:
        """An error of an entry is gone when the test drops it."""

        class Mark(Exception):
            pass

        class Inner(Noting):
            @contextlib.asynccontextmanager
            async def broken(self) -> AsyncIterator[None]:
                raise Mark
                yield

            async def test(self) -> None:
                try:
                    await self.enterAsyncContext(self.broken())
                except Mark as error:
                    ref = weakref.ref(error)
                self.assertIsNone(ref())

        gc.disable()
        self.addCleanup(gc.enable)
        self.assertEqual(told(Inner), ["pass"])

    def test_cancelled_is_not_kept(self) -> None:
        """Nor is the Cancelled of an entry."""

        class Inner(Noting):
            async def test(self) -> None:
                with trio.CancelScope() as scope:
                    scope.cancel()
                    try:
                        await self.enterAsyncContext(trio.open_nursery())
                    except trio.Cancelled as error:
                        ident = id(error)
                        del error
                left = [o for o in gc.get_objects() if isinstance(o, trio.Cancelled)]
                self.assertNotIn(ident, map(id, left))

        gc.collect()
        gc.disable()
        self.addCleanup(gc.enable)
        self.assertEqual(told(Inner), ["pass"])

    def test_that_cannot_show_itself(self) -> None:
        """Neither a context nor its error needs a repr that works."""

        class Shy:
            def __repr__(self) -> str:
                raise NotImplementedError

            async def __aenter__(self) -> str:
                return "entered"

            async def __aexit__(self, *args: object) -> None:
                pass

        class ShyError(Exception):
            __repr__ = Shy.__repr__
            __str__ = Shy.__repr__

        class Inner(Noting):
            @contextlib.asynccontextmanager
            async def brief(self) -> AsyncIterator[None]:
                with trio.CancelScope() as self.scope:
                    yield
                raise ShyError

            async def test(self) -> None:
                self.assertEqual(await self.enterAsyncContext(Shy()), "entered")

            async def test_error(self) -> None:
                await self.enterAsyncContext(self.brief())
                self.scope.cancel()
                await self.wait("body")

        self.assertEqual(told(Inner), ["pass"])
        self.assertIsInstance(debug_error(Inner, "test_error"), ShyError)

    def test_no_context_waits_when_the_run_dies(self) -> None:
        """A context that crashed does not wait for a turn that never comes."""

        class Inner(Noting):
            @contextlib.asynccontextmanager
            async def crashing(self) -> AsyncIterator[None]:
                try:
                    async with trio.open_nursery() as nursery:
                        nursery.start_soon(self.crash)
                        yield
                finally:
                    self.events.append("left")

            async def test(self) -> None:
                await self.enterAsyncContext(self.crashing())
                await trio.sleep_forever()

        # Whatever the harness might do wrong:
        with mock.patch.object(Findings, "add", side_effect=MemoryError):
            self.assertEqual(told(Inner)[0], "ERROR MemoryError")
        self.assertEqual(Inner.events, ["left"])

    def test_exit_stack(self) -> None:
        """What is entered into an exit stack is left in the task that entered it."""

        class Inner(Noting):
            async def asyncSetUp(self) -> None:
                self.addCleanup(self.events.append, "cleanup")
                self.stack = await self.enterAsyncContext(contextlib.AsyncExitStack())
                await self.stack.enter_async_context(self.noted("a"))
                await self.stack.enter_async_context(self.serving(self.forever))

            async def forever(self) -> None:
                await self.wait("task")

            async def test(self) -> None:
                await trio.testing.wait_all_tasks_blocked()

            async def test_misnested(self) -> None:
                nursery = await self.stack.enter_async_context(trio.open_nursery())
                nursery.start_soon(self.forever)

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(
            Inner.events,
            [
                "enter a",
                "enter server",
                "task cancelled",
                "leave server",
                "leave a",
                "cleanup",
            ],
        )
        (verdict,) = told(Inner, "test_misnested")
        self.assertIn("What is entered by hand in the test method must be", verdict)

    def test_left_open_by_a_context(self) -> None:
        """What a context leaves open is closed and named."""

        class Inner(Noting):
            @contextlib.asynccontextmanager
            async def untidy(self) -> AsyncIterator[None]:
                nursery = await trio.open_nursery().__aenter__()
                nursery.start_soon(self.wait, "task")
                nursery.start_soon(self.bad)
                yield

            async def bad(self) -> None:
                try:
                    await trio.sleep_forever()
                finally:
                    raise OSError("at the end")

            async def test(self) -> None:
                await self.enterAsyncContext(self.noted("a"))
                await self.enterAsyncContext(self.untidy())
                await trio.testing.wait_all_tasks_blocked()

        error, verdict = told(Inner)
        self.assertEqual(error, "ERROR OSError: at the end")
        self.assertRegex(
            verdict,
            r"ERROR RuntimeError: \S+untidy left <trio.Nursery object at 0x\w+> \(with "
            r"the tasks \S+Noting.wait, \S+Inner.bad\) open. Leave it where it was entered.",
        )
        self.assertEqual(Inner.events, ["enter a", "task cancelled", "leave a"])


class TestContextVariablesOfContexts(unittest.TestCase):
    def test_entry_and_exit_are_seen(self) -> None:
        """What the entry sets, the test sees; what the exit sets, later cleanups."""
        seen = []

        class Inner(AsyncTrioTestCase):
            @contextlib.asynccontextmanager
            async def setting(self) -> AsyncIterator[None]:
                seen.append(variable.get("unset"))
                variable.set("by the entry")
                yield
                seen.append(variable.get())
                variable.set("by the exit")

            def look(self) -> None:
                seen.append(variable.get())

            async def test(self) -> None:
                self.addCleanup(self.look)
                variable.set("before")
                await self.enterAsyncContext(self.setting())
                self.look()
                variable.set("by the test")

        self.assertEqual(told(Inner), ["pass"])
        # The exit does not see what the test has set meanwhile.
        self.assertEqual(
            seen, ["before", "by the entry", "by the entry", "by the exit"]
        )

    def test_unset_by_the_exit(self) -> None:
        """A variable that the context sets and unsets is unset afterwards."""
        seen = []

        class Inner(AsyncTrioTestCase):
            @contextlib.asynccontextmanager
            async def setting(self) -> AsyncIterator[None]:
                token = variable.set("inside")
                yield
                variable.reset(token)

            def look(self) -> None:
                seen.append(variable.get("unset"))

            async def test(self) -> None:
                self.addCleanup(self.look)
                await self.enterAsyncContext(self.setting())
                self.look()

            async def test_background(self) -> None:
                async def task() -> None:
                    await self.enterAsyncContext(self.setting())
                    entered.set()

                self.addCleanup(self.look)
                entered = trio.Event()
                self.nursery.start_soon(task)
                await entered.wait()
                self.look()

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(seen, ["inside", "unset"])
        seen.clear()
        self.assertEqual(told(Inner, "test_background"), ["pass"])
        self.assertEqual(seen, ["unset", "unset"])

    def test_failed_entry(self) -> None:
        """What a context has set whose entry failed is not seen."""
        seen = []

        class Inner(Noting):
            @contextlib.asynccontextmanager
            async def broken(self) -> AsyncIterator[None]:
                variable.set("by the entry")
                raise OSError("no entry")
                yield

            async def test(self) -> None:
                with self.assertRaises(OSError):
                    await self.enterAsyncContext(self.broken())
                seen.append(variable.get("unset"))

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(seen, ["unset"])

    def test_unchanged_variables_stay_the_tests(self) -> None:
        """Only what the context has changed is copied."""
        seen = []
        other: contextvars.ContextVar[str] = contextvars.ContextVar("other")

        class Inner(AsyncTrioTestCase):
            @contextlib.asynccontextmanager
            async def quiet(self) -> AsyncIterator[None]:
                yield

            def look(self) -> None:
                seen.append(other.get())

            async def test(self) -> None:
                self.addCleanup(self.look)
                other.set("before")
                await self.enterAsyncContext(self.quiet())
                other.set("by the test")

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(seen, ["by the test"])

    def test_tokens_do_not_cross(self) -> None:
        """A token of the entry cannot be used by the test: a limit, and a loud one."""

        class Inner(AsyncTrioTestCase):
            @contextlib.asynccontextmanager
            async def setting(self) -> AsyncIterator[Any]:
                yield variable.set("x")

            async def test(self) -> None:
                token = await self.enterAsyncContext(self.setting())
                with self.assertRaisesRegex(ValueError, "different Context"):
                    variable.reset(token)

        self.assertEqual(told(Inner), ["pass"])


class TestEnterContext(unittest.TestCase):
    def test_is_left_as_a_cleanup(self) -> None:
        """A sync context is entered and left in the test's task, on every Python."""
        events = []

        class Inner(AsyncTrioTestCase):
            @contextlib.contextmanager
            def noted(self) -> Iterator[str]:
                task = trio.lowlevel.current_task()
                yield "value"
                self.assertIs(trio.lowlevel.current_task(), task)
                events.append("leave")

            def setUp(self) -> None:
                self.addCleanup(events.append, "cleanup")
                self.assertEqual(self.enterContext(self.noted()), "value")

            async def test(self) -> None:
                events.append("test")

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(events, ["test", "leave", "cleanup"])

    def test_timeout_for_the_whole_test(self) -> None:
        """A fail_after held from setUp on cancels the body at its deadline."""

        class Inner(AsyncTrioTestCase):
            def setUp(self) -> None:
                self.enterContext(trio.fail_after(0.01))

            async def test(self) -> None:
                await trio.sleep_forever()

        (verdict,) = told(Inner)
        self.assertIn("cancelled due to deadline", verdict)

    def test_exit_on_the_instance(self) -> None:
        """As with `with`, __enter__ and __exit__ are looked up on the type."""

        class Manager:
            def __enter__(self) -> None:
                pass

            def __exit__(self, *_: object) -> None:
                events.append("left")

        events: list[str] = []

        class Case(AsyncTrioTestCase):
            async def test(self) -> None:
                manager = Manager()
                manager.__exit__ = None  # type: ignore
                self.enterContext(manager)

        self.assertEqual(told(Case), ["pass"])
        self.assertEqual(events, ["left"])

    def test_enter_fails(self) -> None:
        """A sync context that could not be entered is not left."""

        class Manager:
            def __enter__(self) -> None:
                raise ValueError("enter")

            def __exit__(self, *_: object) -> None:
                raise NotImplementedError

        class Case(AsyncTrioTestCase):
            async def test(self) -> None:
                self.enterContext(Manager())

        self.assertEqual(told(Case), ["ERROR ValueError: enter"])
