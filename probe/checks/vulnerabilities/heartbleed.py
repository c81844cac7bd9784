"""Does the server leak memory for a heartbeat that claims more than it holds (CVE-2014-0160)?

The check sends one heartbeat_request that claims 4096 bytes and carries none, then an alert. RFC 6520,
section 4, requires the server to drop it silently. A vulnerable server sends 4096 bytes of its memory back;
they are discarded unread, and the header of the response is the proof. A smaller claim does not work, because
OpenSSL holds back data that does not fill its buffer during the handshake. A server that closes without a
response has read past the request.
"""

from __future__ import annotations

from typing import Final

from model.protocol_version import ProtocolVersion
from model.verdict import Fact, Verdict
from probe.checks.answered_offers import answered_offer, newest_in_plaintext
from probe.checks.combined_extensions import extending
from probe.checks.prober import Prober
from probe.checks.visit_facts import VisitFacts
from probe.checks.vulnerabilities.raw_probes import GOODBYE, ask_raw_probe, proof
from probe.dialogue.answer import Ending, ServerFlight
from probe.dialogue.raw_probe import ProbeResponse
from probe.tls.extensions import Extension, ExtensionType
from probe.tls.record import ContentType, encode_record

_REQUEST: Final = b"\x01" + (4096).to_bytes(2, "big")
_RESPONSE: Final = 2
_HEADER_LENGTH: Final = 3
_PEER_ALLOWED_TO_SEND = Extension(code_point=ExtensionType.HEARTBEAT, body=b"\x01")


async def check_heartbleed(prober: Prober, facts: VisitFacts) -> None:
    """Fills the vulnerability ``heartbleed``; asked only if the server agrees to heartbeats."""
    heartbeat = facts.features.get("heartbeat")
    version = newest_in_plaintext(facts)
    if heartbeat is None or version is None:
        return
    if heartbeat.verdict is not Verdict.YES:
        facts.vulnerabilities["heartbleed"] = heartbeat
        return
    asked = extending(_PEER_ALLOWED_TO_SEND)(answered_offer(facts, version))
    facts.vulnerabilities["heartbleed"] = await ask_raw_probe(
        prober, asked, _words, _judge, until=ContentType.HEARTBEAT
    )


def _words(flight: ServerFlight) -> bytes:
    version = min(flight.hello.version, ProtocolVersion.TLSV1_2)
    return encode_record(ContentType.HEARTBEAT, version, _REQUEST) + encode_record(
        ContentType.ALERT, version, GOODBYE
    )


def _judge(response: ProbeResponse) -> Fact:
    heard = response.first(ContentType.HEARTBEAT)
    if heard is not None and heard.fragment[:1] == bytes((_RESPONSE,)):
        note = f"a heartbeat_response of {len(heard.fragment)} bytes to a request of three"
        evidence = proof(response, note, most_kept=_HEADER_LENGTH + _HEADER_LENGTH)
        return Fact(verdict=Verdict.YES, evidence=evidence)
    if response.alert is not None or response.ending in {Ending.CLOSED, Ending.RESET}:
        note = "closed the connection as requested, without a heartbeat_response"
        return Fact(verdict=Verdict.NO, evidence=proof(response, note))
    note = "neither a heartbeat_response nor the end of the connection"
    return Fact(verdict=Verdict.UNKNOWN, evidence=proof(response, note))
