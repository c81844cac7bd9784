"""A real authoritative server that signs its zone (Knot DNS), and a real validating resolver (Unbound)."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.ports import free_ports
from tests.zoo.process import Command, running

ENVIRONMENT = {
    **os.environ,
    "PATH": f"{os.environ.get('PATH', os.defpath)}:/usr/local/sbin:/usr/sbin:/sbin",
}
_ZONE = """\
$ORIGIN test.
$TTL 60
@ SOA ns hostmaster 1 3600 600 86400 60
@ NS ns
ns A 127.0.0.1
"""
_KNOT = """\
server:
    rundir: "{directory}"
    listen: 127.0.0.1@{port}
database:
    storage: "{directory}"
log:
  - target: stderr
    any: info
acl:
  - id: transfer
    address: 127.0.0.0/8
    action: transfer
template:
  - id: default
    storage: "{directory}"
    acl: transfer
zone:
  - domain: test
    file: "test.zone"
    dnssec-signing: on
"""
_UNBOUND = """\
server:
    interface: 127.0.0.1
    port: {port}
    do-ip6: no
    do-daemonize: no
    username: ""
    chroot: ""
    directory: "{directory}"
    pidfile: ""
    use-syslog: no
    logfile: ""
    verbosity: 1
    do-not-query-localhost: no
    local-zone: "test." nodefault
    trust-anchor: "{anchor}"
remote-control:
    control-enable: no
stub-zone:
    name: "test"
    stub-addr: 127.0.0.1@{authority}
forward-zone:
    name: "."
    forward-addr: 127.0.0.1@{authority}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NameServers:
    """The ports, on 127.0.0.1, of the authoritative server for ``test`` and of the validating resolver."""

    authority: int
    resolver: int


@contextmanager
def name_servers(records: Sequence[str], directory: Path) -> Iterator[NameServers]:
    """Both servers while the context lasts, for a zone ``test`` that contains these lines."""
    authority, resolver = free_ports(2)
    (directory / "test.zone").write_text(_ZONE + "".join(f"{line}\n" for line in records))
    knot = directory / "knot.conf"
    knot.write_text(_KNOT.format(directory=directory, port=authority))
    serving = Command(
        arguments=["knotd", "-c", str(knot)],
        ready=r"loaded, serial|zone file loaded|signing, successfully",
        environment=ENVIRONMENT,
    )
    with running(serving, directory):
        anchor = _trust_anchor(knot)
        unbound = directory / "unbound.conf"
        unbound.write_text(
            _UNBOUND.format(directory=directory, port=resolver, authority=authority, anchor=anchor)
        )
        resolving = Command(
            arguments=["unbound", "-d", "-c", str(unbound)],
            ready="start of service",
            environment=ENVIRONMENT,
        )
        with running(resolving, directory):
            yield NameServers(authority=authority, resolver=resolver)


def _trust_anchor(knot: Path) -> str:
    """The DS record of the zone's key, with SHA-256."""
    said = subprocess.run(
        ["keymgr", "-c", str(knot), "test", "ds"],
        check=True,
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
    )
    return next(line for line in said.stdout.splitlines() if line.split()[4] == "2")
