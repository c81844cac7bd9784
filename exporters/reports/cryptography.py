"""The cryptography of one endpoint, short enough to keep for every endpoint of a report.

A proof is kilobytes, so only its SHA-256 is kept. The facts of equal endpoints share one object.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, TypeAlias

from model.certificates.certificate import ServedChain
from model.encoding.evidence_json import evidence_to_json
from model.frozen import frozen
from model.judging.ike import accepted
from model.judging.ssh import ALGORITHM_LISTS, algorithms
from model.observation import AcceptedSet, ClientAuth, ClientAuthMode, Observation
from model.protocol_version import ProtocolVersion
from model.registry.ike_transforms import Transform, TransformType
from model.section_kinds.kind import Proof, Shown
from model.sections import SECTIONS, Section
from model.verdict import Fact, Verdict

NO_PROOF: Final = "-"
NOT_ASKED: Final = "not asked"
_NO_CRYPTOGRAPHY: Final = frozenset({"certificates", "fingerprints", "not_asked"})
"""Sections that are written in another way: certificates prove themselves, and fingerprints name no algorithm."""

Said: TypeAlias = tuple[tuple[str, str], ...]
"""The name of each fact with its verdict: yes, no, unknown or not asked, and a value after a colon."""


@frozen
class AcceptedCryptography:
    """What one protocol version accepts, by registry names."""

    version: ProtocolVersion
    suites: tuple[str, ...]
    groups: tuple[str, ...]
    signature_schemes: tuple[str, ...]


@frozen
class AcceptedQuic:
    """A version of QUIC, by its number, and what TLS 1.3 accepts in it."""

    version: int
    tls: AcceptedCryptography


@frozen
class OwnCryptography:
    """What a protocol with an encryption of its own accepts.

    ``ssh`` has names by the kinds of ``ALGORITHM_LISTS``, ``ike`` the transforms; the other one is empty.
    """

    ssh: tuple[tuple[str, tuple[str, ...]], ...] = ()
    ike: tuple[Transform, ...] = ()


@frozen
class Cryptography:
    """The cryptography of one endpoint; ``visited_at`` (aware) is the visit whose proofs these are.

    ``proofs`` has, for each of ``facts``, the SHA-256 of its proof in base64url (RFC 6920), or ``-``.
    """

    visited_at: datetime
    facts: Said
    proofs: tuple[str, ...]
    accepted: tuple[AcceptedCryptography, ...]
    chains: tuple[ServedChain, ...]
    quic: tuple[AcceptedQuic, ...] = ()
    own: OwnCryptography = OwnCryptography()


def cryptography_of(observation: Observation) -> Cryptography:
    """The cryptography that one visit found."""
    found = list(_facts(observation))
    return Cryptography(
        visited_at=observation.started_at,
        facts=_shared(tuple((name, said) for name, said, _ in found)),
        proofs=tuple(proof for _, _, proof in found),
        accepted=tuple(_accepted(observation)),
        chains=tuple(map(_without_der, observation.own_certificates)),
        quic=tuple(_quic(observation.quic)),
        own=OwnCryptography(
            ssh=tuple(
                (kind, names)
                for kind in ALGORITHM_LISTS
                if (names := algorithms(observation.ssh, kind))
            ),
            ike=tuple(one for kind in TransformType for one in accepted(observation.ike, kind)),
        ),
    )


def proof_digest(proofs: list[Proof]) -> str:
    """The SHA-256, in base64url, of proofs as a JSON array in canonical form; ``-`` without a proof."""
    written = [evidence_to_json(proof) for proof in proofs if proof is not None]
    if not written:
        return NO_PROOF
    text = json.dumps(written, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


@lru_cache(maxsize=1024)
def _shared(facts: Said) -> Said:
    return facts


def _facts(observation: Observation) -> Iterator[tuple[str, str, str]]:
    """The name of each fact, its verdict and value, and the hash of its proof."""
    for section in SECTIONS:
        value = section.of(observation)
        if section.name in _NO_CRYPTOGRAPHY or not value:
            continue
        if not isinstance(value, Mapping):
            yield section.name, _said(section, value, value), _digest(section, value)
            continue
        for key in sorted(value):
            label = key.label if isinstance(key, ProtocolVersion) else key
            part = {key: value[key]}
            said = _said(section, part, value[key])
            yield f"{section.name}:{label}", said, _digest(section, part)
    for name, level in sorted(observation.not_asked.items()):
        yield name, f"{NOT_ASKED}: needs intrusiveness {level}", NO_PROOF


def _digest(section: Section[Any], value: Any) -> str:
    proofs: list[Proof] = []

    def take(proof: Proof) -> Proof:
        proofs.append(proof)
        return proof

    section.kind.exchanged(value, take)
    return proof_digest(proofs)


def _said(section: Section[Any], value: Any, item: object) -> str:
    match item:
        case Fact():
            return _with_value(item.verdict, item.value or item.cause)
        case AcceptedSet():
            others = "others: no" if item.complete else "others: unknown"
            if item.accepted:
                return _with_value(Verdict.YES, f"{', '.join(item.accepted)}; {others}")
            return Verdict.NO if item.complete else Verdict.UNKNOWN
        case ClientAuth():
            return _CLIENT_AUTH[item.mode]
    return _with_value(Verdict.YES, ", ".join(_texts(section.kind.shown(value))))


def _with_value(verdict: Verdict, value: str | None) -> str:
    return verdict if value is None else f"{verdict}: {value}"


_CLIENT_AUTH: Final = {
    ClientAuthMode.REQUIRED: "yes: required",
    ClientAuthMode.REQUESTED: "no: requested, not required",
    ClientAuthMode.NONE: "no",
    ClientAuthMode.UNKNOWN: "unknown",
}


def _texts(shown: Iterator[tuple[str, Shown]]) -> Iterator[str]:
    for _, text in shown:
        if isinstance(text, str):
            yield text
        else:
            yield from text


def _accepted(observation: Observation) -> Iterator[AcceptedCryptography]:
    for version, fact in sorted(observation.protocols.items()):
        if fact.verdict is Verdict.YES:
            yield AcceptedCryptography(
                version=version,
                suites=_names(observation.cipher_suites, version),
                groups=_names(observation.groups, version),
                signature_schemes=_names(observation.signature_schemes, version),
            )


def _quic(facts: Mapping[str, Fact]) -> Iterator[AcceptedQuic]:
    """The versions that answered; only version 1 is asked what it accepts."""
    for number in (1, 2):
        fact = facts.get(f"quic_v{number}")
        if fact is not None and fact.verdict is Verdict.YES:
            yield AcceptedQuic(
                version=number,
                tls=AcceptedCryptography(
                    version=ProtocolVersion.TLSV1_3,
                    suites=_listed(facts, "quic_cipher_suites") if number == 1 else (),
                    groups=_listed(facts, "quic_groups") if number == 1 else (),
                    signature_schemes=(),
                ),
            )


def _listed(facts: Mapping[str, Fact], name: str) -> tuple[str, ...]:
    fact = facts.get(name)
    return tuple(fact.value.split(", ")) if fact is not None and fact.value else ()


def _names(
    sets: Mapping[ProtocolVersion, AcceptedSet], version: ProtocolVersion
) -> tuple[str, ...]:
    found = sets.get(version)
    return () if found is None else found.accepted


def _without_der(served: ServedChain) -> ServedChain:
    return replace(served, chain=tuple(replace(one, der=None) for one in served.chain))
