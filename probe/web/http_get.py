"""One GET as a client that reads the whole response, over HTTP/1.1 or HTTP/2, as Dialogues.

The body is counted, not stored.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import h11

from model.frozen import frozen
from probe.dialogue.answer import Ending
from probe.web.status_line import may_begin_http

HTTP_2: Final = "h2"
HTTP_1: Final = "http/1.1"
"""ALPN protocol names (RFC 7301, section 6)."""

_LONGEST_HEAD: Final = 2**17
_WINDOW: Final = 2**30
_UNKNOWN_LENGTH: Final = -1
_BEGINNING_LENGTH: Final = 9
_WITHOUT_BODY: Final = frozenset({204, 304})

Pairs: TypeAlias = Sequence[tuple[bytes, bytes]]


@frozen
class HttpRequest:
    """A GET. ``host`` is the field's value: a name, with the port unless it is the scheme's own."""

    scheme: str
    host: str
    path: str
    user_agent: str


@dataclass(slots=True, kw_only=True)
class HttpResponse:
    """What came of a response; ``failure`` is None if it came whole.

    ``status`` is 0 until the head came. ``version`` is 1.0, 1.1 or 2.0. ``content_length`` is what the head
    announces, -1 if nothing. The times are readings of the clock that the request was given.
    """

    status: int = 0
    version: float = 0.0
    fields: dict[str, str] = field(default_factory=dict)
    content_length: int = _UNKNOWN_LENGTH
    body_length: int = 0
    failure: str | None = None
    asked_at: float = 0.0
    answered_at: float | None = None
    ended_at: float = 0.0

    def note_head(self, status: int, version: float, fields: Pairs) -> None:
        """Takes the head; of a repeated field the first value counts."""
        self.status, self.version = status, version
        for name, value in fields:
            self.fields.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))
        announced = self.fields.get("content-length", "")
        if announced.isdecimal() and "transfer-encoding" not in self.fields:
            self.content_length = int(announced)
        elif status in _WITHOUT_BODY:
            self.content_length = 0


class HttpGet(ABC):
    """What both versions share: the clock, and the end of the connection."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self.response = HttpResponse()

    def feed(self, received: bytes) -> HttpResponse | None:
        """The response once it is complete or cannot be read."""
        if self.response.answered_at is None:
            self.response.answered_at = self._monotonic()
        return self._read(received)

    def end(self, ending: Ending) -> HttpResponse:
        """The response as far as it came."""
        return self._ended(f"{ending.value} before the response ended")

    @abstractmethod
    def begin(self, send: Callable[[bytes], None]) -> None:
        """Sends the request."""

    @abstractmethod
    def _read(self, received: bytes) -> HttpResponse | None:
        """The response once it is complete or cannot be read."""

    def _ended(self, failure: str | None) -> HttpResponse:
        self.response.failure = failure
        self.response.ended_at = self._monotonic()
        return self.response


class Http1Get(HttpGet):
    """The request over HTTP/1.1 (RFC 9112), on a connection that ends with the response."""

    def __init__(self, request: HttpRequest, monotonic: Callable[[], float]) -> None:
        super().__init__(monotonic)
        self._http = h11.Connection(our_role=h11.CLIENT, max_incomplete_event_size=_LONGEST_HEAD)
        self._beginning = b""
        self._request = h11.Request(
            method="GET",
            target=request.path,
            headers=[
                ("Host", request.host),
                ("User-Agent", request.user_agent),
                ("Connection", "close"),
            ],
        )

    def begin(self, send: Callable[[bytes], None]) -> None:
        """Sends the request."""
        self.response.asked_at = self._monotonic()
        send((self._http.send(self._request) or b"") + (self._http.send(h11.EndOfMessage()) or b""))

    def end(self, ending: Ending) -> HttpResponse:
        """The response as far as it came; one without a length ends with the connection."""
        if ending is Ending.CLOSED and self.response.status:
            return self._read(b"") or super().end(ending)
        return super().end(ending)

    def _read(self, received: bytes) -> HttpResponse | None:
        self._beginning += received[: _BEGINNING_LENGTH - len(self._beginning)]
        if not may_begin_http(self._beginning):
            return self._ended("the response is not valid HTTP: it does not begin with HTTP/")
        try:
            self._http.receive_data(received)
            while True:
                event = self._http.next_event()
                match event:
                    case h11.Response():
                        version = float(event.http_version)
                        fields = list(event.headers)
                        self.response.note_head(event.status_code, version, fields)
                    case h11.Data():
                        self.response.body_length += len(event.data)
                    case h11.EndOfMessage():
                        return self._ended(None)
                    case h11.InformationalResponse():
                        pass
                    case _:
                        return None
        except h11.RemoteProtocolError as error:
            return self._ended(f"the response is not valid HTTP: {error}")


class Http2Get(HttpGet):
    """The request over HTTP/2 (RFC 9113)."""

    def __init__(self, request: HttpRequest, monotonic: Callable[[], float]) -> None:
        super().__init__(monotonic)
        config = h2.config.H2Configuration(client_side=True, header_encoding=None)
        self._http = h2.connection.H2Connection(config)
        self._request = request
        self._send: Callable[[bytes], None] | None = None

    def begin(self, send: Callable[[bytes], None]) -> None:
        """Sends the preface and the request."""
        self._send = send
        self.response.asked_at = self._monotonic()
        self._http.initiate_connection()
        self._http.increment_flow_control_window(_WINDOW)
        asked = self._request
        fields = [
            (":method", "GET"),
            (":authority", asked.host),
            (":scheme", asked.scheme),
            (":path", asked.path),
            ("user-agent", asked.user_agent),
        ]
        self._http.send_headers(self._http.get_next_available_stream_id(), fields, end_stream=True)
        send(self._http.data_to_send())

    def _read(self, received: bytes) -> HttpResponse | None:
        try:
            events = self._http.receive_data(received)
            results = [result for event in events if (result := self._take(event)) is not None]
        except (h2.exceptions.H2Error, ValueError) as error:
            return self._ended(f"the response is not valid HTTP/2: {error}")
        if self._send is not None:
            self._send(self._http.data_to_send())
        return results[0] if results else None

    def _take(self, event: h2.events.Event) -> HttpResponse | None:
        match event:
            case h2.events.ResponseReceived():
                fields = [(bytes(name), bytes(value)) for name, value in event.headers or ()]
                status = int(dict(fields)[b":status"])
                self.response.note_head(status, 2.0, fields)
                if event.stream_ended and self.response.content_length == _UNKNOWN_LENGTH:
                    self.response.content_length = 0
            case h2.events.DataReceived():
                self.response.body_length += len(event.data or b"")
                if event.flow_controlled_length and event.stream_id:
                    length = event.flow_controlled_length
                    self._http.acknowledge_received_data(length, event.stream_id)
            case h2.events.StreamEnded():
                return self._ended(None)
            case h2.events.StreamReset():
                return self._ended(f"the server reset the stream ({event.error_code!r})")
            case h2.events.ConnectionTerminated() if event.error_code:
                return self._ended(f"the server ended the connection ({event.error_code!r})")
            case _:
                pass
        return None
