"""INN's nnrpd, which serves only readers: with TLS, and with STARTTLS listed but without a certificate.

Its package does not configure itself on a machine without a domain, so the tests unpack it. It finds no SASL
mechanisms, whichever the machine has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from model.observation import State
from model.verdict import Verdict
from tests.probe.starttls.case import Case, RealServer, verdicts
from tests.probe.starttls.home import Home, home
from tests.support.ports import free_ports
from tests.zoo.certificates import Certificates

_PROGRAMS = Path(__file__).parents[4] / ".cache/inn2/usr/lib/news"

_CONFIGURATION = """\
organization: zoo
pathhost: zoo.test
domain: zoo.test
fromhost: zoo.test
mta: "/bin/true %s"
hismethod: hisv6
enableoverview: true
nnrpdloadlimit: 0
ovmethod: tradindexed
pathnews: {programs}
pathbin: {programs}/bin
pathetc: {directory}
pathdb: {directory}
pathrun: {directory}
pathlog: {directory}
pathtmp: {directory}
pathspool: {directory}
patharticles: {directory}
pathoverview: {directory}
runasuser: {user}
runasgroup: {group}
{tls}
"""
_TLS = """\
tlscertfile: {chain}
tlskeyfile: {key}
tlsprotocols: [ TLSv1.2 TLSv1.3 ]
"""
_READERS = """\
auth all { hosts: "*" default: "reader" }
access all { users: "*" newsgroups: "*" }
"""
_STORAGE = """\
method trash {
    class: 0
    newsgroups: *
}
"""


@contextmanager
def _start(certificates: Certificates) -> Iterator[Mapping[str, int]]:
    broken, on, implicit = free_ports(3)
    with ExitStack() as stack:
        for configuration, port in {"broken": broken, "on": on}.items():
            own = stack.enter_context(home(certificates))
            environment = _prepare(own, has_tls=configuration == "on")
            stack.enter_context(_running(own, environment, port))
            if configuration == "on":
                stack.enter_context(_running(own, environment, implicit, "-S"))
        yield {"broken": broken, "on": on, "implicit": implicit}


def _prepare(own: Home, *, has_tls: bool) -> Mapping[str, str]:
    text = _CONFIGURATION.format(
        programs=_PROGRAMS,
        directory=own.directory,
        user=own.user_name,
        group=own.group_name,
        tls=_TLS.format(chain=own.chain, key=own.key) if has_tls else "",
    )
    environment = {
        "INNCONF": str(own.write("inn.conf", text)),
        "LD_LIBRARY_PATH": str(_PROGRAMS),
        "SASL_PATH": str(own.directory),
    }
    own.write("readers.conf", _READERS)
    own.write("storage.conf", _STORAGE)
    for name in ("active", "newsgroups", "history"):
        own.write(name, "")
    own.run(_PROGRAMS / "bin/makehistory", "-O", "-x", environment=environment)
    return environment


@contextmanager
def _running(own: Home, environment: Mapping[str, str], port: int, *options: str) -> Iterator[None]:
    program = _PROGRAMS / "bin/nnrpd-ssl"
    arguments = ("-D", "-f", "-b", "127.0.0.1", "-p", str(port), *options)
    with own.listening(program, *arguments, ports=[port], environment=environment):
        yield


INN = RealServer(
    name="inn",
    start=_start,
    cases=(
        Case(
            configuration="broken",
            protocol="nntp",
            state=State.PLAINTEXT,
            reason="STARTTLS is refused: 580 Error initializing TLS",
            plaintext=verdicts(offered=True, works=False, enforced=False, login=False, clear=True),
        ),
        Case(
            configuration="on",
            protocol="nntp",
            is_quick=True,
            injection=Verdict.NO,
            plaintext=verdicts(offered=True, works=True, enforced=False, login=False, clear=True),
        ),
        Case(configuration="implicit", protocol="nntps", is_quick=True),
    ),
)
