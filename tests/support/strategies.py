"""Arbitrary values of the model for property tests: anything that its types allow.

Text is any Unicode with NUL and control characters, as in hostile certificates; hosts and server names are
those that discovery accepts. Evidence and chains are short, because no test here depends on their length.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

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
    TrustFailure,
    TrustVerdict,
    Validation,
)
from model.claims import Claim, ClaimedRule, SourceProof
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
from model.verdict import Evidence, Fact, Preference, UnknownCause, Verdict

T = TypeVar("T")

_TEXT = st.text(max_size=12)
_NAME = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_", min_size=1, max_size=12)
_HOST = st.lists(_NAME, min_size=1, max_size=3).map(".".join)
_ADDRESS = st.ip_addresses().map(str)
_ANY_TIME = st.datetimes(timezones=st.just(UTC))
_VISIT_TIME = st.integers(min_value=0, max_value=7_000_000_000_000_000).map(
    lambda microseconds: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
)
_COUNT = st.integers(min_value=0, max_value=2**53)


def claims() -> SearchStrategy[Claim]:
    """Claims with rules that any endpoint can be asked, or with none."""
    rules = st.sampled_from(
        [
            ClaimedRule(rule="protocol_versions", parameters={"allowed": ["TLSv1.2", "TLSv1.3"]}),
            ClaimedRule(rule="client_certificate_required"),
            ClaimedRule(rule="no_plaintext", parameters={"redirect": False}),
        ]
    )
    return st.builds(
        Claim,
        name=_NAME,
        statement=_TEXT,
        source=_TEXT,
        resource=_TEXT,
        rules=st.lists(rules, max_size=2).map(tuple),
        is_weakness=st.booleans(),
        unprovable=_TEXT,
        proof=st.none() | st.builds(SourceProof, verdict=st.sampled_from(Verdict), observed=_TEXT),
        related=st.lists(_TEXT, max_size=2).map(tuple),
        read_at=st.none() | _VISIT_TIME,
    )


def targets() -> SearchStrategy[Target]:
    """Targets with arbitrary labels, claims and sources."""
    return st.builds(
        Target,
        host=_HOST | _ADDRESS,
        port=st.integers(min_value=1, max_value=65535),
        server_name=st.none() | _HOST,
        protocol=st.sampled_from(["tls", "smtp", "postgres"]),
        labels=st.dictionaries(_NAME, _TEXT, max_size=3),
        claims=st.just(()) | st.lists(claims(), max_size=2).map(tuple),
        source=_TEXT.filter(lambda text: "\0" not in text),
    )


def endpoints() -> SearchStrategy[Endpoint]:
    """Endpoints, some of whose targets did not resolve."""
    return st.builds(Endpoint, target=targets(), address=st.none() | _ADDRESS)


def evidence() -> SearchStrategy[Evidence]:
    """Proofs, whole or in part."""
    # Bytes that look like a record of ciphertext are not stored.
    raw = st.none() | st.binary(max_size=24).filter(lambda proof: not proof.startswith(b"\x17\x03"))
    note = st.none() | _TEXT
    return st.builds(Evidence, offer=raw, answer=raw, note=note, is_cut=st.booleans())


def facts() -> SearchStrategy[Fact]:
    """Verdicts with and without evidence, value and cause."""
    known = {"evidence": st.none() | evidence(), "value": st.none() | _TEXT}
    proved = st.builds(Fact, verdict=st.sampled_from(Verdict), **known)
    causes = st.sampled_from(UnknownCause)
    return proved | st.builds(Fact, verdict=st.just(Verdict.UNKNOWN), cause=causes, **known)


def certificates() -> SearchStrategy[Certificate]:
    """Certificates with raw DER under its own hash, parsed completely, partly or not at all."""
    return st.builds(
        _certificate,
        der=st.binary(min_size=1, max_size=48),
        subject=st.none() | _TEXT,
        issuer=st.none() | _TEXT,
        serial_number=st.none() | st.integers(min_value=0, max_value=2**160).map("{:x}".format),
        dns_names=_tuples(_TEXT),
        ip_addresses=_tuples(_ADDRESS),
        not_before=st.none() | _ANY_TIME,
        not_after=st.none() | _ANY_TIME,
        key_type=st.sampled_from(KeyType),
        key_bits=st.none() | st.integers(min_value=0, max_value=16384),
        uris=_tuples(_TEXT),
        email_addresses=_tuples(_TEXT),
        public_key_sha256=st.none() | _NAME,
        signature_algorithm=st.none() | _TEXT,
        key_usage=st.none() | _tuples(_NAME),
        extended_key_usage=st.none() | _tuples(_NAME),
        is_ca=st.none() | st.booleans(),
        path_length=st.none() | st.integers(min_value=0, max_value=9),
        policies=_tuples(_NAME),
        validation=st.none() | st.sampled_from(Validation),
        crl_urls=_tuples(_TEXT),
        ocsp_urls=_tuples(_TEXT),
        issuer_urls=_tuples(_TEXT),
        must_staple=st.booleans(),
        embedded_scts=st.integers(min_value=0, max_value=9),
        parse_error=st.none() | _TEXT,
    )


def _certificate(der: bytes, **fields: Any) -> Certificate:
    return Certificate(der=der, sha256=hashlib.sha256(der).hexdigest(), **fields)


def deployments() -> SearchStrategy[ServedChain]:
    """Chains of one to three certificates, with any problems."""
    return st.builds(
        ServedChain,
        key_type=st.sampled_from(KeyType),
        chain=st.lists(certificates(), min_size=1, max_size=3).map(tuple),
        versions=_tuples(st.sampled_from(ProtocolVersion)),
        served_with_server_name=st.booleans(),
        names=st.sampled_from([(NameAsked.OWN,), (NameAsked.NO_NAME, NameAsked.UNKNOWN_NAME)]),
        problems=_tuples(st.sampled_from(Problem)),
        trust=st.dictionaries(
            _NAME,
            st.builds(
                TrustVerdict,
                verdict=st.sampled_from(Verdict),
                reason=st.none() | _TEXT,
                failure=st.none() | st.sampled_from(TrustFailure),
                path_not_after=st.none() | _ANY_TIME,
                strict=st.sampled_from(Verdict),
                strict_reason=st.none() | _TEXT,
            ),
            max_size=2,
        ),
        hostname_matches=st.sampled_from(Verdict),
        revocations=_tuples(_revocations()),
        scts=_tuples(_scts()),
        completion=st.none()
        | st.builds(
            Completion,
            issuers=st.just((Certificate(sha256=64 * "0", subject="CN=issuer"),)),
            trust=st.dictionaries(_NAME, st.builds(TrustVerdict, verdict=st.just(Verdict.NO))),
            reason=st.none() | _TEXT,
        ),
        transparency=st.dictionaries(
            st.sampled_from(["apple", "chrome"]),
            st.builds(Judgement, verdict=st.sampled_from(Verdict), reason=st.none() | _TEXT),
        ),
        dns=st.dictionaries(
            st.sampled_from(["caa", "tlsa"]),
            st.builds(Judgement, verdict=st.sampled_from(Verdict), reason=st.none() | _TEXT),
        ),
    )


def _revocations() -> SearchStrategy[Revocation]:
    return st.builds(
        Revocation,
        position=st.integers(min_value=0, max_value=9),
        method=st.sampled_from(RevocationMethod),
        is_revoked=st.sampled_from(Verdict),
        reason=st.none() | _TEXT,
        revoked_at=st.none() | _ANY_TIME,
        this_update=st.none() | _ANY_TIME,
        next_update=st.none() | _ANY_TIME,
        source=st.none() | _TEXT,
    )


def _scts() -> SearchStrategy[Sct]:
    return st.builds(
        Sct,
        source=st.sampled_from(SctSource),
        log_id=_NAME,
        at=st.none() | _ANY_TIME,
        log_name=st.none() | _TEXT,
        operator=st.none() | _TEXT,
        is_valid=st.sampled_from(Verdict),
        reason=st.none() | _TEXT,
    )


def accepted_sets() -> SearchStrategy[AcceptedSet]:
    """Accepted suites or groups, each with its evidence or without."""
    return st.builds(
        _accepted_set,
        names=st.lists(_NAME, max_size=3, unique=True),
        proofs=st.lists(st.none() | evidence(), max_size=3),
        complete=st.booleans(),
        preference=st.sampled_from(Preference),
        cause=st.sampled_from([None, UnknownCause.NO_HELLO_SHOWS]),
        refusal=st.none() | evidence(),
    )


def _accepted_set(
    names: Sequence[str], proofs: Sequence[Evidence | None], **fields: Any
) -> AcceptedSet:
    proved = {name: proof for name, proof in zip(names, proofs, strict=False) if proof}
    return AcceptedSet(accepted=tuple(names), evidence=proved, **fields)


def client_auths() -> SearchStrategy[ClientAuth]:
    """Every mode of client authentication."""
    return st.builds(
        ClientAuth,
        mode=st.sampled_from(ClientAuthMode),
        asked_on_path=st.none() | _TEXT,
        verifies=st.none() | st.sampled_from(Verdict),
        ca_names=_tuples(_TEXT),
        certificate_types=_tuples(_NAME),
        signature_schemes=_tuples(_NAME),
        attempts=st.lists(_client_attempts(), max_size=1).map(tuple),
        own=st.none() | _own_attempts(),
        expired=st.none() | _own_attempts(),
        evidence=st.none() | evidence(),
    )


def _client_attempts() -> SearchStrategy[ClientAttempt]:
    return st.builds(
        ClientAttempt,
        forged=st.sampled_from(ForgedCertificate),
        is_accepted=st.sampled_from(Verdict),
        evidence=st.none() | evidence(),
    )


def _own_attempts() -> SearchStrategy[OwnAttempt]:
    return st.builds(
        OwnAttempt,
        identity=_NAME,
        sha256=_TEXT,
        not_after=_ANY_TIME,
        is_accepted=st.sampled_from(Verdict),
        evidence=st.none() | evidence(),
    )


def costs() -> SearchStrategy[Cost]:
    """Costs whose duration is in whole microseconds, the precision of an Observation's JSON."""
    return st.builds(
        Cost,
        duration_seconds=st.integers(min_value=0, max_value=10**9).map(lambda count: count / 10**6),
        connections=_COUNT,
        bytes_sent=_COUNT,
        bytes_received=_COUNT,
        throttled=st.booleans(),
    )


@cache
def observations() -> SearchStrategy[Observation]:
    """Whole Observations, in any state; one strategy for all tests, because making and checking it takes time."""
    return st.builds(
        Observation,
        tool_version=_NAME,
        mode=st.sampled_from(Mode),
        endpoint=endpoints(),
        started_at=_VISIT_TIME,
        cost=costs(),
        state=st.sampled_from(State),
        reason=st.none() | _TEXT,
        protocols=_by_version(facts()),
        cipher_suites=_by_version(accepted_sets()),
        groups=_by_version(accepted_sets()),
        certificates=st.lists(deployments(), max_size=2).map(tuple),
        client_auth=_by_version(client_auths()),
        dh=st.lists(_dh_parameters(), max_size=1).map(tuple),
        signature_schemes=_by_version(accepted_sets()),
        alpn=_tuples(_NAME),
        features=_by_name(facts()),
        vulnerabilities=_by_name(facts()),
        plaintext=_by_name(facts()),
        http=_by_name(facts()),
        fingerprints=_by_name(_TEXT),
        contradictions=st.lists(_contradictions(), max_size=1).map(tuple),
        not_asked=_by_name(st.sampled_from(Intrusiveness)),
        ssh=_by_name(facts()),
        quic=_by_name(facts()),
        ike=_by_name(facts()),
    )


def _dh_parameters() -> SearchStrategy[DhParameters]:
    return st.builds(
        DhParameters,
        prime_bits=_COUNT,
        prime_sha256=_NAME,
        known_as=st.none() | _NAME,
        is_safe_prime=st.sampled_from(Verdict),
        versions=_tuples(st.sampled_from(ProtocolVersion)),
        evidence=st.none() | evidence(),
    )


def _contradictions() -> SearchStrategy[Contradiction]:
    return st.builds(Contradiction, subject=_TEXT, answers=_tuples(evidence()))


def _by_name(values: SearchStrategy[T]) -> SearchStrategy[Mapping[str, T]]:
    return st.dictionaries(_NAME, values, max_size=1)


def _by_version(values: SearchStrategy[T]) -> SearchStrategy[Mapping[ProtocolVersion, T]]:
    return st.dictionaries(st.sampled_from(ProtocolVersion), values, max_size=2)


def _tuples(values: SearchStrategy[T]) -> SearchStrategy[tuple[T, ...]]:
    return st.lists(values, max_size=3).map(tuple)
