"""The fixtures of a test or a class: set up before all else, torn down as cleanups.

Each is a :class:`~triocase._live_context.LiveContext`, as what ``enterAsyncContext``
enters is.

A fixture's code stands still at its ``yield``, and goes on there when its turn has
come, whatever has become of the test. ``Cancelled`` is raised there only by what the
fixture itself has opened around it, a nursery or a cancel scope; so it is around any
``await``.
"""

from __future__ import annotations

from inspect import isasyncgen
from typing import TYPE_CHECKING, Any
from unittest.util import safe_repr

from ._calls import call, call_fixture, caught
from ._exception_groups import partition
from ._fixture_names import fixture_names, fixture_of
from ._fixtures import CLASS_SCOPE, Fixture
from ._live_context import LiveContext

if TYPE_CHECKING:
    from ._lifecycle import Lifecycle

__unittest = True

_GONE: Any = object()


class Fixtures:
    """The fixtures of one test or class, as far as they are set up."""

    def __init__(self) -> None:
        self.values: dict[Fixture[Any], Any] = {}
        self._now: Fixture[Any] | None = None  # the one that is being set up

    async def set_up(self, life: Lifecycle, names: tuple[str, ...]) -> None:
        """Set all of them up, in their order."""
        cls = life.cls
        for name in names:
            fixture = fixture_of(cls, name)
            if fixture is None or fixture in self.values:  # it may have two names
                continue
            if not isinstance(fixture, Fixture):
                raise TypeError(
                    f"{cls.__qualname__}.{name} hides a fixture of that name, and is "
                    f"none. Write `@fixture` above it, rename it, or write "
                    f"`{name} = None` to do without the fixture."
                )
            steps = _FixtureSteps(fixture, f"{cls.__qualname__}.{name}", life)
            self._now = fixture
            try:
                await LiveContext(life, steps).enter()
            finally:
                self._now = None

    def value_of(self, fixture: Fixture[Any], cls: type) -> Any:
        """Return the value of ``fixture`` in a test of ``cls``."""
        value = self.values.get(fixture, _GONE)
        if value is _GONE:
            raise AttributeError(self._why_not(fixture, cls))
        return value

    def _why_not(self, fixture: Fixture[Any], cls: type) -> str:
        wanted = fixture.name_in(cls)
        of_class = fixture.scope == CLASS_SCOPE
        if fixture in self.values:
            nursery = "cls.class_nursery" if of_class else "self.nursery"
            return (
                f"{wanted} has ended. A fixture is there until its turn among the "
                f"cleanups, or until a cancel scope of its own is cancelled. The tasks "
                f"of {nursery} outlive it."
            )
        if self._now is fixture:
            return f"{wanted} is being set up, and has no value before its `yield`."
        names = fixture_names(cls, fixture.scope)
        if all(fixture_of(cls, name) is not fixture for name in names):
            return (
                f"{wanted} is not set up: {cls.__qualname__} has another definition of "
                f"it. Put what both share in a method."
            )
        if self._now is None:
            whose = "the class" if of_class else "this test"
            return f"{wanted} is not set up: the setup of {whose} did not come to it."
        user = self._now.name_in(cls)
        return (
            f"{wanted} is not set up: the setup has come to {user}, which is before "
            f"it. For {user} to use it, define it above {user} or in a base class."
        )


class _FixtureSteps:
    """Set a fixture up, and tear it down."""

    def __init__(self, fixture: Fixture[Any], name: str, life: Lifecycle) -> None:
        self.name = name
        self.always_finishes = True
        self._fixture = fixture
        self._life = life
        self._generator: Any = None
        self._skip = "`self.skipTest(...)` skips the test"
        self._sync_setup = "setUp"
        if fixture.scope == CLASS_SCOPE:
            self._skip = "`raise unittest.SkipTest(...)` skips the class"
            self._sync_setup = "setUpClass"

    async def enter(self) -> None:
        self._life.fixtures.values[self._fixture] = await self._set_up()

    async def _set_up(self) -> Any:
        is_async, made = await call_fixture(self._fixture.method, self._life.subject)
        if not isasyncgen(made):
            if is_async:
                return made
            raise self._fixture.refused(self._why_not_async(made))
        if is_async:
            raise self._fixture.refused(
                f"the fixture {self.name} returned an async generator, which has not "
                f"run. Let what decorates it return the generator at once, without "
                f"`async`."
            )
        self._generator = made
        try:
            return await call(anext, made)
        except StopAsyncIteration:
            raise self._fixture.refused(
                f"the fixture {self.name} ended without a `yield`. Let every way "
                f"through it yield or raise; {self._skip}."
            ) from None

    def _why_not_async(self, made: object) -> str:
        advice = (
            f"Write `async def`; what needs no `await` can also be made in "
            f"`{self._sync_setup}`."
        )
        if hasattr(type(made), "__aenter__"):
            advice = (
                "Write `async def`, and in it `async with ... as value: yield value`. "
                "(What `@asynccontextmanager` takes, `@fixture` takes as it is.)"
            )
        return (
            f"the fixture {self.name} is not async: calling it returned "
            f"{safe_repr(made)}. {advice}"
        )

    async def leave(self, cancelled: BaseException | None) -> None:
        try:
            if self._generator is not None:
                await self._tear_down(cancelled)
        finally:
            self._life.fixtures.values[self._fixture] = _GONE

    async def _tear_down(self, cancelled: BaseException | None) -> None:
        try:
            if cancelled is None:
                await call(anext, self._generator)
            else:
                await call(self._generator.athrow, cancelled)
        except StopAsyncIteration:
            return
        closing = await caught(call, self._generator.aclose)
        if closing is not None:
            rest = partition(closing, GeneratorExit)[1]
            if rest is not None:
                self._life.findings.add(rest)
        raise self._fixture.refused(
            f"the fixture {self.name} has come to a second `yield`; it may yield once. "
            f"What follows the `yield` is its teardown."
        )
