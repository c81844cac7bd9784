"""Every fact of an Observation as an Explanation, section by section."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from model.intrusiveness import Intrusiveness
from model.observation import (
    AcceptedSet,
    ClientAuth,
    Contradiction,
    DhParameters,
    Observation,
    OwnAttempt,
)
from model.protocol_version import ProtocolVersion
from model.section_kinds.accepted_sets import AcceptedSets
from model.section_kinds.chains import ServedChains
from model.section_kinds.client_auth import ClientAuths
from model.section_kinds.contradictions import Contradictions
from model.section_kinds.dh_primes import DhPrimes
from model.section_kinds.facts import NamedFacts, VersionFacts
from model.section_kinds.kind import Kind
from model.section_kinds.texts import NamedLevels, NamedTexts, Names
from model.sections import SECTIONS
from model.verdict import Evidence, Fact, Verdict
from service.scan.explaining.chains import chain_facts
from service.scan.explaining.explanation import Explanation

_Explain: TypeAlias = Callable[[str, Any], Iterator[Explanation]]
"""Takes a section's name and its value."""


def facts_of(observation: Observation) -> Iterator[Explanation]:
    """The outcome of the visit, then the facts of each section."""
    yield from _visit(observation)
    for section in SECTIONS:
        yield from BY_KIND[type(section.kind)](section.name, section.of(observation))


def _visit(observation: Observation) -> Iterator[Explanation]:
    yield Explanation(
        path="state",
        title="state",
        verdict=observation.state,
        evidence=Evidence(note=observation.reason),
        details=(f"visited at {observation.started_at:%Y-%m-%d %H:%M:%S} UTC",),
    )
    cost = observation.cost
    yield Explanation(
        path="cost",
        title="cost",
        verdict=f"{cost.duration_seconds:.1f} seconds, {cost.connections} connections",
        details=(f"{cost.bytes_sent} bytes sent, {cost.bytes_received} bytes received",)
        + (("the visit slowed down to spare the server",) if cost.throttled else ()),
    )


def item_in_sets(
    section: str, name: str, value: Mapping[ProtocolVersion, AcceptedSet]
) -> Iterator[Explanation]:
    """One suite, group or scheme at each version: its own proof, or the refusal of everything not accepted."""
    for version, found in value.items():
        path, title = f"{section}.{version.label}.{name}", f"{name} at {version.label}"
        if name in found.accepted:
            proof = found.evidence.get(name)
            yield Explanation(path=path, title=title, verdict=Verdict.YES, evidence=proof)
        else:
            verdict = Verdict.NO if found.complete else Verdict.UNKNOWN
            yield Explanation(path=path, title=title, verdict=verdict, evidence=found.refusal)


def _accepted_sets(
    section: str, value: Mapping[ProtocolVersion, AcceptedSet]
) -> Iterator[Explanation]:
    for version, found in value.items():
        path = f"{section}.{version.label}"
        yield Explanation(
            path=path,
            title=f"{section} at {version.label}",
            verdict=f"{len(found.accepted)}, {'and no other' if found.complete else 'perhaps more'}",
            evidence=found.refusal,
            details=found.accepted,
        )
        yield Explanation(
            path=f"{path}.preference",
            title=f"whose order of {section} decides at {version.label}",
            verdict=found.preference,
            details=("from the answers to the same list in several orders",),
        )


def _version_facts(section: str, value: Mapping[ProtocolVersion, Fact]) -> Iterator[Explanation]:
    for version, fact in value.items():
        yield Explanation(
            path=f"{section}.{version.label}",
            title=version.label,
            verdict=fact.verdict,
            evidence=fact.evidence,
        )


def _named_facts(section: str, value: Mapping[str, Fact]) -> Iterator[Explanation]:
    for name, fact in value.items():
        yield Explanation(
            path=f"{section}.{name}",
            title=name,
            verdict=fact.verdict,
            value=fact.value,
            evidence=fact.evidence,
        )


def _client_auths(
    section: str, value: Mapping[ProtocolVersion, ClientAuth]
) -> Iterator[Explanation]:
    for version, found in value.items():
        path, at = f"{section}.{version.label}", f"at {version.label}"
        yield Explanation(
            path=f"{path}.mode",
            title=f"{section} {at}",
            verdict=found.mode,
            value=", ".join(found.ca_names) or None,
            evidence=found.evidence,
        )
        for field in ("asked_on_path", "ca_names", "certificate_types", "signature_schemes"):
            if content := getattr(found, field):
                text = content if isinstance(content, str) else ", ".join(content)
                yield Explanation(
                    path=f"{path}.{field}",
                    title=f"{section} {at}: {field}",
                    verdict=text,
                    evidence=found.evidence,
                )
        if found.verifies is not None:
            yield Explanation(
                path=f"{path}.verifies",
                title=f"client certificates are verified {at}",
                verdict=found.verifies,
                evidence=Evidence(note="from the attempts with self-made certificates"),
            )
        yield from _attempts(path, at, found)


def _attempts(path: str, at: str, found: ClientAuth) -> Iterator[Explanation]:
    for attempt in found.attempts:
        kind = attempt.forged.value.replace("_", "-")
        yield Explanation(
            path=f"{path}.verifies.{attempt.forged.value}",
            title=f"a {kind} client certificate is accepted {at}",
            verdict=attempt.is_accepted,
            evidence=attempt.evidence,
        )
    for field, own in (("own", found.own), ("expired", found.expired)):
        if own is not None:
            yield _own(f"{path}.{field}", at, own)


def _own(path: str, at: str, own: OwnAttempt) -> Explanation:
    return Explanation(
        path=path,
        title=f"the client certificate {own.identity} is accepted {at}",
        verdict=own.is_accepted,
        evidence=own.evidence,
    )


def _dh_primes(section: str, value: Sequence[DhParameters]) -> Iterator[Explanation]:
    for found in value:
        yield Explanation(
            path=f"{section}.{found.prime_sha256}",
            title=f"{section}: {found.known_as or 'a prime of the server'}",
            verdict=f"{found.prime_bits} bits",
            value=f"safe prime: {found.is_safe_prime}",
            evidence=found.evidence,
        )
    if not value:
        yield Explanation(
            path=section,
            title=section,
            verdict="none",
            details=("no answer had a finite-field key exchange (DHE)",),
        )


def _names(section: str, value: Sequence[str]) -> Iterator[Explanation]:
    if value:
        yield Explanation(
            path=section,
            title=section,
            verdict=", ".join(value),
            details=(f"its proof: features.{section}",),
        )


def _named_texts(section: str, value: Mapping[str, str]) -> Iterator[Explanation]:
    for name, text in value.items():
        yield Explanation(
            path=f"{section}.{name}",
            title=f"{section}.{name}",
            verdict=text,
            details=("computed from all answers to its hellos",),
        )


def _contradictions(section: str, value: Sequence[Contradiction]) -> Iterator[Explanation]:
    for found in value:
        for number, answer in enumerate(found.answers, 1):
            yield Explanation(
                path=section,
                title=f"{section}: {found.subject}",
                verdict=f"answer {number} of {len(found.answers)}",
                evidence=answer,
            )
    if not value:
        yield Explanation(
            path=section,
            title=section,
            verdict="none",
            details=("no question got two different answers",),
        )


def _named_levels(section: str, value: Mapping[str, Intrusiveness]) -> Iterator[Explanation]:
    for name, level in value.items():
        yield Explanation(
            path=f"{section}.{name}",
            title=name,
            verdict="not asked",
            evidence=Evidence(note=f"needs intrusiveness {level}"),
        )


BY_KIND: Final[Mapping[type[Kind[Any]], _Explain]] = {
    VersionFacts: _version_facts,
    AcceptedSets: _accepted_sets,
    ServedChains: chain_facts,
    ClientAuths: _client_auths,
    DhPrimes: _dh_primes,
    Names: _names,
    NamedFacts: _named_facts,
    NamedTexts: _named_texts,
    Contradictions: _contradictions,
    NamedLevels: _named_levels,
}
