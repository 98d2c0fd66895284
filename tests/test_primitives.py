"""What a task waits for, and who holds it: as the tree of tasks says it."""

from __future__ import annotations

import functools
import unittest
from collections.abc import Awaitable, Callable
from typing import Any

import trio
from trio.testing import wait_all_tasks_blocked

from triocase import AsyncTrioTestCase
from triocase._task_tree import task_tree

Function = Callable[[], Awaitable[object]]


def states(**functions: Function) -> dict[str, str]:
    """Run functions at the same time, and return what each of them waits for.

    Each is a task that has its name; one begins when those before it are blocked.
    """
    trees = []

    class Inner(AsyncTrioTestCase):
        async def test(self) -> None:
            for name, function in functions.items():
                self.nursery.start_soon(function, name=name)
                await wait_all_tasks_blocked()
            trees.append(task_tree(self._trioTest, None))

    Inner("test").debug()
    (tree,) = trees
    found: dict[str, str] = {}
    name = ""
    for line in tree.partition("self.nursery:\n")[2].splitlines():
        if line[:3].strip():
            name = line.strip()
        if line[:4] == "    " and line[4].strip() and "waits" in line:
            found[name] = line.strip()
    return found


async def hold(lock: Any) -> None:
    async with lock:
        await trio.sleep_forever()


def holding(lock: Any) -> Function:
    return functools.partial(hold, lock)


class TestHeld(unittest.TestCase):
    """Trio tells who holds it."""

    def test_lock(self) -> None:
        """A lock, with its holder."""
        for lock in [trio.Lock(), trio.StrictFIFOLock()]:
            name = type(lock).__name__
            self.assertEqual(
                states(Ada=holding(lock), Ben=holding(lock), Eve=lock.acquire),
                {
                    "Ada": "waits in trio.sleep_forever",
                    "Ben": f"waits for a {name} held by Ada",
                    "Eve": f"waits for a {name} held by Ada",
                },
            )

    def test_limiter_that_nobody_gives_back(self) -> None:
        """A holder that has ended is said to have ended; Trio lets no lock come to that."""
        limiter = trio.CapacityLimiter(1)
        self.assertEqual(
            states(Ada=limiter.acquire, Eve=limiter.acquire),
            {"Eve": "waits for a CapacityLimiter of 1 held by Ada (which has ended)"},
        )

    def test_lock_that_the_test_holds(self) -> None:
        """The test itself is named as in its own line of the tree."""
        trees = []

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                async with (lock := trio.Lock()):
                    self.nursery.start_soon(holding(lock))
                    await wait_all_tasks_blocked()
                    trees.append(task_tree(self._trioTest, None))

        Inner("test").debug()
        self.assertRegex(
            trees[0], r"waits for a Lock held by \S+\.Inner\.test \(the test\)$"
        )

    def test_limiter(self) -> None:
        """A limiter, with its holders; each of them is told once."""
        limiter = trio.CapacityLimiter(3)

        async def hold_two() -> None:
            await limiter.acquire_on_behalf_of("a thing")
            await limiter.acquire_on_behalf_of(3)
            await trio.sleep_forever()

        async def many() -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(holding(limiter), name="Ada")
                nursery.start_soon(holding(limiter), name="Ada")
                nursery.start_soon(holding(limiter), name="Bob")

        self.assertEqual(
            states(many=many, Eve=limiter.acquire)["Eve"],
            "waits for a CapacityLimiter of 3 held by Ada × 2, Bob",
        )
        limiter = trio.CapacityLimiter(2)
        self.assertEqual(
            states(Ada=hold_two, Eve=limiter.acquire)["Eve"],
            "waits for a CapacityLimiter of 2 held by 'a thing', 3",
        )

    def test_limiter_of_threads(self) -> None:
        """One that is needed to get a thread stands beside what was called."""
        limiter = trio.CapacityLimiter(1)

        async def get_thread() -> None:
            await trio.to_thread.run_sync(print, limiter=limiter)

        self.assertEqual(
            states(Ada=holding(limiter), Ben=get_thread)["Ben"],
            "waits in trio.to_thread.run_sync, for a CapacityLimiter of 1 held by Ada",
        )

    @unittest.skipIf(trio.__version__.startswith("0.31."), "Trio 0.31 refuses it")
    def test_limiter_of_nothing(self) -> None:
        """Nobody holds what there is none of."""
        self.assertEqual(
            states(Ada=trio.CapacityLimiter(0).acquire),
            {"Ada": "waits for a CapacityLimiter of 0 held by nobody"},
        )

    def test_odd_borrower(self) -> None:
        """One that cannot be shown harms nothing."""
        limiter = trio.CapacityLimiter(1)

        class Odd:
            def __repr__(self) -> str:
                raise ValueError("no name")

        async def borrow() -> None:
            await limiter.acquire_on_behalf_of(Odd())

        self.assertRegex(
            states(Ada=borrow, Eve=limiter.acquire)["Eve"],
            "^waits for a CapacityLimiter of 1 held by <Odd instance at 0x.+>$",
        )

    def test_condition(self) -> None:
        """One to be notified; or its lock, with its holder."""
        condition = trio.Condition()

        async def wait() -> None:
            async with condition:
                await condition.wait()

        async def notify() -> None:
            async with condition:
                condition.notify()
                await trio.sleep_forever()

        self.assertEqual(
            states(Ada=wait)["Ada"], "waits for a Condition to be notified"
        )
        condition = trio.Condition()
        self.assertEqual(
            states(Ada=wait, Ben=notify, Eve=condition.acquire),
            {
                "Ada": "waits for the Lock of a Condition held by Ben",
                "Ben": "waits in trio.sleep_forever",
                "Eve": "waits in trio.Condition.acquire, for a Lock held by Ben",
            },
        )
        condition = trio.Condition()  # which of the two was notified, nobody knows
        self.assertEqual(
            set(states(Ada=wait, Bob=wait, Eve=notify).values()),
            {
                "waits for a Condition to be notified, or its Lock held by Eve",
                "waits in trio.sleep_forever",
            },
        )


class TestNotHeld(unittest.TestCase):
    """Trio tells no more than how much of it there is."""

    def test_semaphore(self) -> None:
        """A semaphore."""
        semaphore = trio.Semaphore(0)
        self.assertEqual(
            states(Ada=semaphore.acquire, Ben=holding(semaphore)),
            dict.fromkeys(["Ada", "Ben"], "waits for a Semaphore whose value is 0"),
        )

    def test_event(self) -> None:
        """An event; who will set it is unknown."""
        self.assertEqual(states(Ada=trio.Event().wait), {"Ada": "waits for an Event"})

    def test_receive(self) -> None:
        """A memory channel that is empty, with the number of its senders."""
        send, receive = trio.open_memory_channel[int](7)
        clone = send.clone()

        async def loop() -> None:
            async for _ in receive:
                raise NotImplementedError

        self.assertEqual(
            states(Ada=receive.receive, Ben=loop),
            {
                "Ada": "waits for a value from a memory channel (open send channels: 2)",
                "Ben": "waits for a value from a memory channel (open send channels: 2)",
            },
        )
        clone.close()
        self.assertIn("(open send channels: 1)", states(Ada=receive.receive)["Ada"])
        send.close()

    def test_send(self) -> None:
        """A memory channel that is full, with its size and the number of its readers."""
        for size in [0, 2]:
            send, receive = trio.open_memory_channel[int](size)
            for _ in range(size):
                send.send_nowait(1)
            clone = receive.clone()
            self.assertEqual(
                states(Ada=functools.partial(send.send, 1))["Ada"],
                f"waits for room in a memory channel (buffer: {size} of {size}, "
                f"open receive channels: 2)",
            )
            clone.close()
            receive.close()

    def test_that_is_there(self) -> None:
        """Whoever has got it, and only lets others run, does not wait for it."""
        trees = []

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                lock, event = trio.Lock(), trio.Event()
                event.set()
                for function in [event.wait, lock.acquire]:
                    async with trio.open_nursery() as nursery:
                        nursery.start_soon(function, name="Ada")
                        await trio.lowlevel.checkpoint()
                        trees.append(task_tree(self._trioTest, None))

        Inner("test").debug()
        self.assertIn("waits in trio.Event.wait", trees[0])
        self.assertIn("waits in trio.Lock.acquire", trees[1])
