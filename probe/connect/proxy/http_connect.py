"""A tunnel through an HTTP proxy (RFC 9110, section 9.3.6): CONNECT, with or without Basic credentials."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Final

from model.version import user_agent
from probe.connect.proxy.tunnel import TunnelEnd, TunnelFailed, TunnelOpen, ended
from probe.dialogue.answer import Ending, FailureKind
from probe.web.heads import HeadReader, NotHttpError, request_bytes

_PROXY_AUTHENTICATION_REQUIRED: Final = 407
_GATEWAY_TIMEOUT: Final = 504


class HttpConnect:
    """The first Dialogue on a connection to the proxy."""

    def __init__(self, host: str, port: int, credentials: tuple[str, str] | None) -> None:
        authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        headers = [("Host", authority), ("User-Agent", user_agent())]
        if credentials is not None:
            pair = base64.b64encode(":".join(credentials).encode()).decode("ascii")
            headers.append(("Proxy-Authorization", f"Basic {pair}"))
        self._head = HeadReader()
        self._request = request_bytes("CONNECT", authority, headers)

    def begin(self, send: Callable[[bytes], None]) -> None:
        """Asks for the tunnel."""
        send(self._request)

    def feed(self, received: bytes) -> TunnelEnd | None:
        """The outcome, once the head of the answer is complete."""
        try:
            response = self._head.feed(received)
        except NotHttpError:
            return TunnelFailed(FailureKind.UNREACHABLE, "the proxy's reply to CONNECT is not HTTP")
        if response is None:
            return None
        if 200 <= response.status < 300:
            return TunnelOpen(surplus=self._head.surplus)
        if response.status == _PROXY_AUTHENTICATION_REQUIRED:
            return TunnelFailed(
                FailureKind.UNREACHABLE, "the proxy requires other credentials (status 407)"
            )
        why = "in time " if response.status == _GATEWAY_TIMEOUT else ""
        reason = f"the proxy did not connect {why}(status {response.status})"
        return TunnelFailed(FailureKind.UNREACHABLE, reason)

    def end(self, ending: Ending) -> TunnelEnd:
        """Fails: no answer came."""
        return ended(ending)
