"""Did the CA that a host certificate names sign it? (OpenSSH's PROTOCOL.certkeys)

The certificate has the CA's public key, so its signature can be verified without knowing the CA. This does not say that
anyone trusts the CA.
"""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from model.frozen import frozen
from model.verdict import Verdict
from pki.byte_reader import ByteReader, DecodeError
from probe.crypto.ssh.host_key_proof import read_signature, signs_with, verify
from probe.ssh.host_key import HostCertificate, decode_host_key
from probe.ssh.limits import MAX_NAME_LENGTH

_UINT32: Final = 4


@frozen
class CaSignature:
    """``verdict`` is whether the signature matches; unknown if its algorithm, or the CA's key, cannot be verified.

    ``authority`` is the type, the size in bits and the fingerprint of the CA's key, and the algorithm of its
    signature; ``note`` is why the verdict is so.
    """

    verdict: Verdict
    authority: str
    note: str


def check_ca_signature(certificate: HostCertificate) -> CaSignature:
    """Verifies the CA's signature over the certificate."""
    words = f"{_key_type(certificate.authority)} {certificate.ca_fingerprint}"
    try:
        algorithm, signature = read_signature(certificate.signature)
    except DecodeError as error:
        return CaSignature(verdict=Verdict.NO, authority=words, note=str(error))
    try:
        key = decode_host_key(certificate.authority)
    except DecodeError as error:
        note = f"the CA's key cannot be verified with: {error}"
        return CaSignature(verdict=Verdict.UNKNOWN, authority=words, note=note)
    name = algorithm[:MAX_NAME_LENGTH]
    words = f"{key.plain_type} {key.bits} {certificate.ca_fingerprint}, {name}"
    if key.certificate is not None:
        note = "a CA's key may not be a certificate"
        return CaSignature(verdict=Verdict.NO, authority=words, note=note)
    if not signs_with(key, algorithm):
        note = f"the algorithm of the signature is not one of the CA's key: {name}"
        return CaSignature(verdict=Verdict.UNKNOWN, authority=words, note=note)
    verdict, note = Verdict.YES, "the CA's signature over the certificate matches"
    try:
        verify(key, algorithm, signature, certificate.signed)
    except (InvalidSignature, DecodeError):
        verdict, note = Verdict.NO, "the CA's signature over the certificate does not match"
    except (ValueError, UnsupportedAlgorithm) as error:
        verdict, note = Verdict.UNKNOWN, f"the CA's key cannot be used: {error}"
    return CaSignature(verdict=verdict, authority=words, note=note)


def _key_type(authority: bytes) -> str:
    """The name of the key's type as sent, which may be one that tlsprobe does not know."""
    try:
        name = ByteReader(authority, "CA key").vector(_UINT32)
    except DecodeError:
        return "malformed"
    return name[:MAX_NAME_LENGTH].decode("ascii", "replace")
