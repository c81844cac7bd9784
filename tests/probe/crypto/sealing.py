"""A TLS 1.3 server's side of the key schedule, with cryptography's HKDF: it encrypts a test's messages."""

from __future__ import annotations

import hashlib
import hmac

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

_APPLICATION_DATA, _HANDSHAKE = 23, 22
_LONGEST = 2**14
_ZEROS = bytes(32)


class SealedFlight:
    """Records of TLS_AES_128_GCM_SHA256 under the server's handshake traffic key (RFC 9846, section 7)."""

    def __init__(self, shared: bytes, client_hello: bytes, server_hello: bytes) -> None:
        early = hmac.digest(_ZEROS, _ZEROS, "sha256")
        derived = _label(early, b"derived", hashlib.sha256(b"").digest(), 32)
        secret = hmac.digest(derived, shared, "sha256")
        transcript = hashlib.sha256(client_hello + server_hello).digest()
        traffic = _label(secret, b"s hs traffic", transcript, 32)
        self._aead = AESGCM(_label(traffic, b"key", b"", 16))
        self._iv = int.from_bytes(_label(traffic, b"iv", b"", 12), "big")
        self._number = 0

    def records(self, messages: bytes) -> bytes:
        """The messages in as few records as possible."""
        pieces = [messages[at : at + _LONGEST] for at in range(0, len(messages), _LONGEST)]
        return b"".join(map(self._record, pieces))

    def _record(self, content: bytes) -> bytes:
        inner = content + bytes((_HANDSHAKE,))
        header = bytes((_APPLICATION_DATA, 3, 3)) + (len(inner) + 16).to_bytes(2, "big")
        nonce = (self._iv ^ self._number).to_bytes(12, "big")
        self._number += 1
        return header + self._aead.encrypt(nonce, inner, header)


def _label(secret: bytes, label: bytes, context: bytes, length: int) -> bytes:
    """HKDF-Expand-Label (RFC 9846, section 7.1)."""
    full = b"tls13 " + label
    info = length.to_bytes(2, "big") + bytes((len(full),)) + full + bytes((len(context),)) + context
    return HKDFExpand(algorithm=hashes.SHA256(), length=length, info=info).derive(secret)
