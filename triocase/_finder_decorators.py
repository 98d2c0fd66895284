"""The decorators that look for races: each runs its test many times.

They are marks like those of ``_decorators``, which say what the field ``race_finder``
of ``Options`` is to be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from ._arguments import whole
from ._marks import BARE, decorate
from ._options import Exploration, Sweep
from ._orders import STRATEGIES

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._marks import TestDecorator

__unittest = True

T = TypeVar("T", bound="Callable[..., Any]")


@overload
def explore_schedules(test: T, /) -> T: ...
@overload
def explore_schedules(
    *,
    runs: int = 100,
    seed: int | None = None,
    strategy: Literal["random", "pct"] = "random",
    depth: int = 3,
) -> TestDecorator: ...
def explore_schedules(
    test: Any = BARE,
    /,
    *,
    runs: int = 100,
    seed: int | None = None,
    strategy: Literal["random", "pct"] = "random",
    depth: int = 3,
) -> Any:
    """Run the test many times, each time with its tasks in another order.

    Each run is a whole test, from its fixtures to its cleanups, in a Trio run of its
    own. Whenever several tasks can take the next step, the strategy says which does. No
    task is passed over for ever, and with ``"random"`` every order is possible. The
    first run that fails is the test's verdict. Its report ends with the seed of that
    run, the command that runs just it again, and the last steps that the tasks took. If
    the first run is skipped, so is the test.

    The orders are the same each time: a test that fails goes on to fail. With the
    environment variable ``TRIOCASE_SEED`` the test is run once, in the order that
    belongs to this seed. Its tasks take the same steps then, in any process, as long
    as the test has virtual time and uses no threads, no I/O and no order of sets. So
    it has :func:`autojump_clock`, unless it names a clock. What it does is told only
    by the run that counts: subtests, too. Its time limit holds for each run.

    The instance is the same in each run, with the attributes that it had before the
    first. What each run must have anew belongs in ``setUp`` or ``asyncSetUp``.

    A deadlock is found at once, and a test that takes 100,000 steps while time stands
    still fails with :exc:`TimeLimitExceeded`.

    It decorates a test method or a class, a mixin too. The method's own wins over that
    of its class. It does not go together with :func:`cancellation_sweep`, with
    :func:`shared_run`, or with Hypothesis. See :doc:`the page about races <races>`.

    Args:
        runs: How many runs there are, if none fails.
        seed: A whole number that all orders come from. None: one that comes from the
            names of the class and the test.
        strategy: ``"random"``: each runnable task is as likely as any other, at each
            step. ``"pct"``: the one with the highest priority runs, and priorities
            change a few times; for what goes wrong in few orders of many.
        depth: For ``"pct"``, how many constraints on the order a bug may need: one
            more than there are changes of a priority.

    Raises:
        TypeError: ``runs``, ``seed`` or ``depth`` is no whole number, or it decorates
            neither a function nor a class.
        ValueError: ``runs`` or ``depth`` is less than 1, ``seed`` is negative, or there
            is no such strategy.

    Example:
        >>> import trio
        >>> from triocase import AsyncTrioTestCase, explore_schedules
        >>> class TestCounter(AsyncTrioTestCase):
        ...     @explore_schedules(runs=20)
        ...     async def test_add(self):
        ...         self.count = 0
        ...         async with trio.open_nursery() as nursery:
        ...             nursery.start_soon(self.add)
        ...             nursery.start_soon(self.add)
        ...         self.assertEqual(self.count, 2)
        ...
        ...     async def add(self):
        ...         count = self.count
        ...         await trio.sleep(0)
        ...         self.count = count + 1
        >>> try:
        ...     TestCounter("test_add").debug()
        ... except AssertionError as error:
        ...     print(error)
        1 != 2

    .. versionadded:: 0.1
    """
    _bind()
    example = "@explore_schedules(runs=200, seed=1)"
    if strategy not in STRATEGIES:
        raise ValueError(
            f"explore_schedules(strategy=...) takes "
            f"{' or '.join(map(repr, STRATEGIES))}, not {strategy!r}. Write "
            f'`@explore_schedules(strategy="pct")`.'
        )
    exploration = Exploration(
        whole(runs, "explore_schedules(runs=...)", example, least=1),
        _seed(seed, "explore_schedules", example),
        strategy,
        whole(
            depth,
            "explore_schedules(depth=...)",
            '@explore_schedules(strategy="pct", depth=3)',
            least=1,
        ),
    )
    return decorate(
        test,
        decorator=exploration.decorator,
        usage="`@explore_schedules` or `@explore_schedules(runs=200)`",
        option="race_finder",
        value=exploration,
    )


@overload
def cancellation_sweep(test: T, /) -> T: ...
@overload
def cancellation_sweep(
    *, max_points: int = 1000, seed: int | None = None
) -> TestDecorator: ...
def cancellation_sweep(
    test: Any = BARE, /, *, max_points: int = 1000, seed: int | None = None
) -> Any:
    """Run the test once as it is, then cancel it at each point where it can be.

    Each run is a whole test, from its fixtures to its cleanups, in a Trio run of its
    own, and all have their tasks in the same order. The first run is not interfered
    with; it shows the points. In each other run the test's method is cancelled at one
    of them: before its first step, or where it waits, or a task that it has started.
    Such a run fails if anything but ``Cancelled`` is raised, if a task swallows
    ``Cancelled``, if the test hangs, if a coroutine is not awaited, or if the teardown,
    a fixture or a cleanup raises an error. The first run that fails is the test's
    verdict. Its report ends with the point, the line where ``Cancelled`` was raised,
    the command that runs just it again, and the last steps that the tasks took.

    What must hold although the test was cancelled is asserted in ``asyncTearDown``, in
    a cleanup or after the ``yield`` of a fixture.

    With the environment variable ``TRIOCASE_POINT``, the test is cancelled at that
    point alone (after the run that shows the points). ``TRIOCASE_SEED`` sets the order.
    For the rest it is as :func:`explore_schedules`, also what it decorates: the clock,
    the instance, subtests, deadlocks and steps without end. See :doc:`the page about
    cancellation <cancellation>`.

    Args:
        max_points: The last point that the test may have; each costs a run.
        seed: A whole number that the order comes from. None: one that comes from the
            names of the class and the test.

    Raises:
        TypeError: ``max_points`` or ``seed`` is no whole number, or it decorates
            neither a function nor a class.
        ValueError: ``max_points`` is less than 1, or ``seed`` is negative.

    Example:
        >>> import trio
        >>> from triocase import AsyncTrioTestCase, cancellation_sweep
        >>> class TestPool(AsyncTrioTestCase):
        ...     def setUp(self):
        ...         self.free = 1
        ...
        ...     @cancellation_sweep
        ...     async def test_borrow(self):
        ...         await trio.sleep(1)  # not yet
        ...         self.free -= 1
        ...         await trio.sleep(1)  # at work
        ...         self.free += 1
        ...
        ...     def tearDown(self):
        ...         self.assertEqual(self.free, 1)
        >>> try:
        ...     TestPool("test_borrow").debug()
        ... except AssertionError as error:
        ...     print(error)
        0 != 1

    .. versionadded:: 0.1
    """
    _bind()
    example = "@cancellation_sweep(max_points=2000)"
    sweep = Sweep(
        whole(max_points, "cancellation_sweep(max_points=...)", example, least=1),
        _seed(seed, "cancellation_sweep", "@cancellation_sweep(seed=1)"),
    )
    return decorate(
        test,
        decorator=sweep.decorator,
        usage="`@cancellation_sweep` or `@cancellation_sweep(max_points=2000)`",
        option="race_finder",
        value=sweep,
    )


def _bind() -> None:
    """Let what runs such a test take what it needs, before a test can patch that."""
    from . import _race_finders  # noqa: F401  # only where there is such a test


def _seed(seed: Any, decorator: str, example: str) -> int | None:
    return None if seed is None else whole(seed, f"{decorator}(seed=...)", example)
