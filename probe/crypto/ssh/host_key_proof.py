"""Does this signature prove that the server has the private half of its host key? (RFC 4253, 6.6; RFC 5656; RFC 8332; RFC 8709)"""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from pki.byte_reader import ByteReader, DecodeError
from probe.ssh.host_key import HostKey

_UINT32: Final = 4
_LONGEST_RSA_BITS: Final = 16_384
_LONGEST_EXPONENT_BITS: Final = 64
_LONGEST_DSA_BITS: Final = 4_096
_DSA_HALF: Final = 20

_RSA_HASHES: Final[dict[str, hashes.HashAlgorithm]] = {
    "rsa-sha2-512": hashes.SHA512(),
    "rsa-sha2-256": hashes.SHA256(),
    "ssh-rsa": hashes.SHA1(),  # noqa: S303 (the server chose it)
}
_CURVES: Final[dict[str, tuple[ec.EllipticCurve, hashes.HashAlgorithm]]] = {
    "ecdsa-sha2-nistp256": (ec.SECP256R1(), hashes.SHA256()),
    "ecdsa-sha2-nistp384": (ec.SECP384R1(), hashes.SHA384()),
    "ecdsa-sha2-nistp521": (ec.SECP521R1(), hashes.SHA512()),
}


def flaw_of_signature(key: HostKey, algorithm: str, blob: bytes, signed: bytes) -> str | None:
    """None if the signature in ``blob`` proves the ``key``; else why it does not, in words.

    ``algorithm`` is the one that was agreed on, without a certificate, and ``signed`` is the exchange hash.
    """
    try:
        name, signature = read_signature(blob)
        if name != algorithm:
            return f"the signature is {name}, and {algorithm} was agreed on"
        verify(key, algorithm, signature, signed)
    except DecodeError as error:
        return str(error)
    except InvalidSignature:
        return "the signature does not match the host key"
    except (ValueError, UnsupportedAlgorithm) as error:
        return f"the host key cannot be used: {error}"
    return None


def read_signature(blob: bytes) -> tuple[str, bytes]:
    """The algorithm of a signature, and its bytes. Raises DecodeError."""
    reader = ByteReader(blob, "signature")
    name = reader.vector(_UINT32).decode("ascii", "replace")
    signature = reader.vector(_UINT32)
    reader.finish()
    return name, signature


def signs_with(key: HostKey, algorithm: str) -> bool:
    """Whether keys of this type make signatures of this ``algorithm``."""
    is_rsa = key.plain_type == "ssh-rsa"
    return algorithm in _RSA_HASHES if is_rsa else algorithm == key.plain_type


def verify(key: HostKey, algorithm: str, signature: bytes, signed: bytes) -> None:
    """Verifies a signature of an ``algorithm`` that ``signs_with`` the ``key``.

    Raises:
        InvalidSignature: if it does not match.
        DecodeError: if it is malformed.
        ValueError: if the key cannot be used.
        UnsupportedAlgorithm: if the key cannot be used with this version of OpenSSL.
    """
    match key.plain_type:
        case "ssh-ed25519":
            ed25519.Ed25519PublicKey.from_public_bytes(key.fields[0]).verify(signature, signed)
        case "ssh-ed448":
            ed448.Ed448PublicKey.from_public_bytes(key.fields[0]).verify(signature, signed)
        case "ssh-rsa":
            _verify_rsa(key, algorithm, signature, signed)
        case "ssh-dss":
            _verify_dsa(key, signature, signed)
        case curve:
            _verify_ecdsa(key, curve, signature, signed)


def _verify_rsa(key: HostKey, algorithm: str, signature: bytes, signed: bytes) -> None:
    exponent, modulus = (int.from_bytes(one, "big") for one in key.fields)
    if key.bits > _LONGEST_RSA_BITS or exponent.bit_length() > _LONGEST_EXPONENT_BITS:
        raise ValueError("its numbers are too long")
    public = rsa.RSAPublicNumbers(exponent, modulus).public_key()
    public.verify(signature, signed, padding.PKCS1v15(), _RSA_HASHES[algorithm])


def _verify_dsa(key: HostKey, signature: bytes, signed: bytes) -> None:
    p, q, g, y = (int.from_bytes(one, "big") for one in key.fields)
    if key.bits > _LONGEST_DSA_BITS or len(signature) != 2 * _DSA_HALF:
        raise ValueError("its numbers have the wrong length")
    public = dsa.DSAPublicNumbers(y, dsa.DSAParameterNumbers(p, q, g)).public_key()
    halves = (int.from_bytes(one, "big") for one in (signature[:_DSA_HALF], signature[_DSA_HALF:]))
    public.verify(encode_dss_signature(*halves), signed, hashes.SHA1())  # noqa: S303 (as RFC 4253 says)


def _verify_ecdsa(key: HostKey, name: str, signature: bytes, signed: bytes) -> None:
    curve, digest = _CURVES[name]
    public = ec.EllipticCurvePublicKey.from_encoded_point(curve, key.fields[1])
    reader = ByteReader(signature, "signature")
    halves = [int.from_bytes(reader.vector(_UINT32), "big") for _ in range(2)]
    reader.finish()
    public.verify(encode_dss_signature(*halves), signed, ec.ECDSA(digest))
