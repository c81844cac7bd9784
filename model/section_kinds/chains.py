"""The chains that an endpoint serves, and their verification results.

They hold no proofs: a certificate proves itself, by raw DER in a table of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from model.certificates.certificate import Judgement, NameAsked, ServedChain, TrustVerdict
from model.encoding.certificate_json import deployment_from_json, deployment_to_json
from model.section_kinds.kind import END, NONE, Json, ListKind, PartSharer, Rename, Shown


class ServedChains(ListKind[ServedChain]):
    """Distinct chains."""

    def to_json(
        self,
        value: tuple[ServedChain, ...],
        *,
        with_evidence: bool,
    ) -> list[Json]:
        """A list of chains, without raw DER."""
        return [deployment_to_json(one) for one in value]

    def from_json(self, fields: list[Json]) -> tuple[ServedChain, ...]:
        """The chains."""
        return tuple(map(deployment_from_json, fields))

    def shown(self, value: tuple[ServedChain, ...]) -> Iterator[tuple[str, Shown]]:
        """Each chain by the requested name and its key type, numbered if there are several such chains."""
        counts: Counter[str] = Counter()
        for one in value:
            path = f".{one.key_type}"
            if NameAsked.OWN not in one.names:
                path += "".join(f".{name}" for name in one.names)
            counts[path] += 1
            number = "" if counts[path] == 1 else f".{counts[path]}"
            for name, shown in _shown(one):
                yield f"{path}{number}.{name}", shown

    def digest(self, value: tuple[ServedChain, ...]) -> Iterable[str]:
        """Everything except what follows from a certificate's bytes, and the dates of revocation responses."""
        for one in value:
            yield from _digest(one)
        yield END

    def shared(self, value: tuple[ServedChain, ...], parts: PartSharer) -> tuple[ServedChain, ...]:
        """Each chain; a new one is assembled from shared certificates and verdicts."""

        def assemble(one: ServedChain) -> ServedChain:
            return _of_shared(one, parts)

        return tuple(parts.assembled(one, assemble) for one in value)

    def is_settled(self, value: tuple[ServedChain, ...]) -> bool:
        """Whether any chain was seen."""
        return bool(value)

    def without_evidence(self, value: tuple[ServedChain, ...]) -> tuple[ServedChain, ...]:
        """The chains without raw DER."""
        return tuple(map(_without_der, value))

    def renamed(self, value: tuple[ServedChain, ...], rename: Rename) -> tuple[ServedChain, ...]:
        """The chains with renamed versions."""
        return tuple(replace(one, versions=tuple(map(rename, one.versions))) for one in value)


def _shown(one: ServedChain) -> Iterator[tuple[str, Shown]]:
    leaf = one.leaf
    yield "leaf", leaf.sha256
    yield "subject", leaf.subject or ""
    yield "names", (*sorted(leaf.dns_names), *sorted(leaf.ip_addresses))
    yield "issuer", leaf.issuer or ""
    yield "key", f"{leaf.key_type} {leaf.key_bits or ''}".rstrip()
    yield "signature_algorithm", leaf.signature_algorithm or ""
    for name, at in (("not_before", leaf.not_before), ("not_after", leaf.not_after)):
        yield name, "" if at is None else at.isoformat()
    yield "issuers", tuple(issuer.subject or issuer.sha256 for issuer in one.chain[1:])
    yield "versions", tuple(version.label for version in sorted(one.versions))
    yield "hostname_matches", one.hostname_matches.value
    yield "problems", tuple(problem.value for problem in one.problems)
    for store, trust in sorted(one.trust.items()):
        yield f"trust.{store}", trust.verdict.value
    for word in one.revocations:
        yield f"revoked.{word.position}.{word.method}", word.is_revoked.value
    for section, judgements in (("transparency", one.transparency), ("dns", one.dns)):
        for name, judged in sorted(judgements.items()):
            yield f"{section}.{name}", judged.verdict.value


def _without_der(served: ServedChain) -> ServedChain:
    if all(certificate.der is None for certificate in served.chain):
        return served
    chain = tuple(replace(certificate, der=None) for certificate in served.chain)
    return replace(served, chain=chain)


def _of_shared(served: ServedChain, parts: PartSharer) -> ServedChain:
    return replace(
        served,
        chain=tuple(map(parts.part, served.chain)),
        problems=parts.part(served.problems),
        trust=parts.mapping(served.trust),
        scts=tuple(map(parts.part, served.scts)),
        transparency=parts.mapping(served.transparency),
        dns=parts.mapping(served.dns),
    )


def _digest(one: ServedChain) -> Iterable[str]:
    yield one.key_type
    yield from (certificate.sha256 for certificate in one.chain)
    yield END
    yield from (version.label for version in one.versions)
    yield from (str(one.served_with_server_name), one.hostname_matches)
    yield from one.problems
    yield END
    yield from one.names
    yield from _of_trust(one.trust)
    for word in one.revocations:
        # A response is renewed every few days with the same content.
        yield from (str(word.position), word.method, word.is_revoked, _moment(word.revoked_at))
        yield word.source or NONE
    yield END
    for sct in one.scts:
        yield from (sct.source, sct.log_id, _moment(sct.at), sct.log_name or NONE)
        yield from (sct.operator or NONE, sct.is_valid, sct.reason or NONE)
    yield END
    yield from _of_judgements(one.transparency)
    yield from _of_judgements(one.dns)
    if one.completion is not None:
        yield from (certificate.sha256 for certificate in one.completion.issuers)
        yield END
        yield from _of_trust(one.completion.trust)
        yield one.completion.reason or NONE
    yield END


def _of_trust(trust: Mapping[str, TrustVerdict]) -> Iterable[str]:
    for store, word in sorted(trust.items()):
        verdict = word.verdict if word.failure is None else f"{word.verdict} {word.failure}"
        yield from (store, verdict, word.reason or NONE, _moment(word.path_not_after))
        yield from (word.strict, word.strict_reason or NONE)
    yield END


def _of_judgements(judgements: Mapping[str, Judgement]) -> Iterable[str]:
    for name, word in sorted(judgements.items()):
        yield from (name, word.verdict, word.reason or NONE)
    yield END


def _moment(at: datetime | None) -> str:
    return NONE if at is None else at.isoformat()
