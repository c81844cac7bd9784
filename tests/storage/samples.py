"""Visits to store: small, and distinguished by the value that a test varies."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from model.certificates.certificate import Certificate, KeyType, ServedChain, TrustVerdict
from model.encoding.observation_json import from_json, to_json
from model.endpoint_state.schedule import Schedule
from model.observation import AcceptedSet, Cost, Mode, Observation, State
from model.protocol_version import ProtocolVersion
from model.target import Endpoint, Target
from model.verdict import Evidence, Fact, Preference, Verdict

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
INTERVAL = timedelta(hours=1)


def certificate(der: bytes) -> Certificate:
    return Certificate(
        sha256=hashlib.sha256(der).hexdigest(), der=der, subject="CN=a", key_type=KeyType.ECDSA
    )


def ders(observation: Observation) -> dict[str, bytes | None]:
    """Its certificates by their SHA-256."""
    return {one.sha256: one.der for chain in observation.certificates for one in chain.chain}


def observation(
    host: str = "a.example",
    *,
    hour: int = 0,
    suites: Sequence[str] = ("TLS_AES_128_GCM_SHA256",),
    chain: Sequence[Certificate] = (),
    source: str = "file:targets.yml",
    labels: Mapping[str, str] | None = None,
) -> Observation:
    """A visit, ``hour`` hours after noon, that found the accepted TLS 1.3 suites."""
    proof = Evidence(offer=b"\x16\x03\x01", answer=b"\x16\x03\x03", note=f"at hour {hour}")
    deployment = ServedChain(
        key_type=KeyType.ECDSA,
        chain=tuple(chain),
        versions=(ProtocolVersion.TLSV1_3,),
        served_with_server_name=True,
        problems=(),
        trust={"mozilla": TrustVerdict(verdict=Verdict.YES)},
        hostname_matches=Verdict.YES,
    )
    return Observation(
        tool_version=f"0.{hour}",
        mode=Mode.ENUMERATE,
        endpoint=_endpoint(host, source, labels),
        started_at=NOON + hour * INTERVAL,
        cost=Cost(duration_seconds=0.25 + hour, connections=15 + hour, bytes_sent=500),
        state=State.TLS,
        protocols={ProtocolVersion.TLSV1_3: Fact(verdict=Verdict.YES, evidence=proof)},
        cipher_suites={
            ProtocolVersion.TLSV1_3: AcceptedSet(
                accepted=tuple(suites), complete=True, preference=Preference.SERVER, refusal=proof
            )
        },
        certificates=(deployment,) if chain else (),
    )


def refusal(host: str = "a.example", *, hour: int = 0, reason: str = "refused") -> Observation:
    """A failed visit, and the reason."""
    return Observation(
        tool_version="0.1",
        mode=Mode.VERIFY,
        endpoint=_endpoint(host, "file:targets.yml"),
        started_at=NOON + hour * INTERVAL,
        cost=Cost(duration_seconds=0.5, connections=1),
        state=State.REFUSED,
        reason=reason,
    )


def bare(visit: Observation) -> Observation:
    """The visit without its proofs, as in statuses."""
    without_evidence = from_json(to_json(visit, with_evidence=False))
    return replace(without_evidence, endpoint=visit.endpoint)


def schedule(visit: Observation, *, failures: int = 0) -> Schedule:
    """Due one interval after ``visit`` began."""
    return Schedule(
        endpoint_key=visit.endpoint.key,
        due_at=visit.started_at + INTERVAL,
        interval_seconds=INTERVAL.total_seconds(),
        consecutive_failures=failures,
    )


def _endpoint(host: str, source: str, labels: Mapping[str, str] | None = None) -> Endpoint:
    target = Target(
        host=host,
        port=443,
        server_name=host,
        labels={"team": "web"} if labels is None else labels,
        source=source,
    )
    return Endpoint(target=target, address="127.0.0.1")
