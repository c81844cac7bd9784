"""The packets of OpenVPN's control channel, which carry TLS (OpenVPN wire protocol, "Packet format").

.. code-block:: text

    uint8  opcode (5 bits) and key id (3 bits)
    uint64 session id of the sender
    uint8  number of acknowledged packet ids, and uint32 for each
    uint64 session id of the receiver, if any packet id is acknowledged
    uint32 packet id, which P_ACK_V1 does not have
    opaque payload: a part of the TLS stream

With tls-auth, an HMAC and a replay id come after the session id, and tls-crypt encrypts what follows it. Over TCP,
a uint16 with its length precedes each packet.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from model.frozen import frozen
from pki.byte_reader import ByteReader

SESSION_ID_LENGTH: Final = 8

LENGTH_WIDTH: Final = 2
"""Bytes of the length that precedes a packet over TCP."""

SHORTEST_PACKET: Final = 1 + SESSION_ID_LENGTH + 1
LONGEST_PACKET: Final = 2**14
"""Longer than any control packet: OpenVPN cuts TLS into pieces of about 1,250 bytes (tls-mtu)."""

MAX_ACKS: Final = 8
"""The most packet ids that one packet acknowledges (RELIABLE_ACK_SIZE)."""

_KEY_ID_BITS: Final = 3


class Opcode(IntEnum):
    """The control packets of a new session."""

    CONTROL = 4
    ACK = 5
    HARD_RESET_CLIENT_V2 = 7
    HARD_RESET_SERVER_V2 = 8


_OPCODES: Final = frozenset(Opcode)


@frozen
class ControlPacket:
    """One packet. ``packet_id`` is None only if ``opcode`` is ``ACK``, which has no payload."""

    opcode: Opcode
    session_id: bytes
    acks: tuple[int, ...] = ()
    remote_session_id: bytes = b""
    packet_id: int | None = None
    payload: bytes = b""

    def encode(self) -> bytes:
        """The packet's bytes, as in a datagram; the key id is 0, the first of a session."""
        acks = b"".join(number.to_bytes(4, "big") for number in self.acks)
        packet_id = b"" if self.packet_id is None else self.packet_id.to_bytes(4, "big")
        return b"".join(
            (
                bytes((self.opcode << _KEY_ID_BITS,)),
                self.session_id,
                bytes((len(self.acks),)),
                acks,
                self.remote_session_id if self.acks else b"",
                packet_id,
                self.payload,
            )
        )

    @classmethod
    def decode(cls, content: bytes) -> ControlPacket:
        """The packet in these bytes.

        Raises:
            DecodeError: if it is not a control packet of a session's first key.
        """
        reader = ByteReader(content, "OpenVPN packet")
        first = reader.uint(1)
        if first & (2**_KEY_ID_BITS - 1) or first >> _KEY_ID_BITS not in _OPCODES:
            raise reader.error()
        opcode = Opcode(first >> _KEY_ID_BITS)
        session_id = reader.take(SESSION_ID_LENGTH)
        count = reader.uint(1)
        if count > MAX_ACKS:
            raise reader.error()
        acks = tuple(reader.uint(4) for _ in range(count))
        return cls(
            opcode=opcode,
            session_id=session_id,
            acks=acks,
            remote_session_id=reader.take(SESSION_ID_LENGTH) if acks else b"",
            packet_id=None if opcode is Opcode.ACK else reader.uint(4),
            payload=reader.rest(),
        )


def with_length(packet: bytes) -> bytes:
    """The packet as TCP carries it."""
    return len(packet).to_bytes(LENGTH_WIDTH, "big") + packet


def packet_end(stream: bytes | bytearray, at: int = 0) -> int | None:
    """Where the packet that begins at ``at`` ends in a TCP stream; None while its length is incomplete.

    The bytes may be fewer; ``at`` itself if no control packet has that length.
    """
    if len(stream) - at < LENGTH_WIDTH:
        return None
    length = int.from_bytes(stream[at : at + LENGTH_WIDTH], "big")
    is_possible = SHORTEST_PACKET <= length <= LONGEST_PACKET
    return at + LENGTH_WIDTH + length if is_possible else at
