"""What each protocol version requires of client certificates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import replace

from model.encoding.evidence_json import evidence_field, evidence_from_json
from model.encoding.times_json import time_from_json, time_to_json
from model.observation import (
    ClientAttempt,
    ClientAuth,
    ClientAuthMode,
    ForgedCertificate,
    OwnAttempt,
)
from model.protocol_version import ProtocolVersion
from model.section_kinds.kind import END, NONE, Exchange, Json, Shown, VersionsKind
from model.verdict import Verdict


class ClientAuths(VersionsKind[ClientAuth]):
    """One ClientAuth for each protocol version."""

    def item_to_json(self, item: ClientAuth, *, with_evidence: bool) -> Json:
        """The properties that were asked about."""
        fields: Json = {"mode": item.mode.value, "ca_names": list(item.ca_names)}
        if item.asked_on_path is not None:
            fields["asked_on_path"] = item.asked_on_path
        if item.verifies is not None:
            fields["verifies"] = item.verifies.value
        if item.certificate_types:
            fields["certificate_types"] = list(item.certificate_types)
        if item.signature_schemes:
            fields["signature_schemes"] = list(item.signature_schemes)
        if item.attempts:
            fields["attempts"] = [
                {"forged": one.forged.value, "accepted": one.is_accepted.value}
                | evidence_field(one.evidence, with_evidence=with_evidence)
                for one in item.attempts
            ]
        for name, attempt in (("own", item.own), ("expired", item.expired)):
            if attempt is not None:
                fields[name] = _own_to_json(attempt, with_evidence=with_evidence)
        return fields | evidence_field(item.evidence, with_evidence=with_evidence)

    def item_from_json(self, fields: Json) -> ClientAuth:
        """The ClientAuth."""
        return ClientAuth(
            mode=ClientAuthMode(fields["mode"]),
            asked_on_path=fields.get("asked_on_path"),
            verifies=Verdict(fields["verifies"]) if "verifies" in fields else None,
            ca_names=tuple(fields.get("ca_names", ())),
            certificate_types=tuple(fields.get("certificate_types", ())),
            signature_schemes=tuple(fields.get("signature_schemes", ())),
            attempts=tuple(
                ClientAttempt(
                    forged=ForgedCertificate(one["forged"]),
                    is_accepted=Verdict(one["accepted"]),
                    evidence=evidence_from_json(one.get("evidence")),
                )
                for one in fields.get("attempts", ())
            ),
            own=_own_from_json(fields.get("own")),
            expired=_own_from_json(fields.get("expired")),
            evidence=evidence_from_json(fields.get("evidence")),
        )

    def item_shown(self, item: ClientAuth) -> Iterator[tuple[str, Shown]]:
        """What is required, whether it is verified, and of which authorities."""
        yield "", item.mode.value
        if item.asked_on_path is not None:
            yield ".asked_on_path", item.asked_on_path
        if item.verifies is not None:
            yield ".verifies", item.verifies.value
        if item.ca_names:
            yield ".ca_names", item.ca_names
        for name, attempt in (("own", item.own), ("expired", item.expired)):
            if attempt is not None:
                yield f".{name}", attempt.is_accepted.value

    def item_exchanged(self, item: ClientAuth, exchange: Exchange) -> ClientAuth:
        """The proofs of the attempts, of the user's own certificates, and of the mode."""

        def own(one: OwnAttempt | None) -> OwnAttempt | None:
            return None if one is None else replace(one, evidence=exchange(one.evidence))

        # Keyword arguments are evaluated in source order, which is the order of the proofs.
        return replace(
            item,
            attempts=tuple(replace(one, evidence=exchange(one.evidence)) for one in item.attempts),
            own=own(item.own),
            expired=own(item.expired),
            evidence=exchange(item.evidence),
        )

    def digest(self, value: Mapping[ProtocolVersion, ClientAuth]) -> Iterable[str]:
        """Everything except the proofs."""
        for version, found in sorted(value.items()):
            yield version.label
            yield from _digest(found)
        yield END

    def merged(
        self,
        newer: Mapping[ProtocolVersion, ClientAuth],
        older: Mapping[ProtocolVersion, ClientAuth],
        refused: Set[ProtocolVersion],
    ) -> Mapping[ProtocolVersion, ClientAuth]:
        """The last known value of each version."""
        known = {
            version: found
            for version, found in newer.items()
            if found.mode is not ClientAuthMode.UNKNOWN
        }
        return {**newer, **older, **known}

    def is_settled(self, value: Mapping[ProtocolVersion, ClientAuth]) -> bool:
        """Whether no mode is unknown."""
        return all(found.mode is not ClientAuthMode.UNKNOWN for found in value.values())


def _own_to_json(attempt: OwnAttempt, *, with_evidence: bool) -> Json:
    return {
        "identity": attempt.identity,
        "sha256": attempt.sha256,
        "not_after": time_to_json(attempt.not_after),
        "accepted": attempt.is_accepted.value,
    } | evidence_field(attempt.evidence, with_evidence=with_evidence)


def _own_from_json(fields: Json | None) -> OwnAttempt | None:
    not_after = time_from_json(fields["not_after"]) if fields else None
    if fields is None or not_after is None:
        return None
    return OwnAttempt(
        identity=fields["identity"],
        sha256=fields["sha256"],
        not_after=not_after,
        is_accepted=Verdict(fields["accepted"]),
        evidence=evidence_from_json(fields.get("evidence")),
    )


def _digest(found: ClientAuth) -> Iterable[str]:
    yield from (found.mode, found.asked_on_path or NONE, found.verifies or NONE)
    yield from found.ca_names
    yield END
    yield from found.certificate_types
    yield END
    yield from found.signature_schemes
    yield END
    for attempt in found.attempts:
        yield from (attempt.forged, attempt.is_accepted)
    yield END
    for own in (found.own, found.expired):
        if own is not None:
            yield from (own.identity, own.sha256, own.not_after.isoformat(), own.is_accepted)
        yield END
