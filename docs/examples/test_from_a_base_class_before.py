"""A project's own base class that runs each test with ``trio.run``, and tests with it.

The same tests with triocase are in ``test_from_a_base_class_after.py``.
"""

import functools
import inspect
import unittest
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import trio
from trio.testing import MockClock, memory_stream_pair


class TrioTestCase(unittest.TestCase):
    """Run async tests on Trio, with a nursery, a timeout and a stack of contexts."""

    timeout = 5.0
    autojump = False
    nursery: trio.Nursery
    stack: AsyncExitStack

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name, test in list(vars(cls).items()):  # a parent's are wrapped already
            if name.startswith("test") and inspect.iscoroutinefunction(test):
                setattr(cls, name, cls.wrapped(test))

    @staticmethod
    def wrapped(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
        @functools.wraps(test)
        def run_on_trio(self: "TrioTestCase") -> None:
            clock = MockClock(autojump_threshold=0) if self.autojump else None
            trio.run(self.whole_test, test, clock=clock)

        return run_on_trio

    async def whole_test(self, test: Callable[..., Awaitable[None]]) -> None:
        with trio.fail_after(self.timeout):
            async with trio.open_nursery() as self.nursery:
                async with AsyncExitStack() as self.stack:
                    await self.asyncSetUp()
                    try:
                        await test(self)
                    finally:
                        await self.asyncTearDown()
                self.nursery.cancel_scope.cancel()

    async def asyncSetUp(self) -> None:
        """Overridden where a class needs it."""

    async def asyncTearDown(self) -> None:
        """Likewise."""

    async def connect(self, handler: Callable[..., Awaitable[None]]) -> trio.abc.Stream:
        """Start ``handler`` in the background; return a client that talks to it."""
        client, server = memory_stream_pair()
        self.nursery.start_soon(handler, server)
        return await self.stack.enter_async_context(client)


async def shout(stream: trio.abc.Stream) -> None:
    """Answer in upper case, after a second of thought."""
    while data := await stream.receive_some():
        await trio.sleep(1)
        await stream.send_all(data.upper())


class TestShout(TrioTestCase):
    autojump = True

    async def asyncSetUp(self) -> None:
        self.client = await self.connect(shout)

    async def test_answer_is_in_upper_case(self) -> None:
        await self.client.send_all(b"tea")
        self.assertEqual(await self.client.receive_some(), b"TEA")

    async def test_answer_takes_a_second(self) -> None:
        await self.client.send_all(b"tea")
        await self.client.receive_some()
        self.assertEqual(trio.current_time(), 1)
