"""The facts of served chains: their certificates, names, trust, problems, revocation and timestamps.

A certificate proves itself, so these facts have lines of text in place of a conversation.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Sequence
from datetime import datetime

from model.certificates.certificate import Certificate, ServedChain, TrustVerdict
from model.verdict import Evidence, Verdict
from service.scan.explaining.explanation import Explanation


def chain_facts(section: str, chains: Sequence[ServedChain]) -> Iterator[Explanation]:
    """All facts of each chain, at ``certificates.rsa.…``; a chain for another name has its kind in the path."""
    for served in chains:
        place = f"{section}.{served.key_type.value}"
        if not served.is_own:
            place += "".join(f".{name.value}" for name in served.names)
        yield from _certificates(place, served)
        yield from _judgements(place, served)
        yield from _revocation(place, served)
        yield from _timestamps(place, served)


def _certificates(place: str, served: ServedChain) -> Iterator[Explanation]:
    leaf = served.leaf
    names = leaf.dns_names + leaf.ip_addresses
    yield Explanation(
        path=f"{place}.leaf",
        title=f"{place}.leaf",
        verdict=leaf.subject or "(no subject)",
        details=tuple(_lines(leaf)),
        more=_pem(leaf),
    )
    yield Explanation(
        path=f"{place}.chain",
        title=f"{place}.chain",
        verdict=f"{len(served.chain)} certificate{'s' * (len(served.chain) != 1)}",
        value=", ".join(version.label for version in served.versions),
        details=tuple(_chain_lines(served.chain)),
        more=tuple(line for one in served.chain for line in _pem(one)),
    )
    yield Explanation(
        path=f"{place}.names",
        title=f"{place}.names",
        verdict=", ".join(names) or "none",
        details=(f"of the leaf's subjectAltName, SHA-256 {leaf.sha256}",),
    )


def _chain_lines(chain: Sequence[Certificate]) -> Iterator[str]:
    for position, certificate in enumerate(chain):
        yield f"{position}: {certificate.subject or '(no subject)'}"
        yield from (f"   {line}" for line in _lines(certificate))


def _lines(certificate: Certificate) -> Iterator[str]:
    """The certificate's contents, one a line; a field that it lacks has no line."""
    key = certificate.key_type.value
    if certificate.key_bits is not None:
        key += f", {certificate.key_bits} bits"
    fields = (
        ("issuer", certificate.issuer),
        ("serial number", certificate.serial_number),
        ("not before", _moment(certificate.not_before)),
        ("not after", _moment(certificate.not_after)),
        ("key", key),
        ("signature", certificate.signature_algorithm),
        ("SHA-256", certificate.sha256),
        ("key's SHA-256", certificate.public_key_sha256),
        ("key usage", _listed(certificate.key_usage)),
        ("extended key usage", _listed(certificate.extended_key_usage)),
        ("OCSP", _listed(certificate.ocsp_urls)),
        ("CRL", _listed(certificate.crl_urls)),
        ("issuer's certificate", _listed(certificate.issuer_urls)),
        ("validation", certificate.validation),
        ("policies", _listed(certificate.policies)),
        ("URIs", _listed(certificate.uris)),
        ("e-mail addresses", _listed(certificate.email_addresses)),
        ("embedded SCTs", str(certificate.embedded_scts or "")),
        ("CA", _yes(certificate.is_ca)),
        ("longest path", None if certificate.path_length is None else str(certificate.path_length)),
        ("self-signed", _yes(certificate.is_self_signed)),
        ("must staple", _yes(certificate.must_staple)),
        ("cannot be read", certificate.parse_error),
    )
    yield from (f"{name} {value}" for name, value in fields if value)


def _judgements(place: str, served: ServedChain) -> Iterator[Explanation]:
    yield _judged(f"{place}.hostname_matches", served.hostname_matches, None)
    for store, found in sorted(served.trust.items()):
        yield _trust(f"{place}.trust.{store}", found)
    for problem in served.problems:
        yield _judged(f"{place}.problems.{problem.value}", Verdict.YES, None)
    if not served.problems:
        yield _judged(f"{place}.problems", "none", None)
    for policy, judged in sorted(served.transparency.items()):
        yield _judged(f"{place}.transparency.{policy}", judged.verdict, judged.reason)
    for record, judged in sorted(served.dns.items()):
        yield _judged(f"{place}.dns.{record}", judged.verdict, judged.reason)
    if served.completion is not None:
        fetched = served.completion
        issuers = ", ".join(one.subject or one.sha256 for one in fetched.issuers)
        yield _judged(f"{place}.completion", issuers or "no issuer was fetched", fetched.reason)


def _trust(path: str, found: TrustVerdict) -> Explanation:
    lines = [f"until {_moment(found.path_not_after)}"] if found.path_not_after else []
    strict = f"by the Web PKI's profile: {found.strict}"
    lines.append(f"{strict}: {found.strict_reason}" if found.strict_reason else strict)
    return Explanation(
        path=path,
        title=path,
        verdict=found.verdict,
        evidence=Evidence(note=found.reason),
        details=tuple(lines),
    )


def _revocation(place: str, served: ServedChain) -> Iterator[Explanation]:
    for found in served.revocations:
        fields = (
            ("source", found.source),
            ("revoked at", _moment(found.revoked_at)),
            ("this update", _moment(found.this_update)),
            ("next update", _moment(found.next_update)),
        )
        yield Explanation(
            path=f"{place}.revoked.{found.position}",
            title=f"{place}.revoked.{found.position}",
            verdict=found.is_revoked,
            value=found.method.value,
            evidence=Evidence(note=found.reason),
            details=tuple(f"{name} {value}" for name, value in fields if value),
        )


def _timestamps(place: str, served: ServedChain) -> Iterator[Explanation]:
    for sct in served.scts:
        log = sct.log_name or f"log {sct.log_id}"
        yield Explanation(
            path=f"{place}.scts",
            title=f"{place}.scts: {log}",
            verdict=sct.is_valid,
            value=sct.source.value,
            evidence=Evidence(note=sct.reason),
            details=(f"signed at {_moment(sct.at)}",) if sct.at else (),
        )
    if not served.scts:
        yield _judged(f"{place}.scts", "none", None)


def _judged(path: str, verdict: str, reason: str | None) -> Explanation:
    return Explanation(path=path, title=path, verdict=verdict, evidence=Evidence(note=reason))


def _pem(certificate: Certificate) -> tuple[str, ...]:
    der = certificate.der
    return () if der is None else tuple(ssl.DER_cert_to_PEM_cert(der).splitlines())


def _moment(at: datetime | None) -> str | None:
    return None if at is None else f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _yes(is_so: bool | None) -> str | None:
    return "yes" if is_so else None


def _listed(names: Sequence[str] | None) -> str | None:
    return ", ".join(names) if names else None
