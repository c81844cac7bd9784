"""Prosody: without TLS, with it, and with ``c2s_require_encryption`` and ``s2s_require_encryption``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from model.observation import State
from tests.probe.starttls.case import Case, RealServer, verdicts
from tests.probe.starttls.home import Home, home
from tests.support.ports import free_ports
from tests.zoo.certificates import Certificates

_CONFIGURATIONS = ("off", "on", "required")

_CONFIGURATION = """\
daemonize = false
run_as_root = true
interfaces = {{ "127.0.0.1" }}
data_path = "{data}"
pidfile = "{data}/prosody.pid"
modules_enabled = {{ "roster", "saslauth", "dialback" {tls} }}
modules_disabled = {{ {no_tls} }}
c2s_ports = {{ {client} }}
s2s_ports = {{ {server} }}
c2s_direct_tls_ports = {{ {direct} }}
s2s_direct_tls_ports = {{ }}
http_ports = {{ }}
https_ports = {{ }}
c2s_require_encryption = {required}
s2s_require_encryption = {required}
allow_unencrypted_plain_auth = {clear}
limits = {{ }}
ssl = {{ key = "{key}", certificate = "{chain}", protocol = "tlsv1_2+" }}
log = {{ info = "*console" }}
VirtualHost "zoo.test"
"""


@contextmanager
def _start(certificates: Certificates) -> Iterator[Mapping[str, int]]:
    ports: dict[str, int] = {}
    with ExitStack() as stack:
        own = stack.enter_context(home(certificates))
        for name in _CONFIGURATIONS:
            client, server, direct = free_ports(3)
            ports |= {f"{name}-client": client, f"{name}-server": server, f"{name}-direct": direct}
            stack.enter_context(_running(own, name, client, server, direct))
        yield ports


@contextmanager
def _running(own: Home, name: str, client: int, server: int, direct: int) -> Iterator[None]:
    has_tls = name != "off"
    text = _CONFIGURATION.format(
        data=own.make(f"{name}-data"),
        tls=', "tls"' if has_tls else "",
        no_tls="" if has_tls else '"tls"',
        client=client,
        server=server,
        direct=direct if has_tls else "",
        required="true" if name == "required" else "false",
        clear="false" if name == "required" else "true",
        key=own.key,
        chain=own.chain,
    )
    file = own.write(f"{name}.lua", text)
    with own.listening("prosody", "--config", file, "-F", ports=[client, server]):
        yield


PROSODY = RealServer(
    name="prosody",
    start=_start,
    cases=(
        Case(
            configuration="off-client",
            protocol="xmpp-client",
            state=State.PLAINTEXT,
            reason="XMPP does not list starttls",
            plaintext=verdicts(offered=False, works=False, enforced=False, login=True, clear=True),
        ),
        Case(
            configuration="on-client",
            protocol="xmpp-client",
            plaintext=verdicts(offered=True, works=True, enforced=False, login=True, clear=True),
        ),
        Case(
            configuration="required-client",
            protocol="xmpp-client",
            plaintext=verdicts(offered=True, works=True, enforced=True, login=False, clear=False),
        ),
        Case(
            configuration="on-server",
            protocol="xmpp-server",
            plaintext=verdicts(offered=True, works=True, enforced=False, login=False, clear=True),
        ),
        Case(
            configuration="required-server",
            protocol="xmpp-server",
            plaintext=verdicts(offered=True, works=True, enforced=True, login=False, clear=False),
        ),
        Case(configuration="on-direct", protocol="xmpps-client"),
    ),
)
