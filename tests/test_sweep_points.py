"""What counts as a point of ``cancellation_sweep``, and what happens at one.

A body with n points besides that before its first step has n + 2 runs: the one without
interference, the one that is cancelled before the first step, and n others.
"""

from __future__ import annotations

import contextlib
import math
import os
import unittest
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from unittest import mock

import trio
import trio.lowlevel
import trio.testing

from triocase import AsyncTrioTestCase, cancellation_sweep, fixture

from .harness import run, told

Body = Callable[[Any], Awaitable[object]]


def runs(body: Body, parent: type[Any] = AsyncTrioTestCase) -> list[list[Any]]:
    """Return what a body hands to ``self.note`` in each run of a sweep that passes."""
    noted: list[list[Any]] = []

    class Inner(parent):  # type: ignore[misc]
        def setUp(self) -> None:
            noted.append([])
            self.note = noted[-1].append

        @cancellation_sweep
        async def test(self) -> None:
            await body(self)

    result = run(Inner)
    assert result.told == ["pass"], result.texts
    return noted


def points(body: Body, parent: type[Any] = AsyncTrioTestCase) -> int:
    """Return how many points a body has, with that before its first step."""
    return len(runs(body, parent)) - 1


def is_cancelled() -> bool:
    """Return whether an await would raise Cancelled here."""
    return trio.current_effective_deadline() == -math.inf


class TestRuns(unittest.TestCase):
    """One run without interference, then one for each point, from the first to the last."""

    def test_each_point_in_turn(self) -> None:
        """The body is cancelled before its first step, then at each of its awaits."""

        async def body(case: Any) -> None:
            for number in range(3):
                case.note(f"before {number}")
                await trio.sleep(1)
                case.note(f"after {number}")

        self.assertEqual(
            runs(body),
            [
                ["before 0", "after 0", "before 1", "after 1", "before 2", "after 2"],
                ["before 0"],
                ["before 0"],
                ["before 0", "after 0", "before 1"],
                ["before 0", "after 0", "before 1", "after 1", "before 2"],
            ],
        )

    def test_before_the_first_step(self) -> None:
        """The first of them is cancelled when the body begins; the others later."""

        async def body(case: Any) -> None:
            case.note(is_cancelled())
            await trio.sleep(1)

        self.assertEqual(runs(body), [[False], [True], [False]])

    def test_the_first_await_raises(self) -> None:
        """Then the first await that looks raises, whatever it would have done."""

        async def body(case: Any) -> None:
            try:
                await trio.lowlevel.checkpoint_if_cancelled()
            except trio.Cancelled:
                case.note("Cancelled")
                raise
            case.note("not cancelled")

        self.assertEqual(runs(body), [["not cancelled"], ["Cancelled"]])

    def test_as_it_begins_to_wait(self) -> None:
        """A wait is cancelled as soon as it begins, before any time has passed."""

        async def body(case: Any) -> None:
            for _ in range(2):
                try:
                    await trio.sleep(3)
                except trio.Cancelled:
                    case.note(trio.current_time() - start)
                    raise

        class Parent(AsyncTrioTestCase):
            async def asyncSetUp(self) -> None:
                nonlocal start
                start = trio.current_time()

        start = 0.0
        self.assertEqual(runs(body, Parent), [[], [0], [0], [3]])

    def test_in_their_order(self) -> None:
        """The points come in the order in which the first run has come to them."""
        times: list[float] = []

        async def child() -> None:
            with trio.CancelScope(shield=True):
                await trio.sleep(2)
            await trio.lowlevel.checkpoint_if_cancelled()

        class Parent(AsyncTrioTestCase):
            async def asyncSetUp(self) -> None:
                self.start = trio.current_time()

        async def body(case: Any) -> None:
            async with trio.open_nursery() as nursery:
                with trio.CancelScope(shield=True):
                    await trio.sleep(1)
                nursery.start_soon(child)
                try:
                    for _ in range(4):
                        await trio.sleep(1)
                except trio.Cancelled:
                    times.append(trio.current_time() - case.start)
                    raise

        # Before the first step, at each sleep, and where the child begins to wait.
        self.assertEqual(points(body, Parent), 1 + 4 + 1)
        self.assertEqual(times, [1, 1, 1, 2, 3, 4])

    def test_the_setup_and_what_follows(self) -> None:
        """Only the body is cancelled: the setup, the teardown and cleanups can await."""
        events: list[str] = []

        class Inner(AsyncTrioTestCase):
            @fixture
            async def value(self) -> AsyncIterator[int]:
                await trio.sleep(1)
                events.append("fixture")
                yield 1
                await trio.sleep(1)
                events.append("fixture left")

            async def asyncSetUp(self) -> None:
                await trio.sleep(1)
                self.addAsyncCleanup(self.clean)
                events.append("setup")

            async def clean(self) -> None:
                await trio.sleep(1)
                events.append("cleanup")

            async def asyncTearDown(self) -> None:
                await trio.sleep(1)
                events.append("teardown")

            @cancellation_sweep
            async def test(self) -> None:
                await trio.sleep(1)
                events.append("body")

        self.assertEqual(told(Inner), ["pass"])
        before, after = ["fixture", "setup"], ["teardown", "cleanup", "fixture left"]
        self.assertEqual(
            events,
            [*before, "body", *after] + [*before, *after] * 2,
        )

    def test_reason(self) -> None:
        """What is cancelled is told by whom."""

        async def body(case: Any) -> None:
            try:
                await trio.sleep(1)
            except trio.Cancelled as cancelled:
                case.note((cancelled.source, cancelled.reason))
                raise

        reason = ("explicit", "the cancellation sweep")
        self.assertEqual(runs(body), [[], [reason], [reason]])


class TestOwnTask(unittest.TestCase):
    """What counts in the body's own task."""

    def check(self, body: Body, expected: int) -> None:
        self.assertEqual(points(body), expected)

    def test_nothing(self) -> None:
        """A body that never waits has the one before its first step."""

        async def body(case: Any) -> None:
            pass

        self.check(body, 1)

    def test_sleep(self) -> None:
        """Each ``sleep`` is a point, of whatever length."""
        for number in [1, 2, 7]:
            for seconds in [0, 0.5]:

                async def body(
                    case: Any, number: int = number, seconds: float = seconds
                ) -> None:
                    for _ in range(number):
                        await trio.sleep(seconds)

                with self.subTest(number=number, seconds=seconds):
                    self.check(body, 1 + number)

    def test_checkpoint(self) -> None:
        """Each ``checkpoint()`` is one."""
        for number in [1, 2, 7]:

            async def body(case: Any, number: int = number) -> None:
                for _ in range(number):
                    await trio.lowlevel.checkpoint()

            with self.subTest(number=number):
                self.check(body, 1 + number)

    def test_shielded_checkpoint(self) -> None:
        """``cancel_shielded_checkpoint()`` alone is none."""

        async def body(case: Any) -> None:
            for _ in range(3):
                await trio.lowlevel.cancel_shielded_checkpoint()

        self.check(body, 1)

    def test_looks_alone(self) -> None:
        """``checkpoint_if_cancelled()`` alone is none: nothing can happen meanwhile."""

        async def body(case: Any) -> None:
            for _ in range(3):
                await trio.lowlevel.checkpoint_if_cancelled()

        self.check(body, 1)

    def test_look_after_a_shielded_checkpoint(self) -> None:
        """A shielded checkpoint is one if the task then looks whether it is cancelled."""

        async def body(case: Any) -> None:
            for number in range(3):
                await trio.lowlevel.cancel_shielded_checkpoint()
                case.note(number)
                await trio.lowlevel.checkpoint_if_cancelled()

        self.assertEqual(runs(body), [[0, 1, 2], [0], [0], [0, 1], [0, 1, 2]])

    def test_wait_after_a_shielded_checkpoint(self) -> None:
        """If it waits next, the wait is the only one of the two."""

        async def body(case: Any) -> None:
            await trio.lowlevel.cancel_shielded_checkpoint()
            await trio.sleep(1)
            await trio.lowlevel.cancel_shielded_checkpoint()
            await trio.lowlevel.checkpoint()

        self.check(body, 3)

    def test_shielded_scope(self) -> None:
        """What is waited for inside a shield is none."""

        async def body(case: Any) -> None:
            await trio.sleep(1)
            with trio.CancelScope(shield=True):
                await trio.sleep(1)
                await trio.lowlevel.checkpoint()
                await trio.lowlevel.cancel_shielded_checkpoint()
            await trio.sleep(1)

        self.check(body, 3)

    def test_checkpoint_at_the_end_of_a_shield(self) -> None:
        """Nor is one at the end of a shield, although it looks after its wait."""

        async def body(case: Any) -> None:
            with trio.CancelScope(shield=True):
                await trio.lowlevel.checkpoint()
            await trio.sleep(1)

        self.check(body, 2)

    def test_shield_inside_another_scope(self) -> None:
        """Nor is it where there are scopes around the shield and inside it."""

        async def body(case: Any) -> None:
            with trio.CancelScope(), trio.CancelScope(shield=True), trio.CancelScope():
                await trio.sleep(1)

        self.check(body, 1)

    def test_look_after_a_shielded_scope(self) -> None:
        """The last wait inside a shield is one if the task looks right after it."""

        async def body(case: Any) -> None:
            with trio.CancelScope(shield=True):
                await trio.sleep(1)
                await trio.sleep(1)
            case.note("left")
            await trio.lowlevel.checkpoint_if_cancelled()
            case.note("not cancelled")

        self.assertEqual(runs(body), [["left", "not cancelled"], ["left"], ["left"]])

    def test_one_shield_after_another(self) -> None:
        """Between two shields in a row there is one, if the task looks there."""

        async def aclose() -> None:
            with trio.CancelScope(shield=True):
                await trio.sleep(1)
            await trio.lowlevel.checkpoint_if_cancelled()

        async def body(case: Any) -> None:
            for number in range(3):
                await aclose()
                case.note(number)

        self.assertEqual(runs(body), [[0, 1, 2], [], [], [0], [0, 1]])

    def test_look_inside_a_shield(self) -> None:
        """A look inside one and the same shield is none: nothing comes through it."""

        async def body(case: Any) -> None:
            send, receive = trio.open_memory_channel[int](5)
            with send, receive:
                with trio.CancelScope(shield=True):
                    await send.send(1)
                    with trio.CancelScope(shield=True):
                        await send.send(2)
                    await send.send(3)
                    case.note("sent")
                await trio.sleep(1)

        self.assertEqual(runs(body), [["sent"], ["sent"], ["sent"]])

    def test_shield_that_is_switched_off(self) -> None:
        """A scope whose shield is off again is as any other."""

        async def body(case: Any) -> None:
            with trio.CancelScope(shield=True) as scope:
                await trio.sleep(1)
                scope.shield = False
                await trio.sleep(1)

        self.check(body, 2)

    def test_send_with_room(self) -> None:
        """Between two sends on a channel with room there is one, and none after them."""

        async def body(case: Any) -> None:
            send, receive = trio.open_memory_channel[int](5)
            with send, receive:
                for number in range(4):
                    await send.send(number)
                    case.note(number)

        self.assertEqual(runs(body), [[0, 1, 2, 3], [], [0], [0, 1], [0, 1, 2]])

    def test_receive_what_is_there(self) -> None:
        """So it is for ``receive`` where there are values."""

        async def body(case: Any) -> None:
            send, receive = trio.open_memory_channel[int](5)
            with send, receive:
                for number in range(3):
                    send.send_nowait(number)
                for _ in range(3):
                    case.note(await receive.receive())

        self.assertEqual(runs(body), [[0, 1, 2], [], [0], [0, 1]])

    def test_send_without_room(self) -> None:
        """A send that waits for room is one while it waits."""

        async def body(case: Any) -> None:
            send, receive = trio.open_memory_channel[int](0)
            with send, receive:
                with trio.move_on_after(1):
                    await send.send(1)

        self.check(body, 2)

    def test_lock(self) -> None:
        """Between two acquirals of a free lock there is one."""

        async def body(case: Any) -> None:
            lock = trio.Lock()
            for number in range(4):
                async with lock:
                    case.note(number)

        self.assertEqual(runs(body), [[0, 1, 2, 3], [], [0], [0, 1], [0, 1, 2]])

    def test_lock_that_is_taken(self) -> None:
        """The wait for a lock is one."""

        async def hold(case: Any) -> None:
            with contextlib.suppress(trio.WouldBlock):
                case.lock.acquire_nowait()
            with trio.CancelScope(shield=True):
                await trio.sleep(1)
            case.lock.release()

        class Parent(AsyncTrioTestCase):
            async def asyncSetUp(self) -> None:
                self.lock = trio.Lock()
                self.nursery.start_soon(hold, self)
                await trio.testing.wait_all_tasks_blocked()

        async def body(case: Any) -> None:
            async with case.lock:
                pass

        self.assertEqual(points(body, Parent), 2)

    def test_event(self) -> None:
        """``Event.wait`` is one, whether the event is set or not."""

        async def is_set(case: Any) -> None:
            event = trio.Event()
            event.set()
            await event.wait()

        async def is_not_set(case: Any) -> None:
            with trio.move_on_after(1):
                await trio.Event().wait()

        for body in [is_set, is_not_set]:
            with self.subTest(body.__name__):
                self.check(body, 2)

    def test_thread(self) -> None:
        """The wait for a worker thread is one, although that cannot be interrupted."""

        async def body(case: Any) -> None:
            for number in range(2):
                await trio.to_thread.run_sync(lambda: None)
                case.note((number, is_cancelled()))

        self.assertEqual(
            runs(body),
            [
                [(0, False), (1, False)],
                [],
                [(0, True)],
                [(0, False), (1, True)],
            ],
        )

    def test_nursery(self) -> None:
        """The end of a nursery is one if it waits for tasks, and none if it is empty."""

        async def empty(case: Any) -> None:
            async with trio.open_nursery():
                pass

        async def waits(case: Any) -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(trio.lowlevel.cancel_shielded_checkpoint)

        self.check(empty, 1)
        self.check(waits, 2)

    def test_what_is_cancelled_already(self) -> None:
        """What the body has cancelled itself is none."""

        async def body(case: Any) -> None:
            with trio.CancelScope() as scope:
                scope.cancel()
                await trio.sleep(1)
            await trio.sleep(1)

        self.check(body, 2)

    def test_primitive(self) -> None:
        """A wait of the user's own, with ``wait_task_rescheduled``, is one."""

        async def body(case: Any) -> None:
            def abort(_: object) -> trio.lowlevel.Abort:
                return trio.lowlevel.Abort.SUCCEEDED

            with trio.move_on_after(1):
                await trio.lowlevel.wait_task_rescheduled(abort)

        self.check(body, 2)


class TestDescendants(unittest.TestCase):
    """The points of tasks that the body has started count as its own."""

    def test_child(self) -> None:
        """Those of a child in a nursery, beside the body's wait for it."""

        async def child() -> None:
            await trio.sleep(1)
            await trio.sleep(1)

        async def body(case: Any) -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(child)

        self.assertEqual(points(body), 1 + 1 + 2)

    def test_where_a_child_is(self) -> None:
        """A child is cancelled at each of its awaits, while the body waits."""

        async def child(case: Any) -> None:
            for number in range(2):
                with trio.CancelScope(shield=True):
                    await trio.sleep(1)
                case.note(number)
                await trio.sleep(1)
            case.note("done")

        async def body(case: Any) -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(child, case)

        self.assertEqual(
            runs(body),
            [
                [0, 1, "done"],
                [0],  # before the first step
                [0],  # while the body waits
                [0],
                [0, 1],
            ],
        )

    def test_nested(self) -> None:
        """Those of its children too, at any depth."""

        async def nested(depth: int) -> None:
            if depth:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(nested, depth - 1)
            else:
                await trio.sleep(1)

        async def body(case: Any) -> None:
            await nested(4)

        self.assertEqual(points(body), 1 + 4 + 1)

    def test_nursery_start(self) -> None:
        """Those of one that is started with ``start``, before and after it has."""

        async def child(task_status: trio.TaskStatus[None]) -> None:
            await trio.sleep(1)
            task_status.started()
            await trio.sleep(1)

        async def body(case: Any) -> None:
            async with trio.open_nursery() as nursery:
                await nursery.start(child)

        # The child's two, the wait for its start and that at the nursery's end.
        self.assertEqual(points(body), 1 + 4)

    def test_background_task(self) -> None:
        """Those of one that the body starts in ``self.nursery``, as long as it runs."""

        async def child() -> None:
            while True:
                await trio.sleep(1)

        class Parent(AsyncTrioTestCase):
            async def asyncTearDown(self) -> None:
                await trio.sleep(5)

        async def body(case: Any) -> None:
            case.nursery.start_soon(child)
            await trio.sleep(2.5)

        # The child waits for the times 1, 2 and 3 until the body ends.
        self.assertEqual(points(body, Parent), 1 + 1 + 3)

    def test_background_task_is_not_cancelled(self) -> None:
        """At such a point it is the body that is cancelled, and not the task."""

        async def child(case: Any) -> None:
            await trio.sleep(1)
            case.note(f"child at {trio.current_time() - case.start}")
            await trio.sleep(2)
            case.note(f"child at {trio.current_time() - case.start}")

        class Parent(AsyncTrioTestCase):
            async def asyncSetUp(self) -> None:
                self.start = trio.current_time()

            async def asyncTearDown(self) -> None:
                await trio.sleep(5)

        async def body(case: Any) -> None:
            case.nursery.start_soon(child, case)
            try:
                await trio.sleep(4)
            except trio.Cancelled:
                case.note(f"body cancelled at {trio.current_time() - case.start}")
                raise

        first, *later = runs(body, Parent)
        ends = ["child at 1.0", "child at 3.0"]
        self.assertEqual(first, ends)
        self.assertEqual(
            sorted(later),
            sorted(
                [
                    ["body cancelled at 0.0", *ends],  # before its first step
                    ["body cancelled at 0.0", *ends],  # where it waits
                    ["body cancelled at 0.0", *ends],  # where the child does
                    ["child at 1.0", "body cancelled at 1.0", "child at 3.0"],
                ]
            ),
        )

    def test_started_by_a_child(self) -> None:
        """So it is where a child of the body has started it."""

        async def child(case: Any) -> None:
            case.nursery.start_soon(trio.sleep, 1)

        async def body(case: Any) -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(child, case)
            await trio.sleep(2)

        # The nursery's end, the background task, the body's own.
        self.assertEqual(points(body), 1 + 3)

    def test_system_task(self) -> None:
        """Those of a system task that the body has started."""

        async def body(case: Any) -> None:
            trio.lowlevel.spawn_system_task(trio.sleep, 1)
            await trio.sleep(2)

        self.assertEqual(points(body), 1 + 2)

    def test_in_a_nursery_of_the_setup(self) -> None:
        """Who has started a task counts, not whose nursery it is in."""

        class Parent(AsyncTrioTestCase):
            async def asyncSetUp(self) -> None:
                self.opened = await self.enterAsyncContext(trio.open_nursery())

        async def body(case: Any) -> None:
            case.opened.start_soon(trio.sleep, 1)
            await trio.sleep(2)

        self.assertEqual(points(body, Parent), 1 + 2)

    def test_not_those_of_the_setup(self) -> None:
        """Tasks that a fixture or the setup has started do not count, nor theirs."""

        async def ticks(case: Any) -> None:
            case.nursery.start_soon(trio.sleep, 0)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(trio.sleep, 0.1)
            while True:
                await trio.sleep(0.1)

        class Parent(AsyncTrioTestCase):
            @fixture
            async def background(self) -> AsyncIterator[None]:
                self.nursery.start_soon(ticks, self)
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(ticks, self)
                    yield
                    nursery.cancel_scope.cancel()

            async def asyncSetUp(self) -> None:
                self.nursery.start_soon(ticks, self)

        async def body(case: Any) -> None:
            await trio.sleep(1)

        self.assertEqual(points(body, Parent), 1 + 1)

    def test_shield_of_a_child(self) -> None:
        """What a child waits for inside a shield is no point."""

        async def child() -> None:
            with trio.CancelScope(shield=True):
                await trio.sleep(1)

        async def body(case: Any) -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(child)

        self.assertEqual(points(body), 1 + 1)

    def test_shield_at_the_end_of_the_body(self) -> None:
        """Nor is it for a background task that leaves it after the body's end."""

        async def child(case: Any) -> None:
            with trio.CancelScope(shield=True):
                await trio.sleep(2)
            await trio.lowlevel.checkpoint_if_cancelled()
            case.note("child")

        class Parent(AsyncTrioTestCase):
            async def asyncTearDown(self) -> None:
                await trio.sleep(5)

        async def body(case: Any) -> None:
            case.nursery.start_soon(child, case)
            await trio.sleep(1)
            case.note("body")

        self.assertEqual(runs(body, Parent), [["body", "child"], ["child"], ["child"]])

    def test_shield_around_a_child(self) -> None:
        """Nor is what it waits for if there is a shield around its nursery."""

        async def body(case: Any) -> None:
            with trio.CancelScope(shield=True):
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(trio.sleep, 1)
            await trio.sleep(1)

        self.assertEqual(points(body), 1 + 1)

    def test_last_look_of_a_child(self) -> None:
        """A child may look whether it is cancelled in its last step."""

        async def child(case: Any) -> None:
            await trio.lowlevel.cancel_shielded_checkpoint()
            await trio.lowlevel.checkpoint_if_cancelled()
            case.note("not cancelled")

        async def body(case: Any) -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(child, case)

        # Before the first step, where the body waits, and where the child will look.
        self.assertEqual(runs(body), [["not cancelled"], [], [], []])

    def test_what_is_never_reached(self) -> None:
        """A point that no run comes to under that order does not count."""

        async def child(case: Any) -> None:
            await trio.sleep(1)
            if case.late:
                await trio.sleep(1)  # never
            await trio.sleep(1)

        async def body(case: Any) -> None:
            case.late = False
            async with trio.open_nursery() as nursery:
                nursery.start_soon(child, case)
                with trio.move_on_after(1.5) as scope:
                    await trio.sleep_forever()
                case.late = scope.cancel_called
                nursery.cancel_scope.cancel()

        # The child's two until 1.5, the body's sleep; not its end, cancelled by then.
        self.assertEqual(points(body), 1 + 3)

    def test_what_only_a_cancelled_run_reaches(self) -> None:
        """Nor does one that is reached only because of a cancellation."""

        async def body(case: Any) -> None:
            try:
                await trio.sleep(1)
            except trio.Cancelled:
                with trio.CancelScope(shield=True):
                    for number in range(3):
                        await trio.sleep(1)
                        case.note(number)
                await trio.sleep(1)

        self.assertEqual(runs(body), [[], [0, 1, 2], [0, 1, 2]])

    def test_leak_in_a_child(self) -> None:
        """A leak is found that happens only where a child is cancelled."""

        class Inner(AsyncTrioTestCase):
            def setUp(self) -> None:
                self.free = 1

            async def borrow(self) -> None:
                self.free -= 1
                await trio.sleep(1)
                self.free += 1

            async def child(self) -> None:
                with trio.CancelScope(shield=True):
                    await trio.sleep(1)  # by when the body waits already
                await trio.lowlevel.checkpoint()
                await self.borrow()

            @cancellation_sweep
            async def test(self) -> None:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self.child)

            def tearDown(self) -> None:
                self.assertEqual(self.free, 1)

        (text,) = run(Inner).texts
        self.assertIn("AssertionError: 0 != 1\n", text)
        self.assertIn("at point 3 of 3, ", text)
        self.assertRegex(
            text,
            r"Cancelled was raised in child:\n\n"
            r'  File "test_sweep_points.py", line N, in borrow\n'
            r"    await trio.sleep\(1\)\n",
        )


class TestContexts(unittest.TestCase):
    """Contexts that are entered in the body live in tasks of their own."""

    def test_in_the_body(self) -> None:
        """Those of ``async with`` are the body's: their entry and their exit."""

        @contextlib.asynccontextmanager
        async def context() -> AsyncIterator[None]:
            await trio.sleep(1)
            yield
            await trio.sleep(1)

        async def body(case: Any) -> None:
            async with context():
                await trio.sleep(1)

        self.assertEqual(points(body), 1 + 3)

    def test_entered(self) -> None:
        """The entry of one counts, and not its wait for its turn nor its exit."""

        @contextlib.asynccontextmanager
        async def context(case: Any) -> AsyncIterator[None]:
            await trio.sleep(1)
            case.note("entered")
            yield
            await trio.sleep(1)
            case.note("left")

        async def body(case: Any) -> None:
            await case.enterAsyncContext(context(case))
            await trio.sleep(1)
            case.note("body")

        self.assertEqual(
            runs(body),
            [
                ["entered", "body", "left"],
                [],  # before the first step
                [],  # where the body waits for the entry
                [],  # where the entry waits
                ["entered", "left"],  # where the body waits
            ],
        )

    def test_entered_without_waiting(self) -> None:
        """What waits while a context is entered is the body."""

        @contextlib.asynccontextmanager
        async def context() -> AsyncIterator[None]:
            yield

        async def body(case: Any) -> None:
            await case.enterAsyncContext(context())

        self.assertEqual(points(body), 1 + 1)

    def test_whose_turn_it_waits(self) -> None:
        """However long a context waits for its turn, that counts for nothing."""

        @contextlib.asynccontextmanager
        async def context() -> AsyncIterator[None]:
            yield

        async def body(case: Any) -> None:
            for _ in range(3):
                await case.enterAsyncContext(context())
            await trio.sleep(1)

        self.assertEqual(points(body), 1 + 3 + 1)

    def test_tasks_of_one(self) -> None:
        """The tasks of a context that is entered in the body count while the body runs."""

        @contextlib.asynccontextmanager
        async def context() -> AsyncIterator[None]:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(trio.sleep, 1)
                nursery.start_soon(trio.sleep, 2)
                yield

        async def body(case: Any) -> None:
            await case.enterAsyncContext(context())
            await trio.sleep(3)

        # The wait for the entry, the two tasks, the body's own.
        self.assertEqual(points(body), 1 + 4)

    def test_nursery(self) -> None:
        """So do the tasks of a bare nursery."""

        async def body(case: Any) -> None:
            nursery = await case.enterAsyncContext(trio.open_nursery())
            nursery.start_soon(trio.sleep, 1)
            await trio.sleep(2)

        self.assertEqual(points(body), 1 + 3)

    def test_of_the_setup(self) -> None:
        """Contexts and fixtures of the setup do not count."""

        @contextlib.asynccontextmanager
        async def context() -> AsyncIterator[None]:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(trio.sleep, 1)
                await trio.sleep(0.5)
                yield

        class Parent(AsyncTrioTestCase):
            @fixture
            async def value(self) -> AsyncIterator[int]:
                async with context():
                    yield 1

            async def asyncSetUp(self) -> None:
                await self.enterAsyncContext(context())

        async def body(case: Any) -> None:
            await trio.sleep(3)

        self.assertEqual(points(body, Parent), 1 + 1)


class TestOrder(unittest.TestCase):
    """All runs of a sweep have their tasks in the same order."""

    def sweep(self, seed: int | None = None) -> list[list[str]]:
        """Return the steps of each run, up to its cancellation."""
        noted: list[list[str]] = []

        class Inner(AsyncTrioTestCase):
            async def asyncSetUp(self) -> None:
                noted.append([])

            async def child(self, name: str) -> None:
                for number in range(4):
                    if not is_cancelled():
                        noted[-1].append(f"{name}{number}")
                    await trio.lowlevel.checkpoint()

            @cancellation_sweep(seed=seed)
            async def test(self) -> None:
                async with trio.open_nursery() as nursery:
                    for name in "abc":
                        nursery.start_soon(self.child, name)

        self.assertEqual(told(Inner), ["pass"])
        return noted

    def test_same_up_to_the_point(self) -> None:
        """Up to the point, each run takes the steps of the first."""
        for seed in range(5):
            first, *later = self.sweep(seed)
            with self.subTest(seed=seed):
                self.assertEqual(len(first), 12)
                # Before the first step, where the body waits, at each checkpoint.
                self.assertEqual(len(later), 14)
                for steps in later:
                    self.assertEqual(steps, first[: len(steps)])
                self.assertEqual({len(steps) for steps in later}, set(range(13)))

    def test_seed(self) -> None:
        """Another seed is another order, and the same seed the same."""
        orders = [self.sweep(seed)[0] for seed in range(10)]
        self.assertEqual(len({tuple(order) for order in orders}), 10)
        self.assertEqual([self.sweep(seed)[0] for seed in range(10)], orders)

    def test_no_seed(self) -> None:
        """Without a seed the order is the same each time, too."""
        self.assertEqual(self.sweep(), self.sweep())

    def test_from_the_environment(self) -> None:
        """``TRIOCASE_SEED`` sets the order, over the decorator's."""
        with mock.patch.dict(os.environ, TRIOCASE_SEED="3"):
            replayed = [self.sweep(), self.sweep(seed=5)]
        self.assertEqual(replayed, [self.sweep(seed=3)] * 2)
        self.assertNotEqual(replayed[0], self.sweep(seed=5))

    def test_trios_own_randomness(self) -> None:
        """The order comes from the seed alone: Trio's own makes no difference."""
        from trio._core import _run

        sweeps = []
        for seed in range(3):
            before = _run._r.getstate()
            _run._r.seed(seed)
            try:
                sweeps.append(self.sweep(seed=1))
            finally:
                _run._r.setstate(before)
        self.assertEqual(sweeps, [sweeps[0]] * 3)
