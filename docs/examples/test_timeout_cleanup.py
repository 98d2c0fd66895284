"""A timeout after which there is something to clean up, which takes time itself."""

import trio

from triocase import AsyncTrioTestCase, autojump_clock


class Phone:
    """A telephone, for tests: it says how long each call of a method takes."""

    def __init__(self, *, answer: float, hang_up: float) -> None:
        self._answer = answer
        self._hang_up = hang_up
        self.is_free = True

    async def ask(self, question: str) -> str:
        self.is_free = False
        await trio.sleep(self._answer)
        return "42"

    async def hang_up(self) -> None:
        await trio.sleep(self._hang_up)
        self.is_free = True


async def call(phone: Phone, question: str) -> str:
    """Ask, within ten seconds. To hang up afterwards may take two more."""
    with trio.fail_after(10):
        try:
            return await phone.ask(question)
        finally:
            with trio.move_on_after(2, shield=True):
                await phone.hang_up()


@autojump_clock
class TestCall(AsyncTrioTestCase):
    async def test_answer(self) -> None:
        phone = Phone(answer=9.5, hang_up=1)
        self.assertEqual(await call(phone, "What is it?"), "42")
        self.assertTrue(phone.is_free)
        self.assertEqual(trio.current_time(), 10.5)

    async def test_hangs_up_after_a_timeout(self) -> None:
        phone = Phone(answer=99, hang_up=1)
        with self.assertRaises(trio.TooSlowError):
            await call(phone, "What is it?")
        self.assertTrue(phone.is_free)
        self.assertEqual(trio.current_time(), 11)

    async def test_hanging_up_has_a_limit(self) -> None:
        phone = Phone(answer=99, hang_up=99)
        with self.assertRaises(trio.TooSlowError):
            await call(phone, "What is it?")
        self.assertFalse(phone.is_free)
        self.assertEqual(trio.current_time(), 12)
