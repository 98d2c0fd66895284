"""Many clients at once, for a server that works for two at a time."""

import trio

from memory_listener import MemoryListener
from triocase import AsyncTrioTestCase, autojump_clock


class Oracle:
    """Thinks for a second about each question, and of two at a time."""

    def __init__(self) -> None:
        self.limiter = trio.CapacityLimiter(2)

    async def answer(self, stream: trio.abc.Stream) -> None:
        async with stream:
            async for question in stream:
                async with self.limiter:
                    await trio.sleep(1)
                await stream.send_all(bytes(question).upper())


@autojump_clock
class TestOracle(AsyncTrioTestCase):
    async def asyncSetUp(self) -> None:
        self.listener = MemoryListener()
        oracle = Oracle()
        self.nursery.start_soon(trio.serve_listeners, oracle.answer, [self.listener])

    async def ask(self, question: bytes) -> None:
        """Be one client: ask, check the answer, and note the time."""
        async with await self.listener.connect() as client:
            await client.send_all(question)
            self.assertEqual(await client.receive_some(), question.upper())
        self.times.append(trio.current_time())

    async def test_two_at_a_time(self) -> None:
        self.times: list[float] = []
        async with trio.open_nursery() as clients:
            for number in range(5):
                clients.start_soon(self.ask, b"question %d" % number)
        self.assertEqual(self.times, [1, 1, 2, 2, 3])
