"""Commands that only read a database never create or upgrade one; if they cannot read it, one sentence says why."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from alembic import command

from service.cli.app import app
from storage import SqlStore
from storage.database import connect
from storage.revision import migration_config

READING = (
    ["report"],
    ["certificates"],
    ["history", "a.example"],
    ["diff", "a.example"],
    ["changes"],
    ["inventory", "--at", "1d"],
    ["events"],
    ["db", "check"],
    ["db", "export", "backup.jsonl.gz"],
)
each_command = pytest.mark.parametrize("arguments", READING, ids=" ".join)


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The command's working directory, which is empty."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(arguments: list[str], database: str) -> int:
    """The exit code of the command."""
    code = app([*arguments, "--database", database], standalone_mode=False)
    assert isinstance(code, int)
    return code


@each_command
def test_a_database_that_does_not_exist_is_an_error(
    arguments: list[str], directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = directory / "mistyped.db"
    assert run(arguments, f"sqlite:///{path}") == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == (
        f"tlsprobe: the database {path} does not exist: give the service's database with --database\n"
    )
    assert os.listdir(directory) == []


@each_command
def test_an_older_database_is_left_as_it_is(
    arguments: list[str], directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = directory / "old.db"
    with connect(f"sqlite:///{path}", busy_timeout_seconds=5.0).writing_in_thread() as connection:
        config = migration_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0004")
    before = path.read_bytes()
    assert run(arguments, f"sqlite:///{path}") == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == (
        f"tlsprobe: the database {path} was created by an older version of tlsprobe (its tables are at revision "
        "'0004'): start the service, or run `tlsprobe db upgrade`\n"
    )
    assert path.read_bytes() == before


@pytest.mark.parametrize("arguments", [["report"], ["certificates"], ["changes"], ["events"]])
def test_an_upgraded_database_is_read(arguments: list[str], directory: Path) -> None:
    url = f"sqlite:///{directory / 'store.db'}"

    async def make() -> None:
        await (await SqlStore.open(url)).close()

    asyncio.run(make())
    before = (directory / "store.db").read_bytes()
    assert run(arguments, url) == 0
    assert (directory / "store.db").read_bytes() == before
