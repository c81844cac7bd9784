"""The first exchange of an OpenVPN session: a hard reset of each side, before TLS begins in further packets.

A server with tls-auth or tls-crypt drops a reset that its key does not protect. Over TCP it then closes the connection
or stays silent; neither proves that it speaks OpenVPN.
"""

from __future__ import annotations

from typing import Final

from pki.byte_reader import DecodeError
from probe.dialogue.before_tls.scripted import Script, Turn
from probe.openvpn.packet import ControlPacket, Opcode, packet_end, with_length

_FIRST_PACKET: Final = 0
_RECOGNISED: Final = 32
"""Bytes that are enough to recognise another protocol."""

AWAITED: Final = (
    "an answer to OpenVPN's hard reset; a server with tls-auth or tls-crypt does not answer one that "
    "its key does not protect"
)


def hard_reset(session_id: bytes) -> Script[ControlPacket | bytes]:
    """Sends a hard reset without a key.

    Returns:
        The server's hard reset, or the bytes that came instead.
    """
    reset = ControlPacket(
        opcode=Opcode.HARD_RESET_CLIENT_V2, session_id=session_id, packet_id=_FIRST_PACKET
    )
    heard = yield Turn(say=with_length(reset.encode()), until=_packet, what=AWAITED)
    while True:
        try:
            packet = ControlPacket.decode(heard[2:])
        except DecodeError:
            return heard
        if packet.remote_session_id != session_id:
            return heard
        if packet.opcode is not Opcode.ACK:
            break
        heard = yield Turn(until=_packet, what=AWAITED)
    is_answer = packet.opcode is Opcode.HARD_RESET_SERVER_V2 and packet.packet_id == _FIRST_PACKET
    return packet if is_answer else heard


def _packet(received: bytes, _seen: int) -> int | None:
    """One packet with its length; bytes that are not a packet end with what has arrived."""
    end = packet_end(received)
    if end is None or (end and len(received) < end):
        return len(received) if len(received) >= _RECOGNISED and not _is_control(received) else None
    if end:
        return end
    is_enough = len(received) >= _RECOGNISED or b"\n" in received[:_RECOGNISED]
    return len(received) if is_enough else None


def _is_control(received: bytes) -> bool:
    return received[2] >> 3 in frozenset(Opcode)
