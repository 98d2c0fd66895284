"""``@fixture``, which leaves a descriptor in the class.

When a test runs, ``_fixture_setup`` sets up those that ``_fixture_names`` finds, and
the descriptors give their values meanwhile.
"""

from __future__ import annotations

import inspect
from functools import partial, update_wrapper
from types import CodeType
from typing import (
    TYPE_CHECKING,
    Any,
    Generic,
    Literal,
    NoReturn,
    Protocol,
    TypeVar,
    overload,
)
from unittest import TestCase

from ._once_a_class import note_decoration
from ._open_runs import open_runs
from ._places import traceback_at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from ._lifecycle import Lifecycle

__unittest = True

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

TEST_SCOPE = "test"
CLASS_SCOPE = "class"
_BARE: Any = object()

# What a test needs of itself: no fixture may have such a name.
reserved_names = {*dir(TestCase), *vars(TestCase())}


def reserve_names(cls: type[T]) -> type[T]:
    """Decorate a base class, whose names no fixture may have either."""
    reserved_names.update(vars(cls))
    return cls


class FixtureDecorator(Protocol):
    """What takes an async method and returns a fixture."""

    @overload
    def __call__(self, method: Callable[[Any], AsyncIterator[T]], /) -> Fixture[T]: ...
    @overload
    def __call__(self, method: Callable[[Any], Awaitable[T]], /) -> Fixture[T]: ...


class ClassFixtureDecorator(Protocol):
    """What takes an async method of the class and returns a fixture of the class."""

    @overload
    def __call__(
        self, method: Callable[[Any], AsyncIterator[T]], /
    ) -> ClassFixture[T]: ...
    @overload
    def __call__(self, method: Callable[[Any], Awaitable[T]], /) -> ClassFixture[T]: ...


@overload
def fixture(method: Callable[[Any], AsyncIterator[T]], /) -> Fixture[T]: ...
@overload
def fixture(method: Callable[[Any], Awaitable[T]], /) -> Fixture[T]: ...
@overload
def fixture(*, scope: Literal["test"] = "test") -> FixtureDecorator: ...
@overload
def fixture(*, scope: Literal["class"]) -> ClassFixtureDecorator: ...
def fixture(method: Any = _BARE, /, *, scope: str = TEST_SCOPE) -> Any:
    """Make an async method of a test class, or of a mixin, a fixture of its tests.

    Every test of the class, sync ones too, has the fixture set up before ``setUp``, and
    reads its value as the attribute of that name. The method takes ``self`` alone, and
    is either an async generator with one ``yield``, which gives the value and is
    followed by the teardown; or a coroutine function, which returns the value.

    Fixtures of parents are set up before those of the class itself, and those of one
    class in the order of their definition. Each may use those before it. A subclass
    that defines one again replaces the parent's at the parent's place; with
    ``name = None`` it does without. They are torn down among the cleanups, last in
    first out, each even if others fail; ``doAsyncCleanups`` runs those too.

    Each lives in a task of its own, as what ``enterAsyncContext`` enters does: there
    may be nurseries and cancel scopes around the ``yield``. A task that crashes there
    cancels the test's body, and the fixture is torn down in its turn. One that raises
    before its ``yield`` fails the test, and one that calls ``self.skipTest`` skips it:
    the test and the teardowns do not run, the cleanups do. Fixtures may use
    ``self.nursery``, ``self.clock`` and ``self.addCleanup``.

    With ``scope="class"`` it lives as long as its class, which must be decorated with
    :func:`shared_run`: it is set up once, before ``asyncSetUpClass``, and torn down
    among the cleanups of the class. The method takes ``cls`` alone, and is decorated
    with nothing else; the value is an attribute of the class and of its tests. See
    :doc:`fixtures`.

    Args:
        method: The async method. It is called in the fixture's own task.
        scope: "test" or "class".

    Returns:
        A read-only attribute whose docstring is the method's. Where the fixture is not
        set up, reading it is an ``AttributeError`` that says why.

    Raises:
        TypeError: It decorates no method, but a class, say, or a ``staticmethod``. What
            else is wrong with a fixture is an error of each test that it is for.
        ValueError: There is no such scope.

    Example:
        >>> import trio
        >>> from triocase import AsyncTrioTestCase, fixture
        >>> class TestChannel(AsyncTrioTestCase):
        ...     @fixture
        ...     async def numbers(self):
        ...         '''A channel with two numbers.'''
        ...         send, receive = trio.open_memory_channel(2)
        ...         async with send, receive:
        ...             await send.send(1)
        ...             await send.send(2)
        ...             yield receive
        ...
        ...     async def test_numbers_arrive_in_order(self):
        ...         self.assertEqual(await self.numbers.receive(), 1)
        ...         self.assertEqual(await self.numbers.receive(), 2)
        >>> TestChannel("test_numbers_arrive_in_order").debug()

    .. versionadded:: 0.1
    """
    if scope not in (TEST_SCOPE, CLASS_SCOPE):
        raise ValueError(
            f'fixture(scope=...) takes "test" or "class", not {scope!r}. Write '
            f'`@fixture` or `@fixture(scope="class")`.'
        )
    if method is _BARE:
        return partial(fixture, scope=scope)
    if not callable(method) or isinstance(method, (type, staticmethod, classmethod)):
        usage = "`@fixture` directly above `async def name(self)`"
        if scope == CLASS_SCOPE:
            usage = '`@fixture(scope="class")` directly above `async def name(cls)`'
        raise TypeError(
            f"fixture decorates an async method, not {method!r}. Write {usage}."
        )
    note_decoration()
    return ClassFixture(method) if scope == CLASS_SCOPE else Fixture(method)


class Fixture(Generic[T_co]):
    """A fixture in its class; on a test that runs, its value.

    It is read-only, so that no test hides a fixture by accident.
    """

    scope: str = TEST_SCOPE
    _name = ""

    def __init__(self, method: Callable[[Any], object]) -> None:
        wrapper: Any = self  # no function, but its docstring is the method's
        update_wrapper(wrapper, method)
        self.method = method

    def __set_name__(self, owner: Any, name: str) -> None:
        self._name = name
        owner._trioFixtures = {**vars(owner).get("_trioFixtures", {}), name: self}
        if name in reserved_names:
            delattr(owner, name)  # a test needs what it hides, to report it

    @overload
    def __get__(self, case: None, owner: type) -> Fixture[T_co]: ...
    @overload
    def __get__(self, case: object, owner: type | None = None) -> T_co: ...
    def __get__(self, case: Any, owner: type | None = None) -> Any:
        if case is None:
            return self
        return self.value_in(type(case) if owner is None else owner, case)

    def value_in(self, cls: type, case: object) -> Any:
        """Return its value in a test of a class.

        Raises:
            AttributeError: It is not set up.
        """
        test: Lifecycle | None = getattr(case, "_trioTest", None)
        if test is None:
            raise AttributeError(
                f"{self.name_in(cls)} is a fixture: it is there only while a test of "
                f"an AsyncTrioTestCase runs, from its place in the setup to its turn "
                f"among the cleanups."
            )
        return test.fixtures.value_of(self, cls)

    def __set__(self, case: object, value: NoReturn) -> None:
        raise AttributeError(
            f"{self.name_in(type(case))} is a fixture and cannot be assigned. Give the "
            f"attribute another name; a subclass may define the fixture again."
        )

    def __delete__(self, case: object) -> None:
        raise AttributeError(
            f"{self.name_in(type(case))} is a fixture and cannot be deleted."
        )

    def __repr__(self) -> str:
        return f"<fixture {getattr(self.method, '__qualname__', self._name)}>"

    def name_in(self, cls: type) -> str:
        """Return what to call the fixture of a test of ``cls`` in a message."""
        name = self._name
        for parent in cls.__mro__:
            for key, value in vars(parent).copy().items():
                if value is self:  # elsewhere it may have another name
                    name = key
        return f"{cls.__qualname__}.{name}"

    def refused(self, message: str) -> TypeError:
        """Return an error whose traceback shows where the fixture is written."""
        method = self.method
        while isinstance(method, partial):
            method = method.func
        code = getattr(inspect.unwrap(method), "__code__", None)
        if not isinstance(code, CodeType):
            return TypeError(message)
        trace = traceback_at(code.co_filename, code.co_firstlineno, code.co_name)
        return TypeError(message).with_traceback(trace)


class ClassFixture(Fixture[T_co]):
    """A fixture that lives as long as its class, of which it is an attribute, too."""

    scope: str = CLASS_SCOPE

    if TYPE_CHECKING:

        def __get__(self, case: Any, owner: Any = None) -> T_co: ...  # type: ignore[override]

    else:

        def __get__(self, case, owner=None):
            owner = type(case) if owner is None else owner
            # Runners look at all attributes of a class, and some expect no error.
            if case is None and owner not in open_runs:
                return self
            return self.value_in(owner, case)

        def __getattr__(self, name):
            raise AttributeError(self._not_open(self._name))

    def value_in(self, cls: type, case: object) -> Any:
        """Return its value in a class, or in a test of it, which is all the same."""
        run = open_runs.get(cls)
        if run is None:
            raise AttributeError(self._not_open(self.name_in(cls)))
        return run.life.fixtures.value_of(self, cls)

    def _not_open(self, name: str) -> str:
        return (
            f"{name} is a fixture of the class: it is there only while the Trio run of "
            f"the class is open, from its place in the setup of the class to its turn "
            f"among the cleanups of the class."
        )
