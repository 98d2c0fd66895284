"""Run ``async def`` tests of :mod:`unittest` on Trio."""

from ._case import AsyncTrioTestCase as AsyncTrioTestCase
from ._fixtures import fixture as fixture
from ._options import autojump_clock as autojump_clock
from ._options import mock_clock as mock_clock
from ._options import real_clock as real_clock

__all__ = [
    "AsyncTrioTestCase",
    "autojump_clock",
    "fixture",
    "mock_clock",
    "real_clock",
]
__version__ = "0.1.0"

for _name in __all__:
    globals()[_name].__module__ = __name__
del _name
