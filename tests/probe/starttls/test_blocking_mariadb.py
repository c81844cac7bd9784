"""Scans never make MariaDB block their machine, and say how to clear it if something else did.

The server has its defaults, and the scans come over a link of network namespaces, because MariaDB counts no
errors of loopback clients.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.probe.starttls.home import home
from tests.support.network_namespaces import Link, linked
from tests.zoo.certificates import Certificates
from tests.zoo.process import Command, running

pytestmark = [pytest.mark.integration, pytest.mark.process, pytest.mark.slow]

_MAX_CONNECT_ERRORS = 100
"""MariaDB's default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """A MariaDB with one application's user, which a client on the link reaches at port 3306."""

    link: Link
    socket: Path
    state: Path

    def sql(self, statement: str) -> str:
        """The result of an administrator's statement."""
        administrator = ("mariadb", "--no-defaults", "-N", "-u", "root", "-S", self.socket)
        return _output([*map(str, administrator), "-e", statement])

    @property
    def errors(self) -> int:
        """What counts towards the limit."""
        return int(self.sql("SELECT SUM_CONNECT_ERRORS FROM performance_schema.host_cache"))

    def log_in(self) -> str:
        """What an application on the scanning machine gets."""
        application = ("mariadb", "--no-defaults", "-N", "-u", "app", "-pword", "--skip-ssl")
        host = ("-h", self.link.server_address)
        return _output(self.link.on_client(*application, *host, "-e", "SELECT 'it works'"))

    def scan(self, *options: str) -> dict[str, Any]:
        """The result of ``tlsprobe scan``."""
        scan = (sys.executable, "-m", "tlsprobe", "scan", "--json", "--no-evidence", *options)
        remembers = ("env", f"XDG_STATE_HOME={self.state}")
        target = f"mysql://{self.link.server_address}"
        found: dict[str, Any] = json.loads(_output(self.link.on_client(*remembers, *scan, target)))
        return found

    @property
    def remembered(self) -> int:
        """The same by the memory of the scans."""
        file = self.state / "tlsprobe" / "connect-errors" / f"{self.link.server_address} 3306.json"
        count: int = json.loads(file.read_text())["count"]
        return count


def _output(command: Sequence[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or done.stderr.strip()


@contextmanager
def _running(certificates: Certificates, link: Link, state: Path) -> Iterator[Database]:
    with home(certificates) as own:
        data = own.make("data")
        own.run(
            "mariadb-install-db",
            "--no-defaults",
            f"--datadir={data}",
            f"--user={own.user_name}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            "--skip-name-resolve",
        )
        socket = own.directory / "sock"
        options = {
            "user": own.user_name,
            "datadir": data,
            "port": 3306,
            "bind-address": link.server_address,
            "socket": socket,
            "pid-file": own.directory / "pid",
            "ssl-cert": own.chain,
            "ssl-key": own.key,
            "performance-schema": "ON",
            "innodb-buffer-pool-size": "8M",
        }
        arguments = [f"--{name}={value}" for name, value in options.items()]
        command = link.on_server("mariadbd", "--no-defaults", *arguments)
        with running(Command(arguments=command, ready="port: 3306"), own.directory):
            database = Database(link=link, socket=socket, state=state)
            database.sql("CREATE USER app IDENTIFIED BY 'word'")
            yield database


@pytest.fixture
def database(certificates: Certificates, tmp_path: Path) -> Iterator[Database]:
    """A MariaDB with its default limit."""
    with linked() as link, _running(certificates, link, tmp_path) as started:
        yield started


def _leaves(found: dict[str, Any]) -> list[str]:
    return [one["chain"][0]["sha256"] for one in found["certificates"]]


def test_scans_never_lock_the_machine_out_and_report_a_lock(database: Database) -> None:
    """One test, because the server's start takes longer than all of it."""
    first = database.scan()
    assert (first["state"], first["reason"]) == ("tls", None)
    assert 0 < database.errors == database.remembered < _MAX_CONNECT_ERRORS

    later = database.scan()
    assert (later["state"], later["protocols"]["TLSv1.3"]["verdict"]) == ("tls", "yes")
    assert _leaves(later) == _leaves(first)
    assert "asked again after" in later["reason"]
    assert database.errors == database.remembered
    assert database.log_in() == "it works"

    database.sql("SET GLOBAL max_connect_errors = 1")
    _output(database.link.on_client("bash", "-c", "exec 3<>/dev/tcp/10.77.0.1/3306"))
    assert "is blocked because of many connection errors" in database.log_in()
    locked = database.scan()
    assert (locked["state"], locked["connections"]) == ("refused", 1)
    assert "FLUSH HOSTS" in locked["reason"]

    database.sql("SET GLOBAL max_connect_errors = 100; FLUSH HOSTS")
    cleared = database.scan("--checks", "versions")
    assert cleared["protocols"]["TLSv1.1"]["verdict"] == "no"
    assert database.log_in() == "it works"
