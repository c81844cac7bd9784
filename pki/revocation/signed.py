"""A revocation query for one certificate, and signature checks with a certificate's key."""

from __future__ import annotations

from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa

from model.certificates.certificate import Revocation, RevocationMethod
from model.frozen import frozen
from model.verdict import Verdict


@frozen
class RevocationQuery:
    """One certificate at ``position`` of a chain and its issuer, both DER, at an aware time.

    ``source`` is the requested URL, None for a staple.
    """

    certificate: bytes
    issuer: bytes
    position: int
    at: datetime
    source: str | None = None

    def unknown(self, method: RevocationMethod, reason: str | None = None) -> Revocation:
        """A Revocation with unknown status."""
        return Revocation(
            position=self.position,
            method=method,
            is_revoked=Verdict.UNKNOWN,
            reason=reason,
            source=self.source,
        )


def is_signed_by(
    signer: x509.Certificate,
    signature: bytes,
    content: bytes,
    algorithm: hashes.HashAlgorithm | None,
    pss: padding.PSS | None = None,
) -> bool:
    """Also false if the key or the algorithm is not supported here.

    RSA signatures are PKCS #1 version 1.5, or PSS with these parameters (RFC 4055).
    """
    try:
        key = signer.public_key()
        match key:
            case rsa.RSAPublicKey() if algorithm is not None:
                key.verify(signature, content, pss or padding.PKCS1v15(), algorithm)
            case ec.EllipticCurvePublicKey() if algorithm is not None:
                key.verify(signature, content, ec.ECDSA(algorithm))
            case ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey():
                key.verify(signature, content)
            case _:
                return False
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """By name and signature; validity is not checked."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True
