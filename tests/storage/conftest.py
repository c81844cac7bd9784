"""The databases on which the contract of every Store is tested."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from storage import SqlStore
from tests.support.postgresql import PostgresServer

DATABASES = ("sqlite", pytest.param("postgresql", marks=pytest.mark.integration))


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "postgresql":
        server_url: str = request.getfixturevalue("postgresql_url")
        return server_url
    return f"sqlite:///{tmp_path / 'store.db'}"


@pytest.fixture(scope="session")
def sqlite_with_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite database with the tables of this version, to copy."""
    file = tmp_path_factory.mktemp("with-tables") / "store.db"
    asyncio.run(_make_tables(f"sqlite:///{file}"))
    return file


@pytest.fixture(scope="session")
def postgresql_with_tables(postgresql: PostgresServer) -> Iterator[str]:
    """The URL of a database of the server with the tables of this version, to copy."""
    with postgresql.database() as server_url:
        asyncio.run(_make_tables(server_url))
        yield server_url


async def _make_tables(url: str) -> None:
    async with await SqlStore.open(url):
        pass


@pytest.fixture(params=DATABASES)
def url_with_tables(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of each kind without rows; a copy takes a tenth of the time of all migrations."""
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgresql")
        with server.database(request.getfixturevalue("postgresql_with_tables")) as server_url:
            yield server_url
    else:
        shutil.copy(request.getfixturevalue("sqlite_with_tables"), tmp_path / "store.db")
        yield f"sqlite:///{tmp_path / 'store.db'}"


@pytest.fixture
async def store(url_with_tables: str) -> AsyncIterator[SqlStore]:
    """An open Store without rows."""
    async with await SqlStore.open(url_with_tables) as opened:
        yield opened
