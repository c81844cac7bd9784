"""The certificate of a listener: ``publicCertData`` is base64 of PKCS #7 that holds certificates alone."""

from __future__ import annotations

import base64
import hashlib
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding

from model.frozen import frozen
from pki.certificates.reading.fields import read_fields

_LONGEST: Final = 1 << 20
"""Characters of one certificate with its chain."""


@frozen
class Leaf:
    """The certificate that is served: its SHA-256 in lower-case hex, and its DNS names."""

    sha256: str
    names: tuple[str, ...]


def served_leaf(public_cert_data: str) -> Leaf | None:
    """The one that issued none of the others; None if there is none, or if several did not.

    The certificates are a set (RFC 5652, section 5.1), so their order says nothing.
    """
    # It takes a library for e-mail with it, which nothing else in discovery needs.
    from cryptography.hazmat.primitives.serialization import pkcs7

    if len(public_cert_data) > _LONGEST:
        return None
    try:
        found = pkcs7.load_der_pkcs7_certificates(base64.b64decode(public_cert_data))
        issuers = {one.issuer for one in found if one.issuer != one.subject}
        leaves = [one for one in found if one.subject not in issuers]
        der = leaves[0].public_bytes(Encoding.DER) if len(leaves) == 1 else None
        names = () if der is None else tuple(read_fields(der).dns_names())
    # Untrusted bytes in a large library: any exception means that they have another format.
    except Exception:
        return None
    return None if der is None else Leaf(sha256=hashlib.sha256(der).hexdigest(), names=names)
