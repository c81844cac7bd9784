"""Hybrid public key encryption, as far as a client of ECH needs it (RFC 9180): mode base, the sender's side.

The HPKE of ``cryptography`` encrypts one message without associated data; ECH needs both associated data and
a second message of the same context.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Final, Protocol

from cryptography.hazmat.primitives.asymmetric import x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

from model.frozen import frozen

X25519_HKDF_SHA256: Final = 0x0020
"""The only KEM here (section 7.1): every known server of ECH has it."""

KDFS: Final = {0x0001: "sha256", 0x0002: "sha384", 0x0003: "sha512"}
"""The hash of each HKDF (section 7.2)."""

_NONCE_LENGTH: Final = 12
_TAG_LENGTH: Final = 16
_MODE_BASE: Final = b"\x00"
_VERSION: Final = b"HPKE-v1"


class _Aead(Protocol):
    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes: ...


@frozen
class _AeadKind:
    key_length: int
    make: Callable[[bytes], _Aead]


_AEADS: Final = {
    0x0001: _AeadKind(key_length=16, make=AESGCM),
    0x0002: _AeadKind(key_length=32, make=AESGCM),
    0x0003: _AeadKind(key_length=32, make=ChaCha20Poly1305),
}
AEADS: Final = tuple(_AEADS)
"""The AEADs that can encrypt here (section 7.3)."""


class SenderContext:
    """Encrypts messages for the holder of one X25519 key, in order.

    Raises:
        ValueError: at construction, if ``public_key`` is not a public value of X25519.
        KeyError: at construction, for a KDF or an AEAD that is not in ``KDFS`` or ``AEADS``.
    """

    def __init__(
        self, public_key: bytes, info: bytes, *, kdf: int, aead: int, ephemeral: bytes
    ) -> None:
        """SetupBaseS (section 5.1.1); ``ephemeral`` is the private key of 32 bytes, used for this context only."""
        private = x25519.X25519PrivateKey.from_private_bytes(ephemeral)
        self.encapsulated = private.public_key().public_bytes_raw()
        """The ``enc`` that the recipient needs."""
        peer = x25519.X25519PublicKey.from_public_bytes(public_key)
        shared = _shared_secret(private.exchange(peer), self.encapsulated + public_key)
        suite_id = b"HPKE" + _ids(X25519_HKDF_SHA256, kdf, aead)
        schedule = _Kdf(digest=KDFS[kdf], suite_id=suite_id)
        kind = _AEADS[aead]
        context = (
            _MODE_BASE
            + schedule.extract(b"", b"psk_id_hash", b"")
            + schedule.extract(b"", b"info_hash", info)
        )
        secret = schedule.extract(shared, b"secret", b"")
        self._aead = kind.make(schedule.expand(secret, b"key", context, kind.key_length))
        self._nonce = schedule.expand(secret, b"base_nonce", context, _NONCE_LENGTH)
        self._number = 0

    def seal(self, associated_data: bytes, plaintext: bytes) -> bytes:
        """The next message (section 5.2), ``sealed_length`` bytes long."""
        nonce = int.from_bytes(self._nonce, "big") ^ self._number
        self._number += 1
        return self._aead.encrypt(nonce.to_bytes(_NONCE_LENGTH, "big"), plaintext, associated_data)


def sealed_length(length: int) -> int:
    """The length of the ciphertext of ``length`` bytes: each AEAD here has a tag of 16 bytes."""
    return length + _TAG_LENGTH


@frozen
class _Kdf:
    """LabeledExtract and LabeledExpand (section 4) with one hash and one ``suite_id``."""

    digest: str
    suite_id: bytes

    def extract(self, salt: bytes, label: bytes, key: bytes) -> bytes:
        """An empty salt is a string of zeros (RFC 5869, section 2.2)."""
        zeros = bytes(hashlib.new(self.digest).digest_size)
        return hmac.digest(salt or zeros, _VERSION + self.suite_id + label + key, self.digest)

    def expand(self, key: bytes, label: bytes, context: bytes, length: int) -> bytes:
        info = length.to_bytes(2, "big") + _VERSION + self.suite_id + label + context
        made, block, count = b"", b"", 1
        while len(made) < length:
            block = hmac.digest(key, block + info + bytes((count,)), self.digest)
            made += block
            count += 1
        return made[:length]


def _shared_secret(exchanged: bytes, public_values: bytes) -> bytes:
    """ExtractAndExpand of DHKEM (section 4.1)."""
    kdf = _Kdf(digest="sha256", suite_id=b"KEM" + _ids(X25519_HKDF_SHA256))
    return kdf.expand(kdf.extract(b"", b"eae_prk", exchanged), b"shared_secret", public_values, 32)


def _ids(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(2, "big") for number in numbers)
