"""The user's client certificates: read from PEM files or PKCS #12, and never logged.

A passphrase comes from an environment variable, so that none of our files contains it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import field
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, pkcs12
from cryptography.hazmat.primitives.serialization import load_pem_private_key as load_pem_key

from model.frozen import frozen

Key = (
    rsa.RSAPrivateKey
    | ec.EllipticCurvePrivateKey
    | ed25519.Ed25519PrivateKey
    | ed448.Ed448PrivateKey
)


class IdentityError(ValueError):
    """A client certificate cannot be used; the message names the file and how to fix it."""


@frozen
class ClientIdentity:
    """A certificate with its key, and the intermediate certificates of its chain."""

    name: str
    certificate: x509.Certificate
    key: Key = field(repr=False)
    issuers: tuple[x509.Certificate, ...] = ()

    @property
    def sha256(self) -> str:
        """SHA-256 of the certificate's DER, in hex."""
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    @property
    def not_after(self) -> datetime:
        """The end of its validity."""
        return self.certificate.not_valid_after_utc


def load_identity(
    name: str,
    certificate: Path,
    key: Path | None = None,
    passphrase_variable: str | None = None,
    *,
    read: Callable[[Path], bytes] = Path.read_bytes,
) -> ClientIdentity:
    """The identity with that name: PEM files, or one PKCS #12 file if ``key`` is None.

    The certificate's file may also hold the key. ``passphrase_variable`` names an environment variable. ``read`` returns
    what is in a file, or at another place that a path names; it raises OSError, or ValueError with a clause that
    names the place.

    Raises:
        IdentityError: if it cannot be used.
    """
    passphrase = _passphrase(name, passphrase_variable)
    content = _read(name, certificate, read)
    if b"-----BEGIN" in content:
        found = _from_pem(
            name, certificate, content, _read(name, key, read) if key else content, passphrase
        )
    else:
        found = _from_pkcs12(name, certificate, content, passphrase)
    if _public(found.certificate.public_key()) != _public(found.key.public_key()):
        raise IdentityError(
            f"the client identity {name}: the key does not belong to the certificate in {certificate}; "
            "use files that belong together"
        )
    return found


def _passphrase(name: str, variable: str | None) -> bytes | None:
    if variable is None:
        return None
    value = os.environ.get(variable)
    if value is None:
        raise IdentityError(
            f"the client identity {name}: the environment variable {variable} is not set; "
            "set it to the passphrase"
        )
    return value.encode()


def _read(name: str, file: Path, read: Callable[[Path], bytes]) -> bytes:
    try:
        return read(file)
    except OSError as error:
        raise IdentityError(
            f"the client identity {name}: {file} cannot be read ({error.strerror}); "
            "use a readable file"
        ) from error
    except ValueError as error:
        raise IdentityError(f"the client identity {name}: {error}") from None


def _from_pem(
    name: str, file: Path, chain: bytes, key: bytes, passphrase: bytes | None
) -> ClientIdentity:
    try:
        leaf, *issuers = x509.load_pem_x509_certificates(chain)
        private = load_pem_key(key, passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _unusable(name, file) from error
    return _identity(name, file, leaf, private, issuers)


def _from_pkcs12(name: str, file: Path, content: bytes, passphrase: bytes | None) -> ClientIdentity:
    try:
        private, leaf, issuers = pkcs12.load_key_and_certificates(content, passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _unusable(name, file) from error
    if leaf is None:
        raise _unusable(name, file)
    return _identity(name, file, leaf, private, issuers)


def _identity(
    name: str, file: Path, leaf: x509.Certificate, private: object, issuers: list[x509.Certificate]
) -> ClientIdentity:
    if not isinstance(private, Key):
        raise _unusable(name, file)
    return ClientIdentity(name=name, certificate=leaf, key=private, issuers=tuple(issuers))


def _unusable(name: str, file: Path) -> IdentityError:
    return IdentityError(
        f"the client identity {name}: {file} holds no certificate and key that can be used with the "
        "passphrase given; use a PEM or PKCS #12 file and the variable with its passphrase"
    )


def _public(key: object) -> bytes:
    encode = getattr(key, "public_bytes")  # noqa: B009 (every public key has it, no common type says so)
    return bytes(encode(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
