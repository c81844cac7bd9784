"""The databases on which the contract of every Store is tested."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage import SqlStore

DATABASES = ("sqlite", pytest.param("postgresql", marks=pytest.mark.integration))


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "postgresql":
        server_url: str = request.getfixturevalue("postgresql_url")
        return server_url
    return f"sqlite:///{tmp_path / 'store.db'}"


@pytest.fixture
async def store(url: str) -> AsyncIterator[SqlStore]:
    """An open Store on an empty database."""
    async with await SqlStore.open(url) as opened:
        yield opened
