"""What do all hellos of a visit show together: extensions, session ids, clocks, downgrade sentinels?

Nothing is asked: the check reads only the hellos that proved the versions and their suites. If a
HelloRetryRequest proved TLS 1.3, its evidence says whether a handshake finished too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from model.protocol_version import ProtocolVersion
from model.verdict import Evidence, Fact, Verdict
from probe.checks.prober import Prober
from probe.checks.visit_facts import VisitFacts
from probe.dialogue.answer import RetryRequest, ServerFlight
from probe.dialogue.exchange import Exchange
from probe.tls.extensions import ExtensionType
from probe.tls.hello import ServerHello

READ_OFF: Final = (
    "extended_main_secret",
    "secure_renegotiation",
    "session_ids",
    "session_id_echo",
    "clock_in_random",
    "downgrade_sentinel",
)

_SENTINEL: Final = bytes.fromhex("444f574e475244")
"""RFC 9846, section 4.1.3: followed by 01 in a TLS 1.2 hello, and by 00 in a hello of an older version."""

_LONGEST_VISIT_SECONDS: Final = 3600
_FEWEST_READINGS: Final = 2


async def check_passive_features(prober: Prober, facts: VisitFacts) -> None:
    """Fills the features named in ``READ_OFF`` that apply; asks nothing."""
    if not facts.spoken:
        return
    earlier = [
        exchange
        for version, exchange in sorted(facts.spoken.items(), reverse=True)
        if version < ProtocolVersion.TLSV1_3
    ]
    _mark_retry_request(facts)
    facts.features["session_id_echo"] = _session_id_echo(prober, facts)
    if not earlier:
        return
    if earlier[0].offer.version is not ProtocolVersion.SSLV3:
        facts.features["extended_main_secret"] = _extended_main_secret(earlier[0])
    facts.features["secure_renegotiation"] = _secure_renegotiation(earlier)
    facts.features["session_ids"] = _session_ids(earlier, prober.nonce[32:64])
    facts.features["clock_in_random"] = _clock_in_random(prober.exchanges)
    if ProtocolVersion.TLSV1_3 in facts.spoken:
        facts.features["downgrade_sentinel"] = _downgrade_sentinel(earlier)


def _mark_retry_request(facts: VisitFacts) -> None:
    """A server computes nothing for a HelloRetryRequest, so it may promise what it cannot do."""
    proof = facts.spoken.get(ProtocolVersion.TLSV1_3)
    tried = [one for one in facts.handshakes if one.offer.version is ProtocolVersion.TLSV1_3]
    if proof is None or not isinstance(proof.answer, RetryRequest) or not tried:
        return
    some = "a handshake" if any(one.is_finished for one in tried) else "no handshake"
    note = f"{proof.summary}; {some} at this version finished"
    facts.protocols[ProtocolVersion.TLSV1_3] = proof.fact(Verdict.YES, note)


def _hello(exchange: Exchange) -> ServerHello:
    assert exchange.hello is not None  # noqa: S101 (what proves a version is a hello)
    return exchange.hello


def _extended_main_secret(newest: Exchange) -> Fact:
    """RFC 7627, section 5.1: the main secret depends on the whole handshake if both hellos have the extension."""
    if _hello(newest).has(ExtensionType.EXTENDED_MAIN_SECRET):
        return newest.fact(Verdict.YES, "ServerHello agrees to extended_main_secret")
    return newest.fact(Verdict.NO, "ServerHello without extended_main_secret")


def _secure_renegotiation(earlier: Sequence[Exchange]) -> Fact:
    """RFC 5746, section 3.4: renegotiation_info answers the SCSV of our hellos."""
    for exchange in earlier:
        if not _hello(exchange).has(ExtensionType.RENEGOTIATION_INFO):
            note = f"ServerHello of {exchange.offer.version.label} without renegotiation_info"
            return exchange.fact(Verdict.NO, note)
    return earlier[0].fact(Verdict.YES, "ServerHello with renegotiation_info")


def _session_ids(earlier: Sequence[Exchange], ours: bytes) -> Fact:
    """RFC 5246, section 7.4.1.3: a session id chosen by the server offers to resume the session."""
    for exchange in earlier:
        if _hello(exchange).session_id not in {b"", ours}:
            return exchange.fact(Verdict.YES, "ServerHello with a new session id")
    return earlier[0].fact(Verdict.NO, "ServerHello without a new session id")


def _session_id_echo(prober: Prober, facts: VisitFacts) -> Fact:
    """Required at TLS 1.3 (RFC 9846, 4.1.3); below TLS 1.3 it promises to resume a session that never existed."""
    ours = prober.nonce[32:64]
    spoken = sorted(facts.spoken.items(), reverse=True)
    echoing = [version for version, one in spoken if _hello(one).session_id == ours]
    if not echoing:
        return spoken[0][1].fact(Verdict.NO, "the session id of the hello is not echoed")
    labels = ",".join(version.label for version in echoing)
    note = f"the session id of the hello is echoed at {labels}"
    return facts.spoken[echoing[0]].fact(Verdict.YES, note, labels)


def _clock_in_random(exchanges: Iterable[Exchange]) -> Fact:
    """RFC 5246, 7.4.1.2: gmt_unix_time. Seconds on which two hellos agree are not a coincidence."""
    flights = {
        exchange.answer.hello.random: exchange
        for exchange in exchanges
        if isinstance(exchange.answer, ServerFlight)
        and exchange.answer.hello.version < ProtocolVersion.TLSV1_3
    }
    readings = sorted(int.from_bytes(random[:4], "big") for random in flights)
    if len(readings) < _FEWEST_READINGS:
        return Fact(verdict=Verdict.UNKNOWN, evidence=Evidence(note="too few hellos to compare"))
    latest = list(flights.values())[-1]
    if readings[-1] - readings[0] > _LONGEST_VISIT_SECONDS:
        return latest.fact(Verdict.NO, "the randoms of two hellos do not agree on the time")
    moment = datetime.fromtimestamp(readings[-1], UTC).isoformat()
    return latest.fact(Verdict.YES, f"the randoms of {len(readings)} hellos agree on {moment}")


def _downgrade_sentinel(earlier: Sequence[Exchange]) -> Fact:
    """A TLS 1.3 server marks the random of each hello in which it chooses an older version."""
    for exchange in earlier:
        version = exchange.offer.version
        last = b"\x01" if version is ProtocolVersion.TLSV1_2 else b"\x00"
        if not _hello(exchange).random.endswith(_SENTINEL + last):
            note = f"the random of the {version.label} ServerHello has no downgrade marker"
            return exchange.fact(Verdict.NO, note)
    return earlier[0].fact(Verdict.YES, "the random of the ServerHello ends in DOWNGRD")
