"""The frames of Initial and Handshake packets (RFC 9000, sections 12.4 and 19)."""

from __future__ import annotations

from typing import Final

from model.frozen import frozen
from pki.byte_reader import ByteReader, DecodeError
from probe.quic.packet import number, read_number

_ACK: Final = 0x02
_ACK_WITH_ECN: Final = 0x03
_CRYPTO: Final = 0x06
_CONNECTION_CLOSE: Final = 0x1C
_CONNECTION_CLOSE_OF_APPLICATION: Final = 0x1D
_MOST_RANGES: Final = 256
_APPLICATION_ERROR: Final = 0x0C

CONNECTION_REFUSED: Final = 0x02
"""The server has no room for a connection (RFC 9000, section 20.1)."""
CRYPTO_ERROR: Final = 0x0100
"""The error code of a TLS alert is this plus its description (RFC 9001, section 4.8)."""


@frozen
class Frames:
    """What one packet holds: ``crypto`` are its CRYPTO frames, each an offset and its bytes.

    ``closed`` is the error code of CONNECTION_CLOSE. ``is_ack_eliciting`` is whether the sender waits for an ACK.
    """

    crypto: tuple[tuple[int, bytes], ...] = ()
    closed: int | None = None
    is_ack_eliciting: bool = False


def decode_frames(content: bytes) -> Frames:
    """The frames of one decrypted packet.

    Raises:
        DecodeError: for a malformed frame, or one that an Initial or Handshake packet may not hold.
    """
    reader = ByteReader(content, "QUIC frame")
    crypto: list[tuple[int, bytes]] = []
    is_eliciting = False
    while reader.remaining:
        kind = read_number(reader)
        match kind:
            case 0x00:
                continue
            case 0x01:
                is_eliciting = True
            case 0x02 | 0x03:
                _skip_ack(reader, has_ecn=kind == _ACK_WITH_ECN)
            case 0x06:
                is_eliciting = True
                offset = read_number(reader)
                crypto.append((offset, reader.take(read_number(reader))))
            case 0x1C | 0x1D:
                code = read_number(reader)
                is_transport = kind == _CONNECTION_CLOSE
                closed = code if is_transport else _APPLICATION_ERROR
                return Frames(crypto=tuple(crypto), closed=closed, is_ack_eliciting=is_eliciting)
            case _:
                raise DecodeError(f"QUIC frame of type {kind:#x} in a handshake", 0)
    return Frames(crypto=tuple(crypto), is_ack_eliciting=is_eliciting)


def _skip_ack(reader: ByteReader, *, has_ecn: bool) -> None:
    for _ in range(2):
        read_number(reader)
    ranges = read_number(reader)
    if ranges > _MOST_RANGES:
        raise reader.error()
    for _ in range(1 + 2 * ranges + 3 * has_ecn):
        read_number(reader)


def crypto_frame(offset: int, content: bytes) -> bytes:
    """``CRYPTO { Type (i) = 0x06, Offset (i), Length (i), Crypto Data (..) }``."""
    return number(_CRYPTO) + number(offset) + number(len(content)) + content


def ack_frame(received: frozenset[int]) -> bytes:
    """Acknowledges the newest packet number in ``received``, and those right below it (RFC 9000, section 19.3)."""
    newest = max(received)
    oldest = newest
    while oldest - 1 in received:
        oldest -= 1
    return number(_ACK) + number(newest) + number(0) + number(0) + number(newest - oldest)


def close_frame() -> bytes:
    """CONNECTION_CLOSE with NO_ERROR, for no frame and without a reason (RFC 9000, section 19.19)."""
    return number(_CONNECTION_CLOSE) + bytes(3)
