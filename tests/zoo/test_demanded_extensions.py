"""Servers that demand an extension in each hello are learned in full, and an alert about one refuses no version."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from model.observation import State
from model.protocol_version import ProtocolVersion
from model.verdict import Verdict
from probe.checks.part import USUAL_PARTS
from tests.probe.programmable import wire
from tests.probe.programmable.client_hello import ClientHello
from tests.probe.programmable.front import Rule, in_front_of
from tests.probe.programmable.server import serve
from tests.probe.programmable.server_model import Reply
from tests.zoo.certificates import Certificates
from tests.zoo.openssl_servers import MODERN, SServer
from tests.zoo.visit import visit_port

YES, NO, UNKNOWN = Verdict.YES, Verdict.NO, Verdict.UNKNOWN
VERDICTS: Final = {
    ProtocolVersion.SSLV2: NO,
    ProtocolVersion.SSLV3: NO,
    ProtocolVersion.TLSV1_0: NO,
    ProtocolVersion.TLSV1_1: NO,
    ProtocolVersion.TLSV1_2: YES,
    ProtocolVersion.TLSV1_3: YES,
}
EXTENDED_MAIN_SECRET, ALPN = 23, 16
NO_APPLICATION_PROTOCOL, MISSING_EXTENSION = 120, 109
SERVER: Final = SServer(name="openssl-alpn", options=(*MODERN, "-alpn", "http/1.1,h2"))


def demands_extended_main_secret(hello: ClientHello) -> Reply | None:
    """RFC 7627, 5.3, allows it; so do OpenSSL in FIPS mode and rustls. nmap/nmap#2724."""
    if wire.TLSV1_3 in hello.versions or EXTENDED_MAIN_SECRET in hello.extensions:
        return None
    return Reply(sent=wire.alert(wire.FATAL, wire.HANDSHAKE_FAILURE))


def closes_without_alpn(hello: ClientHello) -> Reply | None:
    """Envoy, where every filter chain has application_protocols: kumahq/kuma#4198."""
    return None if ALPN in hello.extensions else Reply()


def refuses_without_alpn(hello: ClientHello) -> Reply | None:
    """RFC 7301, 3.2, has the alert for another case; servers send it here too."""
    if ALPN in hello.extensions:
        return None
    return Reply(sent=wire.alert(wire.FATAL, NO_APPLICATION_PROTOCOL))


def misses_an_extension_at_tls12(hello: ClientHello) -> Reply | None:
    """RFC 8446, 6.2: missing_extension says that a hello lacks an extension, and not which."""
    if wire.TLSV1_3 in hello.versions:
        return None
    return Reply(sent=wire.alert(wire.FATAL, MISSING_EXTENSION))


@pytest.mark.integration
@pytest.mark.parametrize(
    "rule", [demands_extended_main_secret, closes_without_alpn, refuses_without_alpn]
)
async def test_a_server_that_demands_an_extension_is_learned_in_full(
    rule: Rule, certificates: Certificates, tmp_path: Path
) -> None:
    with SERVER.start(certificates, tmp_path) as port:
        async with serve(in_front_of(port, rule)) as front:
            seen = await visit_port(front.port, certificates, USUAL_PARTS)
    assert seen.state is State.TLS
    assert {version: fact.verdict for version, fact in seen.protocols.items()} == VERDICTS
    assert all(found.complete for found in seen.cipher_suites.values())
    assert seen.features["extended_main_secret"].verdict is YES
    assert seen.certificates
    assert not [name for name, fact in seen.features.items() if fact.verdict is UNKNOWN]
    assert not [name for name, fact in seen.vulnerabilities.items() if fact.verdict is UNKNOWN]


@pytest.mark.integration
async def test_an_alert_about_an_extension_refuses_no_version(
    certificates: Certificates, tmp_path: Path
) -> None:
    with SERVER.start(certificates, tmp_path) as port:
        async with serve(in_front_of(port, misses_an_extension_at_tls12)) as front:
            seen = await visit_port(front.port, certificates)
    assert seen.protocols[ProtocolVersion.TLSV1_3].verdict is YES
    assert seen.protocols[ProtocolVersion.TLSV1_2].verdict is UNKNOWN
