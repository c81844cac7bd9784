"""The truth about a zoo server, written from its configuration and never from our own output.

``disagreements`` compares a Truth with an Observation, fact by fact, in sentences; ``inconclusive`` finds the
facts of an Observation without a proof.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from model.certificates.certificate import KeyType, Problem, ServedChain
from model.observation import ClientAuthMode, Observation, State
from model.protocol_version import STREAM_VERSIONS, ProtocolVersion
from model.verdict import Fact, Verdict
from tests.zoo.choice import Choice, choice_disagreements
from tests.zoo.flaws import flaws
from tests.zoo.key_exchanges import KeyExchanges, key_exchange_disagreements

SERVER_NAME = "zoo.test"
TRUST_STORE = "zoo"

Versions: TypeAlias = Mapping[ProtocolVersion, Fact]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """The SHA-256 of each certificate as served, leaf first, and the problems of the chain."""

    sha256s: tuple[str, ...]
    problems: frozenset[Problem] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """Every fact of one server. The versions it speaks are the keys of ``cipher_suites``.

    ``groups`` are those of TLS 1.3; those of earlier versions are in ``key_exchanges``. ``alpn`` and ``plaintext``
    are None if the configuration does not say them.
    """

    cipher_suites: Mapping[ProtocolVersion, Choice]
    groups: Choice | None
    chains: Mapping[KeyType, Chain]
    client_auth: ClientAuthMode = ClientAuthMode.NONE
    verifies_clients: Verdict | None = None
    ca_names: tuple[str, ...] = field(default=())
    key_exchanges: KeyExchanges = field(default_factory=KeyExchanges)
    alpn: frozenset[str] | None = None
    plaintext: Mapping[str, Verdict] | None = None


def disagreements(truth: Truth, observation: Observation) -> list[str]:
    """One sentence for each fact in which the Observation differs from the truth."""
    if observation.state is not State.TLS:
        return [f"state: truth tls, observed {observation.state} ({observation.reason})"]
    return [
        *_protocol_disagreements(truth, observation),
        *_suite_disagreements(truth, observation),
        *_group_disagreements(truth, observation),
        *_chain_disagreements(truth, observation),
        *_client_auth_disagreements(truth, observation),
        *_vulnerability_disagreements(truth, observation),
        *key_exchange_disagreements(truth.key_exchanges, truth.cipher_suites, observation),
        *_application_disagreements(truth, observation),
    ]


def unproved(observation: Observation) -> list[str]:
    """One sentence for each fact that is claimed without a proof."""
    return [
        *_unproved_facts("protocols", observation.protocols),
        *_unproved_facts("features", observation.features),
        *_unproved_facts("vulnerabilities", observation.vulnerabilities),
        *_unproved_sets(observation),
        *(
            f"dh: {one.prime_sha256} without its flight"
            for one in observation.dh
            if not one.evidence
        ),
    ]


def _protocol_disagreements(truth: Truth, observation: Observation) -> Iterator[str]:
    for version in STREAM_VERSIONS:
        expected = Verdict.YES if version in truth.cipher_suites else Verdict.NO
        fact = observation.protocols.get(version)
        found = fact.verdict if fact else None
        if found is not expected:
            yield f"protocols {version.label}: truth {expected}, observed {found}{_note(fact)}"


def _suite_disagreements(truth: Truth, observation: Observation) -> Iterator[str]:
    yield from _keys("cipher_suites", truth.cipher_suites, observation.cipher_suites)
    for version, choice in truth.cipher_suites.items():
        if (found := observation.cipher_suites.get(version)) is not None:
            yield from choice_disagreements(f"cipher_suites {version.label}", choice, found)


def _group_disagreements(truth: Truth, observation: Observation) -> Iterator[str]:
    found = observation.groups.get(ProtocolVersion.TLSV1_3)
    if truth.groups is not None and found is not None:
        yield from choice_disagreements("groups TLSv1.3", truth.groups, found)
    elif (truth.groups is None) != (found is None):
        yield f"groups TLSv1.3: truth {truth.groups}, observed {found}"


def _chain_disagreements(truth: Truth, observation: Observation) -> Iterator[str]:
    found = {deployment.key_type: deployment for deployment in observation.certificates}
    if len(found) != len(observation.certificates):
        served = [(str(item.key_type), len(item.chain)) for item in observation.certificates]
        yield f"certificates: truth one chain for each key type, observed {served}"
    yield from _keys("certificates", truth.chains, found)
    for key_type, chain in truth.chains.items():
        if key_type in found:
            yield from _deployment_disagreements(chain, found[key_type])


def _deployment_disagreements(chain: Chain, deployment: ServedChain) -> Iterator[str]:
    what = f"certificates {deployment.key_type}"
    sent = tuple(certificate.sha256 for certificate in deployment.chain)
    if sent != chain.sha256s:
        yield f"{what}: truth the chain {chain.sha256s}, observed {sent}"
    if frozenset(deployment.problems) != chain.problems:
        yield f"{what}: truth problems {set(chain.problems)}, observed {deployment.problems}"
    trusted = Verdict.NO if chain.problems else Verdict.YES
    trust = deployment.trust.get(TRUST_STORE)
    if trust is None or trust.verdict is not trusted:
        yield f"{what}: truth trusted {trusted}, observed {trust}"
    if deployment.hostname_matches is not Verdict.YES:
        yield f"{what}: truth the name matches, observed {deployment.hostname_matches}"


def _client_auth_disagreements(truth: Truth, observation: Observation) -> Iterator[str]:
    versions = [one for one in truth.cipher_suites if one is not ProtocolVersion.SSLV2]
    yield from _keys("client_auth", versions, observation.client_auth)
    for version, found in observation.client_auth.items():
        if found.mode is not truth.client_auth:
            yield f"client_auth {version.label}: truth {truth.client_auth}, observed {found.mode}"
        elif found.verifies is not truth.verifies_clients:
            attempts = [(one.forged.value, one.is_accepted.value) for one in found.attempts]
            expected = truth.verifies_clients
            yield f"client_auth {version.label}: truth verifies {expected}, observed {attempts}"
        elif found.ca_names != truth.ca_names:
            yield f"client_auth {version.label}: truth {truth.ca_names}, observed {found.ca_names}"


def _vulnerability_disagreements(truth: Truth, observation: Observation) -> Iterator[str]:
    """The vulnerabilities that follow from the suites. A feature shows whether CBC is fixed."""
    accepted = {version: choice.accepted for version, choice in truth.cipher_suites.items()}
    feature = observation.features.get("encrypt_then_mac")
    possible = {Verdict.YES: (True,), Verdict.NO: (False,)}.get(
        feature.verdict if feature else Verdict.UNKNOWN, (True, False)
    )
    truths = [flaws(accepted, encrypts_then_macs=one) for one in possible]
    for name in truths[0]:
        verdict = _common({truth[name] for truth in truths})
        fact = observation.vulnerabilities.get(name)
        if fact is None or fact.verdict is not verdict:
            found = fact.verdict if fact else None
            yield f"vulnerabilities {name}: truth {verdict}, observed {found}{_note(fact)}"


def _application_disagreements(truth: Truth, observation: Observation) -> Iterator[str]:
    """What the configuration says about ALPN, and about the service without TLS."""
    if truth.alpn is not None and frozenset(observation.alpn) != truth.alpn:
        yield f"alpn: truth {sorted(truth.alpn)}, observed {observation.alpn}"
    if truth.plaintext is not None:
        found = {name: fact.verdict for name, fact in observation.plaintext.items()}
        if found != truth.plaintext:
            yield f"plaintext: truth {truth.plaintext}, observed {found}"


def _common(answers: set[bool]) -> Verdict:
    if len(answers) > 1:
        return Verdict.UNKNOWN
    return Verdict.YES if answers == {True} else Verdict.NO


def _keys(what: str, expected: Iterable[object], found: Iterable[object]) -> Iterator[str]:
    left, right = {str(key) for key in expected}, {str(key) for key in found}
    if left != right:
        yield f"{what}: truth has {sorted(left)}, observed {sorted(right)}"


def _note(fact: Fact | None) -> str:
    proof = fact.evidence if fact else None
    return f" ({proof.note})" if proof and proof.note else ""


def _unproved_facts(kind: str, facts: Mapping[str, Fact] | Versions) -> Iterator[str]:
    for name, fact in facts.items():
        if fact.verdict is Verdict.UNKNOWN:
            continue
        what = f"{kind} {name.label if isinstance(name, ProtocolVersion) else name}"
        if fact.evidence is None or fact.evidence.offer is None:
            yield f"{what}: {fact.verdict} without the offer that proves it"
        elif fact.evidence.answer is None and not fact.evidence.note:
            yield f"{what}: {fact.verdict} without answer or note"


def _unproved_sets(observation: Observation) -> Iterator[str]:
    for kind, sets in (
        ("cipher_suites", observation.cipher_suites),
        ("groups", observation.groups),
        ("signature_schemes", observation.signature_schemes),
    ):
        for version, found in sets.items():
            bare = [
                name
                for name in found.accepted
                if (proof := found.evidence.get(name)) is None or not proof.answer
            ]
            if bare:
                yield f"{kind} {version.label}: accepted without an answer that proves it: {bare}"
            if found.complete and (found.refusal is None or found.refusal.offer is None):
                yield f"{kind} {version.label}: complete without the refusal that proves it"
