"""The key schedule of TLS 1.3, as far as the server's first flight needs it (RFC 9846, section 7)."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final, Protocol, TypeAlias

from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from model.frozen import frozen
from pki.byte_reader import vector

Private: TypeAlias = x25519.X25519PrivateKey | ec.EllipticCurvePrivateKey

_CURVES: Final[dict[int, ec.EllipticCurve]] = {
    0x0017: ec.SECP256R1(),
    0x0018: ec.SECP384R1(),
    0x0019: ec.SECP521R1(),
}
_X25519: Final = 0x001D
SHARED_GROUPS: Final = (_X25519, *_CURVES)
"""The groups for which a key share can be made, the cheapest first."""

_IV_LENGTH: Final = 12


class Aead(Protocol):
    """Encrypts a record, and decrypts one; raises cryptography's InvalidTag for one that was altered."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """The ciphertext of ``data`` with its tag."""
        ...

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """The plaintext of ``data``, which ends with its tag."""
        ...


@frozen
class _Suite:
    digest: str
    key_length: int
    tag_length: int = 16
    mode: str = "GCM"

    def aead(self, key: bytes) -> Aead:
        match self.mode:
            case "GCM":
                return AESGCM(key)
            case "CCM":
                return AESCCM(key, self.tag_length)
            case _:
                return ChaCha20Poly1305(key)


_SUITES: Final = {
    0x1301: _Suite(digest="sha256", key_length=16),
    0x1302: _Suite(digest="sha384", key_length=32),
    0x1303: _Suite(digest="sha256", key_length=32, mode="ChaCha20-Poly1305"),
    0x1304: _Suite(digest="sha256", key_length=16, mode="CCM"),
    0x1305: _Suite(digest="sha256", key_length=16, mode="CCM", tag_length=8),
}
OPENED_SUITES: Final = tuple(_SUITES)
"""The suites whose records can be decrypted (RFC 9846, B.4)."""


def digest_of(cipher_suite: int) -> str | None:
    """The name of the suite's hash; None if it is not one of ``OPENED_SUITES``."""
    suite = _SUITES.get(cipher_suite)
    return None if suite is None else suite.digest


class KeyShareSecret:
    """A private key in one of the ``SHARED_GROUPS``, derived from a seed.

    The seed is the visit's nonce, so that a recorded flight can be decrypted again. Such a key never protects
    secret data.
    """

    def __init__(self, group: int, seed: bytes) -> None:
        self.group = group
        digest = hashlib.sha512(b"tlsprobe key share" + seed).digest()
        self._private: Private
        if group == _X25519:
            self._private = x25519.X25519PrivateKey.from_private_bytes(digest[:32])
        else:
            number = int.from_bytes(digest[:31], "big") + 1
            self._private = ec.derive_private_key(number, _CURVES[group])

    @property
    def public(self) -> bytes:
        """The key_exchange of a KeyShareEntry (RFC 9846, section 4.2.8.2)."""
        key = self._private.public_key()
        if isinstance(key, x25519.X25519PublicKey):
            return key.public_bytes_raw()
        return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def shared_with(self, peer: bytes) -> bytes:
        """The shared secret. Raises ValueError if ``peer`` is not a point of the group."""
        if isinstance(self._private, x25519.X25519PrivateKey):
            return self._private.exchange(x25519.X25519PublicKey.from_public_bytes(peer))
        curve = _CURVES[self.group]
        point = ec.EllipticCurvePublicKey.from_encoded_point(curve, peer)
        return self._private.exchange(ec.ECDH(), point)


class TrafficKeys:
    """Expands the traffic secret of one side (RFC 9846, section 7.3)."""

    def __init__(self, cipher_suite: int, secret: bytes) -> None:
        """Raises KeyError for a suite that is not one of ``OPENED_SUITES``."""
        self._suite = _SUITES[cipher_suite]
        self._secret = secret

    def expand(self, label: bytes, length: int | None = None) -> bytes:
        """``length`` bytes for this label; without a length, as many as a key of the suite has."""
        size = self._suite.key_length if length is None else length
        return expand_label(self._suite.digest, self._secret, label, b"", size)

    def aead(self, label: bytes) -> Aead:
        """The suite's AEAD with the key of this label."""
        return self._suite.aead(self.expand(label))


def server_traffic_secret(cipher_suite: int, shared_secret: bytes, hellos: bytes) -> bytes:
    """The server_handshake_traffic_secret after the messages in ``hellos`` (RFC 9846, section 7.1).

    Raises:
        KeyError: for a suite that is not one of ``OPENED_SUITES``.
    """
    digest = _SUITES[cipher_suite].digest
    empty = hashlib.new(digest).digest()
    zeros = bytes(len(empty))
    early_secret = hmac.digest(zeros, zeros, digest)
    derived = expand_label(digest, early_secret, b"derived", empty, len(empty))
    secret = hmac.digest(derived, shared_secret, digest)
    transcript = hashlib.new(digest, hellos).digest()
    return expand_label(digest, secret, b"s hs traffic", transcript, len(empty))


class ServerHandshakeKeys:
    """Decrypts the records between ServerHello and the server's Finished, in their order."""

    def __init__(self, cipher_suite: int, shared_secret: bytes, hellos: bytes) -> None:
        """Derives the keys from the secret and the messages ClientHello and ServerHello in ``hellos``. Raises
        KeyError for a suite that is not one of ``OPENED_SUITES``."""
        traffic = server_traffic_secret(cipher_suite, shared_secret, hellos)
        keys = TrafficKeys(cipher_suite, traffic)
        self._aead, self._iv = keys.aead(b"key"), keys.expand(b"iv", _IV_LENGTH)
        self._number = 0

    def open(self, header: bytes, fragment: bytes) -> bytes:
        """The TLSInnerPlaintext of the next record (RFC 9846, sections 5.2 and 5.3).

        Raises:
            cryptography.exceptions.InvalidTag: if the record is not encrypted with these keys.
        """
        number = int.from_bytes(self._iv, "big") ^ self._number
        self._number += 1
        return self._aead.decrypt(number.to_bytes(_IV_LENGTH, "big"), fragment, header)


def expand_label(digest: str, secret: bytes, label: bytes, context: bytes, length: int) -> bytes:
    """HKDF-Expand-Label (RFC 9846, section 7.1)."""
    info = length.to_bytes(2, "big") + vector(b"tls13 " + label, 1) + vector(context, 1)
    made, block, count = b"", b"", 1
    while len(made) < length:
        block = hmac.digest(secret, block + info + bytes((count,)), digest)
        made += block
        count += 1
    return made[:length]
