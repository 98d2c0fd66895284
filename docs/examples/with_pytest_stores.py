"""The same tests for two stores, and for many values."""

from typing import ClassVar

import trio

from triocase import AsyncTrioTestCase


class MemoryStore:
    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    async def put(self, key: str, value: str) -> None:
        await trio.lowlevel.checkpoint()
        self.values[key] = value

    async def get(self, key: str) -> str:
        await trio.lowlevel.checkpoint()
        return self.values[key]


class FoldingStore(MemoryStore):
    """Takes small and capital letters for the same."""

    async def put(self, key: str, value: str) -> None:
        await super().put(key.casefold(), value)

    async def get(self, key: str) -> str:
        return await super().get(key.casefold())


class StoreTests:
    store_type: ClassVar[type[MemoryStore]]

    async def test_gives_back(self) -> None:
        store = self.store_type()
        for key in ["tea", "Milk", ""]:
            with self.subTest(key=key):
                await store.put(key, "some")
                self.assertEqual(await store.get(key), "some")


class TestMemoryStore(StoreTests, AsyncTrioTestCase):
    store_type = MemoryStore


class TestFoldingStore(StoreTests, AsyncTrioTestCase):
    store_type = FoldingStore
