"""Client certificates that no server should accept: made here, without an issuer.

A server that requires client certificates must refuse one that is self-signed, and one that names an
authority of the server as its issuer but is signed by another key (RFC 9846, section 4.4.2.4).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pki.certificates.reading.der import Element, Tag, first

_NAME: Final = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tlsprobe test client")])
_DAY: Final = timedelta(days=1)
_LONGEST_REMEMBERED: Final = 4096
"""Bytes of a name: this limits all cached certificates to 2 MiB."""
_ISSUER: Final = 3
"""The position of the issuer in a TBSCertificate with its version (RFC 5280, section 4.1)."""


@cache
def throwaway_key() -> rsa.RSAPrivateKey:
    """This process's key for such certificates: RSA, because every server's list includes it."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def throwaway_certificate(at: datetime, issuer_name: bytes = b"") -> x509.Certificate:
    """A client certificate signed by its own key and valid at the aware time ``at``, with ``issuer_name`` (DER)
    as its issuer.

    One that has expired would be refused for its dates alone, by a server that verifies nothing else. So the
    certificates of a day are made on that day.

    Raises:
        ValueError: if those bytes are not a Name.
    """
    is_short = len(issuer_name) <= _LONGEST_REMEMBERED
    return (_remembered if is_short else _made)(issuer_name, at.astimezone(UTC).date())


def _made(issuer_name: bytes, day: date) -> x509.Certificate:
    key, midnight = throwaway_key(), datetime.combine(day, time(), UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_NAME)
        .issuer_name(_NAME)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(midnight - _DAY)
        .not_valid_after(midnight + 90 * _DAY)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    if not issuer_name:
        return certificate
    return x509.load_der_x509_certificate(_claiming(certificate, issuer_name))


_remembered = lru_cache(maxsize=256)(_made)


def _claiming(certificate: x509.Certificate, issuer_name: bytes) -> bytes:
    """The same certificate with that issuer, signed again."""
    name = first(issuer_name, Tag.SEQUENCE)
    outer = first(certificate.public_bytes(Encoding.DER), Tag.SEQUENCE)
    if name is None or outer is None:
        raise ValueError("the issuer is not a valid Name")
    signed, algorithm, _ = outer.children()
    parts = list(signed.children())
    parts[_ISSUER] = name
    tbs = _sequence(*parts)
    signature = throwaway_key().sign(tbs.encode(), padding.PKCS1v15(), hashes.SHA256())
    return _sequence(
        tbs, algorithm, Element(tag=Tag.BIT_STRING, content=b"\0" + signature)
    ).encode()


def _sequence(*parts: Element) -> Element:
    return Element(tag=Tag.SEQUENCE, content=b"".join(part.encode() for part in parts))
