"""InspIRCd with STARTTLS (its module ``starttls``, over GnuTLS) and without; plus a port with direct TLS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from model.observation import State
from tests.probe.starttls.case import Case, RealServer, verdicts
from tests.probe.starttls.home import Home, home
from tests.support.ports import free_ports
from tests.zoo.certificates import Certificates

_CONFIGURATION = """\
<server name="irc.zoo.test" description="zoo" network="Zoo" id="001">
<admin name="zoo" nick="zoo" email="zoo@zoo.test">
<bind address="127.0.0.1" port="{clear}" type="clients">
<connect allow="*" timeout="60" localmax="1000" globalmax="1000" limit="1000" resolvehostnames="no"
    useident="no" modes="+x" hardsendq="1M" softsendq="8K" recvq="8K">
<performance softlimit="1000" somaxconn="128">
<pid file="{directory}/{name}.pid">
<path configdir="{directory}" datadir="{directory}" logdir="{directory}" moduledir="/usr/lib/inspircd/modules">
<log method="file" type="*" level="default" target="/dev/null">
<module name="cap">
{tls}
"""
_TLS = """\
<bind address="127.0.0.1" port="{implicit}" type="clients" ssl="gnutls">
<module name="starttls">
<module name="ssl_gnutls">
<sslprofile name="gnutls" provider="gnutls" certfile="{chain}" keyfile="{key}"
    priority="NORMAL:-VERS-TLS1.0:-VERS-TLS1.1" cafile="" crlfile="">
"""


@contextmanager
def _start(certificates: Certificates) -> Iterator[Mapping[str, int]]:
    off, on, implicit = free_ports(3)
    with ExitStack() as stack:
        own = stack.enter_context(home(certificates))
        stack.enter_context(_running(own, "off", [off], ""))
        tls = _TLS.format(implicit=implicit, chain=own.chain, key=own.key)
        stack.enter_context(_running(own, "on", [on, implicit], tls))
        yield {"off": off, "on": on, "implicit": implicit}


@contextmanager
def _running(own: Home, name: str, ports: list[int], tls: str) -> Iterator[None]:
    text = _CONFIGURATION.format(directory=own.directory, name=name, clear=ports[0], tls=tls)
    file = own.write(f"{name}.conf", text)
    arguments = ("--nofork", f"--config={file}", "--runasroot")
    with own.listening("inspircd", *arguments, ports=ports):
        yield


INSPIRCD = RealServer(
    name="inspircd",
    start=_start,
    cases=(
        Case(
            configuration="off",
            protocol="irc",
            state=State.PLAINTEXT,
            reason="IRC does not list tls",
            plaintext=verdicts(offered=False, works=False, enforced=False, login=False, clear=True),
        ),
        Case(
            configuration="on",
            protocol="irc",
            is_quick=True,
            plaintext=verdicts(offered=True, works=True, enforced=False, login=False, clear=True),
        ),
        Case(configuration="implicit", protocol="ircs", is_quick=True),
    ),
)
