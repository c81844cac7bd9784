"""Claims of what a server is configured to serve (``model.claims.declared``), from its certificates' files and versions."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

from model.claims import Claim
from model.claims.declared import certificate_claim, protocols_claim
from model.protocol_version import ProtocolVersion
from pki.certificates.pem import certificates_in
from pki.certificates.reading.fields import read_fields

_LARGEST_FILE_BYTES: Final = 1 << 20


def declared_claims(
    certificates: Collection[str],
    protocols: Collection[ProtocolVersion] = (),
    *,
    source: str,
    resource: str,
) -> tuple[Claim, ...]:
    """The claims of these certificate hashes (SHA-256) and versions; empty if nothing is declared.

    Whether versions before TLS 1.2 are served depends on OpenSSL's security level and configuration too, so a set
    with one of them declares nothing.
    """
    found = []
    if certificates:
        found.append(certificate_claim(frozenset(certificates), source, resource))
    if protocols and min(protocols) >= ProtocolVersion.TLSV1_2:
        found.append(protocols_claim(frozenset(protocols), source, resource))
    return tuple(found)


def leaf_sha256(pem: bytes) -> str | None:
    """The SHA-256 of the first certificate in PEM text, which is the server's own; None if there is none."""
    leaf = _leaf(pem)
    return None if leaf is None else hashlib.sha256(leaf).hexdigest()


def _leaf(pem: bytes) -> bytes | None:
    first = next(certificates_in(pem), None)
    try:
        return None if first is None or first.base64 is None else base64.b64decode(first.base64)
    except ValueError:
        return None


def read_leaves(paths: Sequence[Path]) -> tuple[tuple[str, ...], str | None]:
    """The SHA-256 of the leaf in each PEM file; or none, and why the declaration is unknown."""
    found: list[str] = []
    for path in paths:
        try:
            sha256 = leaf_sha256(_beginning(path))
        except OSError as error:
            return (), f"the certificate {path} cannot be read here ({error.strerror})"
        if sha256 is None:
            return (), f"{path} has no certificate in PEM"
        found.append(sha256)
    return tuple(found), None


def leaf_names(path: Path) -> tuple[str, ...]:
    """The DNS names in the leaf of a PEM file; none if it cannot be read."""
    try:
        leaf = _leaf(_beginning(path))
    except OSError:
        return ()
    return () if leaf is None else tuple(read_fields(leaf).dns_names())


def _beginning(path: Path) -> bytes:
    with path.open("rb") as opened:
        return opened.read(_LARGEST_FILE_BYTES)
