"""The finite-field groups that a server uses for DHE."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from model.encoding.evidence_json import evidence_field, evidence_from_json
from model.observation import DhParameters
from model.protocol_version import ProtocolVersion
from model.section_kinds.kind import END, NONE, Exchange, Json, ListKind, Rename, Shown
from model.verdict import Verdict


class DhPrimes(ListKind[DhParameters]):
    """Distinct groups."""

    def to_json(self, value: tuple[DhParameters, ...], *, with_evidence: bool) -> Json:
        """The groups as a list under ``primes``."""
        return {"primes": [_to_json(one, with_evidence=with_evidence) for one in value]}

    def from_json(self, fields: Json) -> tuple[DhParameters, ...]:
        """The groups."""
        return tuple(map(_from_json, fields.get("primes", [])))

    def digest(self, value: tuple[DhParameters, ...]) -> Iterable[str]:
        """Everything except the proofs."""
        for prime in value:
            yield from (prime.prime_sha256, str(prime.prime_bits), prime.known_as or NONE)
            yield from (prime.is_safe_prime, *(version.label for version in prime.versions), END)
        yield END

    def shown(self, value: tuple[DhParameters, ...]) -> Iterator[tuple[str, Shown]]:
        """The groups by their names; others by size and hash."""
        yield (
            "",
            tuple(
                one.known_as or f"prime of {one.prime_bits} bits, SHA-256 {one.prime_sha256}"
                for one in value
            ),
        )

    def exchanged(
        self, value: tuple[DhParameters, ...], exchange: Exchange
    ) -> tuple[DhParameters, ...]:
        """One proof each."""
        return tuple(replace(one, evidence=exchange(one.evidence)) for one in value)

    def renamed(self, value: tuple[DhParameters, ...], rename: Rename) -> tuple[DhParameters, ...]:
        """The groups with renamed versions."""
        return tuple(replace(one, versions=tuple(map(rename, one.versions))) for one in value)


def _to_json(found: DhParameters, *, with_evidence: bool) -> Json:
    return {
        "prime_bits": found.prime_bits,
        "prime_sha256": found.prime_sha256,
        "known_as": found.known_as,
        "safe_prime": found.is_safe_prime.value,
        "versions": [version.label for version in found.versions],
    } | evidence_field(found.evidence, with_evidence=with_evidence)


def _from_json(fields: Json) -> DhParameters:
    return DhParameters(
        prime_bits=fields["prime_bits"],
        prime_sha256=fields["prime_sha256"],
        known_as=fields["known_as"],
        is_safe_prime=Verdict(fields["safe_prime"]),
        versions=tuple(ProtocolVersion.from_label(label) for label in fields["versions"]),
        evidence=evidence_from_json(fields.get("evidence")),
    )
