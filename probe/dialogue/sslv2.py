"""SSL 2.0: its CLIENT-HELLO and the answers to it (the draft of 1995, sections 1.1 and 2.5 to 2.7).

It has its own record format and messages; a server without it answers in TLS, or not at all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from model.frozen import frozen
from pki.byte_reader import ByteReader, DecodeError
from probe.dialogue.answer import Answer, AnswerReader, Ending, Malformed, NoHello
from probe.tls.limits import MAX_CIPHER_KINDS
from probe.tls.record import ContentType

SSLV2: Final = 0x0002
_ERROR, _CLIENT_HELLO, _SERVER_HELLO = 0, 1, 4
_X509_CERTIFICATE: Final = 1
_CHALLENGE_LENGTH: Final = 16
_TWO_BYTE_HEADER: Final = 0x80
_ENOUGH_TO_TELL: Final = 4
"""The longer header and the message type."""

_TLS_CONTENT_TYPES: Final = frozenset(ContentType)
_TLS_MAJOR_VERSION: Final = 3
_KEPT_LENGTH: Final = 4096
"""The cipher kinds follow the certificate, and must be within the stored part."""


@frozen
class Sslv2ServerHello:
    """SERVER-HELLO; ``cipher_kinds`` have three bytes, ``certificate`` is DER.

    ``raw`` is its beginning, with the record's header.
    """

    raw: bytes
    version: int
    certificate: bytes | None
    cipher_kinds: tuple[int, ...]

    @classmethod
    def decode(cls, body: bytes, raw: bytes) -> Sslv2ServerHello:
        """The message with that body, without its type. Raises DecodeError."""
        reader = ByteReader(body, "SSL 2.0 SERVER-HELLO")
        reader.uint(1)  # SESSION-ID-HIT: none was offered
        certificate_type, version = reader.uint(1), reader.uint(2)
        lengths = reader.uint(2), reader.uint(2), reader.uint(2)
        certificate, kinds, _connection_id = (reader.take(length) for length in lengths)
        reader.finish()
        if len(kinds) % 3 or len(kinds) > 3 * MAX_CIPHER_KINDS:
            raise reader.error()
        return cls(
            raw=raw,
            version=version,
            certificate=certificate if certificate_type == _X509_CERTIFICATE else None,
            cipher_kinds=tuple(
                int.from_bytes(kinds[at : at + 3], "big") for at in range(0, len(kinds), 3)
            ),
        )


@frozen
class Sslv2Error:
    """The ERROR message instead of a SERVER-HELLO."""

    raw: bytes
    code: int

    @classmethod
    def decode(cls, body: bytes, raw: bytes) -> Sslv2Error:
        """The message with that body, without its type. Raises DecodeError."""
        reader = ByteReader(body, "SSL 2.0 ERROR")
        code = reader.uint(2)
        reader.finish()
        return cls(raw=raw, code=code)


Sslv2Answer: TypeAlias = Sslv2ServerHello | Sslv2Error | Answer
"""A server without SSL 2.0 answers it like any other bytes."""


def encode_client_hello(cipher_kinds: tuple[int, ...], challenge: bytes) -> bytes:
    """CLIENT-HELLO in its record, without a session to resume; ``challenge`` is 16 bytes."""
    kinds = b"".join(kind.to_bytes(3, "big") for kind in cipher_kinds)
    body = (
        bytes((_CLIENT_HELLO,))
        + SSLV2.to_bytes(2, "big")
        + len(kinds).to_bytes(2, "big")
        + bytes(2)
        + _CHALLENGE_LENGTH.to_bytes(2, "big")
        + kinds
        + challenge[:_CHALLENGE_LENGTH]
    )
    return (len(body) | _TWO_BYTE_HEADER << 8).to_bytes(2, "big") + body


class Sslv2Question:
    """The Dialogue of one CLIENT-HELLO and its answer."""

    def __init__(self, offered: bytes) -> None:
        self._offered = offered
        self._received = bytearray()
        self._otherwise: AnswerReader | None = None

    def begin(self, send: Callable[[bytes], None]) -> None:
        """Sends the hello."""
        send(self._offered)

    def feed(self, received: bytes) -> Sslv2Answer | None:
        """The answer once it is complete. A record of SSL 2.0 has at most 32 kB."""
        if self._otherwise is not None:
            return self._otherwise.feed(received)
        self._received += received
        if len(self._received) < _ENOUGH_TO_TELL:
            return None
        if not _is_sslv2(self._received):
            self._otherwise = AnswerReader()
            return self._otherwise.feed(bytes(self._received))
        header_length, end, padded_end = _record_bounds(self._received)
        if len(self._received) < padded_end:
            return None
        message_type = self._received[header_length]
        return self._message(message_type, bytes(self._received[header_length + 1 : end]))

    def end(self, ending: Ending) -> Sslv2Answer:
        """The answer when nothing more will come."""
        if self._otherwise is not None:
            return self._otherwise.end(ending)
        if len(self._received) >= _ENOUGH_TO_TELL:
            return Malformed(raw=self._beginning, what="SSL 2.0 record, cut short")
        return NoHello(ending=ending, raw=self._beginning)

    @property
    def _beginning(self) -> bytes:
        return bytes(self._received[:_KEPT_LENGTH])

    def _message(self, message_type: int, body: bytes) -> Sslv2Answer:
        raw = self._beginning
        try:
            if message_type == _ERROR:
                return Sslv2Error.decode(body, raw)
            return Sslv2ServerHello.decode(body, raw)
        except DecodeError as flaw:
            return Malformed(raw=raw, what=flaw.what)


def _is_sslv2(received: bytearray) -> bool:
    """Whether the bytes begin with an SSL 2.0 record of a message that may answer; false for a TLS record.

    As an SSL 2.0 header, a TLS alert would be a record of 5379 bytes with an ERROR in it.
    """
    if received[0] in _TLS_CONTENT_TYPES and received[1] == _TLS_MAJOR_VERSION:
        return False
    header_length, end, _ = _record_bounds(received)
    return end > header_length and received[header_length] in {_ERROR, _SERVER_HELLO}


def _record_bounds(received: bytearray) -> tuple[int, int, int]:
    """The start and the end of the message, and the end of the padding after it."""
    length = int.from_bytes(received[:2], "big")
    if received[0] & _TWO_BYTE_HEADER:
        end = 2 + (length & 0x7FFF)
        return 2, end, end
    padded_end = 3 + (length & 0x3FFF)
    return 3, padded_end - received[2], padded_end
