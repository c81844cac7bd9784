"""QUIC's packet protection (RFC 9001, section 5; RFC 9369, section 3.3).

The keys of Initial packets follow from the connection id that the client chose, so everybody can compute them.
Those of the server's Handshake packets follow from the key share of our hello.
"""

from __future__ import annotations

import hmac
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from model.frozen import frozen
from probe.crypto.tls13_keys import Aead, TrafficKeys, expand_label
from probe.quic.packet import (
    PACKET_NUMBER_LENGTH,
    SMALLEST_DATAGRAM,
    TAG_LENGTH,
    VERSION_1,
    VERSION_2,
    LongPacket,
    initial_header,
)

_IV_LENGTH: Final = 12
_SAMPLE_LENGTH: Final = 16
_TLS_AES_128_GCM_SHA256: Final = 0x1301
_TLS_CHACHA20_POLY1305_SHA256: Final = 0x1303


@frozen
class _Constants:
    """The salt, the prefix of the labels, and the key and nonce of Retry."""

    salt: bytes
    prefix: bytes
    retry_key: bytes
    retry_nonce: bytes


_CONSTANTS: Final = {
    VERSION_1: _Constants(
        salt=bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a"),
        prefix=b"quic ",
        retry_key=bytes.fromhex("be0c690b9f66575a1d766b54e368c84e"),
        retry_nonce=bytes.fromhex("461599d35d632bf2239825bb"),
    ),
    VERSION_2: _Constants(
        salt=bytes.fromhex("0dede3def700a6db819381be6e269dcbf9bd2ed9"),
        prefix=b"quicv2 ",
        retry_key=bytes.fromhex("8fb4b01b56ac48e260fbcbcead7ccc92"),
        retry_nonce=bytes.fromhex("d86969bc2d7c6d9990efb04a"),
    ),
}
SPOKEN_VERSIONS: Final = tuple(_CONSTANTS)


class PacketKeys:
    """The keys of one sender at one encryption level."""

    def __init__(self, version: int, cipher_suite: int, secret: bytes) -> None:
        """Raises KeyError for a suite whose records cannot be decrypted."""
        prefix = _CONSTANTS[version].prefix
        keys = TrafficKeys(cipher_suite, secret)
        self._is_chacha20 = cipher_suite == _TLS_CHACHA20_POLY1305_SHA256
        self._aead: Aead = keys.aead(prefix + b"key")
        self._iv = keys.expand(prefix + b"iv", _IV_LENGTH)
        self._header_key = keys.expand(prefix + b"hp")
        self._newest = -1

    def open(self, packet: LongPacket) -> tuple[int, bytes]:
        """The packet number and the frames.

        Raises:
            cryptography.exceptions.InvalidTag: if the packet is not protected with these keys.
        """
        sample = packet.payload[PACKET_NUMBER_LENGTH : PACKET_NUMBER_LENGTH + _SAMPLE_LENGTH]
        if len(sample) < _SAMPLE_LENGTH:
            raise InvalidTag
        mask = self._mask(sample)
        first = packet.header[0] ^ mask[0] & 0x0F
        length = (first & 3) + 1
        shown = _xor(packet.payload[:length], mask[1 : 1 + length])
        at = self._whole_number(int.from_bytes(shown, "big"), 8 * length)
        header = bytes((first,)) + packet.header[1:] + shown
        frames = self._aead.decrypt(self._nonce(at), packet.payload[length:], header)
        self._newest = max(self._newest, at)
        return at, frames

    def seal(self, header: bytes, at: int, frames: bytes) -> bytes:
        """A packet; ``header`` ends before the packet number ``at``, of four bytes."""
        shown = at.to_bytes(PACKET_NUMBER_LENGTH, "big")
        sealed = self._aead.encrypt(self._nonce(at), frames, header + shown)
        mask = self._mask(sealed[:_SAMPLE_LENGTH])
        first = bytes((header[0] ^ mask[0] & 0x0F,))
        return first + header[1:] + _xor(shown, mask[1:]) + sealed

    def _whole_number(self, shown: int, bits: int) -> int:
        """RFC 9000, appendix A.3."""
        expected, window = self._newest + 1, 1 << bits
        candidate = expected & -window | shown
        if candidate <= expected - window // 2:
            return candidate + window
        if candidate > expected + window // 2 and candidate >= window:
            return candidate - window
        return candidate

    def _nonce(self, at: int) -> bytes:
        return (int.from_bytes(self._iv, "big") ^ at).to_bytes(_IV_LENGTH, "big")

    def _mask(self, sample: bytes) -> bytes:
        """RFC 9001, sections 5.4.3 and 5.4.4."""
        if self._is_chacha20:
            stream = Cipher(algorithms.ChaCha20(self._header_key, sample), mode=None)
            return stream.encryptor().update(bytes(5))
        block = Cipher(algorithms.AES(self._header_key), modes.ECB())  # noqa: S305
        return block.encryptor().update(sample)


@frozen
class InitialKeys:
    """The keys of both sides for Initial packets, from the destination id of the client's first packet."""

    client: PacketKeys
    server: PacketKeys


def initial_keys(version: int, destination: bytes) -> InitialKeys:
    """RFC 9001, section 5.2. Raises KeyError for a version that is not one of ``SPOKEN_VERSIONS``."""
    secret = hmac.digest(_CONSTANTS[version].salt, destination, "sha256")

    def keys(label: bytes) -> PacketKeys:
        traffic = expand_label("sha256", secret, label, b"", 32)
        return PacketKeys(version, _TLS_AES_128_GCM_SHA256, traffic)

    return InitialKeys(client=keys(b"client in"), server=keys(b"server in"))


def is_genuine_retry(packet: LongPacket, destination: bytes) -> bool:
    """Whether the tag of a Retry answers our packet to ``destination`` (RFC 9001, section 5.8)."""
    constants = _CONSTANTS[packet.version]
    tag = packet.payload[-TAG_LENGTH:]
    pseudo = bytes((len(destination),)) + destination + packet.header + packet.payload[:-TAG_LENGTH]
    made = AESGCM(constants.retry_key).encrypt(constants.retry_nonce, b"", pseudo)
    return hmac.compare_digest(made, tag)


def sealed_initial(
    keys: PacketKeys,
    version: int,
    ids: tuple[bytes, bytes],
    token: bytes,
    at: int,
    frames: bytes,
) -> bytes:
    """A datagram with one Initial; padding makes it at least SMALLEST_DATAGRAM long. ``ids`` are the
    destination and the source.
    """
    overhead = len(initial_header(version, *ids, token, 0)) + PACKET_NUMBER_LENGTH + TAG_LENGTH
    padded = frames.ljust(SMALLEST_DATAGRAM - overhead, b"\0")
    length = PACKET_NUMBER_LENGTH + len(padded) + TAG_LENGTH
    return keys.seal(initial_header(version, *ids, token, length), at, padded)


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(left ^ right for left, right in zip(one, other, strict=False))
