"""A HandshakeSummary under ssl_exporter's metric names and labels, so that existing alerts keep working.

There is one difference, an improvement: the facts of a certificate are present even if verification failed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from cryptography import x509
from cryptography.x509.oid import NameOID

from exporters.prometheus.other_exporters.handshake_summary import HandshakeSummary
from exporters.prometheus.other_exporters.samples import GO_ZERO_TIME, ForeignSample
from exporters.wording import version_name
from model.certificates.certificate import Certificate


def ssl_exporter_samples(glance: HandshakeSummary) -> Iterator[ForeignSample]:
    """The samples of a connection; of a failed connection only the failure."""
    yield from _validity("ssl_cert", [("", glance.chain)])
    if glance.version is not None:
        yield from _of_staple(glance)
    yield _sample("ssl_probe_success", "1 if the probe succeeded.", float(glance.is_success))
    yield _sample(
        "ssl_prober", "Always 1; the label shows the kind of probe.", 1, prober=glance.prober
    )
    if glance.version is not None:
        yield _sample(
            "ssl_tls_version_info",
            "Always 1; the label shows the negotiated version.",
            1,
            version=version_name(glance.version),
        )
    latest_first = sorted(glance.paths, key=_first_end, reverse=True)
    yield from _validity(
        "ssl_verified_cert", [(str(number), path) for number, path in enumerate(latest_first)]
    )


def _validity(
    prefix: str, chains: list[tuple[str, tuple[Certificate, ...]]]
) -> Iterator[ForeignSample]:
    """Start and end of each certificate's validity; ``chains`` with their numbers, or an empty number."""
    for end in ("not_after", "not_before"):
        for number, chain in chains:
            chain_no = {"chain_no": number} if number else {}
            for certificate in chain:
                at: datetime | None = getattr(certificate, end)
                if at is not None:
                    yield _sample(
                        f"{prefix}_{end}",
                        f"{end} of the certificate, as Unix time.",
                        at.timestamp(),
                        **chain_no,
                        **_labels(certificate),
                    )


def _of_staple(glance: HandshakeSummary) -> Iterator[ForeignSample]:
    staple = glance.staple
    for name in ("next_update", "produced_at", "revoked_at", "this_update"):
        at: datetime | None = getattr(staple, name) if staple else None
        missing = GO_ZERO_TIME if staple else 0
        yield _sample(
            f"ssl_ocsp_response_{name}",
            f"{name} of the stapled OCSP response, as Unix time; 0 without a response.",
            at.timestamp() if at else missing,
        )
    yield _sample(
        "ssl_ocsp_response_stapled", "1 if an OCSP response is stapled.", float(staple is not None)
    )
    yield _sample(
        "ssl_ocsp_response_status",
        "Status in the stapled OCSP response: 0 good, 1 revoked, 2 unknown.",
        staple.status if staple else 0,
    )


def _labels(certificate: Certificate) -> dict[str, str]:
    return {
        "cn": _first_of(certificate.subject, NameOID.COMMON_NAME),
        "dnsnames": _listed(certificate.dns_names),
        "emails": _listed(certificate.email_addresses),
        "ips": _listed(certificate.ip_addresses),
        "issuer_cn": _first_of(certificate.issuer, NameOID.COMMON_NAME),
        "ou": _listed(_all_of(certificate.subject, NameOID.ORGANIZATIONAL_UNIT_NAME)),
        "serial_no": str(int(certificate.serial_number, 16)) if certificate.serial_number else "",
    }


def _listed(texts: tuple[str, ...]) -> str:
    """With commas at both ends too, so that users can match a single item."""
    return f",{','.join(texts)}," if texts else ""


def _first_of(name: str | None, attribute: x509.ObjectIdentifier) -> str:
    return next(iter(_all_of(name, attribute)), "")


def _all_of(name: str | None, attribute: x509.ObjectIdentifier) -> tuple[str, ...]:
    try:
        parsed = x509.Name.from_rfc4514_string(name or "")
    except ValueError:
        return ()
    return tuple(str(one.value) for one in parsed.get_attributes_for_oid(attribute))


def _first_end(path: tuple[Certificate, ...]) -> float:
    return min((one.not_after.timestamp() for one in path if one.not_after), default=0.0)


def _sample(name: str, text: str, number: float, **labels: str) -> ForeignSample:
    return ForeignSample(name=name, help=text, number=number, labels=labels)
