"""Run ``async def`` tests of :mod:`unittest` on Trio."""

from ._case import AsyncTrioTestCase as AsyncTrioTestCase

__all__ = ["AsyncTrioTestCase"]
__version__ = "0.1.0"

AsyncTrioTestCase.__module__ = __name__
