"""A HandshakeSummary under blackbox_exporter's metric names and labels, so that existing alerts keep working.

The names and labels are those of blackbox_exporter 0.28. There is one difference, an improvement: the facts of a
certificate are present even if verification failed.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from exporters.prometheus.other_exporters.handshake_summary import HandshakeSummary, HttpSummary
from exporters.prometheus.other_exporters.samples import GO_ZERO_TIME, ForeignSample
from exporters.wording import version_name
from model.certificates.certificate import Certificate

_FNV_OFFSET: Final = 0x811C9DC5
_FNV_PRIME: Final = 0x01000193
"""32-bit FNV-1a, with which blackbox_exporter hashes the address."""


def blackbox_samples(glance: HandshakeSummary) -> Iterator[ForeignSample]:
    """The samples, ordered by name."""
    address = ipaddress.ip_address(glance.address.partition("%")[0]) if glance.address else None
    yield _sample(
        "probe_dns_lookup_time_seconds", "Duration of the name lookup.", glance.resolve_seconds
    )
    yield _sample("probe_duration_seconds", "Duration of the probe.", glance.duration_seconds)
    yield _sample("probe_failed_due_to_regex", "Always 0: not supported.", 0)
    if glance.http is not None:
        yield from _of_http(glance.http)
    yield _sample(
        "probe_ip_addr_hash",
        "Hash of the IP address; it changes when the address changes.",
        _fnv1a(address.packed) if address else 0,
    )
    yield _sample(
        "probe_ip_protocol", "IP version: 4 or 6; 0 if unknown.", address.version if address else 0
    )
    yield from _of_chain(glance)
    yield _sample(
        "probe_success", "1 if all conditions of the module are met.", float(glance.is_success)
    )
    yield _sample("probe_timeout_seconds", "Limit of the probe.", glance.timeout_seconds)
    if glance.cipher_suite is not None and glance.version is not None:
        yield _sample(
            "probe_tls_cipher_info",
            "Always 1; the label shows the negotiated cipher suite.",
            1,
            cipher=glance.cipher_suite,
        )
    if glance.version is not None:
        yield _sample(
            "probe_tls_version_info",
            "Always 1; the label shows the negotiated version.",
            1,
            version=version_name(glance.version),
        )


def _of_http(http: HttpSummary) -> Iterator[ForeignSample]:
    yield _sample(
        "probe_http_content_length", "Length that the answer announces.", http.content_length
    )
    for phase, seconds in sorted(http.phases.items()):
        yield _sample(
            "probe_http_duration_seconds",
            "Duration of each phase, summed over all redirects.",
            seconds,
            phase=phase,
        )
    if http.last_modified is not None:
        yield _sample(
            "probe_http_last_modified_timestamp_seconds",
            "The answer's Last-Modified, as Unix time.",
            http.last_modified.timestamp(),
        )
    yield _sample("probe_http_redirects", "Number of redirects.", http.redirects)
    yield _sample("probe_http_ssl", "1 if the last answer came over TLS.", http.is_over_tls)
    yield _sample("probe_http_status_code", "HTTP status of the last answer.", http.status)
    yield _sample(
        "probe_http_uncompressed_body_length", "Length of the answer's body.", http.body_length
    )
    yield _sample("probe_http_version", "HTTP version of the last answer.", http.version)


def _of_chain(glance: HandshakeSummary) -> Iterator[ForeignSample]:
    ends = _ends(glance.chain)
    if ends:
        yield _sample(
            "probe_ssl_earliest_cert_expiry",
            "When the first certificate of the served chain expires.",
            min(ends).timestamp(),
        )
    if glance.chain:
        paths = [ends for path in glance.paths if (ends := _ends(path))]
        yield _sample(
            "probe_ssl_last_chain_expiry_timestamp_seconds",
            "When the last of the verified chains expires; the year 1 without a verified chain.",
            max(min(path) for path in paths).timestamp() if paths else GO_ZERO_TIME,
        )
        leaf = glance.chain[0]
        yield _sample(
            "probe_ssl_last_chain_info",
            "Always 1; the labels describe the leaf certificate.",
            1,
            fingerprint_sha256=leaf.sha256,
            issuer=leaf.issuer or "",
            serialnumber=leaf.serial_number or "",
            subject=leaf.subject or "",
            subjectalternative=",".join(leaf.dns_names),
        )


def _ends(certificates: tuple[Certificate, ...]) -> list[datetime]:
    return [one.not_after for one in certificates if one.not_after is not None]


def _fnv1a(octets: bytes) -> int:
    hashed = _FNV_OFFSET
    for octet in octets:
        hashed = ((hashed ^ octet) * _FNV_PRIME) & 0xFFFFFFFF
    return hashed


def _sample(name: str, text: str, number: float, **labels: str) -> ForeignSample:
    return ForeignSample(name=name, help=text, number=number, labels=labels)
