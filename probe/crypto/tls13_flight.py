"""The whole first flight of a TLS 1.3 server, decrypted.

A Dialogue: it sends a hello with our key share and reads everything up to CertificateVerify. Then it closes;
it never finishes a handshake or sends data under these keys.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from cryptography.exceptions import InvalidTag

from model.frozen import frozen
from pki.byte_reader import DecodeError, vector
from probe.crypto.tls13_keys import OPENED_SUITES, KeyShareSecret, ServerHandshakeKeys
from probe.dialogue.answer import Answer, AnswerReader, Ending, ServerFlight
from probe.dialogue.offer import Offer
from probe.tls.encrypted_messages import (
    CertificateEntry,
    CompressedCertificate,
    decode_certificate,
    decode_certificate_verify,
    decode_encrypted_extensions,
    decode_tls13_certificate_request,
)
from probe.tls.extensions import (
    Extension,
    ExtensionType,
    KeyShare,
    body_of,
    decode_signature_algorithms,
    key_share,
)
from probe.tls.limits import MAX_ANSWER_LENGTH
from probe.tls.message_order import TLS13_ENCRYPTED, MessageOrder
from probe.tls.record import (
    RECORD_HEADER_LENGTH,
    ContentType,
    HandshakeType,
    MessageReader,
    Record,
    RecordReader,
)


@frozen
class Tls13Flight:
    """The flight. ``answer`` is the answer to the hello; the other fields are set if the flight could be
    decrypted.

    ``compressed_with`` is the RFC 8879 algorithm of the chain; ``certificates`` is None if it cannot be
    decompressed here. ``requested`` holds the extensions of a CertificateRequest. ``is_whole`` is true once
    the server has signed. ``flaw`` names what is malformed or out of place if that ended the flight; what
    came before it still counts.
    """

    offered: bytes
    answer: Answer
    extensions: tuple[Extension, ...] = ()
    requested: tuple[Extension, ...] | None = None
    certificates: tuple[CertificateEntry, ...] | None = None
    compressed_with: int | None = None
    signature_scheme: int | None = None
    is_whole: bool = False
    flaw: str | None = None

    @property
    def requested_schemes(self) -> tuple[int, ...]:
        """The CertificateRequest's signature schemes (RFC 9846, section 4.3.2); empty if they are malformed."""
        body = body_of(self.requested or (), ExtensionType.SIGNATURE_ALGORITHMS)
        try:
            return () if body is None else decode_signature_algorithms(body)
        except DecodeError:
            return ()


def with_share(asked: Offer, secret: KeyShareSecret, before: tuple[KeyShare, ...] = ()) -> Offer:
    """The Offer with only that share and those ``before`` it, their groups, and the suites that can be decrypted."""
    shares = (*before, KeyShare(group=secret.group, key_exchange=secret.public))
    changes = replace(asked.changes, extensions=(*asked.changes.extensions, key_share(shares)))
    suites = tuple(suite for suite in asked.cipher_suites if suite in OPENED_SUITES)
    groups = tuple(share.group for share in shares)
    return replace(asked, changes=changes, groups=groups, cipher_suites=suites)


class Tls13FlightReader:
    """The Dialogue; used once. It stores ``longest`` bytes of the flight; other shares may come ``before`` ours."""

    def __init__(
        self,
        asked: Offer,
        secret: KeyShareSecret,
        nonce: bytes,
        longest: int = MAX_ANSWER_LENGTH,
        before: tuple[KeyShare, ...] = (),
    ) -> None:
        self._longest = longest
        self._secret = secret
        self._offered = with_share(asked, secret, before).encode(nonce)
        self._hello_reader = AnswerReader()
        self._stream = _OpenedStream(longest)
        self._flight: Tls13Flight | None = None
        self._received = 0

    def begin(self, send: Callable[[bytes], None]) -> None:
        """Sends the hello."""
        send(self._offered)

    def feed(self, received: bytes) -> Tls13Flight | None:
        """The flight, once it is complete or cannot be decrypted."""
        self._received += len(received)
        self._stream.feed(received)
        if self._flight is None:
            answer = self._hello_reader.feed(received)
            if answer is None:
                return None
            self._flight = Tls13Flight(offered=self._offered, answer=answer)
            if not self._open(answer):
                return self._flight
        self._flight = self._stream.read(self._flight)
        is_over = self._flight.is_whole or self._flight.flaw is not None
        return self._flight if is_over or self._received > self._longest else None

    def end(self, ending: Ending) -> Tls13Flight:
        """The flight as it is when nothing more will come."""
        if self._flight is None:
            return Tls13Flight(offered=self._offered, answer=self._hello_reader.end(ending))
        return self._flight

    def _open(self, answer: Answer) -> bool:
        if not isinstance(answer, ServerFlight):
            return False
        share = answer.hello.key_share
        if share is None or share.group != self._secret.group:
            return False
        try:
            shared = self._secret.shared_with(share.key_exchange)
            hellos = self._offered[RECORD_HEADER_LENGTH:] + answer.raw
            self._stream.keys = ServerHandshakeKeys(answer.hello.cipher_suite, shared, hellos)
        except (DecodeError, ValueError, KeyError):
            return False
        return True


class _OpenedStream:
    """The records after the ServerHello, decrypted once there are ``keys``."""

    def __init__(self, longest: int) -> None:
        self._records = RecordReader()
        self._messages = MessageReader(longest)
        self._order = MessageOrder(TLS13_ENCRYPTED)
        self.keys: ServerHandshakeKeys | None = None

    def feed(self, received: bytes) -> None:
        """Takes the next bytes."""
        self._records.feed(received)

    def read(self, flight: Tls13Flight) -> Tls13Flight:
        """The flight with everything that can be read by now, up to its end or its first flaw."""
        try:
            while (record := self._records.next_record()) is not None:
                content = self._opened(record)
                if content is not None:
                    self._messages.feed(content)
                while (message := self._messages.next_message()) is not None:
                    self._order.check(message[0])
                    flight = with_message(flight, *message)
                    if flight.is_whole:
                        return flight
        except DecodeError as flaw:
            return replace(flight, flaw=flaw.what)
        except InvalidTag:
            return replace(flight, flaw="record that cannot be decrypted")
        return flight

    def _opened(self, record: Record) -> bytes | None:
        """A handshake fragment; None for plaintext records, which TLS 1.3 sends for middleboxes."""
        if record.content_type is not ContentType.APPLICATION_DATA or self.keys is None:
            return None
        header = bytes((record.content_type,)) + record.version.to_bytes(2, "big")
        header += vector(record.fragment, 2)[:2]
        inner = self.keys.open(header, record.fragment).rstrip(b"\0")
        return inner[:-1] if inner[-1:] == bytes((ContentType.HANDSHAKE,)) else None


def with_message(flight: Tls13Flight, message_type: int, body: bytes) -> Tls13Flight:
    """The flight with one more of its decrypted messages. Raises DecodeError."""
    match message_type:
        case HandshakeType.ENCRYPTED_EXTENSIONS:
            return replace(flight, extensions=decode_encrypted_extensions(body))
        case HandshakeType.CERTIFICATE_REQUEST:
            return replace(flight, requested=decode_tls13_certificate_request(body))
        case HandshakeType.CERTIFICATE:
            return replace(flight, certificates=decode_certificate(body))
        case HandshakeType.COMPRESSED_CERTIFICATE:
            message = CompressedCertificate.decode(body)
            return replace(
                flight,
                compressed_with=message.algorithm,
                certificates=message.certificate(),
            )
        case HandshakeType.CERTIFICATE_VERIFY:
            scheme = decode_certificate_verify(body)
            return replace(flight, signature_scheme=scheme, is_whole=True)
    return flight
