"""What ``AsyncTrioTestCase`` has for its class as a whole.

It works where the class is decorated with ``@shared_run``. There unittest's own hooks,
``setUpClass`` and ``tearDownClass``, open and close the run of the class.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, ParamSpec, TypeVar
from unittest import TestCase

from ._attributes import ClassNurseryAttribute
from ._calls import base_hook, call_class_cleanup_outside
from ._class_open_close import close_class, close_left_open, open_class
from ._contexts import enter_async_context
from ._fixtures import reserve_names
from ._open_runs import can_share, class_life_of, open_runs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractAsyncContextManager

    from trio import Nursery

__unittest = True

P = ParamSpec("P")
T = TypeVar("T")


@reserve_names
class ClassLevel(TestCase):
    """The part of the base class that is about classes."""

    class_nursery: Nursery = ClassNurseryAttribute()  # type: ignore[assignment]
    """A ``trio.Nursery`` for background tasks that live as long as the class.

    It is open as long as the run that the tests of the class share, from the fixtures
    of the class to its last cleanup; then it is cancelled, and its tasks are joined.
    While no test runs, they stand still. One that crashes fails the test that runs, or
    the next one, and each later test of the class. Outside of its time any use of it
    is an ``AttributeError``.

    .. versionadded:: 0.1
    """

    @classmethod
    @base_hook
    async def asyncSetUpClass(cls) -> None:
        """Set up the class, once, in the Trio run that its tests share.

        Called after the class's fixtures, before the first test, in the class's task.
        An error here is reported as ``setUpClass``; no test runs then, but the class
        cleanups do. ``raise unittest.SkipTest(reason)`` skips the class. A crash in
        ``cls.class_nursery`` meanwhile cancels it.

        .. versionadded:: 0.1
        """

    @classmethod
    @base_hook
    async def asyncTearDownClass(cls) -> None:
        """Tear the class down, after its last test, in the class's task.

        It is called if the setup went well. The class cleanups follow, even if it
        fails. Its errors are reported as ``tearDownClass``.

        .. versionadded:: 0.1
        """

    @classmethod
    def addAsyncClassCleanup(
        cls,
        function: Callable[P, Awaitable[object]],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> None:
        """Add an async function to the cleanups of the class, with its arguments.

        There is one list for sync and async cleanups; the last that was added runs
        first, in the class's task, after ``asyncTearDownClass`` or after a setup of the
        class that failed.

        Raises:
            TypeError: The class is not decorated with :func:`shared_run`.
            RuntimeError: The run of the class is not open.

        .. versionadded:: 0.1
        """
        life = class_life_of(cls, "addAsyncClassCleanup()")
        life.cleanups.add(function, *args, **kwargs)

    @classmethod
    def addClassCleanup(
        cls,
        function: Callable[P, object],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> None:
        """Add a function to the cleanups of the class, as unittest does.

        While a run that the class shares is open, the function may be async, and is
        called in that run.

        Raises:
            TypeError: It is async, and there is no such run.
        """
        run = open_runs.get(cls)
        if run is not None:
            run.life.cleanups.add(function, *args, **kwargs)
            return
        if inspect.iscoroutinefunction(function):  # some runners drop what comes later
            raise TypeError(
                f"{cls.__qualname__}.addClassCleanup() got the async function "
                f"{function.__qualname__}, which unittest would call without awaiting "
                f"it. Write `@shared_run` above the class, and add it in "
                f"`asyncSetUpClass`."
            )
        super().addClassCleanup(call_class_cleanup_outside, function, *args, **kwargs)

    @classmethod
    async def enterAsyncClassContext(cls, cm: AbstractAsyncContextManager[T]) -> T:
        """Enter an async context manager, and leave it as a cleanup of the class.

        As with :meth:`~AsyncTrioTestCase.enterAsyncContext`, it lives in a task of its
        own; if one of its tasks crashes, the test that runs fails, or the next one.

        Returns:
            What ``async with cm as`` would bind.

        Raises:
            TypeError: ``cm`` is not an async context manager, or is a lock; or the
                class is not decorated with :func:`shared_run`.
            RuntimeError: The run of the class is not open, or its cleanups are over.

        .. versionadded:: 0.1
        """
        life = class_life_of(cls, "enterAsyncClassContext()")
        return await enter_async_context(life, cm)

    @classmethod
    def setUpClass(cls) -> None:
        """Open the run that the tests of the class share, if they do.

        A class that overrides it calls ``super().setUpClass()``.
        """
        super().setUpClass()
        if can_share(cls):
            # In case that `tearDownClass` is not called, or does not come to its end.
            super().addClassCleanup(close_left_open, cls)
            open_class(cls)

    @classmethod
    def tearDownClass(cls) -> None:
        """Close the run that the tests of the class share, if they do.

        A class that overrides it calls ``super().tearDownClass()``.
        """
        close_class(cls)
        super().tearDownClass()
