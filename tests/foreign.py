"""What pytest and pytest-trio put on an instance, over its test."""

from __future__ import annotations

import functools
from typing import Any

import trio

_NAMES = {"functools": functools, "trio": trio}


def pytest_trace(testfunction: Any) -> Any:
    """Return what ``pytest --trace`` puts on the instance."""
    code = """
@functools.wraps(testfunction)
def wrapper(*args, **kwargs):
    testfunction(*args, **kwargs)
"""
    namespace: dict[str, Any] = {"__name__": "_pytest.debugging"}
    exec(code, {**_NAMES, **namespace, "testfunction": testfunction}, namespace)
    return namespace["wrapper"]


def pytest_trio(testfunc: Any) -> Any:
    """Return what pytest-trio puts on the instance."""
    code = """
def factory(testfunc):
    async def bootstrap(**kwargs):
        await testfunc(**kwargs)

    @functools.wraps(bootstrap)
    def wrapper(**kwargs):
        trio.run(bootstrap)

    return wrapper
"""
    namespace: dict[str, Any] = {"__name__": "pytest_trio.plugin"}
    exec(code, {**_NAMES, **namespace}, namespace)
    return namespace["factory"](testfunc)
