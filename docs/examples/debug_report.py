"""Tests that fail in a nursery, with one error and with two."""

import trio

from triocase import AsyncTrioTestCase


async def load(table: str) -> None:
    """Load a table."""
    await trio.lowlevel.checkpoint()
    if table == "stock":
        raise LookupError(f"no such table: {table}")
    if table == "prices":
        try:
            float("3,20")
        except ValueError as error:
            raise RuntimeError(f"{table}: not a number") from error


async def save(file: str) -> None:
    """Save what there is, even if something else goes wrong meanwhile."""
    with trio.CancelScope(shield=True):
        await trio.sleep(0.01)
        raise OSError(f"no room for {file}")


class TestLoad(AsyncTrioTestCase):
    async def test_one_error(self) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(load, "customers")
            nursery.start_soon(load, "prices")

    async def test_two_errors(self) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(save, "orders.csv")
            await load("stock")
