"""Expect what several tasks raise at once."""

import trio

from triocase import AsyncTrioTestCase


async def refuse() -> None:
    raise ConnectionRefusedError("nobody listens")


async def misread() -> None:
    raise ValueError("bad header: 'Conntent-Type'")


class TestGroups(AsyncTrioTestCase):
    async def test_one_error_in_a_group(self) -> None:
        with self.assertRaisesGroup(OSError):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(refuse)

    async def test_two_errors_and_the_text_of_one(self) -> None:
        with self.assertRaisesGroup(OSError, (ValueError, "^bad header")) as caught:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(refuse)
                nursery.start_soon(misread)
        self.assertEqual(len(caught.exception.exceptions), 2)
