"""Reads the plaintext messages of a server up to TLS 1.2 before the library that finishes the handshake does.

The session id and the ticket come before the server's ChangeCipherSpec, and so do the chain and the
parameters of the key exchange, with which the library computes.
"""

from __future__ import annotations

from model.registry import CipherSuite, cipher_suite_by_code_point
from pki.byte_reader import DecodeError
from probe.tls.hello import ServerHello
from probe.tls.message_order import UP_TO_TLS12, MessageOrder
from probe.tls.messages import CertificateMessage, NewSessionTicket, ServerKeyExchange
from probe.tls.record import (
    ContentType,
    HandshakeType,
    MessageReader,
    RecordHeaderError,
    RecordReader,
)


class SessionInPlaintext:
    """Takes the server's bytes and collects their content.

    ``unreadable`` names the message that could not be read; nothing after it is read.
    """

    def __init__(self) -> None:
        self._records = RecordReader()
        self._messages = MessageReader()
        self._order = MessageOrder(UP_TO_TLS12)
        self._is_over = False
        self.session_id = b""
        self.ticket: NewSessionTicket | None = None
        self.chain: tuple[bytes, ...] = ()
        self.key_exchange: ServerKeyExchange | None = None
        self.unreadable: str | None = None
        self._suite: CipherSuite | None = None
        self._version = 0

    def feed(self, received: bytes) -> None:
        """Reads until the server encrypts, or sends something that is unreadable or out of place."""
        if self._is_over:
            return
        self._records.feed(received)
        try:
            while not self._is_over and (record := self._records.next_record()) is not None:
                if record.content_type is ContentType.HANDSHAKE:
                    self._read(record.fragment)
                self._is_over = record.content_type is ContentType.CHANGE_CIPHER_SPEC
        except RecordHeaderError:
            # Not TLS, such as MySQL's plaintext error after an alert: OpenSSL finds no key in it either.
            self._is_over = True
        except DecodeError as flaw:
            self._is_over = True
            self.unreadable = flaw.what

    def _read(self, fragment: bytes) -> None:
        self._messages.feed(fragment)
        while (message := self._messages.next_message()) is not None:
            message_type, body = message
            self._order.check(message_type)
            if message_type == HandshakeType.SERVER_HELLO:
                self._read_hello(ServerHello.decode(body))
            elif message_type == HandshakeType.NEW_SESSION_TICKET:
                self.ticket = NewSessionTicket.decode(body)
            elif message_type == HandshakeType.CERTIFICATE:
                self.chain = CertificateMessage.decode(body).chain
            elif message_type == HandshakeType.SERVER_KEY_EXCHANGE and self._suite is not None:
                kinds = (self._suite.key_exchange, self._suite.authentication)
                self.key_exchange = ServerKeyExchange.decode(body, self._version, *kinds)

    def _read_hello(self, hello: ServerHello) -> None:
        self.session_id = hello.session_id
        self._suite = cipher_suite_by_code_point(hello.cipher_suite)
        self._version = hello.version
