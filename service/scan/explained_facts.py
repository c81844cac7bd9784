"""Finds the facts that a user names in an Observation, with the evidence of each.

A name may be a protocol version (``tls1.0``), a cipher suite by its IANA or OpenSSL name or its
code point, a named group, a signature scheme, ``client_auth``, or a feature or vulnerability.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from model.encoding.earlier_names import FACTS, renamed
from model.observation import AcceptedSet, Observation
from model.protocol_version import ProtocolVersion
from model.registry import CIPHER_SUITES, NAMED_GROUPS, SIGNATURE_SCHEMES
from model.sections import named_facts
from model.verdict import Evidence, Verdict
from probe.checks.catalogue import STAGES
from probe.checks.part import USUAL_PARTS, Part

_MOST_SUGGESTIONS: Final = 3
_CORE: Final = frozenset({Part.VERSIONS, Part.SUITES})
_AUTHENTICATION: Final = _CORE | {Part.CERTIFICATES, Part.CLIENT_AUTH}
_CLIENT_AUTH: Final = "client_auth"


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One verdict with its evidence; ``title`` names the fact, and the version it is for."""

    title: str
    verdict: str
    value: str | None = None
    evidence: Evidence | None = None


_Find = Callable[[Observation], Iterator[Explanation]]


@dataclass(frozen=True, slots=True, kw_only=True)
class FactName:
    """A fact that a user can name: the parts of a visit that it needs, and how to find it."""

    parts: frozenset[Part]
    find: _Find


def find_fact(name: str) -> FactName:
    """The fact that ``name`` denotes, ignoring case.

    Raises:
        ValueError: if there is no such fact; the sentence suggests similar names.
    """
    facts = _facts()
    found = facts.get(name.lower())
    if found is not None:
        return found
    if name.lower() in FACTS:
        raise ValueError(renamed(name, FACTS[name.lower()]))
    near = difflib.get_close_matches(name.lower(), facts, _MOST_SUGGESTIONS)
    fix = f"did you mean {', '.join(near)}?" if near else "see docs/reference/cli.md for all facts"
    raise ValueError(f"unknown fact {name!r}: {fix}")


def _facts() -> Mapping[str, FactName]:
    facts: dict[str, FactName] = {_CLIENT_AUTH: FactName(parts=_AUTHENTICATION, find=_client_auth)}
    for check in (check for stage in STAGES for check in stage.checks):
        for name in check.facts:
            facts[name] = FactName(parts=USUAL_PARTS, find=_named(name))
    for group in NAMED_GROUPS:
        find = _in_sets(group.name, lambda one: one.groups)
        facts[group.name.lower()] = FactName(parts=_CORE | {Part.GROUPS}, find=find)
    for scheme in SIGNATURE_SCHEMES:
        find = _in_sets(scheme.name, lambda one: one.signature_schemes)
        parts = _CORE | {Part.CERTIFICATES, Part.SIGNATURES}
        facts[scheme.name.lower()] = FactName(parts=parts, find=find)
    for suite in CIPHER_SUITES:
        fact = FactName(parts=_CORE, find=_in_sets(suite.name, lambda one: one.cipher_suites))
        for alias in (suite.name, suite.openssl_name, f"0x{suite.code_point:04X}"):
            if alias:
                facts[alias.lower()] = fact
    for version in ProtocolVersion:
        fact = FactName(parts=frozenset({Part.VERSIONS}), find=_version(version))
        for alias in (
            version.label,
            version.label.replace("v", ""),
            version.label.replace("v", " "),
        ):
            facts[alias.lower()] = fact
    return facts


def _version(version: ProtocolVersion) -> _Find:
    def find(observation: Observation) -> Iterator[Explanation]:
        fact = observation.protocols.get(version)
        if fact is not None:
            yield Explanation(title=version.label, verdict=fact.verdict, evidence=fact.evidence)

    return find


def _named(name: str) -> _Find:
    def find(observation: Observation) -> Iterator[Explanation]:
        fact = next((facts[name] for facts in named_facts(observation) if name in facts), None)
        if fact is None and name in observation.not_asked:
            needs = f"needs intrusiveness {observation.not_asked[name]}"
            yield Explanation(title=name, verdict="not asked", evidence=Evidence(note=needs))
        if fact is not None:
            yield Explanation(
                title=name, verdict=fact.verdict, value=fact.value, evidence=fact.evidence
            )

    return find


def _in_sets(
    name: str, sets: Callable[[Observation], Mapping[ProtocolVersion, AcceptedSet]]
) -> _Find:
    """An accepted item has its own evidence; a refused one has the refusal of everything not accepted."""

    def find(observation: Observation) -> Iterator[Explanation]:
        for version, found in sets(observation).items():
            title = f"{name} at {version.label}"
            if name in found.accepted:
                proof = found.evidence.get(name)
                yield Explanation(title=title, verdict=Verdict.YES, evidence=proof)
            else:
                verdict = Verdict.NO if found.complete else Verdict.UNKNOWN
                yield Explanation(title=title, verdict=verdict, evidence=found.refusal)

    return find


def _client_auth(observation: Observation) -> Iterator[Explanation]:
    for version, found in observation.client_auth.items():
        yield Explanation(
            title=f"{_CLIENT_AUTH} at {version.label}",
            verdict=found.mode,
            value=", ".join(found.ca_names) or None,
            evidence=found.evidence,
        )
        for attempt in found.attempts:
            kind = attempt.forged.value.replace("_", "-")
            yield Explanation(
                title=f"a {kind} client certificate is accepted at {version.label}",
                verdict=attempt.is_accepted,
                evidence=attempt.evidence,
            )
