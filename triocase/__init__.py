"""Run ``async def`` tests of :mod:`unittest` on Trio."""

from ._case import AsyncTrioTestCase as AsyncTrioTestCase
from ._decorators import autojump_clock as autojump_clock
from ._decorators import deadlock_check as deadlock_check
from ._decorators import mock_clock as mock_clock
from ._decorators import real_clock as real_clock
from ._decorators import shared_run as shared_run
from ._decorators import time_limit as time_limit
from ._errors import DeadlockError as DeadlockError
from ._errors import TimeLimitExceeded as TimeLimitExceeded
from ._finder_decorators import cancellation_sweep as cancellation_sweep
from ._finder_decorators import explore_schedules as explore_schedules
from ._fixtures import fixture as fixture

__all__ = [
    "AsyncTrioTestCase",
    "DeadlockError",
    "TimeLimitExceeded",
    "autojump_clock",
    "cancellation_sweep",
    "deadlock_check",
    "explore_schedules",
    "fixture",
    "mock_clock",
    "real_clock",
    "shared_run",
    "time_limit",
]
__version__ = "0.1.0"

for _name in __all__:
    globals()[_name].__module__ = __name__
del _name
