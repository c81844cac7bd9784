"""One question to an IKEv1 responder as a Dialogue of datagrams: does main mode or aggressive mode begin?

Only the first message is sent, with one authentication method: libreswan wants a connection that has all of them. That of aggressive mode has an identity; it is a name that does not exist (RFC 6761).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from model.verdict import Evidence
from pki.byte_reader import DecodeError
from probe.crypto.ike.public_values import public_value
from probe.dialogue.answer import Ending, conversation_evidence
from probe.ike.messages import (
    SPI_LENGTH,
    Message,
    decode_header,
    decode_message,
    decode_notifications,
)
from probe.ike.version_1 import (
    AGGRESSIVE_GROUP,
    AGGRESSIVE_SUITES,
    MAIN_SUITES,
    Authentication,
    Exchange,
    Payload,
    Refusal,
    decode_refusals,
    decode_suite,
    encode_first,
    encode_sa,
    without_hash,
)

NOBODY: Final = "tlsprobe.invalid"
"""The identity in aggressive mode: a name that does not exist."""
_FQDN: Final = b"\x02\x00\x00\x00"
"""The type of the identity, and no protocol and port (RFC 2407, section 4.6.2)."""
_IGNORED_DATAGRAMS: Final = 16


@dataclass(slots=True)
class Ike1Answer:
    """What one question showed: the chosen ``suite`` in words, the ``refusals``, or why there is no answer."""

    said: bytes = b""
    heard: bytes = b""
    message: Message | None = None
    suite: str | None = None
    refusals: tuple[int, ...] = ()
    flaw: str | None = None
    strays: int = 0
    ending: Ending | None = None

    def evidence(self, note: str) -> Evidence:
        """The datagrams as proof, without the hash of aggressive mode."""
        return conversation_evidence(self.said, self.heard, note, is_cut=False)

    @property
    def is_refusal(self) -> bool:
        """Whether the responder refuses the exchange, or all proposals in it."""
        return self.suite is None and any(one in set(Refusal) for one in self.refusals)

    @property
    def outcome(self) -> str:
        """The answer in words."""
        if self.flaw is not None:
            return f"the responder sent a malformed {self.flaw}"
        if self.message is None:
            return f"no answer: {self.ending or Ending.CLOSED}"
        return f"the answer has no SA payload: notifications {', '.join(map(str, self.refusals)) or 'none'}"


class Ike1Exchange:
    """The Dialogue. ``seed`` (64 random bytes) makes the SPI, the nonce and our private key."""

    def __init__(self, exchange: Exchange, method: Authentication, seed: bytes) -> None:
        self._exchange = exchange
        self._method = method
        self._seed = hashlib.sha512(b"tlsprobe IKEv1" + bytes((exchange, method)) + seed).digest()
        self._answer = Ike1Answer()

    def begin(self, send: Callable[[bytes], None]) -> None:
        """Sends the first message."""
        self._answer.said = encode_first(self._exchange, self._seed[:SPI_LENGTH], self._payloads())
        send(self._answer.said)

    def _payloads(self) -> tuple[tuple[int, bytes], ...]:
        if self._exchange is Exchange.MAIN:
            return ((Payload.SA, encode_sa(MAIN_SUITES, self._method)),)
        return (
            (Payload.SA, encode_sa(AGGRESSIVE_SUITES, self._method)),
            (Payload.KEY_EXCHANGE, public_value(AGGRESSIVE_GROUP, self._seed) or b""),
            (Payload.NONCE, hashlib.sha256(b"nonce" + self._seed).digest()),
            (Payload.IDENTIFICATION, _FQDN + NOBODY.encode("ascii")),
        )

    def feed(self, received: bytes) -> Ike1Answer | None:
        """Takes one datagram; returns the answer once it came."""
        answer = self._answer
        if not self._is_ours(received):
            answer.strays += 1
            return answer if answer.strays >= _IGNORED_DATAGRAMS else None
        answer.heard = without_hash(received)
        try:
            answer.message = decode_message(received)
            self._read(answer.message)
        except DecodeError as error:
            answer.flaw, answer.message = error.what, None
            answer.suite, answer.refusals = None, ()
        return answer

    def end(self, ending: Ending) -> Ike1Answer:
        """The answer if nothing more will come."""
        self._answer.ending = ending
        return self._answer

    def _read(self, message: Message) -> None:
        if message.header.major != 1:
            self._answer.refusals = tuple(kind for kind, _ in decode_notifications(message))
            if not self._answer.is_refusal:
                raise DecodeError("answer, of another version,", 0)
            return
        self._answer.refusals = decode_refusals(message)
        if message.header.exchange == self._exchange:
            self._answer.suite = decode_suite(message)

    def _is_ours(self, received: bytes) -> bool:
        """Whether the datagram has our SPI, and the responder's."""
        try:
            header = decode_header(received)
        except DecodeError:
            return False
        is_own = received == self._answer.said
        return header.initiator_spi == self._seed[:SPI_LENGTH] and not is_own
