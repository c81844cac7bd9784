"""One question to an IKEv2 responder as a Dialogue of datagrams: IKE_SA_INIT and its answer (RFC 7296, section 1.2).

Nothing follows the answer: no IKE_AUTH, and so no attempt to authenticate. A request for a cookie is honoured.
Datagrams that do not have the SPI of the question are not answers to it, and are ignored.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

from model.frozen import frozen
from model.registry.ike_transforms import Transform, TransformType
from model.verdict import Evidence
from pki.byte_reader import DecodeError
from probe.crypto.ike.public_values import public_value
from probe.dialogue.answer import Ending, conversation_evidence
from probe.ike.messages import (
    IKE_SA_INIT,
    MAX_MESSAGE_LENGTH,
    SPI_LENGTH,
    Chosen,
    Message,
    NotifyType,
    PayloadType,
    decode_choice,
    decode_header,
    decode_message,
    decode_notifications,
    encode_init,
    encode_notify,
    encode_proposals,
)

_NONCE_LENGTH: Final = 32
_HASH_LENGTH: Final = 20
_MOST_COOKIES: Final = 2
_LONGEST_COOKIE: Final = 64
_IGNORED_DATAGRAMS: Final = 16
"""After so many datagrams that are not answers, the question has none."""
_SIGNATURE_HASHES: Final = bytes.fromhex("00010002000300040005")
"""SHA-1, SHA2-256, SHA2-384, SHA2-512 and Identity (RFC 7427, section 7; RFC 8420)."""


@frozen
class IkeOffer:
    """The transforms that a question proposes, and the method of its KE payload, which is one of them.

    Encryption with and without AEAD is in a proposal each (RFC 7296, section 3.3).
    """

    encryption: tuple[Transform, ...]
    prf: tuple[Transform, ...]
    integrity: tuple[Transform, ...]
    key_exchange: tuple[Transform, ...]
    ke: Transform
    additional: tuple[Transform, ...] = ()

    def proposals(self) -> Iterator[tuple[Transform, ...]]:
        """The proposals that have a transform of each type that they need."""
        others = (*self.key_exchange, *self.additional)
        aead = tuple(one for one in self.encryption if one.is_aead)
        plain = tuple(one for one in self.encryption if not one.is_aead)
        if aead:
            yield (*aead, *self.prf, *others)
        if plain and self.integrity:
            yield (*plain, *self.prf, *self.integrity, *others)

    def with_type(self, kind: TransformType, transforms: tuple[Transform, ...]) -> IkeOffer:
        """The same offer with other transforms of one type."""
        changed: dict[str, Any] = {_FIELDS[kind]: transforms}
        return replace(self, **changed)


_FIELDS: Final = {
    TransformType.ENCRYPTION: "encryption",
    TransformType.PRF: "prf",
    TransformType.INTEGRITY: "integrity",
    TransformType.KEY_EXCHANGE: "key_exchange",
    TransformType.ADDITIONAL_KEY_EXCHANGE: "additional",
}


@dataclass(slots=True)
class IkeAnswer:
    """What one question showed.

    ``message`` is the answer, ``notifications`` and ``chosen`` its contents. ``flaw`` is why it could not be read.
    ``had_cookie`` is whether the responder asked for a cookie. ``strays`` counts datagrams that were not answers.
    """

    said: bytes = b""
    heard: bytes = b""
    is_cut: bool = False
    message: Message | None = None
    notifications: dict[int, bytes] = field(default_factory=dict)
    chosen: tuple[Chosen, ...] = ()
    flaw: str | None = None
    had_cookie: bool = False
    strays: int = 0
    ending: Ending | None = None

    def evidence(self, note: str) -> Evidence:
        """The datagrams as proof."""
        return conversation_evidence(self.said, self.heard, note, is_cut=self.is_cut)

    @property
    def speaks_version_2(self) -> bool:
        """Whether a message of IKEv2 came that accepts the version."""
        refuses = NotifyType.INVALID_MAJOR_VERSION in self.notifications
        return self.message is not None and self.message.header.major == 2 and not refuses

    @property
    def is_refusal(self) -> bool:
        """Whether the responder accepts none of the proposals."""
        return self.speaks_version_2 and NotifyType.NO_PROPOSAL_CHOSEN in self.notifications

    @property
    def is_complete(self) -> bool:
        """Whether the responder chose a proposal, and answered with its own public value."""
        return bool(self.chosen) and self.speaks_version_2

    @property
    def wanted_group(self) -> int | None:
        """The key exchange method that INVALID_KE_PAYLOAD names (RFC 7296, section 1.3)."""
        data = self.notifications.get(NotifyType.INVALID_KE_PAYLOAD)
        is_named = self.speaks_version_2 and data is not None and len(data) == 2
        return int.from_bytes(data or b"", "big") if is_named else None

    @property
    def is_acceptance(self) -> bool:
        """Whether the responder accepts one of the proposals."""
        return self.is_complete or self.wanted_group is not None

    @property
    def outcome(self) -> str:
        """The answer in words."""
        if self.flaw is not None:
            return f"the responder sent a malformed {self.flaw}"
        if self.message is None:
            return f"no answer: {self.ending or Ending.CLOSED}"
        if self.message.header.major != 2:
            return f"the responder answers in version {self.message.header.major} of IKE"
        names = {int(one): one.name for one in NotifyType}
        found = [names.get(kind, str(kind)) for kind in self.notifications]
        return "the answer has no SA payload: " + (", ".join(found) or "no notification")


class IkeExchange:
    """The Dialogue. ``seed`` (64 random bytes) makes the SPI, the nonce and our private key."""

    def __init__(self, offer: IkeOffer, seed: bytes) -> None:
        proposals = encode_proposals(offer.proposals())
        own = proposals + offer.ke.number.to_bytes(2, "big")
        self._seed = hashlib.sha512(b"tlsprobe IKE" + seed + own).digest()
        self._spi = self._seed[:SPI_LENGTH]
        self._payloads = tuple(self._payloads_of(offer, proposals))
        self._send: Callable[[bytes], None] | None = None
        self._cookies = 0
        self._answer = IkeAnswer()

    def _payloads_of(self, offer: IkeOffer, proposals: bytes) -> Iterator[tuple[int, bytes]]:
        public = public_value(offer.ke.number, self._seed) or bytes(_NONCE_LENGTH)
        yield PayloadType.SA, proposals
        yield PayloadType.KEY_EXCHANGE, offer.ke.number.to_bytes(2, "big") + bytes(2) + public
        yield PayloadType.NONCE, hashlib.sha256(b"nonce" + self._seed).digest()
        # A hash of other addresses than ours: the responder sees a NAT on the way, as it does with most clients.
        source = hashlib.sha256(b"NAT" + self._seed).digest()[:_HASH_LENGTH]
        for kind, data in (
            (NotifyType.NAT_DETECTION_SOURCE_IP, source),
            (NotifyType.NAT_DETECTION_DESTINATION_IP, source[::-1]),
            (NotifyType.IKEV2_FRAGMENTATION_SUPPORTED, b""),
            (NotifyType.SIGNATURE_HASH_ALGORITHMS, _SIGNATURE_HASHES),
            (NotifyType.REDIRECT_SUPPORTED, b""),
            (NotifyType.USE_PPK, b""),
            (NotifyType.INTERMEDIATE_EXCHANGE_SUPPORTED, b""),
        ):
            yield PayloadType.NOTIFY, encode_notify(kind, data)

    def begin(self, send: Callable[[bytes], None]) -> None:
        """Sends the request."""
        self._send = send
        self._say(encode_init(self._spi, self._payloads))

    def feed(self, received: bytes) -> IkeAnswer | None:
        """Takes one datagram; returns the answer once it came."""
        answer = self._answer
        if not self._is_ours(received):
            answer.strays += 1
            return answer if answer.strays >= _IGNORED_DATAGRAMS else None
        answer.heard += received
        try:
            answer.message = decode_message(received)
            answer.notifications = dict(decode_notifications(answer.message))
            answer.chosen = decode_choice(answer.message) if self._is_init(answer.message) else ()
        except DecodeError as error:
            return self._broken(error.what)
        cookie = answer.notifications.get(NotifyType.COOKIE)
        return answer if cookie is None else self._with_cookie(cookie)

    def end(self, ending: Ending) -> IkeAnswer:
        """The answer if nothing more will come."""
        self._answer.ending = ending
        return self._answer

    def _broken(self, flaw: str) -> IkeAnswer:
        """An answer that proves nothing."""
        answer = self._answer
        answer.flaw, answer.message, answer.notifications, answer.chosen = flaw, None, {}, ()
        return answer

    def _is_ours(self, received: bytes) -> bool:
        """Whether the datagram is an answer to this question: it has our SPI, and is not our own message."""
        try:
            header = decode_header(received[:MAX_MESSAGE_LENGTH])
        except DecodeError:
            return False
        is_answer = header.is_response or header.major != 2
        return header.initiator_spi == self._spi and is_answer

    @staticmethod
    def _is_init(message: Message) -> bool:
        return message.header.major == 2 and message.header.exchange == IKE_SA_INIT

    def _with_cookie(self, cookie: bytes) -> IkeAnswer | None:
        """Sends the same request after the responder's cookie (RFC 7296, section 2.6)."""
        answer = self._answer
        if self._cookies == _MOST_COOKIES or not 0 < len(cookie) <= _LONGEST_COOKIE:
            return self._broken("cookie, or too many of them,")
        self._cookies += 1
        answer.had_cookie = True
        answer.message, answer.notifications = None, {}
        first = (PayloadType.NOTIFY, encode_notify(NotifyType.COOKIE, cookie))
        self._say(encode_init(self._spi, (first, *self._payloads)))
        return None

    def _say(self, outgoing: bytes) -> None:
        self._answer.said += outgoing
        if self._send is not None:
            self._send(outgoing)
