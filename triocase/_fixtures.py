"""``@fixture``, and which fixtures a class has.

The decorator leaves a descriptor in the class. When a test runs, ``_fixture_setup``
sets up what is found here, and the descriptor gives the value meanwhile.
"""

from __future__ import annotations

import inspect
from functools import partial, update_wrapper
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, Generic, NoReturn, Protocol, TypeVar, overload
from unittest import TestCase

from ._marks import refuse_marks
from ._once_a_class import note_decoration, once_a_class
from ._tracebacks import at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from ._lifecycle import TestRun

__unittest = True

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_BARE: Any = object()

# What a test needs of itself: no fixture may have such a name.
_taken = {*dir(TestCase), *vars(TestCase())}


def reserve_names(case: type[T]) -> type[T]:
    """Decorate the base class, whose names no fixture may have either."""
    _taken.update(vars(case))
    return case


class FixtureDecorator(Protocol):
    """What takes an async method and returns a fixture."""

    @overload
    def __call__(self, method: Callable[[Any], AsyncIterator[T]], /) -> Fixture[T]: ...
    @overload
    def __call__(self, method: Callable[[Any], Awaitable[T]], /) -> Fixture[T]: ...


@overload
def fixture(method: Callable[[Any], AsyncIterator[T]], /) -> Fixture[T]: ...
@overload
def fixture(method: Callable[[Any], Awaitable[T]], /) -> Fixture[T]: ...
@overload
def fixture() -> FixtureDecorator: ...
def fixture(method: Any = _BARE, /) -> Any:
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

    Args:
        method: The async method. It is called in the fixture's own task.

    Returns:
        A read-only attribute whose docstring is the method's. Where the fixture is not
        set up, reading it is an ``AttributeError`` that says why.

    Raises:
        TypeError: It decorates no method, but a class, say, or a ``staticmethod``. What
            else is wrong with a fixture is an error of each test that it is for.

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
    if method is _BARE:
        return fixture
    if not callable(method) or isinstance(method, (type, staticmethod, classmethod)):
        raise TypeError(
            f"fixture decorates an async method, not {method!r}. Write `@fixture` "
            f"directly above `async def name(self)`."
        )
    note_decoration()
    return Fixture(method)


class Fixture(Generic[T_co]):
    """A fixture in its class; on a test that runs, its value.

    It is read-only, so that no test hides a fixture by accident.
    """

    def __init__(self, method: Callable[[Any], object]) -> None:
        wrapper: Any = self  # no function, but its docstring is the method's
        update_wrapper(wrapper, method)
        self.method = method
        self._name = ""

    def __set_name__(self, owner: Any, name: str) -> None:
        self._name = name
        owner._trioFixtures = {**vars(owner).get("_trioFixtures", {}), name: self}
        if name in _taken:
            delattr(owner, name)  # a test needs what it hides, to report it

    @overload
    def __get__(self, case: None, owner: type) -> Fixture[T_co]: ...
    @overload
    def __get__(self, case: object, owner: type | None = None) -> T_co: ...
    def __get__(self, case: Any, owner: type | None = None) -> Any:
        if case is None:
            return self
        owner = type(case) if owner is None else owner
        test: TestRun | None = getattr(case, "_trioTest", None)
        if test is None:
            raise AttributeError(
                f"{self.name_in(owner)} is a fixture: it is there only while a test of "
                f"an AsyncTrioTestCase runs, from its place in the setup to its turn "
                f"among the cleanups."
            )
        return test.fixtures.value_of(self, owner)

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
        trace = at(code.co_filename, code.co_firstlineno, code.co_name)
        return TypeError(message).with_traceback(trace)


@once_a_class
def fixture_names(cls: type[TestCase]) -> tuple[str, ...]:
    """Return the names of a class's fixtures, in the order in which they are set up.

    Raises:
        TypeError: Something is wrong with one of them.
    """
    names: dict[str, None] = {}
    for parent in reversed(cls.__mro__):
        known = vars(parent).get("_trioFixtures", {})  # one may be patched just now
        for name, value in {**known, **vars(parent).copy()}.items():
            is_fixture = issubclass(type(value), Fixture)
            if is_fixture and name in _taken:
                raise value.refused(
                    f"the fixture {cls.__qualname__}.{name} hides `{name}` of "
                    f"AsyncTrioTestCase. Give it another name."
                )
            if is_fixture or name in known:
                names[name] = None
            elif _is_over_a_fixture(value):
                raise TypeError(
                    f"{parent.__qualname__}.{name} has another decorator above "
                    f"`@fixture`, which hides it. Write `@fixture` above all others."
                )
    for name in names:
        fixture = getattr(cls, name, None)
        if isinstance(fixture, Fixture):
            full_name = f"{cls.__qualname__}.{name}"
            refuse_marks(fixture.method, full_name)
            _refuse_parameters(fixture, full_name)
    return tuple(names)


def _is_over_a_fixture(value: Any) -> bool:
    """Return whether ``value`` is what a decorator has made of a fixture.

    It looks at types and at what they are known to hold, because other attributes of a
    class may do anything when they are asked.
    """
    seen = set()
    while id(value) not in seen:
        seen.add(id(value))
        kind = type(value)
        if issubclass(kind, Fixture):
            return True
        if issubclass(kind, property):
            value = value.fget
        elif issubclass(kind, (staticmethod, classmethod)):
            value = value.__func__
        elif issubclass(kind, FunctionType):
            value = vars(value).get("__wrapped__")
        else:
            try:
                held = object.__getattribute__(value, "__dict__").values()
            except AttributeError:
                return False
            return any(issubclass(type(inner), Fixture) for inner in list(held))
    return False


def _refuse_parameters(fixture: Fixture[Any], name: str) -> None:
    """Raise an error if a fixture does not take ``self`` alone.

    Only a function of Python's says what it takes; Python itself says it of the others
    when they are called.
    """
    if not isinstance(fixture.method, FunctionType):
        return
    code = fixture.method.__code__
    named = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    if len(named) > 1 or not (named or code.co_flags & inspect.CO_VARARGS):
        example = f"self.{named[1]}" if named[1:] else "self.name"
        raise fixture.refused(
            f"the fixture {name}({', '.join(named)}) must take `self` and nothing "
            f"else. Other fixtures are attributes: write `{example}`."
        )
