"""Background tasks: what a crash cancels, what it does not, and what is reported."""

from __future__ import annotations

import time
import unittest
from typing import Any

import trio
import trio.testing

from triocase import AsyncTrioTestCase

from .harness import WithEvents, debug_error, report, run, told


class Crashing(WithEvents):
    """A base for inner classes that note events and crash in the background."""

    async def crash(self, error: BaseException | None = None) -> None:
        await trio.lowlevel.checkpoint()
        raise ValueError("crash") if error is None else error

    async def wait(self, name: str, *, shield: bool = False) -> None:
        """Wait for ever; note how the waiting ended."""
        try:
            await trio.sleep_forever()
        except trio.Cancelled:
            with trio.CancelScope(shield=shield):
                for _ in range(20 if shield else 0):
                    await trio.lowlevel.checkpoint()
            self.events.append(f"{name} cancelled")
            raise

    async def work(self, name: str) -> None:
        """Await something that is not cancelled, and note that it was not."""
        for _ in range(5):
            await trio.lowlevel.checkpoint()
        self.events.append(name)


class TestCrash(unittest.TestCase):
    def test_cancels_the_body_and_nothing_else(self) -> None:
        """After a crash, teardown and cleanups run to the end, and can await."""

        class Inner(Crashing):
            def setUp(self) -> None:
                self.addCleanup(self.work, "cleanup")

            async def test(self) -> None:
                self.nursery.start_soon(self.crash)
                await self.wait("body")

            async def asyncTearDown(self) -> None:
                await self.work("asyncTearDown")

            def tearDown(self) -> None:
                self.events.append("tearDown")

        self.assertEqual(told(Inner), ["ERROR ValueError: crash"])
        self.assertEqual(
            Inner.events, ["body cancelled", "asyncTearDown", "tearDown", "cleanup"]
        )

    def test_in_debug(self) -> None:
        """debug() raises the crash's error, and still runs the cleanups."""

        class Inner(Crashing):
            async def test(self) -> None:
                self.addCleanup(self.work, "cleanup")
                self.nursery.start_soon(self.crash)
                await self.wait("body")

            async def asyncTearDown(self) -> None:
                await self.work("asyncTearDown")  # never

        self.assertEqual(repr(debug_error(Inner)), "ValueError('crash')")
        self.assertEqual(Inner.events, ["body cancelled", "cleanup"])

    def test_cancels_siblings_and_closes_the_nursery(self) -> None:
        """As in any nursery, siblings are cancelled, and no more tasks are taken."""

        class Inner(Crashing):
            async def test(self) -> None:
                self.nursery.start_soon(self.wait, "sibling")
                self.nursery.start_soon(self.crash)
                await trio.sleep_forever()

            async def asyncTearDown(self) -> None:
                await self.work("teardown")
                with self.assertRaisesRegex(RuntimeError, "closed to new arrivals"):
                    self.nursery.start_soon(trio.sleep_forever)

        self.assertEqual(told(Inner), ["ERROR ValueError: crash"])
        self.assertEqual(Inner.events, ["sibling cancelled", "teardown"])

    def test_body_does_not_wait_for_slow_siblings(self) -> None:
        """The body is cancelled at once, though a sibling takes long to end."""

        class Inner(Crashing):
            async def test(self) -> None:
                self.nursery.start_soon(lambda: self.wait("slow", shield=True))
                await trio.testing.wait_all_tasks_blocked()
                self.nursery.start_soon(self.crash)
                await self.wait("body")

            async def asyncTearDown(self) -> None:
                self.events.append("teardown")
                raise KeyError("teardown")

        self.assertEqual(
            told(Inner), ["ERROR ValueError: crash", "ERROR KeyError: 'teardown'"]
        )
        self.assertEqual(Inner.events, ["body cancelled", "teardown", "slow cancelled"])

    def test_is_reported_as_what_it_is(self) -> None:
        """A background AssertionError is a FAIL, SkipTest a skip, the rest an ERROR."""

        class Inner(Crashing):
            error: BaseException

            async def test(self) -> None:
                self.nursery.start_soon(self.crash, self.error)
                await trio.sleep_forever()

        for error, verdict in [
            (AssertionError("x"), "FAIL AssertionError: x"),
            (unittest.SkipTest("x"), "skip x"),
            (KeyError("x"), "ERROR KeyError: 'x'"),
            (SystemExit("x"), "ERROR SystemExit: x"),
        ]:
            with self.subTest(verdict):
                Inner.error = error
                self.assertEqual(told(Inner), [verdict])

    def test_and_body_are_both_reported(self) -> None:
        """The body's own error is reported beside the crash, once each."""

        class Inner(Crashing):
            async def test(self) -> None:
                self.nursery.start_soon(self.crash)
                try:
                    await trio.sleep_forever()
                finally:
                    raise KeyError("body")

        self.assertEqual(
            told(Inner), ["ERROR ValueError: crash", "ERROR KeyError: 'body'"]
        )

    def test_is_an_expected_failure_while_the_body_runs(self) -> None:
        """A crash in the body is an expected failure; one in the teardown is not."""

        class Inner(Crashing):
            @unittest.expectedFailure
            async def test(self) -> None:
                self.nursery.start_soon(self.crash)
                await trio.sleep_forever()

            @unittest.expectedFailure
            async def test_late(self) -> None:
                self.nursery.start_soon(self.crash)
                self.fail("expected")

            async def asyncTearDown(self) -> None:
                await self.work("teardown")

        self.assertEqual(told(Inner), ["expected ValueError: crash"])
        self.assertIn("ERROR ValueError: crash", told(Inner, "test_late"))

    def test_in_a_body_that_swallows_cancellation(self) -> None:
        """A body that ends well after a crash does not pass."""

        class Inner(Crashing):
            async def test(self) -> None:
                self.nursery.start_soon(self.crash)
                try:
                    await trio.sleep_forever()
                except trio.Cancelled:
                    pass

        self.assertEqual(told(Inner), ["ERROR ValueError: crash"])

    def test_before_the_first_checkpoint(self) -> None:
        """A task that crashes only after the body has ended is reported."""

        class Inner(Crashing):
            async def test(self) -> None:
                self.nursery.start_soon(self.crash)

        class Late(Inner):
            async def crash(self, error: BaseException | None = None) -> None:
                try:
                    await trio.sleep_forever()
                finally:
                    raise ValueError("while being cancelled")

        class Teardown(Inner):
            async def asyncTearDown(self) -> None:
                await self.work("not cancelled")

        self.assertEqual(told(Late), ["ERROR ValueError: while being cancelled"])
        self.assertEqual(told(Teardown), ["ERROR ValueError: crash"])
        self.assertEqual(Teardown.events, ["not cancelled"])

    def test_several_crashes(self) -> None:
        """Several crashes are one group, with every error in it."""

        class Inner(Crashing):
            async def crash(self, error: BaseException | None = None) -> None:
                assert error is not None
                raise error

            async def test(self) -> None:
                self.nursery.start_soon(self.crash, ValueError("one"))
                self.nursery.start_soon(self.crash, KeyError("two"))
                await trio.sleep_forever()

        text = report(Inner)
        self.assertIn("ValueError: one", text)
        self.assertIn("KeyError: 'two'", text)
        self.assertIn("(2 sub-exceptions)", text)


class TestCrashInSetup(unittest.TestCase):
    def test_cancels_the_setup(self) -> None:
        """A crash cancels asyncSetUp; the cleanups run, and can await."""

        class Inner(Crashing):
            async def asyncSetUp(self) -> None:
                self.addCleanup(self.work, "cleanup")
                self.nursery.start_soon(self.crash)
                await self.wait("setup")

            async def test(self) -> None:
                self.events.append("test")  # never

            async def asyncTearDown(self) -> None:
                self.events.append("teardown")  # never

        self.assertEqual(told(Inner), ["ERROR ValueError: crash"])
        self.assertEqual(Inner.events, ["setup cancelled", "cleanup"])

    def test_that_ends_well_all_the_same(self) -> None:
        """No test runs after a crash in the setup, even if the setup swallowed it."""

        class Inner(Crashing):
            async def asyncSetUp(self) -> None:
                self.nursery.start_soon(self.crash)
                try:
                    await self.wait("setup")
                except trio.Cancelled:
                    pass

            async def test(self) -> None:
                self.events.append("test")  # never

        self.assertEqual(told(Inner), ["ERROR ValueError: crash"])
        self.assertEqual(Inner.events, ["setup cancelled"])

    def test_is_no_expected_failure(self) -> None:
        """An expected failure is the body's, so a crash in the setup is an ERROR."""

        class Inner(Crashing):
            async def asyncSetUp(self) -> None:
                self.nursery.start_soon(self.crash)
                await trio.sleep_forever()

            @unittest.expectedFailure
            async def test(self) -> None:
                raise NotImplementedError

        self.assertEqual(told(Inner), ["ERROR ValueError: crash"])


class TestCrashInTeardown(unittest.TestCase):
    def test_cancels_nothing(self) -> None:
        """A crash in the teardown or a cleanup is reported, and cancels nothing."""

        class Inner(Crashing):
            async def test(self) -> None:
                self.addCleanup(self.work, "cleanup")

            async def asyncTearDown(self) -> None:
                self.nursery.start_soon(self.crash)
                await self.work("teardown")

        class InCleanup(Crashing):
            async def test(self) -> None:
                self.addCleanup(self.work, "last")
                self.addCleanup(self.start)

            async def start(self) -> None:
                self.nursery.start_soon(self.crash)
                await self.work("first")

        self.assertEqual(told(Inner), ["ERROR ValueError: crash"])
        self.assertEqual(Inner.events, ["teardown", "cleanup"])
        self.assertEqual(told(InCleanup), ["ERROR ValueError: crash"])
        self.assertEqual(InCleanup.events, ["first", "last"])


class TestNursery(unittest.TestCase):
    def test_is_cancelled_after_the_last_cleanup(self) -> None:
        """Background tasks run through every stage, then they are cancelled."""

        class Inner(Crashing):
            def setUp(self) -> None:
                self.addCleanup(self.events.append, "last cleanup")
                self.nursery.start_soon(self.wait, "task")

            async def test(self) -> None:
                await self.work("test")

            async def asyncTearDown(self) -> None:
                await self.work("teardown")

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(
            Inner.events, ["test", "teardown", "last cleanup", "task cancelled"]
        )

    def test_is_joined(self) -> None:
        """The test ends when the last background task has ended."""

        class Inner(Crashing):
            async def test(self) -> None:
                self.nursery.start_soon(lambda: self.wait("slow", shield=True))
                await trio.testing.wait_all_tasks_blocked()

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(Inner.events, ["slow cancelled"])

    def test_a_running_task_is_cancelled_not_awaited(self) -> None:
        """A task that is not done when the test ends is not waited for."""

        class Inner(Crashing):
            async def test(self) -> None:
                self.nursery.start_soon(self.work, "done")

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(Inner.events, [])

    def test_cancelled_by_the_test(self) -> None:
        """A test may cancel its nursery; the tasks stop, and the test goes on."""

        class Inner(Crashing):
            async def test(self) -> None:
                self.nursery.start_soon(self.wait, "task")
                await trio.testing.wait_all_tasks_blocked()
                self.nursery.cancel_scope.cancel()
                await self.work("test goes on")

            async def asyncTearDown(self) -> None:
                await self.work("teardown")

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(Inner.events, ["task cancelled", "test goes on", "teardown"])

    def test_deadline_on_the_nursery(self) -> None:
        """A deadline on the nursery's scope ends the tasks, and not the test."""

        class Inner(Crashing):
            async def test(self) -> None:
                self.nursery.start_soon(self.wait, "task")
                self.nursery.cancel_scope.deadline = trio.current_time() + 0.01
                await trio.sleep(0.05)
                await self.work("test goes on")

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(Inner.events, ["task cancelled", "test goes on"])

    def test_crash_after_the_test_cancelled_it(self) -> None:
        """A crash of a task that the test has cancelled cancels the body too."""

        class Inner(Crashing):
            async def stubborn(self) -> None:
                try:
                    await trio.sleep_forever()
                finally:
                    raise ValueError("on the way out")

            async def test(self) -> None:
                self.nursery.start_soon(self.stubborn)
                await trio.testing.wait_all_tasks_blocked()
                self.nursery.start_soon(lambda: self.wait("slow", shield=True))
                await trio.testing.wait_all_tasks_blocked()
                self.nursery.cancel_scope.cancel()
                await self.wait("body")

        self.assertEqual(told(Inner), ["ERROR ValueError: on the way out"])
        self.assertEqual(Inner.events, ["body cancelled", "slow cancelled"])

    def test_holds_the_users_tasks_only(self) -> None:
        """child_tasks is what the test has started, and nothing of the harness."""

        class Inner(Crashing):
            async def test(self) -> None:
                await self.enterAsyncContext(trio.open_nursery())
                self.assertEqual(self.nursery.child_tasks, frozenset())
                self.nursery.start_soon(trio.sleep_forever, name="mine")
                (task,) = self.nursery.child_tasks
                self.assertEqual(task.name, "mine")

        self.assertEqual(told(Inner), ["pass"])

    def test_start_from_sync_stages(self) -> None:
        """Sync setUp and tests may start background tasks."""

        class Inner(Crashing):
            def setUp(self) -> None:
                self.nursery.start_soon(self.crash)

            async def crash(self, error: BaseException | None = None) -> None:
                raise ValueError("crash")

            def test(self) -> None:
                self.events.append("test")

        self.assertEqual(told(Inner), ["ERROR ValueError: crash"])
        # A crash is felt at a checkpoint, and there was none before the test.
        self.assertEqual(Inner.events, ["test"])

    def test_outside_of_its_time(self) -> None:
        """Outside of the run, self.nursery is an AttributeError that says when."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                pass

        case = Inner("test")
        message = (
            r"^TestNursery.test_outside_of_its_time.<locals>.Inner.nursery is open only "
            r"while a test runs, from its setup to the last cleanup. Start background tasks "
            r"there, with `self.nursery.start_soon\(...\)`.$"
        )
        for _ in range(2):
            with self.assertRaisesRegex(AttributeError, message):
                case.nursery  # noqa: B018
            case.run(unittest.TestResult())

    def test_can_be_shadowed(self) -> None:
        """A test may assign its own self.nursery; ours is left alone."""

        class Inner(Crashing):
            nursery: Any

            async def test(self) -> None:
                ours = self.nursery
                ours.start_soon(self.wait, "task")
                self.nursery = "mine"
                self.assertEqual(self.nursery, "mine")
                await trio.testing.wait_all_tasks_blocked()

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(Inner.events, ["task cancelled"])

    def test_is_a_trio_nursery(self) -> None:
        """self.nursery is a real trio.Nursery, so it can be passed along."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                self.assertIs(type(self.nursery), trio.Nursery)
                value = await self.nursery.start(self.service)
                self.assertEqual(value, "ready")

            async def service(self, *, task_status: Any) -> None:
                task_status.started("ready")
                await trio.sleep_forever()

        self.assertEqual(told(Inner), ["pass"])

    def test_start_that_is_under_way(self) -> None:
        """A task that is still starting when the test ends is cancelled, too."""

        class Case(AsyncTrioTestCase):
            async def server(self, task_status: Any) -> None:
                await trio.sleep(0.1)
                task_status.started()
                await trio.sleep(60)

            async def test(self) -> None:
                trio.lowlevel.spawn_system_task(self.nursery.start, self.server)
                await trio.testing.wait_all_tasks_blocked()

        start = time.perf_counter()
        self.assertEqual(told(Case), ["pass"])
        self.assertLess(time.perf_counter() - start, 30)

    def test_nursery_before_the_run(self) -> None:
        """Before the run has begun there is no nursery, nor a None."""

        class Case(AsyncTrioTestCase):
            def runTrio(self, async_fn: Any, **kwargs: Any) -> None:
                self.nursery.start_soon(trio.sleep, 1)

            async def test(self) -> None:
                raise NotImplementedError

        self.assertIn(
            f"ERROR AttributeError: {Case.__qualname__}.nursery is open only",
            told(Case)[0],
        )

    def test_cancelled_before_the_nursery_is_open(self) -> None:
        """A run that is cancelled from the start ends, and says so."""

        class Case(AsyncTrioTestCase):
            def runTrio(self, async_fn: Any, **kwargs: Any) -> None:
                async def cancelled() -> None:
                    with trio.CancelScope() as scope:
                        scope.cancel()
                        await async_fn()

                trio.run(cancelled, **kwargs)

            async def test(self) -> None:
                raise NotImplementedError

        self.assertIn(
            "ERROR RuntimeError: the test was cancelled, and nothing raised",
            told(Case)[0],
        )


class TestScopesHeldByHand(unittest.TestCase):
    """What setup code opens by hand is not the harness's to cancel or to misnest."""

    def test_nursery_held_from_setup_to_teardown(self) -> None:
        """A crash in self.nursery leaves a nursery of the user's alone."""

        class Inner(Crashing):
            async def asyncSetUp(self) -> None:
                self.manager = trio.open_nursery()
                self.mine = await self.manager.__aenter__()
                self.mine.start_soon(self.wait, "mine")

            async def test(self) -> None:
                self.nursery.start_soon(self.crash)
                await self.wait("body")

            async def asyncTearDown(self) -> None:
                await self.work("teardown")
                self.mine.cancel_scope.cancel()
                await self.manager.__aexit__(None, None, None)
                await self.work("after my nursery")

        self.assertEqual(told(Inner), ["ERROR ValueError: crash"])
        self.assertEqual(
            Inner.events,
            ["body cancelled", "teardown", "mine cancelled", "after my nursery"],
        )

    def test_scope_held_from_setup_to_cleanup(self) -> None:
        """A scope entered with enterContext in setUp encloses test and teardown."""

        class Inner(Crashing):
            def setUp(self) -> None:
                self.scope = self.enterContext(trio.fail_after(60))

            async def test(self) -> None:
                self.assertLess(trio.current_effective_deadline(), float("inf"))
                await self.work("test")

            async def asyncTearDown(self) -> None:
                self.assertLess(trio.current_effective_deadline(), float("inf"))

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(Inner.events, ["test"])

    def test_crash_of_a_nursery_held_by_hand(self) -> None:
        """Its error comes out where the user closes it."""

        class Inner(Crashing):
            async def asyncSetUp(self) -> None:
                self.manager = trio.open_nursery()
                self.mine = await self.manager.__aenter__()

            async def test(self) -> None:
                self.mine.start_soon(self.crash)
                await self.wait("body")

            async def asyncTearDown(self) -> None:
                try:
                    await trio.lowlevel.checkpoint()
                except trio.Cancelled:
                    self.events.append("teardown is inside it")
                await self.manager.__aexit__(None, None, None)

        self.assertEqual(told(Inner), ["ERROR ValueError: crash"])
        self.assertEqual(Inner.events, ["body cancelled", "teardown is inside it"])

    def test_scope_of_the_users_that_is_cancelled(self) -> None:
        """A user's cancelled scope cancels the teardown too; that is Trio."""

        class Inner(Crashing):
            def setUp(self) -> None:
                self.scope = self.enterContext(trio.CancelScope())

            async def test(self) -> None:
                self.scope.cancel()
                await self.wait("body")

            async def asyncTearDown(self) -> None:
                await self.wait("teardown")

            def tearDown(self) -> None:
                self.events.append("tearDown")

        (verdict,) = told(Inner)
        self.assertIn("ERROR RuntimeError: the test was cancelled", verdict)
        self.assertEqual(
            Inner.events, ["body cancelled", "teardown cancelled", "tearDown"]
        )

    def test_setup_that_is_cut_with_something_open(self) -> None:
        """A crash in the setup cancels what it opened; its cleanup works again."""

        class Inner(Crashing):
            async def asyncSetUp(self) -> None:
                self.enterContext(trio.CancelScope())
                self.addCleanup(self.work, "inside scope")
                manager = trio.open_nursery()
                mine = await manager.__aenter__()
                mine.start_soon(self.wait, "mine")
                self.addCleanup(self.work, "after mine")
                self.addCleanup(manager.__aexit__, None, None, None)
                self.nursery.start_soon(self.crash)
                await self.wait("setup")

            async def test(self) -> None:
                raise NotImplementedError

        self.assertEqual(told(Inner), ["ERROR ValueError: crash"])
        self.assertEqual(set(Inner.events[:2]), {"mine cancelled", "setup cancelled"})
        self.assertEqual(Inner.events[2:], ["after mine", "inside scope"])


class TestLeftOpen(unittest.TestCase):
    def test_nursery_left_open(self) -> None:
        """A nursery that the setup opened and nobody left is closed and named."""

        class Inner(Crashing):
            async def asyncSetUp(self) -> None:
                mine = await trio.open_nursery().__aenter__()
                mine.start_soon(lambda: self.wait("mine", shield=True), name="my task")

            async def test(self) -> None:
                await self.work("test")

        (verdict,) = told(Inner)
        self.assertRegex(
            verdict,
            r"^ERROR RuntimeError: test \(.*Inner.*\) left <trio.Nursery object at "
            r"0x.*> \(with the tasks my task\) open. What is entered by hand in a setup "
            r"must be left in a teardown or a cleanup: write `self.enterContext\(...\)` "
            r"or `await self.enterAsyncContext\(...\)` to have that done.$",
        )
        self.assertEqual(Inner.events, ["test", "mine cancelled"])

    def test_scope_left_open(self) -> None:
        """A cancel scope that nobody left is named too."""

        class Inner(AsyncTrioTestCase):
            def setUp(self) -> None:
                trio.CancelScope().__enter__()

            async def test(self) -> None:
                await trio.lowlevel.checkpoint()

        (verdict,) = told(Inner)
        self.assertRegex(verdict, r"left <trio.CancelScope at 0x\w+, active> open")

    def test_left_open_by_the_method(self) -> None:
        """What the test method leaves open is closed there, and named once."""

        class Inner(Crashing):
            async def test(self) -> None:
                mine = await trio.open_nursery().__aenter__()
                mine.start_soon(self.wait, "mine")
                await trio.testing.wait_all_tasks_blocked()

            async def test_scope(self) -> None:
                trio.CancelScope().__enter__()

            async def asyncTearDown(self) -> None:
                await self.work("teardown")

        (verdict,) = told(Inner)
        self.assertRegex(
            verdict,
            r"^ERROR RuntimeError: The method of test \(.*\) left <trio.Nursery object "
            r"at 0x\w+> \(with the tasks .*Crashing.wait\) open. What is entered by "
            r"hand in the test method must be left there: write `with` or `async with`. "
            r"For a nursery to outlive the method, write "
            r"`await self.enterAsyncContext\(trio.open_nursery\(\)\)`; enter a cancel "
            r"scope in setUp.$",
        )
        self.assertEqual(Inner.events, ["mine cancelled", "teardown"])
        (verdict,) = told(Inner, "test_scope")
        self.assertIn("The method of test_scope", verdict)

    def test_with_a_crash_in_it(self) -> None:
        """A nursery left open whose task crashed: the crash is told of, too."""

        class Inner(Crashing):
            async def asyncSetUp(self) -> None:
                self.mine = await trio.open_nursery().__aenter__()

            async def test(self) -> None:
                self.mine.start_soon(self.crash)
                await trio.sleep_forever()

        crash, left = told(Inner)
        self.assertEqual(crash, "ERROR ValueError: crash")
        self.assertIn("left <trio.Nursery object", left)

    def test_with_an_error_at_its_end(self) -> None:
        """What the tasks raise while the nursery is closed for them is not lost."""

        class Inner(Crashing):
            async def bad(self) -> None:
                try:
                    await trio.sleep_forever()
                finally:
                    raise OSError("at the end")

            async def test(self) -> None:
                mine = await trio.open_nursery().__aenter__()
                mine.start_soon(self.bad)
                await trio.testing.wait_all_tasks_blocked()

        error, left = told(Inner)
        self.assertEqual(error, "ERROR OSError: at the end")
        self.assertIn("left <trio.Nursery object", left)

    def test_blames_what_was_left_open_alone(self) -> None:
        """What the setup holds open is not touched, and the scope is named."""

        class Inner(Crashing):
            async def asyncSetUp(self) -> None:
                self.manager = trio.open_nursery()
                self.mine = await self.manager.__aenter__()
                self.mine.start_soon(self.work, "mine")

            async def test(self) -> None:
                trio.CancelScope().__enter__()

            async def asyncTearDown(self) -> None:
                await self.work("teardown")
                await self.manager.__aexit__(None, None, None)

        (verdict,) = told(Inner)
        self.assertRegex(
            verdict, r"The method of .* left <trio.CancelScope at 0x\w+, a"
        )
        self.assertEqual(sorted(Inner.events), ["mine", "teardown"])

    def test_scope_beside_a_nursery(self) -> None:
        """Of a nursery and a scope inside it, both are named."""

        class Inner(AsyncTrioTestCase):
            async def asyncSetUp(self) -> None:
                await trio.open_nursery().__aenter__()
                trio.CancelScope(shield=True).__enter__()

            async def test(self) -> None:
                pass

        nursery, scope = told(Inner)
        self.assertIn("left <trio.Nursery object", nursery)
        self.assertIn("left <trio.CancelScope at", scope)

    def test_inside_a_nursery_of_the_host(self) -> None:
        """A nursery that runTrio holds around the test is none of our business."""

        class Inner(Crashing):
            def runTrio(self, async_fn, *, clock, instruments):  # type: ignore
                async def around() -> None:
                    async with trio.open_nursery() as nursery:
                        nursery.start_soon(self.work, "host")
                        await async_fn()

                trio.run(around)

            async def test(self) -> None:
                trio.CancelScope().__enter__()

        (verdict,) = told(Inner)
        self.assertIn("left <trio.CancelScope", verdict)
        self.assertEqual(Inner.events, ["host"])

    def test_next_test_is_healthy(self) -> None:
        """Whatever was left open harms no later test."""
        self.test_left_open_by_the_method()
        self.test_nursery_left_open()

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(trio.lowlevel.checkpoint)

        self.assertEqual(told(Inner), ["pass"])


class TestCancelledBody(unittest.TestCase):
    def test_that_nothing_explains_is_an_error(self) -> None:
        """A body that was cancelled without any error is an ERROR that says why."""

        class Inner(AsyncTrioTestCase):
            def setUp(self) -> None:
                self.enterContext(trio.move_on_after(0.01))

            async def test(self) -> None:
                await trio.sleep_forever()

        self.assertEqual(
            report(Inner),
            "Traceback (most recent call last):\n"
            '  File "test_background.py", line N, in test\n'
            "    await trio.sleep_forever()\n"
            "RuntimeError: the test was cancelled, and nothing raised an error: "
            "cancelled due to deadline. What was cancelled has not been tested.\n",
        )

    def test_names_the_source(self) -> None:
        """The message holds the reason that was given to cancel()."""

        class Inner(AsyncTrioTestCase):
            async def asyncSetUp(self) -> None:
                self.enterContext(trio.CancelScope()).cancel("enough")
                await trio.lowlevel.checkpoint()

            async def test(self) -> None:
                raise NotImplementedError

        (verdict,) = told(Inner)
        self.assertIn("cancelled due to explicit with reason 'enough'", verdict)

    def test_in_a_group(self) -> None:
        """A group of nothing but Cancelled is a cancellation."""

        class Inner(AsyncTrioTestCase):
            def setUp(self) -> None:
                self.scope = self.enterContext(trio.CancelScope())

            async def test(self) -> None:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(trio.sleep_forever)
                    self.scope.cancel()

        (verdict,) = told(Inner)
        self.assertIn("ERROR RuntimeError: the test was cancelled", verdict)

    def test_as_an_expected_failure(self) -> None:
        """Being cancelled is a way to fail as expected."""

        class Inner(AsyncTrioTestCase):
            def setUp(self) -> None:
                self.enterContext(trio.CancelScope()).cancel()

            @unittest.expectedFailure
            async def test(self) -> None:
                await trio.lowlevel.checkpoint()

        (verdict,) = told(Inner)
        self.assertIn("expected RuntimeError: the test was cancelled", verdict)

    def test_that_an_error_explains(self) -> None:
        """With an error to report, the cancellation is not reported as well."""

        class Inner(AsyncTrioTestCase):
            def setUp(self) -> None:
                self.enterContext(trio.CancelScope()).cancel()
                self.addCleanup(self.fail, "explained")

            async def test(self) -> None:
                await trio.lowlevel.checkpoint()

        self.assertEqual(told(Inner), ["FAIL AssertionError: explained"])

    def test_that_a_skip_does_not_explain(self) -> None:
        """A skip in the teardown does not make a cancelled body a skipped test."""

        class Inner(AsyncTrioTestCase):
            def setUp(self) -> None:
                self.enterContext(trio.CancelScope()).cancel()

            async def test(self) -> None:
                await trio.lowlevel.checkpoint()

            def tearDown(self) -> None:
                self.skipTest("no")

        self.assertIn("the test was cancelled", " ".join(told(Inner)))

    def test_scope_inside_the_test(self) -> None:
        """A scope that the test itself leaves is nobody's business."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                with trio.move_on_after(0):
                    await trio.sleep_forever()
                with trio.CancelScope() as scope:
                    scope.cancel()
                    await trio.lowlevel.checkpoint()

        self.assertEqual(run(Inner).told, ["pass"])
