"""One question to a datagram server: a hello, a hello with a cookie if the server requires one, and one
Answer.

A datagram may be lost, so the last one is sent again until something comes (RFC 6347, section 4.2.4); the
caller calls ``again`` for that. At the end, an alert closes the conversation: nothing else tells the server
that the client has gone, and some servers accept no other client meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from pki.byte_reader import DecodeError
from probe.dialogue.answer import (
    Answer,
    AnswerReader,
    Ending,
    Malformed,
    NoHello,
    NotTls,
    ServerFlight,
)
from probe.tls.dtls import FlightReader, client_hello, encode_datagram
from probe.tls.record import ContentType, RecordHeaderError

_KEPT_LENGTH: Final = 512
_MOST_COOKIES: Final = 2
"""A server that asks for a third cookie asks for ever."""

_GOODBYE: Final = bytes((2, 90))
"""A fatal ``user_canceled``: the handshake will not continue (RFC 5246, section 7.2.2)."""


class DtlsQuestion:
    """A Dialogue over datagrams: ``feed`` takes one packet at a time.

    ``hello`` is the ClientHello as a TLS record; ``offered`` is the datagram sent last.
    """

    def __init__(self, hello: bytes) -> None:
        self._hello = hello
        self._answer = AnswerReader()
        self._flight = FlightReader()
        self._first = b""
        self._is_dtls = False
        self._send: Callable[[bytes], None] | None = None
        self._sent = 0
        self._cookies: list[bytes] = []
        self.offered = b""

    def begin(self, send: Callable[[bytes], None]) -> None:
        """Sends the hello without a cookie."""
        self._send = send
        self._say(b"")

    def again(self) -> None:
        """Sends the last hello once more."""
        if self._send is not None:
            self._send(self.offered)

    def feed(self, received: bytes) -> Answer | None:
        """Takes one packet; returns the Answer once it is complete."""
        self._first = self._first or received[:_KEPT_LENGTH]
        try:
            records = self._flight.feed(received)
        except DecodeError as flaw:
            return self._flawed(flaw)
        self._is_dtls = True
        if self._flight.cookie is not None:
            return self._again_with(self._flight.cookie)
        answer = self._answer.feed(records) if records else None
        return None if answer is None else self._as_sent(answer)

    def end(self, ending: Ending) -> Answer:
        """The Answer if nothing more will come."""
        answer = self._answer.end(ending)
        if isinstance(answer, NoHello):
            return NoHello(ending=ending, raw=self._first)
        return self._as_sent(answer)

    def goodbye(self) -> bytes:
        """The datagram that ends the conversation."""
        return encode_datagram(ContentType.ALERT, _GOODBYE, self._sent)

    def _flawed(self, flaw: DecodeError) -> Answer:
        answer = self._answer.end(Ending.CLOSED)
        if isinstance(answer, ServerFlight):
            return self._as_sent(answer)
        if isinstance(flaw, RecordHeaderError) and not self._is_dtls:
            return NotTls(raw=self._first)
        return Malformed(raw=self._first, what=flaw.what)

    def _again_with(self, cookie: bytes) -> Answer | None:
        """Sends the hello with the cookie. A known cookie is ignored: it came twice because a hello was sent twice."""
        self._flight = FlightReader()
        if cookie in self._cookies:
            return None
        if len(self._cookies) == _MOST_COOKIES:
            return Malformed(raw=self._first, what="row of HelloVerifyRequests")
        self._cookies.append(cookie)
        self._say(cookie)
        return None

    def _say(self, cookie: bytes) -> None:
        self.offered = client_hello(self._hello, cookie, sequence=self._sent)
        self._sent += 1
        self.again()

    def _as_sent(self, answer: Answer) -> Answer:
        """The proof holds the bytes on the wire, not their rewritten form."""
        if isinstance(answer, ServerFlight) and self._flight.server_hello is not None:
            return replace(answer, raw=self._flight.server_hello)
        return answer
