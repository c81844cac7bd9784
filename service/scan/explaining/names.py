"""Finds the facts that a name denotes, by every name that an output uses.

A name may be a fact's path (``protocols.TLSv1.0``, ``certificates.trust.mozilla``), a protocol version
(``tls1.0``), a cipher suite by its IANA or OpenSSL name or its code point, a group, a signature scheme, a
feature, a field of a certificate, a metric with or without labels, or a policy's rule.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Final, TypeAlias

from model.certificates.certificate import Certificate, ServedChain
from model.frozen import frozen
from model.observation import Observation
from model.protocol_version import ProtocolVersion
from model.registry import CIPHER_SUITES, NAMED_GROUPS, SIGNATURE_SCHEMES
from model.sections import ACCEPTED_SETS, IDENTITY, NAMED_FACTS, SECTION_NAMES
from model.verdict import Verdict
from probe.checks.catalogue import STAGES
from probe.checks.ike.stages import IKE_STAGES
from probe.checks.part import USUAL_PARTS, Part
from probe.checks.ssh.stages import SSH_STAGES
from service.scan.explaining.explanation import Explanation, covers, tokens
from service.scan.explaining.facts import facts_of, item_in_sets

_MOST_SUGGESTIONS: Final = 3
_CORE: Final = frozenset({Part.VERSIONS, Part.SUITES})
_PARTS: Final[Mapping[str, frozenset[Part]]] = {
    "protocols": frozenset({Part.VERSIONS}),
    "cipher_suites": _CORE,
    "groups": _CORE | {Part.GROUPS},
    "signature_schemes": _CORE | {Part.CERTIFICATES, Part.SIGNATURES},
    "certificates": _CORE | {Part.CERTIFICATES, Part.REVOCATION},
    "client_auth": _CORE | {Part.CERTIFICATES, Part.CLIENT_AUTH},
    "state": frozenset({Part.VERSIONS}),
    "fingerprints": USUAL_PARTS | {Part.JARM},
}
"""The parts of a visit that find a section's facts; other sections need all usual parts."""

ANY_UNKNOWN: Final = "unknown"
"""The name of all facts that the visit could not prove."""

_VISIT: Final[Mapping[str, str]] = dict.fromkeys(IDENTITY, "state") | {
    "cost": "cost",
    "stage": "state",
}
_VERSIONS: Final = {version.label.lower(): version for version in ProtocolVersion}
_ITEMS: Final = {
    "cipher_suites": {suite.name.lower(): suite.name for suite in CIPHER_SUITES},
    "groups": {group.name.lower(): group.name for group in NAMED_GROUPS},
    "signature_schemes": {scheme.name.lower(): scheme.name for scheme in SIGNATURE_SCHEMES},
}

Find: TypeAlias = Callable[[Observation], Iterator[Explanation]]


@frozen
class FactName:
    """Facts that a user can name: the parts of a visit that they need, and how to find them."""

    parts: frozenset[Part]
    find: Find


def fact_named(name: str) -> FactName | None:
    """The facts with that name, ignoring case; None if only a metric or a rule has it, or nothing."""
    return _by_name().get(name.lower()) or _by_path(name)


def suggestion(name: str) -> str:
    """What to do after a name that nothing has."""
    near = difflib.get_close_matches(name.lower(), _by_name(), _MOST_SUGGESTIONS)
    if not near and (last := tokens(name)[-1:]):
        near = difflib.get_close_matches(last[0], _by_name(), _MOST_SUGGESTIONS)
    return f"did you mean {', '.join(near)}?" if near else "see docs/reference/cli.md for all facts"


@cache
def _by_name() -> Mapping[str, FactName]:
    facts: dict[str, FactName] = {ANY_UNKNOWN: FactName(parts=USUAL_PARTS, find=_unknown)}
    facts |= {name: of_paths(path) for name, path in _VISIT.items()}
    facts |= {name: of_paths(path) for name, path in _of_certificates()}
    facts |= {name: of_paths(name) for name in SECTION_NAMES}
    for name in named_facts():
        facts[name] = of_paths(*(f"{section.name}.{name}" for section in NAMED_FACTS), name)
    for group in NAMED_GROUPS:
        facts[group.name.lower()] = _item("groups", group.name)
    for scheme in SIGNATURE_SCHEMES:
        facts[scheme.name.lower()] = _item("signature_schemes", scheme.name)
    for suite in CIPHER_SUITES:
        for alias in (suite.name, suite.openssl_name, f"0x{suite.code_point:04X}"):
            if alias:
                facts[alias.lower()] = _item("cipher_suites", suite.name)
    for version in ProtocolVersion:
        fact = of_paths(f"protocols.{version.label}")
        for between in ("v", "", " "):
            facts[version.label.replace("v", between).lower()] = fact
    return facts


def named_facts() -> frozenset[str]:
    """The names of all features, vulnerabilities, plaintext facts, HTTP facts, facts of SSH servers, IKE responders and QUIC."""
    stages = (*STAGES, *SSH_STAGES, *IKE_STAGES)
    return frozenset(name for stage in stages for check in stage.checks for name in check.facts)


def _of_certificates() -> Iterator[tuple[str, str]]:
    """The JSON keys of a certificate and of a chain, and people's names for them."""
    for field in dataclasses.fields(Certificate):
        yield field.name, "certificates.leaf"
    for field in dataclasses.fields(ServedChain):
        yield field.name, f"certificates.{field.name}"
    for name in ("key_type", "versions", "served_with_server_name", "served_for"):
        yield name, "certificates.chain"
    yield from (
        ("certificate", "certificates"),
        ("leaf", "certificates.leaf"),
        ("self_signed", "certificates.leaf"),
        ("hostname", "certificates.hostname_matches"),
        ("revocations", "certificates.revoked"),
        ("revoked", "certificates.revoked"),
    )


def _by_path(path: str) -> FactName | None:
    """The facts below a section; None if the section has no fact of that name."""
    section, *rest = tokens(path) or ("",)
    if section not in SECTION_NAMES:
        return None
    items = _ITEMS.get(section, {})
    if rest and rest[-1] in items:
        version = next((_VERSIONS[one] for one in rest if one in _VERSIONS), None)
        return _item(section, items[rest[-1]], version)
    is_named = section in {one.name for one in NAMED_FACTS}
    is_by_version = section == "protocols" or section in _ITEMS
    known = named_facts() if is_named else {*_VERSIONS, "preference", "order"}
    if rest and (is_named or is_by_version) and rest[0] not in known:
        return None
    return of_paths(path.lower().removesuffix(".order") + ".preference" * path.endswith(".order"))


def of_paths(*paths: str) -> FactName:
    """The facts at these paths, and below them."""
    sections = {tokens(path)[0] for path in paths}
    parts = frozenset.union(*(_PARTS.get(section, USUAL_PARTS) for section in sections))
    last = {tokens(path)[-1] for path in paths}

    def find(observation: Observation) -> Iterator[Explanation]:
        for fact in facts_of(observation):
            is_not_asked = covers("not_asked", fact.path) and last & set(tokens(fact.path))
            if is_not_asked or any(covers(path, fact.path) for path in paths):
                yield fact

    return FactName(parts=parts, find=find)


def _item(section: str, name: str, version: ProtocolVersion | None = None) -> FactName:
    (sets,) = (one for one in ACCEPTED_SETS if one.name == section)

    def find(observation: Observation) -> Iterator[Explanation]:
        value = sets.of(observation)
        if version is not None:
            value = {version: value[version]} if version in value else {}
        return item_in_sets(section, name, value)

    return FactName(parts=_PARTS[section], find=find)


def _unknown(observation: Observation) -> Iterator[Explanation]:
    return (fact for fact in facts_of(observation) if fact.verdict == Verdict.UNKNOWN)
