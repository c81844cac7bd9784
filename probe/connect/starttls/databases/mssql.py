"""SQL Server: PRELOGIN, then a TLS handshake inside TDS packets (MS-TDS, 2.2.6.5 and 3.2.5.1).

Both sides put their handshake into PRELOGIN packets; after it TLS runs without packets. With TDS 8.0
(``mssql-strict``) TLS begins with the first byte.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from probe.connect.starttls.outcome import (
    Upgraded,
    UpgradeScript,
    not_offered,
    unexpected,
)
from probe.connect.starttls.peer import Peer
from probe.connect.starttls.units import foreign
from probe.dialogue.answer import Ending
from probe.dialogue.before_tls.plaintext_findings import PlaintextFindings
from probe.dialogue.before_tls.scripted import Script, Turn
from probe.dialogue.dialogue import Dialogue
from probe.tls.limits import MAX_ANSWER_LENGTH

OWN: Final = "TDS"
Result = TypeVar("Result")

_PRELOGIN: Final = 0x12
_RESPONSE: Final = 0x04
_END_OF_MESSAGE: Final = 0x01
_HEADER: Final = struct.Struct(">BBHHBB")
_MOST_PAYLOAD: Final = 4096 - _HEADER.size
_CHANGE_CIPHER_SPEC: Final = re.compile(rb"\x14\x03[\x00-\x04]\x00\x01\x01")

_VERSION, _ENCRYPTION, _TERMINATOR = 0, 1, 0xFF
_OFF, _ON, _NOT_SUPPORTED, _REQUIRED = range(4)
_ENCRYPTIONS: Final = {
    _OFF: "ENCRYPT_OFF: only the login is encrypted",
    _ON: "ENCRYPT_ON",
    _NOT_SUPPORTED: "ENCRYPT_NOT_SUP",
    _REQUIRED: "ENCRYPT_REQ",
}


def wrapped(content: bytes) -> bytes:
    """The content in PRELOGIN packets."""
    pieces = [content[at : at + _MOST_PAYLOAD] for at in range(0, len(content), _MOST_PAYLOAD)]
    last = len(pieces) - 1
    return b"".join(
        _HEADER.pack(
            _PRELOGIN,
            _END_OF_MESSAGE if number == last else 0,
            _HEADER.size + len(piece),
            0,
            number % 256,
            0,
        )
        + piece
        for number, piece in enumerate(pieces)
    )


def packet(received: bytes, _seen: int) -> int | None:
    """One packet; bytes that are not a packet end with what has arrived."""
    if not received:
        return None
    if received[0] not in {_PRELOGIN, _RESPONSE}:
        return foreign(received)
    if len(received) < _HEADER.size:
        return None
    length = max(8, int.from_bytes(received[2:4], "big"))
    return length if len(received) >= length else None


def _prelogin(encryption: int) -> bytes:
    """VERSION and ENCRYPTION: a table of (option, offset, length), followed by the values."""
    start = 2 * 5 + 1
    table = struct.pack(">BHHBHHB", _VERSION, start, 6, _ENCRYPTION, start + 6, 1, _TERMINATOR)
    return wrapped(table + bytes(6) + bytes((encryption,)))


def encryption_of(answer: bytes) -> int | None:
    """The value of ENCRYPTION in a PRELOGIN response; None if it has none."""
    content = answer[_HEADER.size :]
    if answer[:1] not in {bytes((_RESPONSE,)), bytes((_PRELOGIN,))}:
        return None
    for at in range(0, len(content) - 4, 5):
        option, offset, length = struct.unpack_from(">BHH", content, at)
        if option == _TERMINATOR:
            break
        if option == _ENCRYPTION and length == 1 and offset < len(content):
            return int(content[offset])
    return None


def upgrade(_: Peer) -> UpgradeScript:
    """Asks for encryption of the whole session."""
    heard = yield Turn(say=_prelogin(_ON), until=packet, what="SQL Server's PRELOGIN")
    encryption = encryption_of(heard)
    if encryption is None:
        return unexpected(OWN, heard)
    if encryption == _NOT_SUPPORTED:
        return not_offered("SQL Server answers ENCRYPT_NOT_SUP")
    return Upgraded(framing=TdsFraming)


def in_plaintext(findings: PlaintextFindings, _: Peer) -> Script[None]:
    """States that the client has no encryption, and reads whether the server accepts that."""
    heard = yield Turn(say=_prelogin(_NOT_SUPPORTED), until=packet, what="SQL Server's PRELOGIN")
    encryption = encryption_of(heard)
    if encryption is None:
        return
    note = f"without encryption: {_ENCRYPTIONS.get(encryption, f'ENCRYPTION {encryption}')}"
    if encryption in {_OFF, _NOT_SUPPORTED}:
        findings.goes_on(holds=True, note=note)
    elif encryption == _REQUIRED:
        findings.goes_on(holds=False, note=note)


class TdsFraming(Generic[Result]):
    """A TLS Dialogue whose handshake is in packets; everything after it is sent without packets."""

    def __init__(self, dialogue: Dialogue[Result]) -> None:
        self._dialogue = dialogue
        self._send: Callable[[bytes], None] | None = None
        self._pending = bytearray()
        self._received = 0
        self._has_changed_ours = False
        self._has_changed_theirs = False

    def begin(self, send: Callable[[bytes], None]) -> None:
        """Sends the first bytes, in packets."""
        self._send = send
        self._dialogue.begin(self._say)

    def feed(self, received: bytes) -> Result | None:
        """Unwraps data in packets, and passes other data on.

        It ends if packets without content continue to arrive.
        """
        self._pending += received
        unwrapped = bytes(self._unwrapped())
        self._has_changed_theirs |= _CHANGE_CIPHER_SPEC.search(unwrapped) is not None
        if unwrapped:
            return self._dialogue.feed(unwrapped)
        self._received += len(received)
        is_flood = self._received > MAX_ANSWER_LENGTH
        return self._dialogue.end(Ending.CLOSED) if is_flood else None

    def _unwrapped(self) -> bytearray:
        unwrapped, at = bytearray(), 0
        while at < len(self._pending):
            if self._pending[at] not in {_PRELOGIN, _RESPONSE}:
                unwrapped += self._pending[at:]
                at = len(self._pending)
                break
            header = self._pending[at : at + _HEADER.size]
            end = at + max(_HEADER.size, int.from_bytes(header[2:4], "big"))
            if len(header) < _HEADER.size or len(self._pending) < end:
                break
            unwrapped += self._pending[at + _HEADER.size : end]
            at = end
        del self._pending[:at]
        return unwrapped

    def end(self, ending: Ending) -> Result:
        """The result if nothing more will come."""
        return self._dialogue.end(ending)

    def _say(self, outgoing: bytes) -> None:
        is_bare = self._has_changed_ours and self._has_changed_theirs
        self._has_changed_ours |= _CHANGE_CIPHER_SPEC.search(outgoing) is not None
        if self._send is not None and outgoing:
            self._send(outgoing if is_bare else wrapped(outgoing))
