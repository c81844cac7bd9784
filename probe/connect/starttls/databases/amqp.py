"""AMQP: the TLS protocol header of 1.0 (ISO/IEC 19464; OASIS AMQP 1.0, section 5.2).

A server without TLS answers with the header that it prefers, and closes. In plaintext, it answers the header
of 0-9-1 (section 2.2.4) with ``connection.start``, which lists the login mechanisms.
"""

from __future__ import annotations

from typing import Final

from pki.byte_reader import ByteReader, DecodeError
from probe.connect.starttls.outcome import (
    Upgraded,
    UpgradeScript,
    not_offered,
    quoted,
    unexpected,
)
from probe.connect.starttls.peer import Peer
from probe.connect.starttls.units import exactly, foreign
from probe.dialogue.before_tls.plaintext_findings import PlaintextFindings
from probe.dialogue.before_tls.scripted import Script, Turn
from probe.tls.limits import MAX_TURN_LENGTH

OWN: Final = "AMQP"

_TLS_HEADER: Final = b"AMQP\x02\x01\x00\x00"
_PLAIN_HEADER: Final = b"AMQP\x00\x00\x09\x01"
_START: Final = b"\x01\x00\x00"
"""A method frame on channel 0."""


def _header(received: bytes, seen: int) -> int | None:
    is_one = _TLS_HEADER[:4].startswith(received[:4])
    return exactly(8)(received, seen) if is_one else foreign(received)


def _frame_or_header(received: bytes, seen: int) -> int | None:
    """A frame of 0-9-1 (type, channel, length, payload, end), or a header instead of it."""
    if not received or received[:1] != b"\x01":
        return _header(received, seen)
    if len(received) < 7:
        return None
    length = min(MAX_TURN_LENGTH, int.from_bytes(received[3:7], "big"))
    return exactly(8 + length)(received, seen)


def _mechanisms(start: bytes) -> str:
    """A table follows the frame header, class, method and version; the mechanisms come after it."""
    reader = ByteReader(start[7:], "connection.start")
    try:
        reader.take(2 + 2 + 2)
        reader.vector(4)
        return quoted(reader.vector(4))
    except DecodeError:
        return ""


def upgrade(_: Peer) -> UpgradeScript:
    """Sends the TLS header, which the server sends back if TLS begins."""
    heard = yield Turn(say=_TLS_HEADER, until=_header, what="AMQP's protocol header")
    if heard == _TLS_HEADER:
        return Upgraded()
    if heard.startswith(b"AMQP"):
        wanted = " ".join(str(number) for number in heard[4:])
        return not_offered(f"AMQP asks for the protocol {wanted} instead of TLS")
    return unexpected(OWN, heard)


def in_plaintext(findings: PlaintextFindings, _: Peer) -> Script[None]:
    """Begins a session of 0-9-1, and stops at the list of mechanisms."""
    heard = yield Turn(say=_PLAIN_HEADER, until=_frame_or_header, what="connection.start")
    if heard.startswith(_START):
        findings.login(_mechanisms(heard))
        findings.goes_on(
            holds=True, note="connection.start is sent in plaintext", value="AMQP 0-9-1"
        )
    elif heard.startswith(b"AMQP\x03"):
        findings.goes_on(
            holds=True, note="AMQP 1.0 with SASL is answered in plaintext", value="AMQP 1.0"
        )
    elif heard == _TLS_HEADER:
        findings.goes_on(holds=False, note="AMQP requires TLS first")
