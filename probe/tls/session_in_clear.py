"""What a server up to TLS 1.2 gives to resume a session by, read beside a handshake.

Session id and ticket pass in clear, before the server's ChangeCipherSpec; whoever finishes the
handshake keeps them to itself.
"""

from __future__ import annotations

from probe.tls.hello import ServerHello
from probe.tls.message_order import UP_TO_TLS12, MessageOrder
from probe.tls.messages import NewSessionTicket
from probe.tls.reader import DecodeError
from probe.tls.record import ContentType, HandshakeType, MessageReader, RecordReader


class SessionInClear:
    """Takes the server's bytes; ``session_id`` and ``ticket`` are there once they came."""

    def __init__(self) -> None:
        self._records = RecordReader()
        self._messages = MessageReader()
        self._order = MessageOrder(UP_TO_TLS12)
        self._is_over = False
        self.session_id = b""
        self.ticket: NewSessionTicket | None = None

    def feed(self, received: bytes) -> None:
        """Reads on until the server encrypts, or says what cannot be read or is out of place."""
        if self._is_over:
            return
        self._records.feed(received)
        try:
            while not self._is_over and (record := self._records.next_record()) is not None:
                if record.content_type is ContentType.HANDSHAKE:
                    self._read(record.fragment)
                self._is_over = record.content_type is ContentType.CHANGE_CIPHER_SPEC
        except DecodeError:
            self._is_over = True

    def _read(self, fragment: bytes) -> None:
        self._messages.feed(fragment)
        while (message := self._messages.next_message()) is not None:
            message_type, body = message
            self._order.check(message_type)
            if message_type == HandshakeType.SERVER_HELLO:
                self.session_id = ServerHello.decode(body).session_id
            elif message_type == HandshakeType.NEW_SESSION_TICKET:
                self.ticket = NewSessionTicket.decode(body)
