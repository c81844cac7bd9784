"""Handwritten Observations, with which reports and the inventory are compared."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from model.certificates.certificate import Certificate, KeyType, Problem, ServedChain, TrustVerdict
from model.observation import (
    AcceptedSet,
    ClientAuth,
    ClientAuthMode,
    Cost,
    Mode,
    Observation,
    State,
)
from model.protocol_version import STREAM_VERSIONS, ProtocolVersion
from model.target import Endpoint, Target
from model.verdict import Evidence, Fact, Preference, Verdict

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)

_VERSIONS = STREAM_VERSIONS
_PROOF = Evidence(offer=b"\x01\x02", answer=b"\x03\x04", note="a ServerHello")


def certificate(
    subject: str = "CN=www.example", *, days_left: float = 60, lifetime_days: float = 90
) -> Certificate:
    not_after = NOW + timedelta(days=days_left)
    return Certificate(
        sha256="ab" * 32,
        der=b"\x30\x00",
        subject=subject,
        issuer="CN=Example CA",
        dns_names=("www.example", "example"),
        not_before=not_after - timedelta(days=lifetime_days),
        not_after=not_after,
        key_type=KeyType.ECDSA,
        key_bits=256,
        signature_algorithm="ecdsa-with-SHA256",
    )


def deployment(*problems: Problem, leaf: Certificate | None = None) -> ServedChain:
    trusted = Verdict.NO if problems else Verdict.YES
    return ServedChain(
        key_type=KeyType.ECDSA,
        chain=(leaf or certificate(), certificate("CN=Example CA", days_left=900)),
        versions=(ProtocolVersion.TLSV1_2, ProtocolVersion.TLSV1_3),
        served_with_server_name=True,
        problems=problems,
        trust={"mozilla": TrustVerdict(verdict=trusted)},
        hostname_matches=Verdict.YES,
    )


def suites(*names: str, preference: Preference = Preference.SERVER) -> AcceptedSet:
    return AcceptedSet(
        accepted=names,
        complete=True,
        preference=preference,
        evidence=dict.fromkeys(names, _PROOF),
        refusal=_PROOF,
    )


def modern(host: str = "www.example", *, port: int = 443, source: str = "file") -> Observation:
    """An endpoint without problems."""
    accepted = {ProtocolVersion.TLSV1_2, ProtocolVersion.TLSV1_3}
    target = Target(host=host, port=port, server_name=host, labels={"team": "web"}, source=source)
    return Observation(
        tool_version="0.1.0",
        mode=Mode.ENUMERATE,
        endpoint=Endpoint(target=target, address="192.0.2.1"),
        started_at=NOW,
        cost=Cost(duration_seconds=0.25, connections=21, bytes_sent=9000, bytes_received=30000),
        state=State.TLS,
        protocols={
            version: Fact(
                verdict=Verdict.YES if version in accepted else Verdict.NO, evidence=_PROOF
            )
            for version in _VERSIONS
        },
        cipher_suites={
            ProtocolVersion.TLSV1_2: suites("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
            ProtocolVersion.TLSV1_3: suites(
                "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256"
            ),
        },
        groups={ProtocolVersion.TLSV1_3: suites("X25519MLKEM768", "x25519", "secp256r1")},
        certificates=(deployment(),),
        client_auth={
            version: ClientAuth(mode=ClientAuthMode.NONE, evidence=_PROOF) for version in accepted
        },
    )


def legacy() -> Observation:
    """TLS 1.0 and 1.1 with the same old suites, an expired certificate and a client CA."""
    old = suites(
        "TLS_RSA_WITH_RC4_128_MD5",
        "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
        preference=Preference.CLIENT,
    )
    expired = deployment(Problem.EXPIRED, leaf=certificate(days_left=-3))
    old_versions = (ProtocolVersion.TLSV1_0, ProtocolVersion.TLSV1_1)
    return replace(
        modern("old.example"),
        protocols={
            version: Fact(verdict=Verdict.YES if version in old_versions else Verdict.NO)
            for version in _VERSIONS
        },
        cipher_suites=dict.fromkeys(old_versions, old),
        groups={},
        certificates=(expired,),
        client_auth=dict.fromkeys(
            old_versions,
            ClientAuth(mode=ClientAuthMode.REQUIRED, verifies=Verdict.NO, ca_names=("CN=Clients",)),
        ),
    )


def failed(state: State = State.TIMEOUT, reason: str = "nothing came within 5 s") -> Observation:
    """A visit that found no fact."""
    whole = modern("down.example")
    return Observation(
        tool_version=whole.tool_version,
        mode=whole.mode,
        endpoint=whole.endpoint,
        started_at=NOW,
        cost=Cost(duration_seconds=5.0, connections=2),
        state=state,
        reason=reason,
    )
