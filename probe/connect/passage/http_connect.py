"""A tunnel through an HTTP proxy (RFC 9110, section 9.3.6): CONNECT, with Basic credentials or none."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Final

import h11

from model.version import user_agent
from probe.connect.passage.passed import Blocked, PassageEnd, Passed, ended
from probe.tls.answer import Ending, Obstacle

_LONGEST_HEAD: Final = 2**14
_PROXY_AUTHENTICATION_REQUIRED: Final = 407
_GATEWAY_TIMEOUT: Final = 504


class HttpConnect:
    """The Dialogue that comes before everything else on a connection to the proxy."""

    def __init__(self, host: str, port: int, credentials: tuple[str, str] | None) -> None:
        authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        headers = [("Host", authority), ("User-Agent", user_agent())]
        if credentials is not None:
            pair = base64.b64encode(":".join(credentials).encode()).decode("ascii")
            headers.append(("Proxy-Authorization", f"Basic {pair}"))
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LONGEST_HEAD)
        self._request = h11.Request(method="CONNECT", target=authority, headers=headers)

    def begin(self, send: Callable[[bytes], None]) -> None:
        """Asks for the tunnel."""
        send(self._http.send(self._request) or b"")
        send(self._http.send(h11.EndOfMessage()) or b"")

    def feed(self, received: bytes) -> PassageEnd | None:
        """The outcome, once the head of the answer is whole."""
        try:
            self._http.receive_data(received)
            event = self._http.next_event()
            while isinstance(event, h11.InformationalResponse):
                event = self._http.next_event()
        except h11.RemoteProtocolError:
            return Blocked(Obstacle.UNREACHABLE, "the proxy answers CONNECT in no HTTP")
        if not isinstance(event, h11.Response):
            return None
        if 200 <= event.status_code < 300:
            return Passed(surplus=self._http.trailing_data[0])
        if event.status_code == _PROXY_AUTHENTICATION_REQUIRED:
            return Blocked(Obstacle.UNREACHABLE, "the proxy wants other credentials (status 407)")
        why = "in time " if event.status_code == _GATEWAY_TIMEOUT else ""
        reason = f"the proxy did not connect {why}(status {event.status_code})"
        return Blocked(Obstacle.UNREACHABLE, reason)

    def end(self, ending: Ending) -> PassageEnd:
        """No answer came."""
        return ended(ending)
