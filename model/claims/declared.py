"""The claims that a server's own files, a cluster's secrets or an owner's labels make: certificates and versions.

A renewed file that the server has not loaded yet contradicts them, and so does a setting that another one overrides.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from model.claims.claim import Claim, ClaimedRule
from model.protocol_version import STREAM_VERSIONS, ProtocolVersion
from model.target import Target
from model.target_labels import EXPECTED_CERTIFICATE, EXPECTED_PROTOCOLS, label_problem

DECLARED_CERTIFICATE: Final = "declared_certificate"
DECLARED_PROTOCOLS: Final = "declared_protocols"
LABEL_SOURCE: Final = "label"
"""The source of the claims that an owner makes by a label."""

_HASH_SHOWN: Final = 16
_STREAM: Final = {
    over: version for version in STREAM_VERSIONS if (over := version.over_datagrams) is not None
}


def claims_of(target: Target) -> tuple[Claim, ...]:
    """All claims about ``target``: those of its sources, and those that its labels make."""
    return (*target.claims, *_of_labels(target))


def certificate_claim(sha256: Collection[str], source: str, resource: str) -> Claim:
    """Every leaf that is served is one of these, given by their SHA-256 in lower-case hex."""
    shown = ", ".join(f"{one[:_HASH_SHOWN]}…" for one in sorted(sha256))
    noun = "the certificate" if len(sha256) == 1 else "one of the certificates"
    return Claim(
        name=DECLARED_CERTIFICATE,
        statement=f"the server serves {noun} with the SHA-256 {shown}",
        source=source,
        resource=resource,
        rules=(ClaimedRule(rule="leaf_certificates", parameters={"allowed": sorted(sha256)}),),
    )


def protocols_claim(versions: Collection[ProtocolVersion], source: str, resource: str) -> Claim:
    """Exactly these versions are accepted."""
    names = ", ".join(version.display_name for version in sorted(versions))
    required = sorted({_STREAM.get(version, version) for version in versions})
    is_datagram = any(version in _STREAM for version in versions)
    # Nothing probes DTLS 1.3, so a list of DTLS versions says nothing about it.
    allowed = {*required, ProtocolVersion.TLSV1_3} if is_datagram else required
    return Claim(
        name=DECLARED_PROTOCOLS,
        statement=f"the server accepts these protocol versions and no others: {names}",
        source=source,
        resource=resource,
        rules=(
            ClaimedRule(
                rule="protocol_versions",
                parameters={"allowed": [version.label for version in sorted(allowed)]},
            ),
            ClaimedRule(
                rule="protocol_versions_required",
                parameters={"versions": [version.label for version in required]},
            ),
        ),
    )


def _of_labels(target: Target) -> Iterator[Claim]:
    for label, name in (
        (EXPECTED_CERTIFICATE, DECLARED_CERTIFICATE),
        (EXPECTED_PROTOCOLS, DECLARED_PROTOCOLS),
    ):
        text = target.labels.get(label, "")
        if not text:
            continue
        problem = label_problem(label, text)
        if problem is not None:
            yield Claim(
                name=name,
                statement=f"the label {label} declares what the server uses",
                source=LABEL_SOURCE,
                resource=label,
                unprovable=problem,
            )
            continue
        parts = [one.strip() for one in text.split(",")]
        if label == EXPECTED_CERTIFICATE:
            hashes = {one.replace(":", "").lower() for one in parts}
            yield certificate_claim(hashes, LABEL_SOURCE, label)
        else:
            yield protocols_claim({*map(ProtocolVersion.from_label, parts)}, LABEL_SOURCE, label)
