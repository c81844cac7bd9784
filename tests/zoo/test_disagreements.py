"""The comparison with a truth detects errors; a check that cannot fail would prove nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from model.certificates.certificate import Certificate, KeyType, ServedChain, TrustVerdict
from model.observation import (
    AcceptedSet,
    ClientAuth,
    ClientAuthMode,
    Cost,
    DhParameters,
    Mode,
    Observation,
    State,
)
from model.protocol_version import STREAM_VERSIONS, ProtocolVersion
from model.target import Endpoint, Target
from model.verdict import Evidence, Fact, Preference, Verdict
from tests.zoo.choice import Choice
from tests.zoo.flaws import RULES
from tests.zoo.key_exchanges import KeyExchanges
from tests.zoo.truth import Chain, Truth, disagreements, unproved

TLSV1_2, TLSV1_3 = ProtocolVersion.TLSV1_2, ProtocolVersion.TLSV1_3
PROOF = Evidence(offer=b"offer", answer=b"answer")
SUITES = ("TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256")

TRUTH = Truth(
    cipher_suites={TLSV1_3: Choice.of(SUITES, Preference.SERVER)},
    groups=Choice.of(("x25519",), None),
    chains={KeyType.RSA: Chain(sha256s=("a" * 64,))},
    key_exchanges=KeyExchanges(schemes={TLSV1_3: Choice.of(("ed25519",), None)}),
)


def accepted(*names: str, preference: Preference) -> AcceptedSet:
    return AcceptedSet(
        accepted=names,
        complete=True,
        preference=preference,
        evidence=dict.fromkeys(names, PROOF),
        refusal=PROOF,
    )


RIGHT = Observation(
    tool_version="0",
    mode=Mode.ENUMERATE,
    endpoint=Endpoint(
        target=Target(host="127.0.0.1", port=1, server_name=None), address="127.0.0.1"
    ),
    started_at=datetime(2026, 1, 1, tzinfo=UTC),
    cost=Cost(),
    state=State.TLS,
    protocols={
        version: Fact(verdict=Verdict.YES if version is TLSV1_3 else Verdict.NO, evidence=PROOF)
        for version in STREAM_VERSIONS
    },
    cipher_suites={TLSV1_3: accepted(*SUITES, preference=Preference.SERVER)},
    groups={TLSV1_3: accepted("x25519", preference=Preference.UNKNOWN)},
    certificates=(
        ServedChain(
            key_type=KeyType.RSA,
            chain=(Certificate(sha256="a" * 64),),
            versions=(TLSV1_3,),
            served_with_server_name=True,
            problems=(),
            trust={"zoo": TrustVerdict(verdict=Verdict.YES)},
            hostname_matches=Verdict.YES,
        ),
    ),
    client_auth={TLSV1_3: ClientAuth(mode=ClientAuthMode.NONE)},
    signature_schemes={TLSV1_3: accepted("ed25519", preference=Preference.UNKNOWN)},
    vulnerabilities={
        name: Fact(verdict=Verdict.NO, evidence=PROOF)
        for name in (*RULES, "drown", "logjam", "raccoon")
    },
)
DEPLOYMENT = RIGHT.certificates[0]

WRONG = {
    "state": replace(RIGHT, state=State.TIMEOUT),
    "protocols SSLv3": replace(
        RIGHT,
        protocols={**RIGHT.protocols, ProtocolVersion.SSLV3: Fact(verdict=Verdict.UNKNOWN)},
    ),
    "cipher_suites TLSv1.3: not found": replace(
        RIGHT, cipher_suites={TLSV1_3: accepted(*SUITES[:1], preference=Preference.SERVER)}
    ),
    "cipher_suites TLSv1.3: truth in the order": replace(
        RIGHT, cipher_suites={TLSV1_3: accepted(*SUITES[::-1], preference=Preference.SERVER)}
    ),
    "cipher_suites TLSv1.3: truth preference": replace(
        RIGHT, cipher_suites={TLSV1_3: accepted(*SUITES, preference=Preference.CLIENT)}
    ),
    "cipher_suites TLSv1.3: truth complete": replace(
        RIGHT, cipher_suites={TLSV1_3: replace(RIGHT.cipher_suites[TLSV1_3], complete=False)}
    ),
    "cipher_suites: truth has": replace(RIGHT, cipher_suites={}),
    "groups TLSv1.3": replace(RIGHT, groups={}),
    "groups up to TLSv1.2": replace(
        RIGHT,
        groups={**RIGHT.groups, TLSV1_2: accepted("x25519", preference=Preference.UNKNOWN)},
    ),
    "dh: truth": replace(
        RIGHT,
        dh=(
            DhParameters(
                prime_bits=512,
                prime_sha256="c" * 64,
                known_as=None,
                is_safe_prime=Verdict.YES,
                versions=(TLSV1_2,),
            ),
        ),
    ),
    "signature_schemes: truth has": replace(RIGHT, signature_schemes={}),
    "signature_schemes TLSv1.3: not found": replace(
        RIGHT, signature_schemes={TLSV1_3: accepted("ed448", preference=Preference.UNKNOWN)}
    ),
    "raccoon: truth no": replace(
        RIGHT, vulnerabilities={**RIGHT.vulnerabilities, "raccoon": Fact(verdict=Verdict.YES)}
    ),
    "signs_with_sha1: truth None": replace(
        RIGHT, features={"signs_with_sha1": Fact(verdict=Verdict.NO)}
    ),
    "certificates: truth has": replace(RIGHT, certificates=()),
    "certificates: truth one chain": replace(RIGHT, certificates=(DEPLOYMENT, DEPLOYMENT)),
    "certificates rsa: truth the chain": replace(
        RIGHT, certificates=(replace(DEPLOYMENT, chain=(Certificate(sha256="b" * 64),)),)
    ),
    "certificates rsa: truth trusted": replace(
        RIGHT, certificates=(replace(DEPLOYMENT, trust={}),)
    ),
    "certificates rsa: truth the name": replace(
        RIGHT, certificates=(replace(DEPLOYMENT, hostname_matches=Verdict.NO),)
    ),
    "vulnerabilities rc4": replace(
        RIGHT,
        vulnerabilities={**RIGHT.vulnerabilities, "rc4": Fact(verdict=Verdict.YES)},
    ),
    "client_auth TLSv1.3": replace(
        RIGHT, client_auth={TLSV1_3: ClientAuth(mode=ClientAuthMode.REQUESTED)}
    ),
}


def test_the_correct_observation_is_neither_wrong_nor_unproved() -> None:
    assert disagreements(TRUTH, RIGHT) + unproved(RIGHT) == []


@pytest.mark.parametrize("sentence", WRONG)
def test_a_single_wrong_fact_is_named(sentence: str) -> None:
    assert any(found.startswith(sentence) for found in disagreements(TRUTH, WRONG[sentence]))


@pytest.mark.parametrize(
    "bare",
    [
        replace(RIGHT, protocols={TLSV1_3: Fact(verdict=Verdict.YES)}),
        replace(
            RIGHT,
            cipher_suites={TLSV1_3: replace(RIGHT.cipher_suites[TLSV1_3], evidence={})},
        ),
        replace(RIGHT, groups={TLSV1_3: replace(RIGHT.groups[TLSV1_3], refusal=None)}),
        replace(RIGHT, features={"alpn": Fact(verdict=Verdict.YES)}),
        replace(
            RIGHT,
            signature_schemes={
                TLSV1_3: replace(RIGHT.signature_schemes[TLSV1_3], evidence={}),
            },
        ),
    ],
    ids=["version", "accepted suite", "closing refusal", "feature", "signature scheme"],
)
def test_a_fact_without_its_proof_is_named(bare: Observation) -> None:
    assert unproved(bare)
