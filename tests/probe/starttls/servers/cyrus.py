"""Cyrus IMAP: without TLS, with its defaults, with ``tls_required``, with logins before TLS, and implicit TLS.

By default Cyrus offers no plaintext login before TLS (imapd.conf(5), ``allowplaintext``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from model.observation import State
from model.verdict import Verdict
from tests.probe.starttls.case import Case, RealServer, verdicts
from tests.probe.starttls.home import Home, home
from tests.support.ports import free_ports
from tests.zoo.certificates import Certificates

_ROOT: Final = Path(__file__).parents[4] / ".cache" / "cyrus-imapd"
_PROGRAMS: Final = _ROOT / "usr/lib/cyrus/bin"

_CONFIGURATION = """\
configdirectory: {directory}/conf
partition-default: {directory}/spool
proc_path: {directory}/proc
mboxname_lockpath: {directory}/lock
cyrus_user: {user}
servername: zoo.test
sasl_pwcheck_method: auxprop
sasl_mech_list: PLAIN
"""
_KEYS = """\
tls_server_cert: {chain}
tls_server_key: {key}
"""
_SETTINGS: Final = {
    "off": "allowplaintext: yes\n",
    "on": _KEYS + "allowplaintext: yes\n",
    "defaults": _KEYS,
    "required": _KEYS + "tls_required: yes\n",
}


@contextmanager
def _start(certificates: Certificates) -> Iterator[Mapping[str, int]]:
    names = (*_SETTINGS, "implicit")
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    with home(certificates) as own:
        for name in ("conf", "spool", "proc", "lock"):
            own.make(name)
        commands = {name: f"imapd -C {_settings(own, name)}" for name in _SETTINGS}
        commands["implicit"] = f"{commands['defaults']} -s"
        services = [
            f'{name} cmd="{_PROGRAMS}/{commands[name]}" listen="127.0.0.1:{port}" prefork=0'
            for name, port in ports.items()
        ]
        file = own.write("cyrus.conf", "\n".join(["SERVICES {", *services, "}", ""]))
        arguments = ("-C", own.directory / "defaults.conf", "-M", file, "-D")
        with own.listening(
            _PROGRAMS / "master",
            *(*arguments, "-p", own.directory / "master.pid"),
            ports=list(ports.values()),
            environment={"LD_LIBRARY_PATH": str(_ROOT / "usr/lib/x86_64-linux-gnu")},
        ):
            yield ports


def _settings(own: Home, name: str) -> Path:
    text = (_CONFIGURATION + _SETTINGS[name]).format(
        directory=own.directory, user=own.user_name, chain=own.chain, key=own.key
    )
    return own.write(f"{name}.conf", text)


CYRUS = RealServer(
    name="cyrus",
    start=_start,
    cases=(
        Case(
            configuration="off",
            protocol="imap",
            state=State.PLAINTEXT,
            plaintext=verdicts(offered=False, works=False, enforced=False, login=True, clear=True),
        ),
        Case(
            configuration="on",
            protocol="imap",
            injection=Verdict.NO,
            plaintext=verdicts(offered=True, works=True, enforced=False, login=True, clear=True),
        ),
        Case(
            configuration="defaults",
            protocol="imap",
            injection=Verdict.NO,
            plaintext=verdicts(offered=True, works=True, enforced=True, login=False, clear=False),
        ),
        Case(
            configuration="required",
            protocol="imap",
            is_quick=True,
            plaintext=verdicts(offered=True, works=True, enforced=True, login=False, clear=False),
        ),
        Case(configuration="implicit", protocol="imaps", is_quick=True),
    ),
)
