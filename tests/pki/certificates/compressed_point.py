"""An issuer whose certificate has its EC key as a compressed point (SEC 1, section 2.3.3)."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pki.certificates.reading.der import Element, Tag, first
from tests.pki.certificates.making import Made

_PUBLIC_KEY = 6
"""The position of subjectPublicKeyInfo in a TBSCertificate with its version (RFC 5280, section 4.1)."""


def with_compressed_point(made: Made) -> Made:
    """The same certificate, signed again, with the compressed form of its key."""
    assert isinstance(made.key, ec.EllipticCurvePrivateKey)
    outer = first(made.der, Tag.SEQUENCE)
    assert outer is not None
    signed, algorithm, _ = outer.children()
    parts = list(signed.children())
    kind, _ = parts[_PUBLIC_KEY].children()
    point = made.key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    parts[_PUBLIC_KEY] = _sequence(kind, _bits(point))
    tbs = _sequence(*parts)
    signature = made.key.sign(tbs.encode(), ec.ECDSA(hashes.SHA256()))
    der = _sequence(tbs, algorithm, _bits(signature)).encode()
    return Made(certificate=x509.load_der_x509_certificate(der), key=made.key)


def public_key_info(certificate: bytes) -> bytes:
    """The SubjectPublicKeyInfo of a certificate, byte for byte."""
    outer = first(certificate, Tag.SEQUENCE)
    assert outer is not None
    return outer.children()[0].children()[_PUBLIC_KEY].encode()


def _sequence(*parts: Element) -> Element:
    return Element(tag=Tag.SEQUENCE, content=b"".join(part.encode() for part in parts))


def _bits(content: bytes) -> Element:
    return Element(tag=Tag.BIT_STRING, content=b"\0" + content)
