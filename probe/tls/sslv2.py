"""SSL 2.0: its CLIENT-HELLO, and what comes back (the draft of 1995, sections 1.1 and 2.5 to 2.7).

It has a record format and messages of its own; a server without it answers in TLS, or not at all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from probe.tls.answer import Answer, AnswerReader, Ending, Malformed
from probe.tls.reader import ByteReader, DecodeError

SSLV2: Final = 0x0002
_ERROR, _CLIENT_HELLO, _SERVER_HELLO = 0, 1, 4
_X509_CERTIFICATE: Final = 1
_CHALLENGE_LENGTH: Final = 16
_TWO_BYTE_HEADER: Final = 0x80
_KEPT_LENGTH: Final = 512


@dataclass(frozen=True, slots=True, kw_only=True)
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
        """The message with that body, its type left out. Raises DecodeError."""
        reader = ByteReader(body, "SSL 2.0 SERVER-HELLO")
        reader.uint(1)  # SESSION-ID-HIT: none was offered
        certificate_type, version = reader.uint(1), reader.uint(2)
        lengths = reader.uint(2), reader.uint(2), reader.uint(2)
        certificate, kinds, _connection_id = (reader.take(length) for length in lengths)
        reader.finish()
        if len(kinds) % 3:
            raise reader.error()
        return cls(
            raw=raw[:_KEPT_LENGTH],
            version=version,
            certificate=certificate if certificate_type == _X509_CERTIFICATE else None,
            cipher_kinds=tuple(
                int.from_bytes(kinds[at : at + 3], "big") for at in range(0, len(kinds), 3)
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sslv2Error:
    """The ERROR message in place of a SERVER-HELLO."""

    raw: bytes
    code: int


Sslv2Answer: TypeAlias = Sslv2ServerHello | Sslv2Error | Answer
"""A server that has no SSL 2.0 answers as it would any other bytes."""


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
        self._received = b""
        self._otherwise: AnswerReader | None = None

    def begin(self, send: Callable[[bytes], None]) -> None:
        """Says the hello."""
        send(self._offered)

    def feed(self, received: bytes) -> Sslv2Answer | None:
        """The answer once it is whole. A record of SSL 2.0 has at most 32 kB."""
        if self._otherwise is not None:
            return self._otherwise.feed(received)
        self._received += received
        if len(self._received) < 4:
            return None
        header_length, end = _record_bounds(self._received)
        message_type = self._received[header_length]
        if message_type not in {_ERROR, _SERVER_HELLO}:
            self._otherwise = AnswerReader()
            return self._otherwise.feed(self._received)
        if len(self._received) < end:
            return None
        return self._message(message_type, self._received[header_length + 1 : end])

    def end(self, ending: Ending) -> Sslv2Answer:
        """The answer when nothing more will come."""
        if self._otherwise is None:
            self._otherwise = AnswerReader()
            answer = self._otherwise.feed(self._received) if self._received else None
            if answer is not None:
                return answer
        return self._otherwise.end(ending)

    def _message(self, message_type: int, body: bytes) -> Sslv2Answer:
        raw = self._received[:_KEPT_LENGTH]
        if message_type == _ERROR:
            return Sslv2Error(raw=raw, code=int.from_bytes(body[:2], "big"))
        try:
            return Sslv2ServerHello.decode(body, raw)
        except DecodeError as flaw:
            return Malformed(raw=raw, what=flaw.what)


def _record_bounds(received: bytes) -> tuple[int, int]:
    """Where the message begins, and where it ends without its padding."""
    if received[0] & _TWO_BYTE_HEADER:
        return 2, 2 + (int.from_bytes(received[:2], "big") & 0x7FFF)
    length, padding = int.from_bytes(received[:2], "big") & 0x3FFF, received[2]
    return 3, 3 + max(0, length - padding)
