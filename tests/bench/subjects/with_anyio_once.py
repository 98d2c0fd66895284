"""The same, with an async fixture of the module: so all its tests are in one Trio run."""

import pytest

from .with_anyio import *  # noqa: F403


@pytest.fixture(scope="module", autouse=True)
async def keep_open():
    yield
