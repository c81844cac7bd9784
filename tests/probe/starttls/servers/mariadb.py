"""MariaDB: without TLS, with it, and with ``require_secure_transport``.

With a CA it requests a client certificate and refuses every one that it gets (HARD_CASES 50).
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from model.observation import State
from model.verdict import Verdict
from tests.probe.starttls.case import Case, RealServer, verdicts
from tests.probe.starttls.home import Home, home
from tests.support.ports import free_ports
from tests.zoo.certificates import Certificates

_CONFIGURATIONS = ("off", "on", "required")


@contextmanager
def _start(certificates: Certificates) -> Iterator[Mapping[str, int]]:
    ports = dict(zip(_CONFIGURATIONS, free_ports(len(_CONFIGURATIONS)), strict=True))
    with ExitStack() as stack:
        own = stack.enter_context(home(certificates))
        template = own.make("template")
        own.run(
            "mariadb-install-db",
            "--no-defaults",
            f"--datadir={template}",
            f"--user={own.user_name}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            "--skip-name-resolve",
        )
        for name, port in ports.items():
            stack.enter_context(_running(own, template, name, port))
        yield ports


@contextmanager
def _running(own: Home, template: Path, name: str, port: int) -> Iterator[None]:
    directory = own.directory / name
    subprocess.run(["cp", "-a", template, directory], check=True)
    options = {
        "datadir": directory,
        "port": port,
        "bind-address": "127.0.0.1",
        "socket": own.directory / f"{name}.sock",
        "pid-file": own.directory / f"{name}.pid",
        "innodb-buffer-pool-size": "8M",
        "innodb-flush-log-at-trx-commit": "0",
        "lc-messages-dir": "/usr/share/mysql",
        "max-connect-errors": "1000000",
    }
    if name != "off":
        options |= {"ssl-cert": own.chain, "ssl-key": own.key, "ssl-ca": own.root}
        options |= {"tls-version": "TLSv1.2,TLSv1.3"}
    if name == "required":
        options |= {"require-secure-transport": "ON"}
    arguments = [f"--{option}={setting}" for option, setting in options.items()]
    flags = ["--no-defaults", "--skip-name-resolve", *(["--skip-ssl"] if name == "off" else [])]
    with own.listening("mariadbd", *flags, *arguments, ports=[port]):
        yield


_UNDECIDED = {
    **verdicts(offered=True, works=True, enforced=None, login=True, clear=None),
    "answers_in_plaintext": Verdict.UNKNOWN,
}
"""It checks the user before the connection, so a stranger does not learn what it requires."""

MARIADB = RealServer(
    name="mariadb",
    start=_start,
    cases=(
        Case(
            configuration="off",
            protocol="mysql",
            state=State.PLAINTEXT,
            reason="MySQL's greeting has no CLIENT_SSL",
            plaintext=verdicts(offered=False, works=False, enforced=False, login=True, clear=True),
        ),
        Case(
            configuration="on",
            protocol="mysql",
            plaintext=_UNDECIDED,
        ),
        Case(
            configuration="required",
            protocol="mysql",
            plaintext=_UNDECIDED,
        ),
    ),
)
