"""ejabberd: without TLS, with it, with ``starttls_required``, and with TLS from the first byte.

Its servers' connections are ``ejabberd_s2s_in``, with TLS as ``s2s_use_starttls: optional`` says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from model.observation import State
from tests.probe.starttls.case import Case, RealServer, verdicts
from tests.probe.starttls.home import home
from tests.support.ports import free_ports
from tests.zoo.certificates import Certificates

_CONFIGURATION = """\
hosts: [zoo.test]
loglevel: warning
certfiles: [{pair}]
auth_method: anonymous
anonymous_protocol: login_anon
s2s_use_starttls: optional
listen:
  - {{port: {off}, ip: "127.0.0.1", module: ejabberd_c2s}}
  - {{port: {on}, ip: "127.0.0.1", module: ejabberd_c2s, starttls: true}}
  - {{port: {required}, ip: "127.0.0.1", module: ejabberd_c2s, starttls_required: true}}
  - {{port: {direct}, ip: "127.0.0.1", module: ejabberd_c2s, tls: true}}
  - {{port: {server}, ip: "127.0.0.1", module: ejabberd_s2s_in}}
modules: {{}}
"""


@contextmanager
def _start(certificates: Certificates) -> Iterator[Mapping[str, int]]:
    names = ("off", "on", "required", "direct", "server")
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    with home(certificates) as own:
        pair = own.write("pair.pem", own.key.read_text() + own.chain.read_text())
        file = own.write("ejabberd.yml", _CONFIGURATION.format(pair=pair, **ports))
        environment = {
            "EJABBERD_CONFIG_PATH": str(file),
            "EJABBERD_LOG_PATH": str(own.make("log") / "ejabberd.log"),
            "ERL_LIBS": "/usr/lib/x86_64-linux-gnu",
        }
        command = ("erl", "-noinput", "-mnesia", "dir", f'"{own.make("db")}"', "-s", "ejabberd")
        with own.listening(*command, ports=list(ports.values()), environment=environment):
            yield ports


EJABBERD = RealServer(
    name="ejabberd",
    start=_start,
    cases=(
        Case(
            configuration="off",
            protocol="xmpp-client",
            state=State.PLAINTEXT,
            reason="XMPP does not list starttls",
            plaintext=verdicts(offered=False, works=False, enforced=False, login=True, clear=True),
        ),
        Case(
            configuration="on",
            protocol="xmpp-client",
            plaintext=verdicts(offered=True, works=True, enforced=False, login=True, clear=True),
        ),
        Case(
            configuration="required",
            protocol="xmpp-client",
            is_quick=True,
            plaintext=verdicts(offered=True, works=True, enforced=True, login=False, clear=False),
        ),
        Case(
            configuration="server",
            protocol="xmpp-server",
            plaintext=verdicts(offered=True, works=True, enforced=False, login=False, clear=True),
        ),
        Case(configuration="direct", protocol="xmpps-client", is_quick=True),
    ),
)
