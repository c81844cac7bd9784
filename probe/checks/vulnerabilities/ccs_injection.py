"""Does the server accept a ChangeCipherSpec before it has a key (CVE-2014-0224)?

Two of them follow ServerHelloDone. A correct server refuses the first with ``unexpected_message``. A
vulnerable server activates keys from an empty secret, reads the second as an encrypted record, and reports a
wrong MAC or a decryption error. A server that closes without an alert is asked with a single
ChangeCipherSpec: a refusal shows that it accepts none; no refusal leaves the result unknown.
"""

from __future__ import annotations

from typing import Final

from model.protocol_version import ProtocolVersion
from model.registry import alert_name
from model.verdict import Fact, Verdict
from probe.checks.answered_offers import answered_offer, newest_version
from probe.checks.prober import Prober
from probe.checks.visit_facts import VisitFacts
from probe.checks.vulnerabilities.raw_probes import ask_raw_probe, judged, proof, send_raw_probe
from probe.dialogue.answer import Ending, ServerFlight
from probe.dialogue.raw_probe import ProbeResponse
from probe.tls.record import ContentType, encode_record

_DECRYPTION_ALERTS: Final = frozenset({20, 21})
"""bad_record_mac, and decryption_failed before TLS 1.1."""

_PATIENCE_SECONDS: Final = 1.0


async def check_ccs_injection(prober: Prober, facts: VisitFacts) -> None:
    """Fills the vulnerability ``ccs_injection`` if the server speaks a version below TLS 1.3."""
    version = newest_version(facts, ProtocolVersion.TLSV1_2)
    if version is None:
        return
    asked = answered_offer(facts, version)
    fact = await ask_raw_probe(prober, asked, _two, _judge_two)
    if fact.verdict is Verdict.UNKNOWN:
        response = await send_raw_probe(prober, asked, _one, patience_seconds=_PATIENCE_SECONDS)
        fact = judged(response, _judge_one)
    facts.vulnerabilities["ccs_injection"] = fact


def _one(flight: ServerFlight) -> bytes:
    return encode_record(ContentType.CHANGE_CIPHER_SPEC, flight.hello.version, b"\x01")


def _two(flight: ServerFlight) -> bytes:
    return 2 * _one(flight)


def _judge_two(response: ProbeResponse) -> Fact:
    if response.alert in _DECRYPTION_ALERTS:
        name = alert_name(response.alert)
        note = f"accepted an early ChangeCipherSpec: alert {name} for the record after it"
        return Fact(verdict=Verdict.YES, evidence=proof(response, note))
    if response.alert is not None:
        note = f"alert {alert_name(response.alert)} for an early ChangeCipherSpec"
        return Fact(verdict=Verdict.NO, evidence=proof(response, note))
    return Fact(verdict=Verdict.UNKNOWN, evidence=proof(response, "no alert"))


def _judge_one(response: ProbeResponse) -> Fact:
    if response.ending in {Ending.CLOSED, Ending.RESET} or response.alert is not None:
        note = "ended the connection after a single early ChangeCipherSpec"
        return Fact(verdict=Verdict.NO, evidence=proof(response, note))
    note = "accepts one early ChangeCipherSpec; gave no alert to two"
    return Fact(verdict=Verdict.UNKNOWN, evidence=proof(response, note))
