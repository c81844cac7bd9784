"""A TLS Dialogue in the packets of OpenVPN's control channel, so that every check of TLS runs unchanged.

The peers acknowledge packets over TCP too. At most ``_WINDOW`` packets are on the way, as in OpenVPN itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, TypeVar

from pki.byte_reader import DecodeError
from probe.dialogue.answer import Ending
from probe.dialogue.dialogue import Dialogue
from probe.openvpn.packet import LENGTH_WIDTH, ControlPacket, Opcode, packet_end, with_length
from probe.tls.limits import MAX_ANSWER_LENGTH

Result = TypeVar("Result")

_PAYLOAD_LENGTH: Final = 1_100
"""Bytes of TLS in one packet: with its headers, it fits into a datagram on any usual network."""

_WINDOW: Final = 4
_ACKS_AT_ONCE: Final = 4
"""Packet ids in one acknowledgement (CONTROL_SEND_ACK_MAX)."""


class OpenVpnFraming(Generic[Result]):
    """The Dialogue of one session, after its resets: packet 0 of each side is over, and the server's is not
    acknowledged yet."""

    def __init__(
        self, dialogue: Dialogue[Result], *, session_id: bytes, remote_session_id: bytes
    ) -> None:
        self._dialogue = dialogue
        self._session_id = session_id
        self._remote = remote_session_id
        self._send: Callable[[bytes], None] | None = None
        self._incoming = bytearray()
        self._outgoing = bytearray()
        self._next = 1
        self._expected = 1
        self._unacknowledged: set[int] = set()
        self._to_acknowledge = [0]
        self._idle_bytes = 0
        self._is_broken = False

    def begin(self, send: Callable[[bytes], None]) -> None:
        """Sends the first bytes, in packets."""
        self._send = send
        self._dialogue.begin(self._say)
        self._acknowledge()

    def feed(self, received: bytes) -> Result | None:
        """Unwraps packets, and passes bytes that are not packets of this session on as they are.

        It ends if packets without content continue to arrive.
        """
        self._incoming += received
        content = self._content()
        self._write()
        result = self._dialogue.feed(content) if content else None
        self._acknowledge()
        if content:
            return result
        self._idle_bytes += len(received)
        is_flood = self._idle_bytes > MAX_ANSWER_LENGTH
        return self._dialogue.end(Ending.CLOSED) if is_flood else None

    def end(self, ending: Ending) -> Result:
        """The result if nothing more will come."""
        return self._dialogue.end(ending)

    def _content(self) -> bytes:
        content, at = bytearray(), 0
        while not self._is_broken and (end := packet_end(self._incoming, at)) is not None:
            if at < end and len(self._incoming) < end:
                break
            try:
                content += self._unwrapped(bytes(self._incoming[at + LENGTH_WIDTH : end]))
            except DecodeError:
                self._is_broken = True
                break
            at = end
        if self._is_broken:
            content += self._incoming[at:]
            at = len(self._incoming)
        del self._incoming[:at]
        return bytes(content)

    def _unwrapped(self, packet: bytes) -> bytes:
        """The payload of the next packet; nothing of a repeated one. Raises DecodeError for any other."""
        decoded = ControlPacket.decode(packet)
        self._unacknowledged.difference_update(decoded.acks)
        number = decoded.packet_id
        if number is None:
            return b""
        if number > self._expected or decoded.session_id != self._remote:
            raise DecodeError("OpenVPN packet", 0)
        self._to_acknowledge.append(number)
        if number < self._expected:
            return b""
        self._expected += 1
        return decoded.payload

    def _say(self, outgoing: bytes) -> None:
        self._outgoing += outgoing
        self._write()

    def _write(self) -> None:
        while self._outgoing and len(self._unacknowledged) < _WINDOW:
            payload = bytes(self._outgoing[:_PAYLOAD_LENGTH])
            del self._outgoing[:_PAYLOAD_LENGTH]
            self._unacknowledged.add(self._next)
            self._put(Opcode.CONTROL, self._next, payload)
            self._next += 1

    def _acknowledge(self) -> None:
        while self._to_acknowledge:
            self._put(Opcode.ACK)

    def _put(self, opcode: Opcode, packet_id: int | None = None, payload: bytes = b"") -> None:
        """Sends one packet, with as many acknowledgements as it may have."""
        acks = tuple(self._to_acknowledge[:_ACKS_AT_ONCE])
        del self._to_acknowledge[:_ACKS_AT_ONCE]
        packet = ControlPacket(
            opcode=opcode,
            session_id=self._session_id,
            acks=acks,
            remote_session_id=self._remote,
            packet_id=packet_id,
            payload=payload,
        )
        if self._send is not None:
            self._send(with_length(packet.encode()))
