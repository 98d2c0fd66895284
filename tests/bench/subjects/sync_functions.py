"""Sync functions: what pytest itself costs."""

import pytest

from ..work import many, ran


@pytest.fixture
def around():
    yield


@many(vars())
def test_empty():
    ran.append("empty")


@many(vars())
def test_setup(around):
    ran.append("setup")


@many(vars())
def test_fixture(around):
    ran.append("fixture")
