"""Fixtures that many test files use: in a project, this is conftest.py."""

import pytest


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test, of whatever class, connects directly."""
    monkeypatch.delenv("HTTPS_PROXY", raising=False)


@pytest.fixture(scope="class")
def archive(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A folder for all tests of a class that asks for it."""
    request.cls.archive = tmp_path_factory.mktemp("archive")
