"""The decorators that users write above a test or a class.

Each is a mark that says what one field of ``Options`` is to be.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeVar, overload

from ._arguments import finite
from ._marks import BARE, decorate
from ._options import ClockOption

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._marks import TestDecorator

__unittest = True

T = TypeVar("T", bound="Callable[..., Any]")
C = TypeVar("C", bound=type)


@overload
def autojump_clock(test: T, /) -> T: ...
@overload
def autojump_clock(*, threshold: float = 0) -> TestDecorator: ...
def autojump_clock(test: Any = BARE, /, *, threshold: float = 0) -> Any:
    """Run the test in virtual time that jumps whenever every task is blocked.

    Time stands still while tasks run. When all are blocked, it jumps to the next
    deadline: sleeps and timeouts take no real time. While a worker thread of
    :func:`trio.to_thread.run_sync` is at work, time does not jump, but runs at the
    real rate. The clock, :attr:`self.clock <AsyncTrioTestCase.clock>`, is made before
    each run and starts at 0.

    It decorates a test method or a class, a mixin too. The method's own clock wins over
    that of its class, and the class's over that of its parents. See
    :doc:`control-time`.

    Args:
        threshold: Real seconds for which all tasks must have been blocked. For a test
            with real I/O, which Trio cannot tell from doing nothing, take a little more
            than an answer needs.

    Raises:
        TypeError: It decorates neither a function nor a class, or ``threshold`` is no
            number.
        ValueError: ``threshold`` is negative, infinite or NaN.

    Example:
        >>> import trio
        >>> from triocase import AsyncTrioTestCase, autojump_clock
        >>> class TestSleep(AsyncTrioTestCase):
        ...     @autojump_clock
        ...     async def test_year(self):
        ...         await trio.sleep(365 * 24 * 60 * 60)
        ...         self.assertEqual(trio.current_time(), 31_536_000)
        >>> TestSleep("test_year").debug()

    .. versionadded:: 0.1
    """
    seconds = finite(
        threshold,
        "autojump_clock(threshold=...)",
        "real seconds",
        "@autojump_clock(threshold=0.01)",
    )
    usage = "`@autojump_clock` or `@autojump_clock(threshold=0.01)`"
    clock = ClockOption(autojump_threshold=seconds)
    return decorate(
        test, decorator="autojump_clock", usage=usage, option="clock", value=clock
    )


@overload
def mock_clock(test: T, /) -> T: ...
@overload
def mock_clock(*, rate: float = 0) -> TestDecorator: ...
def mock_clock(test: Any = BARE, /, *, rate: float = 0) -> Any:
    """Run the test in virtual time that moves only when told, or at ``rate``.

    :meth:`self.advanceClock <AsyncTrioTestCase.advanceClock>` moves it. The clock,
    :attr:`self.clock <AsyncTrioTestCase.clock>`, is made before each run and starts
    at 0. It decorates what :func:`autojump_clock` does.

    Args:
        rate: Virtual seconds for each real second.

    Raises:
        TypeError: It decorates neither a function nor a class, or ``rate`` is no
            number.
        ValueError: ``rate`` is negative, infinite or NaN.

    Example:
        >>> import trio
        >>> from triocase import AsyncTrioTestCase, mock_clock
        >>> class TestTimeout(AsyncTrioTestCase):
        ...     @mock_clock
        ...     async def test_not_yet(self):
        ...         with trio.move_on_after(10) as scope:
        ...             await self.advanceClock(9.5)
        ...         self.assertFalse(scope.cancelled_caught)
        >>> TestTimeout("test_not_yet").debug()

    .. versionadded:: 0.1
    """
    checked = finite(
        rate,
        "mock_clock(rate=...)",
        "virtual seconds for each real second",
        "@mock_clock(rate=2.0)",
    )
    usage = "`@mock_clock` or `@mock_clock(rate=2.0)`"
    clock = ClockOption(rate=checked)
    return decorate(
        test, decorator="mock_clock", usage=usage, option="clock", value=clock
    )


@overload
def real_clock(test: T, /) -> T: ...
@overload
def real_clock() -> TestDecorator: ...
def real_clock(test: Any = BARE, /) -> Any:
    """Run the test in real time after all, where its class has a virtual clock.

    It decorates what :func:`autojump_clock` does.

    Raises:
        TypeError: It decorates neither a function nor a class.

    .. versionadded:: 0.1
    """
    usage = "`@real_clock`"
    return decorate(
        test, decorator="real_clock", usage=usage, option="clock", value=None
    )


@overload
def shared_run(cls: C, /) -> C: ...
@overload
def shared_run() -> Callable[[C], C]: ...
def shared_run(cls: Any = BARE, /) -> Any:
    """Run all tests of the class in one Trio run, which ends with the class.

    What is expensive to start is started once: in ``asyncSetUpClass``, in
    ``cls.class_nursery``, or by fixtures with ``scope="class"``. A test costs a
    fraction of a run of its own. All else is as ever: each test has its own nursery,
    contexts, fixtures, time limit and verdict, and sees the context variables of the
    class's setup and none of another test's.

    While no test runs, the class's tasks and its time stand still. A subclass has a run
    of its own. A clock decorator goes above the class: one clock for all its tests.
    Overriding ``runTrio`` beside it is refused. See :doc:`shared-run`.

    Raises:
        TypeError: It decorates something else than a class.

    Example:
        >>> import trio
        >>> from triocase import AsyncTrioTestCase, shared_run
        >>> @shared_run
        ... class TestEcho(AsyncTrioTestCase):
        ...     @classmethod
        ...     async def asyncSetUpClass(cls):
        ...         cls.send, receive = trio.open_memory_channel(0)
        ...         cls.class_nursery.start_soon(cls.answer, receive)
        ...
        ...     @classmethod
        ...     async def answer(cls, questions):
        ...         async for text, reply in questions:
        ...             await reply.send(text)
        ...
        ...     async def test_echo(self):
        ...         send, receive = trio.open_memory_channel(1)
        ...         await self.send.send(("hello", send))
        ...         self.assertEqual(await receive.receive(), "hello")
        >>> TestEcho("test_echo").debug()

    .. versionadded:: 0.1
    """
    if cls is BARE:
        return shared_run
    if not isinstance(cls, type):
        raise TypeError(
            f"shared_run decorates a class, not {cls!r}. Write `@shared_run` above "
            f"`class`: all tests of a class share one Trio run, or none do."
        )
    return decorate(
        cls,
        decorator="shared_run",
        usage="`@shared_run`",
        option="shared_run",
        value=True,
    )


def time_limit(seconds: float | None, /) -> TestDecorator:
    """Give the test another time limit than the default of 120 real seconds.

    A test that has not ended by then is cancelled and fails with
    :exc:`TimeLimitExceeded`. The time counts from its first fixture to the end of the
    test method; the teardown and the cleanups then have the same once more. It is real
    time, whatever the test's clock. See :doc:`hangs`.

    It decorates a test method or a class, a mixin too. The method's own limit wins over
    that of its class, and the class's over that of its parents. The environment
    variable ``TRIOCASE_TIME_LIMIT`` sets another default, in seconds; ``0`` there
    switches off all limits, also those of decorators. A test in which a debugger was
    seen has no limit.

    Args:
        seconds: Real seconds, or None for no limit.

    Raises:
        TypeError: ``seconds`` is no number, or it decorates neither a function nor a
            class.
        ValueError: ``seconds`` is zero, negative, infinite or NaN.

    Example:
        >>> import trio
        >>> from triocase import AsyncTrioTestCase, time_limit
        >>> class TestAnswer(AsyncTrioTestCase):
        ...     @time_limit(0.1)
        ...     async def test_no_answer(self):
        ...         await trio.sleep_forever()
        >>> TestAnswer("test_no_answer").debug()
        Traceback (most recent call last):
            ...
        triocase.TimeLimitExceeded: the test has not ended within its time limit ...

    .. versionadded:: 0.1
    """
    usage = "`@time_limit(5)`"
    if seconds is None:
        limit = math.inf
    else:
        example = "@time_limit(5)`, or for no limit `@time_limit(None)"
        limit = finite(seconds, "time_limit()", "real seconds", example, above=True)
    decorator: TestDecorator = decorate(
        decorator="time_limit", usage=usage, option="time_limit", value=limit
    )
    return decorator


def deadlock_check(switch: bool, /) -> TestDecorator:
    """Switch the search for deadlocks off for a test, or on again.

    A test whose tasks all wait, while nothing can wake any of them, is cancelled within
    two real seconds and fails with :exc:`DeadlockError`. Switch that off for a test
    that is woken by something which cannot be seen from inside of the Trio run, such as
    a signal handler of its own; its time limit remains. See :doc:`deadlocks`.

    It decorates a test method or a class, a mixin too. What the method says wins over
    what its class says, and the class over its parents. Where ``runTrio`` is
    overridden, deadlocks are not looked for, whatever this says.

    Args:
        switch: False for off, True for on.

    Raises:
        TypeError: ``switch`` is no bool, or it decorates neither a function nor a
            class.

    Example:
        >>> import signal
        >>> import trio
        >>> from triocase import AsyncTrioTestCase, deadlock_check
        >>> class TestAlarm(AsyncTrioTestCase):
        ...     @deadlock_check(False)
        ...     async def test_rings(self):
        ...         bell = trio.Event()
        ...         signal.signal(signal.SIGALRM, lambda *args: bell.set())
        ...         signal.setitimer(signal.ITIMER_REAL, 0.1)
        ...         await bell.wait()
        >>> TestAlarm("test_rings").debug()

    .. versionadded:: 0.1
    """
    usage = "`@deadlock_check(False)`"
    if not isinstance(switch, bool):
        raise TypeError(
            f"deadlock_check() takes True or False, not {switch!r}. Write {usage} "
            f"above `async def` or `class` to switch the search for deadlocks off."
        )
    decorator: TestDecorator = decorate(
        decorator="deadlock_check", usage=usage, option="deadlock_check", value=switch
    )
    return decorator
