"""PostgreSQL 15 without TLS, with it, and with a pg_hba.conf that requires it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from model.observation import State
from model.verdict import Verdict
from tests.probe.starttls.case import Case, RealServer
from tests.probe.starttls.home import Home, home
from tests.support.ports import free_ports
from tests.zoo.certificates import Certificates

_PROGRAMS = max(Path("/usr/lib/postgresql").glob("*/bin"), default=Path("/usr/bin"))
_HBA = {
    "off": "host all all 127.0.0.1/32 scram-sha-256",
    "on": "host all all 127.0.0.1/32 password",
    "required": "hostssl all all 127.0.0.1/32 scram-sha-256",
}


@contextmanager
def _start(certificates: Certificates) -> Iterator[Mapping[str, int]]:
    ports = dict(zip(_HBA, free_ports(len(_HBA)), strict=True))
    with ExitStack() as stack:
        own = stack.enter_context(home(certificates))
        template = own.directory / "template"
        own.run(_PROGRAMS / "initdb", "--no-sync", "--locale=C", "-U", "owner", "-D", template)
        for configuration, port in ports.items():
            stack.enter_context(_running(own, template, configuration, port))
        yield ports


@contextmanager
def _running(own: Home, template: Path, configuration: str, port: int) -> Iterator[None]:
    cluster = own.directory / configuration
    subprocess.run(["cp", "-a", template, cluster], check=True)
    (cluster / "pg_hba.conf").write_text(f"{_HBA[configuration]}\n")
    settings = {
        "port": port,
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": own.directory,
        "fsync": "off",
        "ssl": "off" if configuration == "off" else "on",
        "ssl_cert_file": own.chain,
        "ssl_key_file": own.key,
    }
    options = [f"-c{name}={value}" for name, value in settings.items()]
    with own.running(
        _PROGRAMS / "postgres", "-D", cluster, *options, ready="ready to accept connections"
    ):
        yield
    shutil.rmtree(cluster)


POSTGRESQL = RealServer(
    name="postgresql",
    start=_start,
    cases=(
        Case(
            configuration="off",
            protocol="postgres",
            state=State.PLAINTEXT,
            reason="PostgreSQL answers SSLRequest with N",
            plaintext={
                "answers_in_plaintext": Verdict.YES,
                "login_before_tls": Verdict.YES,
                "starttls_enforced": Verdict.NO,
                "starttls_works": Verdict.NO,
            },
            values={"answers_in_plaintext": "sasl"},
        ),
        Case(
            configuration="on",
            protocol="postgres",
            plaintext={
                "answers_in_plaintext": Verdict.YES,
                "login_before_tls": Verdict.YES,
                "starttls_enforced": Verdict.NO,
                "starttls_works": Verdict.YES,
            },
            values={"answers_in_plaintext": "password"},
        ),
        Case(
            configuration="required",
            protocol="postgres",
            plaintext={
                "answers_in_plaintext": Verdict.NO,
                "starttls_enforced": Verdict.YES,
                "starttls_works": Verdict.YES,
            },
        ),
    ),
)
