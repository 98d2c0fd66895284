"""A bare ``trio.run`` in a sync test: each does by hand what it needs, and no more.

Outside of pytest these are called as they are, and are what all else is compared with.
"""

import trio
from trio.lowlevel import checkpoint

from ..work import CHECKPOINTS, many, ran, resource, serve


@many(vars())
def test_empty():
    async def main():
        ran.append("empty")

    trio.run(main)


@many(vars())
def test_setup():
    async def main():
        await checkpoint()
        try:
            ran.append("setup")
        finally:
            await checkpoint()

    trio.run(main)


@many(vars())
def test_background():
    async def main():
        async with trio.open_nursery() as nursery:
            await nursery.start(serve)
            ran.append("background")
            nursery.cancel_scope.cancel()

    trio.run(main)


@many(vars())
def test_fixture():
    async def main():
        async with resource(checkpoint):
            ran.append("fixture")

    trio.run(main)


def test_checkpoints():
    async def main():
        for _ in range(CHECKPOINTS):
            await checkpoint()
        ran.append("checkpoints")

    trio.run(main)
