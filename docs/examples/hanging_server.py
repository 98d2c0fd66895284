"""A server that is never told to stop."""

import trio

from triocase import AsyncTrioTestCase, time_limit


async def serve(requests: trio.MemoryReceiveChannel[str], answers: list[str]) -> None:
    async for request in requests:
        answers.append(request.upper())


@time_limit(1)
class TestServer(AsyncTrioTestCase):
    async def test_answers(self) -> None:
        answers: list[str] = []
        send, receive = trio.open_memory_channel[str](0)
        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(serve, receive.clone(), answers)
            await send.send("hello")
        self.assertEqual(answers, ["HELLO"])
