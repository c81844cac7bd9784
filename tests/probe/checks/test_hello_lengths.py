"""No hello of any check has a length that hangs a load balancer (RFC 7685): 256 to 511 bytes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.protocol_version import ProtocolVersion
from model.verdict import Verdict
from probe.checks.part import Part
from probe.connect.openssl.contexts import HANDSHAKE_VERSIONS
from probe.connect.openssl.handshake import OpenSslHandshake
from probe.dialogue.answer import ConnectFailure, Ending
from probe.dialogue.dialogue import Dialogue
from probe.dialogue.exchange import Exchange
from probe.dialogue.handshake import Handshake, HandshakeEnd, HandshakeOffer
from probe.dialogue.offer import Offer
from probe.visit.settings import ProbeSettings
from tests.probe.checks.simulation import Simulation
from tests.probe.checks.test_enumeration import models
from tests.probe.programmable import wire
from tests.probe.programmable.client_hello import ClientHello
from tests.probe.programmable.front import in_front_of
from tests.probe.programmable.server import serve
from tests.probe.programmable.server_model import SILENCE, Reply, ServerModel
from tests.zoo.certificates import Certificates
from tests.zoo.openssl_servers import MODERN, SServer
from tests.zoo.visit import visit_port

Found = TypeVar("Found")

NAMES = st.from_regex(r"[a-z]{1,60}(\.[a-z]{1,60}){0,3}", fullmatch=True)
AT = datetime(2026, 1, 1, tzinfo=UTC)
RECORD_HEADER_LENGTH = 5
HANDSHAKE, CLIENT_HELLO = 22, 1


class Hearing(Simulation):
    """Also the hellos of conversations and of OpenSSL's handshakes, which all seem to finish."""

    def __init__(self, model: ServerModel, name: str) -> None:
        super().__init__(model, name)
        self.heard: list[bytes] = []

    async def ask(
        self, offer: Offer, *, patient: bool = False, is_chained: bool = False
    ) -> Exchange:
        exchange = await super().ask(offer, patient=patient, is_chained=is_chained)
        self.heard.append(exchange.offered)
        return exchange

    async def handshake(self, offer: HandshakeOffer, *, is_chained: bool = False) -> Handshake:
        # OpenSSL does not have every version and suite.
        with suppress(ValueError):
            OpenSslHandshake(offer, at=AT).begin(self.heard.append)
        chain = (wire.self_signed_certificate(),)
        return Handshake(
            offer=offer,
            end=HandshakeEnd.ACCEPTED,
            certificates=chain,
            session_id=bytes(32),
            ticket=bytes(180),
            early_data_bytes=0,
        )

    async def converse(
        self, dialogue: Dialogue[Found], patience_seconds: float | None = None
    ) -> Found | ConnectFailure:
        dialogue.begin(self.heard.append)
        return dialogue.end(Ending.SILENCE)


def lengths(heard: list[bytes], is_wanted: Callable[[bytes], bool]) -> list[int]:
    return [len(record) - RECORD_HEADER_LENGTH for record in heard if is_wanted(record)]


def is_hello(record: bytes) -> bool:
    return record[0] == HANDSHAKE and record[RECORD_HEADER_LENGTH] == CLIENT_HELLO


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(models(), NAMES)
async def test_no_check_sends_a_hello_of_such_a_length(model: ServerModel, name: str) -> None:
    hearing = Hearing(model, name)
    await hearing.visit(frozenset(Part))
    found = lengths(hearing.heard, is_hello)
    assert len(found) > 20
    assert [length for length in found if 256 <= length < 512] == []


@given(NAMES, st.sampled_from(sorted(HANDSHAKE_VERSIONS)), st.booleans())
def test_no_handshake_of_openssl_begins_with_such_a_length(
    name: str, version: ProtocolVersion, wants_ticket: bool
) -> None:
    offer = HandshakeOffer(version=version, server_name=name, wants_ticket=wants_ticket)
    heard: list[bytes] = []
    OpenSslHandshake(offer, at=AT).begin(heard.append)
    assert lengths(heard, is_hello)
    assert not 256 <= lengths(heard, is_hello)[0] < 512


def hangs(hello: ClientHello) -> Reply | None:
    """F5 K14758: no answer to such a hello."""
    return SILENCE if 256 <= hello.wire_length - RECORD_HEADER_LENGTH < 512 else None


@pytest.mark.integration
async def test_a_server_that_hangs_on_such_lengths_is_learned_within_the_deadline(
    certificates: Certificates, tmp_path: Path
) -> None:
    server = SServer(name="openssl-behind-f5", options=MODERN)
    with server.start(certificates, tmp_path) as port:
        async with serve(in_front_of(port, hangs)) as front:
            seen = await visit_port(front.port, certificates)
    settled = {version: fact.verdict for version, fact in seen.protocols.items()}
    spoken = {ProtocolVersion.TLSV1_2, ProtocolVersion.TLSV1_3}
    assert {version for version, verdict in settled.items() if verdict is Verdict.YES} == spoken
    assert all(seen.cipher_suites[version].complete for version in spoken)
    facts = {**seen.features, **seen.vulnerabilities}
    assert not [name for name, fact in facts.items() if fact.verdict is Verdict.UNKNOWN]
    assert seen.cost.duration_seconds < ProbeSettings().deadline_seconds
