"""The databases that the contract of every Store is tried on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from storage import SqlStore

# PostgreSQL joins here: a name, and a function from a test's directory to an empty database's URL.
DATABASES: dict[str, Callable[[Path], str]] = {
    "sqlite": lambda directory: f"sqlite:///{directory / 'store.db'}",
}


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    name: str = request.param
    return DATABASES[name](tmp_path)


@pytest.fixture
async def store(url: str) -> AsyncIterator[SqlStore]:
    """An open Store on an empty database."""
    async with await SqlStore.open(url) as opened:
        yield opened
