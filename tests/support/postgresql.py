"""A real PostgreSQL for tests: one server for each test process, one fresh database for each test.

The binaries are Debian's. The server stores everything in a directory of its own under the system's temporary
one and listens on a Unix socket there, so it uses no port, and no other process can take its place while a
test has it stopped. PostgreSQL refuses to run as root, so root starts it as Debian's ``postgres``. Its time
zone differs from that of any test machine, to show that no result depends on it.
"""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, LiteralString
from urllib.parse import urlsplit

import psycopg
import pytest

_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",  # a test's database need not outlive the machine
    "full_page_writes": "off",
    "max_connections": "200",
    "timezone": "Asia/Kathmandu",
}
_WITHIN_SECONDS = "60"


class PostgresServer:
    """A running server; ``stop`` and ``start`` are for tests of its absence."""

    def __init__(self, directory: Path, data: Path, wal: Path) -> None:
        self._directory = directory
        self._data = data
        self._user = "postgres" if os.getuid() == 0 else None
        if self._user is not None:
            account = pwd.getpwnam(self._user)
            os.chown(directory, account.pw_uid, account.pw_gid)
        self._run(
            "initdb",
            "--auth=trust",
            "--username=postgres",
            "--no-sync",
            "--encoding=UTF8",
            f"--waldir={wal}",
        )
        options = " ".join(f"-c {name}='{value}'" for name, value in _SETTINGS.items())
        self._options = f"-k {directory} {options}"
        self._numbers = itertools.count(1)
        self.start()

    @property
    def log(self) -> str:
        """All output of the server so far."""
        return (self._directory / "server.log").read_text()

    def start(self) -> None:
        """Return once the server accepts connections."""
        log = os.fspath(self._directory / "server.log")
        self._run("pg_ctl", "start", "-t", _WITHIN_SECONDS, "-l", log, "-o", self._options)

    def stop(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        """Stop it and close all its connections; ``immediate`` is like a crash."""
        self._run("pg_ctl", "stop", "-t", _WITHIN_SECONDS, "-m", mode)

    def start_if_ended(self) -> None:
        """Start it if it has ended itself."""
        if not self.is_running():
            self.start()

    def is_running(self) -> bool:
        """Whether it still runs."""
        try:
            pid = (self._data / "postmaster.pid").read_text().split()[0]
        except FileNotFoundError:
            return False
        return Path(f"/proc/{pid}").exists()

    def url(self, database: str) -> str:
        """The URL of ``database``, as users of libpq and of tlsprobe write it."""
        return f"postgresql://postgres@/{database}?host={self._directory}"

    def execute(self, statement: LiteralString, database: str = "postgres") -> None:
        """Run one statement as the superuser, outside any transaction."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement)

    @contextmanager
    def database(self, copy_of: str | None = None) -> Iterator[str]:
        """The URL of an empty database, or of a copy of one; it is deleted when the context ends.

        ``copy_of`` is the URL of another database of this server, to which nothing is connected.
        """
        name = f"test_{next(self._numbers)}"
        template = "template0" if copy_of is None else urlsplit(copy_of).path.removeprefix("/")
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        try:
            yield self.url(name)
        finally:
            with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())

    def _run(self, program: str, *arguments: str) -> None:
        command = [os.fspath(_binaries() / program), "-D", os.fspath(self._data), *arguments]
        # The server inherits its starter's output: a pipe would stay open while it runs.
        with (self._directory / "commands.log").open("ab+") as output:
            done = subprocess.run(
                command,
                check=False,
                cwd=self._directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                user=self._user,
                env=os.environ | {"LC_ALL": "C.UTF-8"},
            )
            if done.returncode != 0:
                output.seek(0)
                raise RuntimeError(f"{program} failed: {output.read().decode(errors='replace')}")


def _binaries() -> Path:
    """The program directory of the newest of Debian's PostgreSQL versions."""
    installed = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(installed, key=lambda path: int(path.parts[-3]), default=None)
    if newest is None:
        raise RuntimeError("no PostgreSQL is installed: run scripts/install-test-servers.sh")
    return newest.parent


@contextmanager
def postgres_server(
    *, data_on: Path | None = None, wal_on: Path | None = None
) -> Iterator[PostgresServer]:
    """A server that runs while the context lasts, and leaves nothing behind.

    Its data and its write-ahead log are on the disks mounted there, if any, and otherwise in its directory.
    """
    # The path of a socket file is limited to about a hundred bytes; pytest's directories are longer.
    directory = Path(tempfile.mkdtemp(prefix="tlsprobe-pg-"))
    try:
        server = PostgresServer(
            directory, (data_on or directory) / "data", (wal_on or directory) / "wal"
        )
        try:
            yield server
        finally:
            if server.is_running():
                server.stop("immediate")
    finally:
        shutil.rmtree(directory)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresServer]:
    """The server that this process's tests share; tests that stop a server start their own."""
    with postgres_server() as server:
        yield server


@pytest.fixture
def postgresql_url(postgresql: PostgresServer) -> Iterator[str]:
    """An empty database of the shared server. Its tests have ``pytest.mark.integration``."""
    with postgresql.database() as url:
        yield url
