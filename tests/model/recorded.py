"""Observations whose bytes in databases are recorded: one with every section, and one with none."""

from __future__ import annotations

from datetime import UTC, datetime

from model.certificates.certificate import (
    Certificate,
    Completion,
    Judgement,
    KeyType,
    NameAsked,
    Problem,
    Revocation,
    RevocationMethod,
    Sct,
    SctSource,
    ServedChain,
    TrustVerdict,
)
from model.intrusiveness import Intrusiveness
from model.observation import (
    AcceptedSet,
    ClientAttempt,
    ClientAuth,
    ClientAuthMode,
    Contradiction,
    Cost,
    DhParameters,
    ForgedCertificate,
    Mode,
    Observation,
    OwnAttempt,
    State,
)
from model.protocol_version import ProtocolVersion
from model.target import Endpoint, Target
from model.verdict import Evidence, Fact, Preference, Verdict

_NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
_TLSV1_2, _TLSV1_3 = ProtocolVersion.TLSV1_2, ProtocolVersion.TLSV1_3


def proof(number: int) -> Evidence:
    """A proof that is unique to ``number``."""
    return Evidence(
        offer=bytes([22, 3, 1, number]), answer=bytes([21, 3, 3, number]), note=f"proof {number}"
    )


def accepting(number: int, *names: str) -> AcceptedSet:
    """Those names, each with its own proof, numbered from ``number``."""
    return AcceptedSet(
        accepted=names,
        complete=True,
        preference=Preference.SERVER,
        evidence={name: proof(number + place) for place, name in enumerate(names)},
        refusal=proof(number + len(names)),
    )


def nothing() -> Observation:
    """All sections are empty."""
    return Observation(
        tool_version="1.0",
        mode=Mode.ENUMERATE,
        endpoint=Endpoint(
            target=Target(host="a.example", port=443, server_name="a.example"), address="127.0.0.1"
        ),
        started_at=_NOON,
        cost=Cost(duration_seconds=0.25, connections=3),
        state=State.REFUSED,
        reason="refused",
    )


def everything() -> Observation:
    """All sections have values; those with keys are not in key order."""
    return Observation(
        tool_version="1.0",
        mode=Mode.ENUMERATE,
        endpoint=nothing().endpoint,
        started_at=_NOON,
        cost=Cost(duration_seconds=2.5, connections=40, bytes_sent=500, bytes_received=9000),
        state=State.TLS,
        protocols={
            _TLSV1_3: Fact(verdict=Verdict.YES, evidence=proof(1)),
            _TLSV1_2: Fact(verdict=Verdict.YES, evidence=proof(2), value="value"),
            ProtocolVersion.SSLV2: Fact(verdict=Verdict.UNKNOWN),
        },
        cipher_suites={_TLSV1_3: accepting(10, "suite b", "suite a")},
        groups={_TLSV1_3: accepting(20, "x25519"), _TLSV1_2: accepting(24, "secp256r1")},
        certificates=(_chain(),),
        client_auth={_TLSV1_3: _client_auth(), _TLSV1_2: ClientAuth(mode=ClientAuthMode.NONE)},
        dh=(
            DhParameters(
                prime_bits=2048,
                prime_sha256="ab" * 32,
                known_as="ffdhe2048",
                is_safe_prime=Verdict.YES,
                versions=(_TLSV1_2,),
                evidence=proof(40),
            ),
        ),
        signature_schemes={_TLSV1_2: accepting(50, "rsa_pkcs1_sha256", "ed25519")},
        alpn=("h2", "http/1.1"),
        features={"z": Fact(verdict=Verdict.YES, evidence=proof(60), value="é"), "a": _no(61)},
        vulnerabilities={"robot": _no(62)},
        plaintext={"answers_in_plaintext": _no(63)},
        http={"hsts": Fact(verdict=Verdict.YES, evidence=proof(64), value="max-age=1")},
        fingerprints={"ja4s_tlsv1.3": "t130200", "jarm": "0" * 62},
        contradictions=(Contradiction(subject="TLS 1.2", answers=(proof(65), proof(66))),),
        not_asked={"ticketbleed": Intrusiveness.FULL, "heartbleed": Intrusiveness.STANDARD},
        ssh={"identification": Fact(verdict=Verdict.YES, evidence=proof(67), value="SSH-2.0-x")},
        quic={"quic_v1": Fact(verdict=Verdict.YES, evidence=proof(68))},
        ike={"ikev2": Fact(verdict=Verdict.YES, evidence=proof(71))},
    )


def _no(number: int) -> Fact:
    return Fact(verdict=Verdict.NO, evidence=proof(number))


def _client_auth() -> ClientAuth:
    own = OwnAttempt(
        identity="mine",
        sha256="cd" * 32,
        not_after=_NOON,
        is_accepted=Verdict.YES,
        evidence=proof(33),
    )
    return ClientAuth(
        mode=ClientAuthMode.REQUIRED,
        asked_on_path="/admin",
        verifies=Verdict.YES,
        ca_names=("CN=ca",),
        certificate_types=("rsa_sign",),
        signature_schemes=("rsa_pkcs1_sha256",),
        attempts=(
            ClientAttempt(
                forged=ForgedCertificate.SELF_SIGNED, is_accepted=Verdict.NO, evidence=proof(32)
            ),
        ),
        own=own,
        expired=None,
        evidence=proof(31),
    )


def _chain() -> ServedChain:
    leaf = Certificate(sha256="01" * 32, subject="CN=a", issuer="CN=ca", key_type=KeyType.ECDSA)
    issuer = Certificate(sha256="02" * 32, subject="CN=ca", issuer="CN=ca", key_type=KeyType.RSA)
    trusted = TrustVerdict(verdict=Verdict.YES, path_not_after=_NOON, strict=Verdict.NO)
    return ServedChain(
        key_type=KeyType.ECDSA,
        chain=(leaf, issuer),
        versions=(_TLSV1_2, _TLSV1_3),
        served_with_server_name=True,
        names=(NameAsked.OWN,),
        problems=(Problem.EXPIRED,),
        trust={"mozilla": trusted},
        hostname_matches=Verdict.YES,
        revocations=(
            Revocation(
                position=0,
                method=RevocationMethod.STAPLE,
                is_revoked=Verdict.NO,
                reason=None,
                revoked_at=None,
                this_update=_NOON,
                next_update=None,
                source=None,
            ),
        ),
        scts=(
            Sct(
                source=SctSource.CERTIFICATE,
                log_id="log",
                at=_NOON,
                log_name="name",
                operator=None,
                is_valid=Verdict.YES,
                reason=None,
            ),
        ),
        completion=Completion(issuers=(issuer,), trust={"mozilla": trusted}, reason="why"),
        transparency={"chrome": Judgement(verdict=Verdict.YES, reason=None)},
        dns={"caa": Judgement(verdict=Verdict.NO, reason="reason")},
    )
