"""Commands that only read a database never create or upgrade one; if they cannot read it, one sentence says why."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command

from service.cli.app import app, command_of
from service.cli.commands import COMMANDS, ROOT
from storage import SqlStore
from storage.database import connect
from storage.migrations.scripts import migration_config
from tests.service.processes import tlsprobe

READING = (
    ["report"],
    ["certificates"],
    ["claims"],
    ["history", "a.example"],
    ["diff", "a.example"],
    ["compare", "a.example", "--at", "1d"],
    ["changes"],
    ["inventory", "--at", "1d"],
    ["events"],
    ["audit"],
    ["db", "check"],
    ["db", "export", "backup.jsonl.gz"],
)
WRITING = {"serve", "worker", "remediate", "db upgrade", "db vacuum", "db import"}
EXAMINING = {"doctor"}
"""These report a database that cannot be read among other parts (tests/service/doctor)."""
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


READING_FILES = (
    ["replay", "mistyped"],
    ["explain", "--replay", "mistyped", "tls1.0"],
    ["policy", "check", "mistyped.yaml"],
    ["policy", "test", "mistyped.yaml"],
    ["policy", "show", "mistyped.yaml"],
    ["policy", "diff", "mistyped.yaml", "mozilla-old"],
    ["report", "verify", "mistyped.json"],
    ["report", "--config", "mistyped.yml"],
    ["discover", "--config", "mistyped.yml"],
    ["db", "import", "mistyped.jsonl.gz"],
    ["scan", "--file", "mistyped.txt"],
    ["scan", "127.0.0.1:1", "--policy", "mistyped.yaml"],
    ["scan", "127.0.0.1:1", "--trust-store", "ours=mistyped.pem"],
    ["scan", "127.0.0.1:1", "--log-list", "mistyped.json"],
)


def names_of_commands_with_a_database() -> Iterator[str]:
    """The commands with ``--database``, as users type them."""
    for row in COMMANDS:
        found = command_of(row)
        name = row.name if row.group == ROOT else f"{row.group} {row.name}"
        inner = getattr(found, "commands", {})
        for one, command_ in {
            name: found,
            **{f"{name} {key}": inner[key] for key in inner},
        }.items():
            if any("--database" in option.opts for option in command_.params):
                yield one


def test_each_command_with_a_database_is_tested_here_or_writes() -> None:
    tested = {" ".join(words[: 2 if words[0] == "db" else 1]) for words in READING}
    assert set(names_of_commands_with_a_database()) == tested | WRITING | EXAMINING


@pytest.mark.parametrize("arguments", READING_FILES, ids=" ".join)
def test_a_file_that_does_not_exist_is_an_error_and_nothing_is_created(
    arguments: list[str], directory: Path
) -> None:
    done = tlsprobe(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("tlsprobe: ")
    assert done.stderr.count("\n") == 1
    assert "mistyped" in done.stderr
    assert os.listdir(directory) == []


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
