"""The certificates that an endpoint serves, one by one: validity, key, and their other contents.

``cert`` is the beginning of a certificate's SHA-256. Chains for names other than the target's own are left
out.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from exporters.prometheus.families.family import Family, Sample
from exporters.prometheus.options import Detail
from model.certificates.certificate import Certificate, ServedChain
from model.certificates.lifetime import Lifetime
from model.snapshot import EndpointStatus

FINGERPRINT_LENGTH: Final = 16
_LEAF: Final = "leaf"


def fingerprint(certificate: Certificate) -> str:
    """The value of the label ``cert``."""
    return certificate.sha256[:FINGERPRINT_LENGTH]


POSITIONS: Final = (_LEAF, "intermediate", "root", "surplus")


def position(deployment: ServedChain, index: int, visited_at: datetime) -> str:
    """One of POSITIONS, by its position in the chain as sent.

    An expired certificate that the chain does not need is ``surplus``, so that no alert treats it as one in
    use. ``visited_at`` is the aware time at which the chain was judged.
    """
    if index == 0:
        return _LEAF
    if deployment.is_surplus(index, visited_at):
        return "surplus"
    certificate = deployment.chain[index]
    is_its_own_issuer = (
        certificate.subject is not None and certificate.subject == certificate.issuer
    )
    return "root" if is_its_own_issuer else "intermediate"


def _certificates(status: EndpointStatus) -> Iterator[tuple[str, Certificate]]:
    for deployment in status.observation.own_certificates:
        for index, certificate in enumerate(deployment.chain):
            yield position(deployment, index, status.observation.started_at), certificate


def _leaves(status: EndpointStatus) -> Iterator[tuple[str, Certificate]]:
    return (found for found in _certificates(status) if found[0] == _LEAF)


def _not_before(status: EndpointStatus) -> Iterator[Sample]:
    for place, certificate in _certificates(status):
        if certificate.not_before is not None:
            yield (place, fingerprint(certificate)), certificate.not_before.timestamp()


def _not_after(status: EndpointStatus) -> Iterator[Sample]:
    for place, certificate in _certificates(status):
        if certificate.not_after is not None:
            yield (place, fingerprint(certificate)), certificate.not_after.timestamp()


def _leaf_info(status: EndpointStatus) -> Iterator[Sample]:
    return _info(_leaves(status))


def _every_info(status: EndpointStatus) -> Iterator[Sample]:
    return _info(_certificates(status))


def _info(certificates: Iterator[tuple[str, Certificate]]) -> Iterator[Sample]:
    for place, certificate in certificates:
        labels = (
            place,
            fingerprint(certificate),
            certificate.subject or "",
            certificate.issuer or "",
            certificate.serial_number or "",
            certificate.key_type.value,
            certificate.signature_algorithm or "",
            (certificate.public_key_sha256 or "")[:FINGERPRINT_LENGTH],
        )
        yield labels, 1.0


def _leaf_key_size(status: EndpointStatus) -> Iterator[Sample]:
    return _key_size(_leaves(status))


def _every_key_size(status: EndpointStatus) -> Iterator[Sample]:
    return _key_size(_certificates(status))


def _key_size(certificates: Iterator[tuple[str, Certificate]]) -> Iterator[Sample]:
    for place, certificate in certificates:
        if certificate.key_bits is not None:
            labels = (place, fingerprint(certificate), certificate.key_type.value)
            yield labels, float(certificate.key_bits)


def _life_left(status: EndpointStatus) -> Iterator[Sample]:
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
    for place, certificate in _certificates(status):
        lifetime = Lifetime.of(certificate.not_before, certificate.not_after)
        if lifetime is not None:
            yield lifetime, (place, fingerprint(certificate))


_OF_ONE: Final = ("position", "cert")

CERTIFICATE_FAMILIES: Final = (
    Family(
        name="cert_not_before_timestamp_seconds",
        fact="certificates.chain",
        help="Start of the certificate's validity period (notBefore).",
        example="tlsprobe_cert_not_before_timestamp_seconds > time()",
        labels=_OF_ONE,
        samples=_not_before,
    ),
    Family(
        name="cert_not_after_timestamp_seconds",
        fact="certificates.chain",
        help="End of the certificate's validity period (notAfter).",
        example='tlsprobe_cert_not_after_timestamp_seconds{position="leaf"} - time() < 14 * 86400',
        labels=_OF_ONE,
        samples=_not_after,
    ),
    Family(
        name="cert_info",
        fact="certificates.chain",
        help="Always 1; the labels describe the leaf certificate and the beginning of its public "
        "key's SHA-256. At detail all, every certificate of the chain.",
        example='count by (issuer) (tlsprobe_cert_info{position="leaf"})',
        labels=(
            *_OF_ONE,
            "subject",
            "issuer",
            "serial_number",
            "key_type",
            "signature_algorithm",
            "public_key",
        ),
        samples=_leaf_info,
        all_samples=_every_info,
    ),
    Family(
        name="cert_public_key_size",
        fact="certificates.chain",
        help="Size of the leaf's public key in bits; at detail all, of every certificate's key.",
        example='tlsprobe_cert_public_key_size{key_type="rsa"} < 2048',
        labels=(*_OF_ONE, "key_type"),
        samples=_leaf_key_size,
        all_samples=_every_key_size,
    ),
    Family(
        name="cert_lifetime_remaining_ratio",
        fact="certificates.chain",
        help="Share of the certificate's lifetime that was left at the last visit: 1 at its "
        "beginning, 0 at its end. The recording rule tlsprobe:cert_remaining:ratio shows the "
        "current value, at any detail.",
        example="tlsprobe_cert_lifetime_remaining_ratio < 0.25",
        labels=_OF_ONE,
        samples=_life_left,
        detail=Detail.ALL,
    ),
    Family(
        name="cert_renewal_timestamp_seconds",
        fact="certificates.chain",
        help="When an ACME client renews the certificate: with a third of its lifetime left, or "
        "half if the lifetime is under ten days.",
        example="tlsprobe_cert_renewal_timestamp_seconds < time()",
        labels=_OF_ONE,
        samples=_renewal,
        detail=Detail.ALL,
    ),
    Family(
        name="cert_expiry_warning_timestamp_seconds",
        fact="certificates.chain",
        help="When the certificate starts to expire soon: with a quarter of its lifetime left, at "
        "most 30 days.",
        example="tlsprobe_cert_expiry_warning_timestamp_seconds < time()",
        labels=_OF_ONE,
        samples=_warning,
        detail=Detail.ALL,
    ),
    Family(
        name="cert_expiry_critical_timestamp_seconds",
        fact="certificates.chain",
        help="When the expiry becomes critical: with a tenth of the lifetime left, at most 7 days.",
        example="tlsprobe_cert_expiry_critical_timestamp_seconds < time()",
        labels=_OF_ONE,
        samples=_critical,
        detail=Detail.ALL,
    ),
)
