"""The user's own client certificate: accepted if the server knows its CA, otherwise refused, on every stack."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from exporters.terminal.remarks import remarks
from model.clock import SystemClock
from model.observation import Observation
from model.protocol_version import ProtocolVersion
from model.sections import named_facts
from model.target import Endpoint, Target
from model.target_labels import CLIENT_IDENTITY, EXPIRED_CLIENT_IDENTITY
from model.verdict import Fact, UnknownCause, Verdict
from probe.checks.part import Part
from probe.crypto.identity import load_identity
from probe.visit.engine import Engine
from tests.zoo.catalogue import SERVERS
from tests.zoo.certificates import Certificates
from tests.zoo.openssl_servers import MODERN, SServer
from tests.zoo.truth import SERVER_NAME
from tests.zoo.visit import UNHURRIED, visit

PARTS = frozenset({Part.VERSIONS, Part.SUITES, Part.CERTIFICATES, Part.CLIENT_AUTH})
DEMANDING = (
    "nginx-verify-client-on",
    "nginx-verify-client-optional",
    "openssl-client-certificate-required",
    "gnutls-client-certificate-required",
    "java-client-certificate-required",
    "stunnel-client-certificate-required",
)


@pytest.mark.integration
@pytest.mark.parametrize("name", DEMANDING)
async def test_a_certificate_of_the_known_ca_is_accepted_and_that_of_an_unknown_ca_is_not(
    name: str, certificates: Certificates, tmp_path: Path
) -> None:
    (server,) = [server for server in SERVERS if server.name == name]
    files = {"ours": certificates.client_file, "stranger": certificates.stranger_file}
    identities = {who: load_identity(who, file) for who, file in files.items()}
    engine = Engine(replace(UNHURRIED, parts=PARTS, client_identities=identities), SystemClock())
    with server.start(certificates, tmp_path) as port:
        for who, expected in (("ours", Verdict.YES), ("stranger", Verdict.NO)):
            target = Target(
                host="127.0.0.1",
                port=port,
                server_name=SERVER_NAME,
                labels={CLIENT_IDENTITY: who},
            )
            seen = await engine.visit(Endpoint(target=target, address="127.0.0.1"))
            assert seen.client_auth
            for version, found in seen.client_auth.items():
                assert found.own is not None, version
                assert (found.own.identity, found.own.is_accepted) == (who, expected), version
                assert found.own.sha256 == identities[who].sha256


async def with_both(port: int, certificates: Certificates) -> Observation:
    files = {"ours": certificates.client_file, "old": certificates.expired_client_file}
    identities = {who: load_identity(who, file) for who, file in files.items()}
    engine = Engine(replace(UNHURRIED, parts=PARTS, client_identities=identities), SystemClock())
    target = Target(
        host="127.0.0.1",
        port=port,
        server_name=SERVER_NAME,
        labels={CLIENT_IDENTITY: "ours", EXPIRED_CLIENT_IDENTITY: "old"},
    )
    return await engine.visit(Endpoint(target=target, address="127.0.0.1"))


@pytest.mark.integration
@pytest.mark.parametrize("name", DEMANDING)
async def test_an_expired_certificate_is_refused_next_to_the_good_one(
    name: str, certificates: Certificates, tmp_path: Path
) -> None:
    (server,) = [server for server in SERVERS if server.name == name]
    with server.start(certificates, tmp_path) as port:
        seen = await with_both(port, certificates)
    for version, found in seen.client_auth.items():
        assert found.own is not None
        assert found.expired is not None
        assert (found.own.identity, found.own.is_accepted) == ("ours", Verdict.YES), version
        assert (found.expired.identity, found.expired.is_accepted) == ("old", Verdict.NO), version
        note = found.expired.evidence.note if found.expired.evidence else None
        assert note, version
        assert "alert" in note or "HTTP status" in note, version


@pytest.mark.integration
async def test_a_server_that_checks_all_but_the_validity_period_is_detected(
    certificates: Certificates, tmp_path: Path
) -> None:
    options = ("-Verify", "1", "-CAfile", "{client_ca}", "-verify_return_error", "-no_check_time")
    server = SServer(name="no look at the time", options=(*MODERN, *options))
    with server.start(certificates, tmp_path) as port:
        seen = await with_both(port, certificates)
    for version, found in seen.client_auth.items():
        assert found.verifies is Verdict.YES, version
        assert found.expired is not None
        assert found.expired.is_accepted is Verdict.YES, version
    told = [remark.text for remark in remarks(seen, datetime.now(UTC))]
    assert [text for text in told if "old is accepted, though it has expired" in text]


@pytest.mark.integration
async def test_the_contents_of_the_certificate_request_are_read_at_both_versions(
    certificates: Certificates, tmp_path: Path
) -> None:
    (server,) = [one for one in SERVERS if one.name == "openssl-client-certificate-required"]
    found = (await visit(server, certificates, tmp_path, PARTS)).observation.client_auth
    assert found[ProtocolVersion.TLSV1_2].certificate_types == (
        "rsa_sign",
        "dss_sign",
        "ecdsa_sign",
    )
    for version in (ProtocolVersion.TLSV1_2, ProtocolVersion.TLSV1_3):
        assert {"ed25519", "rsa_pss_rsae_sha256"} <= set(found[version].signature_schemes)


AFTER_THE_HANDSHAKE = frozenset(
    {
        *("resumption_by_id", "resumption_by_ticket", "ticketbleed", "tls13_resumption"),
        *("early_data", "client_renegotiation", "client_renegotiation_dos", "poodle_tls"),
    }
)
"""What only a finished handshake shows: RFC 5246, sections 7.3 and 6.2.3.2; RFC 9846, section 2.2."""


@pytest.mark.integration
async def test_an_accepted_client_certificate_shows_what_comes_after_the_handshake(
    certificates: Certificates, tmp_path: Path
) -> None:
    (server,) = [one for one in SERVERS if one.name == "openssl-client-certificate-required"]
    identities = {"ours": load_identity("ours", certificates.client_file)}
    engine = Engine(replace(UNHURRIED, client_identities=identities), SystemClock())
    seen = []
    with server.start(certificates, tmp_path) as port:
        for labels in ({}, {CLIENT_IDENTITY: "ours"}):
            target = Target(host="127.0.0.1", port=port, server_name=SERVER_NAME, labels=labels)
            seen.append(await engine.visit(Endpoint(target=target, address="127.0.0.1")))
    without, with_own = [facts_by_name(one) for one in seen]
    unknown = {name: fact for name, fact in without.items() if fact.verdict is Verdict.UNKNOWN}
    assert unknown.keys() == AFTER_THE_HANDSHAKE
    assert {fact.cause for fact in unknown.values()} == {UnknownCause.NEEDS_CLIENT_CERTIFICATE}
    # OpenSSL's defaults: sessions by id and ticket, no early data, no renegotiation by clients.
    expected = dict.fromkeys(AFTER_THE_HANDSHAKE, Verdict.NO) | dict.fromkeys(
        ("resumption_by_ticket", "tls13_resumption"), Verdict.YES
    )
    del expected["resumption_by_id"]
    assert {name: with_own[name].verdict for name in expected} == expected
    assert with_own["resumption_by_id"].verdict is not Verdict.UNKNOWN
    assert [name for name, fact in with_own.items() if fact.verdict is Verdict.UNKNOWN] == []


def facts_by_name(observation: Observation) -> dict[str, Fact]:
    return {name: fact for facts in named_facts(observation) for name, fact in facts.items()}
