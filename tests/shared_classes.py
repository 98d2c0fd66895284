"""Classes that share one run, for others to derive from: in each, something crashes.

They stand here so that no runner finds them by itself.
"""

from __future__ import annotations

import unittest
from collections.abc import AsyncIterator, Callable
from typing import Any

import trio

from triocase import fixture

from .classes import ClassRecorder, suite_of
from .harness import WithEvents


class NamedRecorder(ClassRecorder):
    """Names the setup of a class alone, and tells the first line of each verdict."""

    def _name(self, test: Any) -> None:
        super()._name(test)
        name, _, verdict = self.told[-1].partition(": ")
        self.told[-1] = f"{name.partition(' ')[0]}: {verdict.splitlines()[0]}"


def run_class(case: type[unittest.TestCase]) -> NamedRecorder:
    """Run all tests of a class, with its setup and teardown, as unittest does."""
    result = NamedRecorder()
    suite_of(case).run(result)
    return result


def boom() -> ValueError:
    return ValueError("boom")


class Base(WithEvents):
    """Three tests, each of which is noted, and so are their teardowns."""

    event: trio.Event

    @classmethod
    async def asyncTearDownClass(cls) -> None:
        await cls.note("class teardown")

    @classmethod
    async def note(cls, event: object) -> None:
        await trio.lowlevel.checkpoint()
        cls.events.append(event)

    @classmethod
    async def crash(cls, error: Callable[[], BaseException] = boom) -> None:
        """Wait for ``event``, then crash."""
        await cls.event.wait()
        raise error()

    async def asyncTearDown(self) -> None:
        await self.note("teardown")

    async def test_1(self) -> None:
        await self.note(1)

    async def test_2(self) -> None:
        await self.note(2)

    async def test_3(self) -> None:
        await self.note(3)


class InNursery(Base):
    """A task of the class's nursery crashes when the event is set."""

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        cls.event = trio.Event()
        cls.class_nursery.start_soon(cls.crash)


class InFixture(Base):
    """Likewise in the nursery of a class fixture."""

    @fixture(scope="class")
    async def server(cls) -> AsyncIterator[None]:
        cls.event = trio.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(cls.crash)
            yield


class InContext(Base):
    """Likewise in a nursery that was entered as a context of the class."""

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        cls.event = trio.Event()
        nursery = await cls.enterAsyncClassContext(trio.open_nursery())
        nursery.start_soon(cls.crash)


class ByHand(Base):
    """Likewise in a nursery that the class opens and closes by hand."""

    manager: Any

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        cls.event = trio.Event()
        cls.manager = trio.open_nursery()
        nursery = await cls.manager.__aenter__()
        nursery.start_soon(cls.crash)

    @classmethod
    async def asyncTearDownClass(cls) -> None:
        cls.events.append("class teardown")
        await cls.manager.__aexit__(None, None, None)


def not_run(cls: type, error: str = "ValueError('boom')") -> str:
    return (
        f"ERROR RuntimeError: a background task of {cls.__qualname__} has crashed "
        f"before this test, which was not run: {error}"
    )


CRASH = """\
Traceback (most recent call last):
  File "shared_classes.py", line N, in crash
    raise error()
ValueError: boom
"""


class Failing(unittest.TestCase):
    """Tests that look at all that a class has told, and done."""

    maxDiff = None

    def check(self, case: type[Base], told: list[str], events: list[Any]) -> list[str]:
        """Check what a class does; return the reports."""
        result = run_class(case)
        self.assertEqual(result.told, told)
        self.assertEqual(case.events, events)
        return result.texts
