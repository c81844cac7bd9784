"""OpenLDAP's slapd: without TLS, with it, and with ``security simple_bind=128`` and ``tls=128``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from model.observation import State
from model.verdict import Verdict
from tests.probe.starttls.case import Case, RealServer, verdicts
from tests.probe.starttls.home import Home, home
from tests.support.ports import free_ports
from tests.zoo.certificates import Certificates

_CONFIGURATIONS = ("off", "on", "required")

_CONFIGURATION = """\
include /etc/ldap/schema/core.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {directory}/{name}.pid
{options}
database mdb
suffix "dc=zoo,dc=test"
directory {database}
"""
_TLS = """\
TLSCertificateFile {chain}
TLSCertificateKeyFile {key}
TLSCACertificateFile {root}
TLSProtocolMin 3.3
"""


@contextmanager
def _start(certificates: Certificates) -> Iterator[Mapping[str, int]]:
    ports = dict(zip([*_CONFIGURATIONS, "implicit"], free_ports(4), strict=True))
    with ExitStack() as stack:
        own = stack.enter_context(home(certificates))
        for name in _CONFIGURATIONS:
            listening = [ports[name], ports["implicit"]] if name == "on" else [ports[name]]
            text = "" if name == "off" else tls_options(own)
            security = "security tls=128" if name == "required" else ""
            stack.enter_context(slapd(own, f"{text}\n{security}", *listening))
        yield ports


def tls_options(own: Home) -> str:
    """The lines that enable TLS."""
    return _TLS.format(chain=own.chain, key=own.key, root=own.root)


@contextmanager
def slapd(own: Home, options: str, port: int, implicit: int | None = None) -> Iterator[None]:
    """Runs slapd with these options on the port for LDAP, and on the one for LDAPS."""
    text = _CONFIGURATION.format(
        directory=own.directory, name=port, options=options, database=own.make(f"{port}-database")
    )
    file = own.write(f"{port}.conf", text)
    ports = {"ldap": port} if implicit is None else {"ldap": port, "ldaps": implicit}
    urls = " ".join(f"{scheme}://127.0.0.1:{number}/" for scheme, number in ports.items())
    listening = list(ports.values())
    with own.listening("slapd", "-d", "0", "-f", file, "-h", urls, ports=listening):
        yield


SLAPD = RealServer(
    name="slapd",
    start=_start,
    cases=(
        Case(
            configuration="off",
            protocol="ldap",
            state=State.PLAINTEXT,
            reason="LDAP does not support StartTLS: protocolError",
            plaintext=verdicts(offered=False, works=False, enforced=False, login=True, clear=True),
        ),
        Case(
            configuration="on",
            protocol="ldap",
            injection=Verdict.NO,
            plaintext=verdicts(offered=True, works=True, enforced=False, login=True, clear=True),
        ),
        Case(
            configuration="required",
            protocol="ldap",
            injection=Verdict.NO,
            plaintext=verdicts(offered=None, works=True, enforced=True, login=False, clear=False),
        ),
        Case(configuration="implicit", protocol="ldaps"),
        Case(
            configuration="on",
            protocol="postgres",
            state=State.NOT_TLS,
            plaintext={
                "answers_in_plaintext": Verdict.UNKNOWN,
                "starttls_works": Verdict.UNKNOWN,
            },
        ),
    ),
)
