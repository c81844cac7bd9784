"""What UDP does not do for OpenVPN's control channel: the order of packets, and the repetition of lost ones.

Both directions look like OpenVPN over TCP: each packet with its length in front, in order, and once. So the same
code reads and writes them over both.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from model.frozen import frozen
from pki.byte_reader import DecodeError
from probe.openvpn.packet import LENGTH_WIDTH, ControlPacket, Opcode, packet_end, with_length

WINDOW: Final = 12
"""How far ahead of the next packet another one may be; OpenVPN's own buffer (TLS_RELIABLE_N_REC_BUFFERS)."""


@frozen
class Arrived:
    """What one datagram led to: bytes of the ``stream`` from the peer, and datagrams to send as ``answers``."""

    stream: bytes = b""
    answers: tuple[bytes, ...] = ()


class ReliableDatagrams:
    """Both directions of one session.

    A datagram that is not a packet of this session is dropped, because anybody can send one; before the first packet
    of the session it is passed on, because it may show that the server speaks another protocol.
    """

    def __init__(self) -> None:
        self._session_id = b""
        self._remote: bytes | None = None
        self._unacknowledged: dict[int, bytes] = {}
        self._expected = 0
        self._early: dict[int, bytes] = {}

    @property
    def has_heard(self) -> bool:
        """Whether a packet of the session came."""
        return self._remote is not None

    @property
    def unacknowledged(self) -> tuple[bytes, ...]:
        """The datagrams to send again, in order."""
        return tuple(self._unacknowledged.values())

    def send(self, stream: bytes) -> list[bytes]:
        """The datagrams of whole packets with their lengths."""
        datagrams, at = [], 0
        while (end := packet_end(stream, at)) is not None and end > at:
            datagram = stream[at + LENGTH_WIDTH : end]
            packet = ControlPacket.decode(datagram)
            self._session_id = packet.session_id
            if packet.packet_id is not None:
                self._unacknowledged[packet.packet_id] = datagram
            datagrams.append(datagram)
            at = end
        return datagrams

    def receive(self, datagram: bytes) -> Arrived:
        """Takes one datagram of any content."""
        packet = None
        with suppress(DecodeError):
            packet = ControlPacket.decode(datagram)
        if packet is None:
            return Arrived(stream=b"" if self.has_heard else with_length(datagram[: 2**16 - 1]))
        if not self._belongs(packet):
            return Arrived()
        self._remote = packet.session_id
        for number in packet.acks:
            self._unacknowledged.pop(number, None)
        if packet.packet_id is None:
            return Arrived(stream=with_length(datagram))
        return self._in_order(packet.packet_id, datagram)

    def _belongs(self, packet: ControlPacket) -> bool:
        is_to_us = not packet.acks or packet.remote_session_id == self._session_id
        return is_to_us and self._remote in {None, packet.session_id}

    def _in_order(self, number: int, datagram: bytes) -> Arrived:
        if number < self._expected:
            return Arrived(answers=(self._acknowledgement(number),))
        if number >= self._expected + WINDOW:
            return Arrived()
        self._early.setdefault(number, datagram)
        stream = bytearray()
        while (following := self._early.pop(self._expected, None)) is not None:
            stream += with_length(following)
            self._expected += 1
        return Arrived(stream=bytes(stream))

    def _acknowledgement(self, number: int) -> bytes:
        """For a packet that came again, because its first acknowledgement was lost."""
        return ControlPacket(
            opcode=Opcode.ACK,
            session_id=self._session_id,
            acks=(number,),
            remote_session_id=self._remote or b"",
        ).encode()
