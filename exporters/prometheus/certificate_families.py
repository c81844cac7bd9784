"""The chains that an endpoint serves: validity, keys, trust, and what is wrong.

``cert`` is the beginning of a certificate's SHA-256; of a series about a whole chain, its leaf's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from exporters.prometheus.family import Family, Sample
from model.certificate import Certificate, Deployment, Problem, Revocation
from model.lifetime import Lifetime
from model.snapshot import EndpointStatus
from model.verdict import Verdict

_FINGERPRINT_LENGTH: Final = 16
_REASONS: Final = {
    Problem.INCOMPLETE: "incomplete_chain",
    Problem.MISORDERED: "other",
    Problem.SURPLUS: "other",
    Problem.CONTAINS_ROOT: "other",
    Problem.UNPARSABLE: "other",
}
"""The problems that a verifier's reason is not spelt like; the others are."""

_HARMLESS: Final = {
    Problem.SURPLUS,
    Problem.CONTAINS_ROOT,
    Problem.MISORDERED,
    Problem.LIFETIME_TOO_LONG,
    Problem.INTERNAL_NAME,
}
"""What is untidy and refused by no verifier."""


def _fingerprint(certificate: Certificate) -> str:
    return certificate.sha256[:_FINGERPRINT_LENGTH]


def _certificates(status: EndpointStatus) -> Iterator[tuple[str, Certificate]]:
    for deployment in status.observation.own_certificates:
        for index, certificate in enumerate(deployment.chain):
            yield _position(index, certificate), certificate


def _position(index: int, certificate: Certificate) -> str:
    if index == 0:
        return "leaf"
    is_its_own_issuer = (
        certificate.subject is not None and certificate.subject == certificate.issuer
    )
    return "root" if is_its_own_issuer else "intermediate"


def _not_before(status: EndpointStatus) -> Iterator[Sample]:
    for position, certificate in _certificates(status):
        if certificate.not_before is not None:
            yield (position, _fingerprint(certificate)), certificate.not_before.timestamp()


def _not_after(status: EndpointStatus) -> Iterator[Sample]:
    for position, certificate in _certificates(status):
        if certificate.not_after is not None:
            yield (position, _fingerprint(certificate)), certificate.not_after.timestamp()


def _info(status: EndpointStatus) -> Iterator[Sample]:
    for position, certificate in _certificates(status):
        yield (
            (
                position,
                _fingerprint(certificate),
                certificate.subject or "",
                certificate.issuer or "",
                certificate.serial_number or "",
                certificate.key_type.value,
                certificate.signature_algorithm or "",
            ),
            1.0,
        )


def _key_size(status: EndpointStatus) -> Iterator[Sample]:
    for position, certificate in _certificates(status):
        if certificate.key_bits is not None:
            labels = (position, _fingerprint(certificate), certificate.key_type.value)
            yield labels, float(certificate.key_bits)


def _chain_length(status: EndpointStatus) -> Iterator[Sample]:
    for deployment in status.observation.own_certificates:
        yield (_fingerprint(deployment.leaf),), float(len(deployment.chain))


def _chain_expiry(status: EndpointStatus) -> Iterator[Sample]:
    for deployment in status.observation.own_certificates:
        ends = [one.not_after for one in deployment.chain if one.not_after is not None]
        if len(ends) == len(deployment.chain):
            yield (_fingerprint(deployment.leaf),), min(ends).timestamp()


def _self_signed(status: EndpointStatus) -> Iterator[Sample]:
    for deployment in status.observation.own_certificates:
        is_self_signed = Problem.SELF_SIGNED in deployment.problems
        yield (_fingerprint(deployment.leaf),), float(is_self_signed)


def _lifetime_left(status: EndpointStatus) -> Iterator[Sample]:
    for lifetime, labels in _lifetimes(status):
        yield labels, lifetime.fraction_left(status.last_probe_at)


def _renewal(status: EndpointStatus) -> Iterator[Sample]:
    for lifetime, labels in _lifetimes(status):
        yield labels, lifetime.renewal_at.timestamp()


def _warning(status: EndpointStatus) -> Iterator[Sample]:
    for lifetime, labels in _lifetimes(status):
        yield labels, lifetime.warning_at.timestamp()


def _critical(status: EndpointStatus) -> Iterator[Sample]:
    for lifetime, labels in _lifetimes(status):
        yield labels, lifetime.critical_at.timestamp()


def _lifetimes(status: EndpointStatus) -> Iterator[tuple[Lifetime, tuple[str, str]]]:
    for position, certificate in _certificates(status):
        lifetime = Lifetime.of(certificate.not_before, certificate.not_after)
        if lifetime is not None:
            yield lifetime, (position, _fingerprint(certificate))


def _path_expiry(status: EndpointStatus) -> Iterator[Sample]:
    for deployment in status.observation.own_certificates:
        for store, trust in deployment.trust.items():
            if trust.verdict is Verdict.YES and trust.path_not_after is not None:
                labels = (_fingerprint(deployment.leaf), store)
                yield labels, trust.path_not_after.timestamp()


def _strictly_valid(status: EndpointStatus) -> Iterator[Sample]:
    for deployment in status.observation.own_certificates:
        for store, trust in deployment.trust.items():
            if trust.strict is not Verdict.UNKNOWN:
                labels = (_fingerprint(deployment.leaf), store)
                yield labels, float(trust.strict is Verdict.YES)


def _revoked(status: EndpointStatus) -> Iterator[Sample]:
    for deployment, found in _revocations(status):
        if found.is_revoked is not Verdict.UNKNOWN:
            yield _source(deployment, found), float(found.is_revoked is Verdict.YES)


def _revocation_next_update(status: EndpointStatus) -> Iterator[Sample]:
    for deployment, found in _revocations(status):
        if found.next_update is not None:
            yield _source(deployment, found), found.next_update.timestamp()


def _revocations(status: EndpointStatus) -> Iterator[tuple[Deployment, Revocation]]:
    """The last word of each method on each certificate."""
    for deployment in status.observation.own_certificates:
        words = {(one.position, one.method): one for one in deployment.revocations}
        for found in words.values():
            if found.position < len(deployment.chain):
                yield deployment, found


def _source(deployment: Deployment, found: Revocation) -> tuple[str, str, str]:
    certificate = deployment.chain[found.position]
    position = _position(found.position, certificate)
    return position, _fingerprint(certificate), found.method.value


def _scts(status: EndpointStatus) -> Iterator[Sample]:
    for deployment in status.observation.own_certificates:
        counts = Counter((sct.source.value, sct.is_valid.value) for sct in deployment.scts)
        for (source, valid), count in sorted(counts.items()):
            yield (_fingerprint(deployment.leaf), source, valid), float(count)


def _transparency(status: EndpointStatus) -> Iterator[Sample]:
    for deployment in status.observation.own_certificates:
        for policy, found in deployment.transparency.items():
            if found.verdict is not Verdict.UNKNOWN:
                labels = (_fingerprint(deployment.leaf), policy)
                yield labels, float(found.verdict is Verdict.YES)


def _must_staple(status: EndpointStatus) -> Iterator[Sample]:
    for deployment in status.observation.own_certificates:
        yield (_fingerprint(deployment.leaf),), float(deployment.leaf.must_staple)


def _hostname(status: EndpointStatus) -> Iterator[Sample]:
    for deployment in status.observation.own_certificates:
        if deployment.hostname_matches is not Verdict.UNKNOWN:
            matches = deployment.hostname_matches is Verdict.YES
            yield (_fingerprint(deployment.leaf),), float(matches)


def _verify_success(status: EndpointStatus) -> Iterator[Sample]:
    for deployment in status.observation.own_certificates:
        for store, trust in deployment.trust.items():
            if trust.verdict is not Verdict.UNKNOWN:
                trusted = trust.verdict is Verdict.YES
                yield (_fingerprint(deployment.leaf), store), float(trusted)


def _verify_error(status: EndpointStatus) -> Iterator[Sample]:
    for deployment in status.observation.own_certificates:
        for store, trust in deployment.trust.items():
            if trust.verdict is Verdict.NO:
                for reason in _reasons(deployment):
                    yield (_fingerprint(deployment.leaf), store, reason), 1.0


def _reasons(deployment: Deployment) -> set[str]:
    """A store that does not have the issuer says so where nothing else is wrong."""
    told = {
        _REASONS.get(problem, problem.value)
        for problem in deployment.problems
        if problem not in _HARMLESS
    }
    return told or {"unknown_ca"}


def _problems(status: EndpointStatus) -> Iterator[Sample]:
    for deployment in status.observation.own_certificates:
        for problem in deployment.problems:
            yield (_fingerprint(deployment.leaf), problem.value), 1.0


_OF_ONE: Final = ("position", "cert")

CERTIFICATE_FAMILIES: Final = (
    Family(
        name="cert_not_before_timestamp_seconds",
        help="From when the certificate is valid.",
        labels=_OF_ONE,
        samples=_not_before,
    ),
    Family(
        name="cert_not_after_timestamp_seconds",
        help="Until when the certificate is valid.",
        labels=_OF_ONE,
        samples=_not_after,
    ),
    Family(
        name="cert_info",
        help="1, with what the certificate says of itself.",
        labels=(
            *_OF_ONE,
            "subject",
            "issuer",
            "serial_number",
            "key_type",
            "signature_algorithm",
        ),
        samples=_info,
    ),
    Family(
        name="cert_public_key_size",
        help="The size of the certificate's public key in binary digits.",
        labels=(*_OF_ONE, "key_type"),
        samples=_key_size,
    ),
    Family(
        name="cert_chain_length",
        help="How many certificates are served, the leaf included.",
        labels=("cert",),
        samples=_chain_length,
    ),
    Family(
        name="chain_expiry_timestamp_seconds",
        help="When the first certificate of the served chain expires.",
        labels=("cert",),
        samples=_chain_expiry,
    ),
    Family(
        name="verified_chain_expiry_timestamp_seconds",
        help="When the first certificate of the best path to the trust store expires.",
        labels=("cert", "trust_store"),
        samples=_path_expiry,
    ),
    Family(
        name="cert_lifetime_left_ratio",
        help="What part of its life was left at the last visit: 1 at its beginning, 0 at its end.",
        labels=_OF_ONE,
        samples=_lifetime_left,
    ),
    Family(
        name="cert_renewal_timestamp_seconds",
        help="When an ACME client renews it: with a third of its life left, half under ten days.",
        labels=_OF_ONE,
        samples=_renewal,
    ),
    Family(
        name="cert_expiry_warning_timestamp_seconds",
        help="From when on its end is near: with a quarter of its life left, at most 30 days.",
        labels=_OF_ONE,
        samples=_warning,
    ),
    Family(
        name="cert_expiry_critical_timestamp_seconds",
        help="From when on its end is very near: with a tenth of its life left, at most 7 days.",
        labels=_OF_ONE,
        samples=_critical,
    ),
    Family(
        name="cert_must_staple",
        help="1 where the leaf demands a stapled OCSP response (RFC 7633), 0 where it does not.",
        labels=("cert",),
        samples=_must_staple,
    ),
    Family(
        name="revoked",
        help="1 where the certificate is revoked, 0 where it is proved not to be, by each method.",
        labels=(*_OF_ONE, "method"),
        samples=_revoked,
    ),
    Family(
        name="revocation_next_update_timestamp_seconds",
        help="Until when the word on the certificate's revocation counts.",
        labels=(*_OF_ONE, "method"),
        samples=_revocation_next_update,
    ),
    Family(
        name="cert_scts",
        help="How many timestamps of public logs come with the leaf, by way and validity.",
        labels=("cert", "source", "valid"),
        samples=_scts,
    ),
    Family(
        name="cert_transparency_compliant",
        help="1 where the timestamps are what a browser's policy asks for, 0 where they are not.",
        labels=("cert", "policy"),
        samples=_transparency,
    ),
    Family(
        name="cert_self_signed",
        help="1 where the leaf is its own issuer, 0 where it is not.",
        labels=("cert",),
        samples=_self_signed,
    ),
    Family(
        name="cert_hostname_matches",
        help="1 where the leaf is for the name that was asked for, 0 where it is not (RFC 9525).",
        labels=("cert",),
        samples=_hostname,
    ),
    Family(
        name="cert_verify_success",
        help="1 where the served chain verifies against the trust store, 0 where it does not.",
        labels=("cert", "trust_store"),
        samples=_verify_success,
    ),
    Family(
        name="cert_verify_strict_success",
        help="1 where the chain keeps to the Web PKI's profile too, 0 where it does not.",
        labels=("cert", "trust_store"),
        samples=_strictly_valid,
    ),
    Family(
        name="cert_verify_error",
        help="1 for each reason why the served chain may not verify against the trust store.",
        labels=("cert", "trust_store", "reason"),
        samples=_verify_error,
    ),
    Family(
        name="cert_problem",
        help="1 for each thing that is wrong with the served chain.",
        labels=("cert", "problem"),
        samples=_problems,
    ),
)
