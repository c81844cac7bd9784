"""Does the server compress its chain (RFC 8879), and with which algorithm?

TLS 1.3 encrypts the answer, so the flight of one hello is decrypted with our own key share. The same hello
shows whether the server skips a share that it does not know, and whether it has keys of ECH.
"""

from __future__ import annotations

from typing import Final

from model.protocol_version import ProtocolVersion
from model.verdict import Evidence, Fact, Verdict
from pki.byte_reader import uint16_list
from probe.checks.combined_extensions import extending
from probe.checks.features.tolerance import grease_ech
from probe.checks.features.unknown_key_share import read_with_unknown_share
from probe.checks.prober import Prober
from probe.checks.service_binding.ech import note_grease
from probe.checks.tls13_flights import read_tls13_flight
from probe.checks.visit_facts import VisitFacts
from probe.crypto.tls13_flight import Tls13Flight
from probe.dialogue.answer import ConnectFailure, ServerFlight
from probe.dialogue.exchange import in_words
from probe.tls.encrypted_messages import COMPRESSION_ALGORITHMS
from probe.tls.extensions import Extension, ExtensionType

_TLSV1_3: Final = ProtocolVersion.TLSV1_3
_EVERY_ALGORITHM: Final = Extension(
    code_point=ExtensionType.COMPRESS_CERTIFICATE,
    body=uint16_list(tuple(COMPRESSION_ALGORITHMS), 1),
)
_MOST_KEPT: Final = 64


async def check_certificate_compression(prober: Prober, facts: VisitFacts) -> None:
    """Fills ``certificate_compression``, ``unknown_key_share_tolerance`` and ``ech_retry_configs`` if the server speaks TLS 1.3."""
    if _TLSV1_3 not in facts.spoken:
        return
    facts.features["certificate_compression"] = await _ask_for_compression(prober, facts)


async def _ask_for_compression(prober: Prober, facts: VisitFacts) -> Fact:
    wanted = extending(_EVERY_ALGORITHM, grease_ech())
    flight = await read_with_unknown_share(prober, facts, wanted)
    if isinstance(flight, Tls13Flight):
        note_grease(facts, flight)
        if not isinstance(flight.answer, ServerFlight):
            # The server may not tolerate ECH.
            flight = await read_tls13_flight(prober, facts, extending(_EVERY_ALGORITHM))
    if flight is None:
        note = "it accepts no group in which tlsprobe can make a key share"
        return Fact(verdict=Verdict.UNKNOWN, evidence=Evidence(note=note))
    if isinstance(flight, ConnectFailure):
        return Fact(verdict=Verdict.UNKNOWN, evidence=flight.evidence())
    return _judge(flight)


def _judge(flight: Tls13Flight) -> Fact:
    if flight.compressed_with is not None:
        name = COMPRESSION_ALGORITHMS.get(flight.compressed_with, str(flight.compressed_with))
        note = f"CompressedCertificate ({name}) in an encrypted record"
        return Fact(verdict=Verdict.YES, value=name, evidence=_evidence(flight, note))
    if flight.certificates is not None:
        note = "uncompressed Certificate in an encrypted record"
        return Fact(verdict=Verdict.NO, evidence=_evidence(flight, note))
    why = f" (malformed {flight.flaw})" if flight.flaw else ""
    note = f"{in_words(flight.answer)}, without a readable certificate after it{why}"
    return Fact(verdict=Verdict.UNKNOWN, evidence=_evidence(flight, note))


def _evidence(flight: Tls13Flight, note: str) -> Evidence:
    return Evidence(offer=flight.offered, answer=flight.answer.raw[:_MOST_KEPT] or None, note=note)
