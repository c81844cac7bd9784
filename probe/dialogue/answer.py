"""The answer to one Offer.

It is the server's hello with the plaintext messages after it, an alert, or the way in which no answer came.
``AnswerReader`` takes bytes as they arrive and reports when the answer is complete: at ServerHelloDone up to
TLS 1.2, at the ServerHello or HelloRetryRequest of TLS 1.3. It stores at most ``MAX_ANSWER_LENGTH`` bytes
unless a caller allows more, and no input makes it raise.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import Final, TypeAlias

from model.frozen import frozen
from model.protocol_version import ProtocolVersion
from model.registry import alert_name, cipher_suite_by_code_point
from model.verdict import Evidence
from pki.byte_reader import DecodeError
from probe.tls.hello import ServerHello
from probe.tls.limits import MAX_ANSWER_LENGTH, MAX_WARNINGS
from probe.tls.message_order import UP_TO_TLS12, MessageOrder
from probe.tls.messages import (
    CertificateMessage,
    CertificateRequest,
    CertificateStatus,
    ServerKeyExchange,
)
from probe.tls.record import (
    ContentType,
    HandshakeType,
    MessageLengthError,
    MessageReader,
    Record,
    RecordHeaderError,
    RecordReader,
    encode_handshake,
)

_CLOSE_NOTIFY = 0
_FATAL = 2
KEPT_LENGTH = 512
"""How much of a non-TLS answer is stored: enough to recognise its protocol. One of that length counts as cut."""


class Ending(StrEnum):
    """How a connection ended before its answer was complete."""

    CLOSED = "closed"
    RESET = "reset"
    SILENCE = "silence"


class FailureKind(StrEnum):
    """Why TLS could not be asked; from OTHER_PROTOCOL on, the plaintext phase did not lead to TLS."""

    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    DEADLINE = "deadline"
    EXHAUSTED = "exhausted"
    """This machine ran out of file descriptors, memory or ports: it says nothing about the server."""
    BUDGET = "budget"
    """The visit has used up its budget: it says nothing about the server."""
    DENIED = "denied"
    """The configuration or the protocol forbids the question: nothing was sent, and it says nothing about the server."""
    OTHER_PROTOCOL = "other_protocol"
    """The server speaks a protocol other than the one asked for."""
    NOT_OFFERED = "not_offered"
    """The server speaks the protocol, and states that it has no TLS in it."""
    DECLINED = "declined"
    """The server has TLS, and did not begin it on request."""
    TURNED_AWAY = "turned_away"
    """The server rejects clients now, or this client: it says nothing about TLS."""
    BLOCKED = "blocked"  # this machine's address, until its operator clears that
    HUNG_UP = "hung_up"
    RESET = "reset"
    SILENT = "silent"


@frozen
class ServerFlight:
    """A ServerHello and the plaintext messages after it.

    ``is_complete`` is false if the flight broke off, or if the server resumed a session: its ChangeCipherSpec
    ends such a flight. ``is_cut`` is true if the flight is longer than the stored part. ``flaw`` names what
    is malformed or out of place after the hello, if that ended the flight; the hello, and what came before
    the flaw, still count.

    ``raw`` is the ServerHello message alone: it proves version and suite. ``alert`` is the description of the
    fatal alert that broke the flight off.
    """

    raw: bytes
    hello: ServerHello
    certificates: tuple[bytes, ...] | None = None
    certificate_status: CertificateStatus | None = None
    server_key_exchange: ServerKeyExchange | None = None
    certificate_request: CertificateRequest | None = None
    is_complete: bool = False
    is_cut: bool = False
    flaw: str | None = None
    alert: int | None = None


@frozen
class RetryRequest:
    """A HelloRetryRequest; ``raw`` is the message."""

    raw: bytes
    hello: ServerHello


@frozen
class TlsAlert:
    """An alert instead of a hello; ``raw`` is the record's fragment."""

    raw: bytes
    level: int
    description: int

    @property
    def name(self) -> str:
        """The description's registry name."""
        return alert_name(self.description)


@frozen
class NoHello:
    """The connection ended, or nothing more came, before a complete hello or alert."""

    ending: Ending
    raw: bytes = b""


@frozen
class NotTls:
    """Bytes that are not a record of SSL 3.0 to TLS 1.3; ``raw`` is their first line."""

    raw: bytes


@frozen
class Malformed:
    """Records whose content a server may not send first; ``what`` names the structure."""

    raw: bytes
    what: str


_VISIT_LIMITS: Final = frozenset({FailureKind.DEADLINE, FailureKind.BUDGET, FailureKind.DENIED})
_OURS: Final = _VISIT_LIMITS | {FailureKind.EXHAUSTED}


@frozen
class ConnectFailure:
    """TLS could not be asked; ``detail`` is the reason from the system, the server or ourselves.

    ``said`` and ``raw`` hold what we and the server sent before TLS, if anything; ``is_cut`` is true if there
    was more than the stored part.
    """

    kind: FailureKind
    detail: str
    said: bytes = b""
    raw: bytes = b""
    is_cut: bool = False

    @property
    def is_ours(self) -> bool:
        """Whether the cause is on this machine, so that it says nothing about the server or the way to it."""
        return self.kind in _OURS

    @property
    def is_visit_limit(self) -> bool:
        """Whether a limit of the visit itself is reached: no question is asked after it."""
        return self.kind in _VISIT_LIMITS

    def evidence(self, note: str | None = None) -> Evidence:
        """The conversation as proof. No hello was sent, so none is included as offered."""
        return conversation_evidence(self.said, self.raw, note or self.detail, is_cut=self.is_cut)


def conversation_evidence(said: bytes, heard: bytes, note: str, *, is_cut: bool) -> Evidence:
    """The bytes of both sides as proof."""
    return Evidence(offer=said or None, answer=heard or None, note=note, is_cut=is_cut)


Answer: TypeAlias = (
    ServerFlight | RetryRequest | TlsAlert | NoHello | NotTls | Malformed | ConnectFailure
)


class AnswerReader:
    """Turns the bytes of one connection into its Answer, of which it stores ``longest`` bytes."""

    def __init__(self, longest: int = MAX_ANSWER_LENGTH) -> None:
        self._longest = longest
        self._records = RecordReader()
        self._messages = MessageReader(longest)
        self._order = MessageOrder(UP_TO_TLS12)
        self._warnings = 0
        self._flight: ServerFlight | None = None
        self._beginning = b""
        self._received = 0
        self._is_tls = True

    @property
    def has_hello(self) -> bool:
        """Whether the ServerHello has come, even if the rest of its flight has not."""
        return self._flight is not None

    def feed(self, received: bytes) -> Answer | None:
        """The complete Answer once these bytes complete it, else None."""
        received = received[: self._longest - self._received]
        self._received += len(received)
        self._beginning += received[: KEPT_LENGTH - len(self._beginning)]
        if not self._is_tls:
            return self._greeting()
        self._records.feed(received)
        try:
            answer = self._read()
        except DecodeError as flaw:
            return self._cut(flaw) if self._flight else self._without_hello(flaw)
        if answer is None and self._received == self._longest:
            return self._cut() or Malformed(raw=self._beginning, what="answer without end")
        return answer

    def end(self, ending: Ending) -> Answer:
        """The Answer when nothing more will come."""
        if not self._is_tls:
            return NotTls(raw=self._beginning)
        return self._flight or NoHello(ending=ending, raw=self._beginning)

    def _cut(self, flaw: DecodeError | None = None) -> ServerFlight | None:
        """The flight as far as it came; marked as cut if its length ended it."""
        is_long = flaw is None or isinstance(flaw, MessageLengthError)
        what = None if flaw is None else flaw.what
        return self._flight and replace(self._flight, is_cut=is_long, flaw=what)

    def _without_hello(self, flaw: DecodeError) -> Answer | None:
        if isinstance(flaw, RecordHeaderError) and flaw.offset == 0:
            self._is_tls = False
            return self._greeting()
        return Malformed(raw=self._beginning, what=flaw.what)

    def _greeting(self) -> NotTls | None:
        """The first line, once it is complete: a part of it does not identify a service."""
        line, newline, _ = self._beginning.partition(b"\n")
        if newline or len(self._beginning) == KEPT_LENGTH:
            return NotTls(raw=line + newline)
        return None

    def _read(self) -> Answer | None:
        while (record := self._records.next_record()) is not None:
            answer = self._take(record)
            if answer is not None:
                return answer
        return None

    def _take(self, record: Record) -> Answer | None:
        if record.content_type is ContentType.ALERT:
            return self._alert(record.fragment)
        if record.content_type is ContentType.HANDSHAKE:
            self._messages.feed(record.fragment)
            while (message := self._messages.next_message()) is not None:
                answer = self._message(*message)
                if answer is not None:
                    return answer
            return None
        if record.content_type is ContentType.CHANGE_CIPHER_SPEC and self._flight is not None:
            return self._flight
        raise DecodeError(f"{record.content_type.name.lower()} record in a handshake", record.end)

    def _alert(self, fragment: bytes) -> Answer | None:
        """The first alert that ends the connection; None for warnings only.

        Java and others send the warning ``unrecognized_name`` and continue, or put a warning and the fatal
        alert into one record (sslscan #340). ``close_notify`` ends the connection at any level.

        Raises:
            DecodeError: at more than MAX_WARNINGS; an alert in fragments counts once for each fragment.
        """
        self._warnings += max(1, len(fragment) // 2)
        read = fragment[: 2 * MAX_WARNINGS]
        for level, description in zip(read[::2], read[1::2], strict=False):
            if level != _FATAL and description != _CLOSE_NOTIFY:
                continue
            if self._flight is None:
                return TlsAlert(raw=fragment, level=level, description=description)
            is_fatal = description != _CLOSE_NOTIFY
            return replace(self._flight, alert=description) if is_fatal else self._flight
        if self._warnings > MAX_WARNINGS:
            raise DecodeError("row of warning alerts", 0)
        return None

    def _message(self, message_type: int, body: bytes) -> Answer | None:
        self._order.check(message_type)
        if self._flight is None:
            return self._first_message(message_type, body)
        match message_type:
            case HandshakeType.CERTIFICATE:
                chain = CertificateMessage.decode(body).chain
                self._flight = replace(self._flight, certificates=chain)
            case HandshakeType.CERTIFICATE_STATUS:
                status = CertificateStatus.decode(body)
                self._flight = replace(self._flight, certificate_status=status)
            case HandshakeType.SERVER_KEY_EXCHANGE:
                exchange = _server_key_exchange(self._flight.hello, body)
                self._flight = replace(self._flight, server_key_exchange=exchange)
            case HandshakeType.CERTIFICATE_REQUEST:
                request = CertificateRequest.decode(body, self._flight.hello.version)
                self._flight = replace(self._flight, certificate_request=request)
            case HandshakeType.SERVER_HELLO_DONE:
                return replace(self._flight, is_complete=True)
        return None

    def _first_message(self, message_type: int, body: bytes) -> Answer | None:
        if message_type == HandshakeType.HELLO_REQUEST:
            return None
        if message_type != HandshakeType.SERVER_HELLO:
            raise DecodeError("handshake that does not begin with a hello", 0)
        hello = ServerHello.decode(body)
        raw = encode_handshake(HandshakeType.SERVER_HELLO, body)
        if hello.is_retry_request:
            return RetryRequest(raw=raw, hello=hello)
        self._flight = ServerFlight(raw=raw, hello=hello)
        if hello.version >= ProtocolVersion.TLSV1_3:
            return replace(self._flight, is_complete=True)
        return None


def _server_key_exchange(hello: ServerHello, body: bytes) -> ServerKeyExchange | None:
    suite = cipher_suite_by_code_point(hello.cipher_suite)
    if suite is None:
        return None
    return ServerKeyExchange.decode(body, hello.version, suite.key_exchange, suite.authentication)
