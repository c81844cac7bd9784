"""Facts with one verdict each, by protocol version or by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import replace
from functools import lru_cache
from sys import intern
from typing import Final, TypeVar

from model.encoding.earlier_names import FACTS, FACTS_IN_DIGESTS
from model.encoding.evidence_json import evidence_field, evidence_from_json
from model.protocol_version import ProtocolVersion
from model.section_kinds.kind import END, NONE, Exchange, Json, MappingKind, Shown, VersionsKind
from model.verdict import Fact, UnknownCause, Verdict

Key = TypeVar("Key", str, ProtocolVersion)


class VersionFacts(VersionsKind[Fact]):
    """One verdict for each protocol version."""

    def item_to_json(self, item: Fact, *, with_evidence: bool) -> Json:
        """The verdict, the value if there is one, and the proof."""
        return _fact_to_json(item, with_evidence=with_evidence)

    def item_from_json(self, fields: Json) -> Fact:
        """The Fact."""
        return _fact_from_json(fields)

    def item_shown(self, item: Fact) -> Iterator[tuple[str, Shown]]:
        """The verdict and the value."""
        yield "", _shown(item)

    def item_exchanged(self, item: Fact, exchange: Exchange) -> Fact:
        """The Fact with another proof."""
        return _with_proof(item, exchange)

    def digest(self, value: Mapping[ProtocolVersion, Fact]) -> Iterable[str]:
        """Version, verdict and value of each."""
        for version, fact in sorted(value.items()):
            yield from (version.label, _verdict_text(fact), fact.value or NONE)
        yield END

    def merged(
        self,
        newer: Mapping[ProtocolVersion, Fact],
        older: Mapping[ProtocolVersion, Fact],
        refused: Set[ProtocolVersion],
    ) -> Mapping[ProtocolVersion, Fact]:
        """The last known verdict on each."""
        return _merged(newer, older)

    def is_settled(self, value: Mapping[ProtocolVersion, Fact]) -> bool:
        """Whether no verdict is unknown."""
        return _are_settled(value)

    def without_evidence(
        self, value: Mapping[ProtocolVersion, Fact]
    ) -> Mapping[ProtocolVersion, Fact]:
        """The bare facts."""
        return _bare(value)


class NamedFacts(MappingKind[str, Fact]):
    """One verdict for each name."""

    def to_json(self, value: Mapping[str, Fact], *, with_evidence: bool) -> Json:
        """An object keyed by name, sorted."""
        return {
            name: _fact_to_json(fact, with_evidence=with_evidence)
            for name, fact in sorted(value.items())
        }

    def from_json(self, fields: Json) -> Mapping[str, Fact]:
        """The facts by name."""
        return {
            intern(FACTS.get(name, name)): _fact_from_json(item) for name, item in fields.items()
        }

    def digest(self, value: Mapping[str, Fact]) -> Iterable[str]:
        """Name, verdict and value of each."""
        texts: list[str] = []
        for name in sorted(value):
            fact = value[name]
            in_digest = FACTS_IN_DIGESTS.get(name, name)
            texts += (in_digest, _verdict_text(fact), NONE if fact.value is None else fact.value)
        texts.append(END)
        return texts

    def shown(self, value: Mapping[str, Fact]) -> Iterator[tuple[str, Shown]]:
        """The verdict and the value of each name, sorted."""
        return ((f".{name}", _shown(fact)) for name, fact in sorted(value.items()))

    def exchanged(self, value: Mapping[str, Fact], exchange: Exchange) -> Mapping[str, Fact]:
        """In sorted order of names; facts read from JSON may have another order."""
        return {name: _with_proof(value[name], exchange) for name in sorted(value)}

    def merged(
        self,
        newer: Mapping[str, Fact],
        older: Mapping[str, Fact],
        refused: Set[ProtocolVersion],
    ) -> Mapping[str, Fact]:
        """The last known verdict on each."""
        return _merged(newer, older)

    def is_settled(self, value: Mapping[str, Fact]) -> bool:
        """Whether no verdict is unknown."""
        return _are_settled(value)

    def without_evidence(self, value: Mapping[str, Fact]) -> Mapping[str, Fact]:
        """The bare facts."""
        return _bare(value)


def _shown(fact: Fact) -> str:
    return fact.verdict.value if fact.value is None else f"{fact.verdict}: {fact.value}"


def _verdict_text(fact: Fact) -> str:
    return fact.verdict if fact.cause is None else f"{fact.verdict} {fact.cause}"


def _fact_to_json(fact: Fact, *, with_evidence: bool) -> Json:
    fields: Json = {"verdict": fact.verdict.value}
    if fact.value is not None:
        fields["value"] = fact.value
    if fact.cause is not None:
        fields["cause"] = fact.cause.value
    return fields | evidence_field(fact.evidence, with_evidence=with_evidence)


def _fact_from_json(fields: Json) -> Fact:
    evidence = evidence_from_json(fields.get("evidence"))
    verdict, value, cause = fields["verdict"], fields.get("value"), fields.get("cause")
    if evidence is None:
        is_short = value is None or len(value) <= _LONGEST_SHARED
        make = _shared_bare_fact if is_short else _bare_fact
        return make(verdict, value, cause)
    return replace(_bare_fact(verdict, value, cause), evidence=evidence)


_LONGEST_SHARED: Final = 256
"""Characters of a value that endpoints may share: 1 MiB at most for all values."""


def _bare_fact(verdict: str, value: str | None, cause: str | None) -> Fact:
    known = None if cause is None else UnknownCause(cause)
    return Fact(verdict=Verdict(verdict), value=value, cause=known)


_shared_bare_fact = lru_cache(maxsize=1024)(_bare_fact)
"""Most endpoints have the same facts, which share one object."""


def _with_proof(fact: Fact, exchange: Exchange) -> Fact:
    return replace(fact, evidence=exchange(fact.evidence))


def _merged(newer: Mapping[Key, Fact], older: Mapping[Key, Fact]) -> dict[Key, Fact]:
    proved = {name: fact for name, fact in newer.items() if fact.verdict is not Verdict.UNKNOWN}
    before = {
        name: fact
        for name, fact in older.items()
        if fact.verdict is not Verdict.UNKNOWN or name not in newer
    }
    return {**newer, **before, **proved}


def _are_settled(facts: Mapping[Key, Fact]) -> bool:
    return all(fact.verdict is not Verdict.UNKNOWN for fact in facts.values())


_PLAIN: Final = {
    (verdict, cause): Fact(verdict=verdict, cause=cause)
    for verdict in Verdict
    for cause in (None, *UnknownCause)
}
"""Most facts have no value: all endpoints share these objects."""


def _bare(facts: Mapping[Key, Fact]) -> Mapping[Key, Fact]:
    if all(fact.evidence is None for fact in facts.values()):
        return facts
    return {
        name: _PLAIN[fact.verdict, fact.cause]
        if fact.value is None
        else replace(fact, evidence=None)
        for name, fact in facts.items()
    }
