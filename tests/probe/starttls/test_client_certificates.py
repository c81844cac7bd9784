"""Whether a server with STARTTLS requires a client certificate and verifies it, by its configuration.

A server may look at the certificate in the handshake (vsftpd with OpenSSL), after it (slapd with GnuTLS, and
Postfix, which answers 421), or at the login (Postfix with ``smtpd_tls_ask_ccert``), which no visit reaches.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

import pytest

from model.clock import SystemClock
from model.observation import ClientAuthMode, Observation
from model.protocol_version import ProtocolVersion
from model.target import Endpoint, Target
from model.verdict import Verdict
from probe.checks.part import Part
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from tests.probe.starttls.home import home
from tests.probe.starttls.servers.postfix import postfix
from tests.probe.starttls.servers.slapd import slapd, tls_options
from tests.probe.starttls.servers.vsftpd import vsftpd
from tests.support.ports import free_ports
from tests.zoo.certificates import Certificates
from tests.zoo.truth import SERVER_NAME

pytestmark = pytest.mark.integration

_PARTS: Final = frozenset({Part.VERSIONS, Part.SUITES, Part.CERTIFICATES, Part.CLIENT_AUTH})
_NONE, _REQUESTED, _REQUIRED = (
    ClientAuthMode.NONE,
    ClientAuthMode.REQUESTED,
    ClientAuthMode.REQUIRED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """The lines of a configuration, and what they mean; ``{ca}`` is the file of the client CA."""

    protocol: str
    lines: str
    mode: ClientAuthMode
    verifies: Verdict | None


VSFTPD: Final = (
    # vsftpd.conf(5): ssl_request_cert is YES by default; require_cert and validate_cert are NO.
    Demand(protocol="ftp", lines="ssl_request_cert=NO", mode=_NONE, verifies=None),
    Demand(protocol="ftp", lines="", mode=_REQUESTED, verifies=Verdict.NO),
    Demand(
        protocol="ftp",
        lines="validate_cert=YES\nca_certs_file={ca}",
        mode=_REQUESTED,
        verifies=Verdict.YES,
    ),
    Demand(
        protocol="ftp",
        lines="require_cert=YES\nca_certs_file={ca}",
        mode=_REQUIRED,
        verifies=Verdict.NO,
    ),
    Demand(
        protocol="ftp",
        lines="require_cert=YES\nvalidate_cert=YES\nca_certs_file={ca}",
        mode=_REQUIRED,
        verifies=Verdict.YES,
    ),
)
SLAPD: Final = (
    # slapd.conf(5), TLSVerifyClient.
    Demand(protocol="ldap", lines="never", mode=_NONE, verifies=None),
    Demand(protocol="ldap", lines="allow", mode=_REQUESTED, verifies=Verdict.NO),
    Demand(protocol="ldap", lines="try", mode=_REQUESTED, verifies=Verdict.YES),
    Demand(protocol="ldap", lines="demand", mode=_REQUIRED, verifies=Verdict.YES),
)
POSTFIX: Final = (
    # postconf(5): smtpd_tls_ask_ccert leaves the decision to access restrictions.
    Demand(
        protocol="smtp",
        lines="smtpd_tls_security_level=may smtpd_tls_ask_ccert=yes smtpd_tls_CAfile={ca}",
        mode=_REQUESTED,
        verifies=Verdict.UNKNOWN,
    ),
    Demand(
        protocol="smtp",
        lines="smtpd_tls_security_level=encrypt smtpd_tls_req_ccert=yes smtpd_tls_CAfile={ca}",
        mode=_REQUESTED,
        verifies=Verdict.YES,
    ),
)
DEMANDS: Final = (*VSFTPD, *SLAPD, *POSTFIX)


@pytest.fixture(scope="module")
def ports(certificates: Certificates) -> Iterator[dict[Demand, int]]:
    """Every server, in every configuration."""
    ports = dict(zip(DEMANDS, free_ports(len(DEMANDS)), strict=True))
    with ExitStack() as stack:
        own = stack.enter_context(home(certificates))
        authority = own.write("client-ca.pem", certificates.client_ca_file.read_text())
        own.make("empty")
        for demand in VSFTPD:
            options = f"ssl_enable=YES\n{demand.lines.format(ca=authority)}"
            stack.enter_context(vsftpd(own, options, ports[demand]))
        own.root.write_text(authority.read_text())
        for demand in SLAPD:
            options = f"{tls_options(own)}TLSVerifyClient {demand.lines}"
            stack.enter_context(slapd(own, options, ports[demand]))
        postfix_home = stack.enter_context(home(certificates, as_ourselves=True))
        services = {ports[demand]: demand.lines.format(ca=authority) for demand in POSTFIX}
        stack.enter_context(postfix(postfix_home, services))
        yield ports


async def visited(demand: Demand, port: int) -> Observation:
    """What a visit sees of client certificates."""
    target = Target(host="127.0.0.1", port=port, server_name=SERVER_NAME, protocol=demand.protocol)
    engine = Engine(ProbeSettings(deadline_seconds=300.0, parts=_PARTS), SystemClock())
    return await engine.visit(Endpoint(target=target, address="127.0.0.1"))


@pytest.mark.parametrize("demand", DEMANDS, ids=lambda one: f"{one.protocol}-{one.lines[:40]!r}")
async def test_mode_and_verification_are_those_of_the_configuration(
    demand: Demand, ports: dict[Demand, int]
) -> None:
    seen = await visited(demand, ports[demand])
    assert {ProtocolVersion.TLSV1_2, ProtocolVersion.TLSV1_3} <= seen.client_auth.keys()
    for version, found in seen.client_auth.items():
        shown = (version, found.evidence, [one.evidence for one in found.attempts])
        assert (found.mode, found.verifies) == (demand.mode, demand.verifies), shown
        assert found.evidence is not None, shown
        assert all(one.evidence is not None for one in found.attempts), shown


async def test_an_accepted_certificate_is_proved_by_the_answer_inside_tls(
    ports: dict[Demand, int],
) -> None:
    seen = await visited(VSFTPD[3], ports[VSFTPD[3]])
    for found in seen.client_auth.values():
        for attempt in found.attempts:
            assert attempt.evidence is not None
            assert attempt.evidence.offer == b"FEAT\r\n"
            assert (attempt.evidence.answer or b"").startswith(b"211-")
