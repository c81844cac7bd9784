"""What each protocol version accepts: cipher suites, groups, signature schemes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import replace

from model.encoding.evidence_json import evidence_from_json, evidence_to_json
from model.observation import AcceptedSet
from model.protocol_version import ProtocolVersion
from model.section_kinds.kind import END, Exchange, Json, Shown, VersionsKind
from model.verdict import Preference, UnknownCause


class AcceptedSets(VersionsKind[AcceptedSet]):
    """One list of accepted names for each protocol version."""

    def item_to_json(self, item: AcceptedSet, *, with_evidence: bool) -> Json:
        """The accepted names in order, and the proof of each."""
        fields: Json = {
            "accepted": list(item.accepted),
            "complete": item.complete,
            "preference": item.preference.value,
        }
        if item.cause is not None:
            fields["cause"] = item.cause.value
        if with_evidence:
            fields["evidence"] = {
                name: evidence_to_json(proof) for name, proof in item.evidence.items()
            }
            fields["refusal"] = evidence_to_json(item.refusal)
        return fields

    def item_from_json(self, fields: Json) -> AcceptedSet:
        """The AcceptedSet."""
        proofs = {
            name: evidence_from_json(proof) for name, proof in fields.get("evidence", {}).items()
        }
        return AcceptedSet(
            accepted=tuple(fields["accepted"]),
            complete=fields["complete"],
            preference=Preference(fields["preference"]),
            cause=None if fields.get("cause") is None else UnknownCause(fields["cause"]),
            evidence={name: proof for name, proof in proofs.items() if proof is not None},
            refusal=evidence_from_json(fields.get("refusal")),
        )

    def item_shown(self, item: AcceptedSet) -> Iterator[tuple[str, Shown]]:
        """The names, who chooses, and whether there may be more."""
        yield "", item.accepted
        yield ".preference", item.preference.value
        if not item.complete:
            yield ".complete", "no"

    def item_exchanged(self, item: AcceptedSet, exchange: Exchange) -> AcceptedSet:
        """The proof of each name in the order of the names, then the refusal."""
        proofs = {name: exchange(item.evidence.get(name)) for name in item.accepted}
        return replace(
            item,
            evidence={name: proof for name, proof in proofs.items() if proof is not None},
            refusal=exchange(item.refusal),
        )

    def digest(self, value: Mapping[ProtocolVersion, AcceptedSet]) -> Iterable[str]:
        """The names in order, whether they are complete, and whose order it is."""
        for version, found in sorted(value.items()):
            yield version.label
            yield from found.accepted
            cause = "" if found.cause is None else f" {found.cause}"
            yield from (f"{found.complete}{cause}", found.preference, END)
        yield END

    def merged(
        self,
        newer: Mapping[ProtocolVersion, AcceptedSet],
        older: Mapping[ProtocolVersion, AcceptedSet],
        refused: Set[ProtocolVersion],
    ) -> Mapping[ProtocolVersion, AcceptedSet]:
        """For each version that is not refused: the newer list, and names that only the older one proved."""
        sets = {**older, **newer}
        for version in newer.keys() & older.keys():
            if not newer[version].complete:
                sets[version] = _united(newer[version], older[version])
        return {version: found for version, found in sets.items() if version not in refused}

    def is_settled(self, value: Mapping[ProtocolVersion, AcceptedSet]) -> bool:
        """Whether all lists are complete."""
        return all(found.complete for found in value.values())

    def without_evidence(
        self, value: Mapping[ProtocolVersion, AcceptedSet]
    ) -> Mapping[ProtocolVersion, AcceptedSet]:
        """The bare lists."""
        if not any(found.evidence or found.refusal for found in value.values()):
            return value
        return {name: replace(found, evidence={}, refusal=None) for name, found in value.items()}


def _united(newer: AcceptedSet, older: AcceptedSet) -> AcceptedSet:
    """The names that either one proved; in the older order if the newer list has none of its own."""
    preference = older.preference if newer.preference is Preference.UNKNOWN else newer.preference
    added = tuple(name for name in newer.accepted if name not in older.accepted)
    return replace(older, accepted=older.accepted + added, preference=preference)
