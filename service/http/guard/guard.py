"""The application's outermost layer: who may send requests, to which host, with how large a body; common headers.

It is plain ASGI. Routes see only requests that pass.
"""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.http.guard.access import (
    SAFE_METHODS,
    Access,
    Refusal,
    cross_site_refusal,
    host_refusal,
)
from service.http.text_answers import text_answer

LARGEST_BODY: Final = 65_536
_BODY_SECONDS: Final = 30.0
_PIECE: Final = 65_536
_PROBES: Final = "/probe"
"""It changes no state here, but sends packets: no other site may make a browser request it."""

_HEADERS: Final = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}
"""Headers of every response; a route may set its own content security policy."""


class Guard:
    """Serves the routes of ``app`` to the clients that ``access`` allows."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        send = _in_pieces(_with_headers(send))
        refusal = self._refusal(scope)
        if refusal is None and scope["method"] not in SAFE_METHODS:
            body = await _whole_body(Headers(scope=scope), receive)
            if body is None:
                return
            if isinstance(body, Refusal):
                refusal = body
            else:
                receive = _again(body, receive)
        if refusal is None:
            await self._app(scope, receive, send)
            return
        answer = text_answer(refusal.sentence, refusal.status, refusal.headers)
        await answer(scope, receive, send)

    def _refusal(self, scope: Scope) -> Refusal | None:
        headers = Headers(scope=scope)
        refusal = host_refusal(headers.getlist("host"), self._access.hosts)
        if refusal is not None:
            return refusal
        if scope["method"] in SAFE_METHODS:
            return cross_site_refusal(headers) if scope["path"] == _PROBES else None
        client = scope.get("client")
        return cross_site_refusal(headers) or self._access.admin.refusal(
            client[0] if client else None, headers
        )


async def _whole_body(headers: Headers, receive: Receive) -> bytes | Refusal | None:
    """The request's body; a Refusal if it is too large or too slow, None if the client disconnected."""
    too_large = Refusal(status=413, sentence=f"the body must be at most {LARGEST_BODY} bytes")
    length = headers.get("content-length", "0")
    if len(length) > len(str(LARGEST_BODY)) or not length.isdecimal() or int(length) > LARGEST_BODY:
        return too_large
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return None
                body += message.get("body", b"")
                if len(body) > LARGEST_BODY:
                    return too_large
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError:
        return Refusal(
            status=408, sentence=f"the body must be sent within {_BODY_SECONDS:g} seconds"
        )


def _again(body: bytes, receive: Receive) -> Receive:
    """A ``receive`` that returns ``body`` first."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return messages.pop() if messages else await receive()

    return receive_again


def _with_headers(send: Send) -> Send:
    """A ``send`` that adds the common headers to every response."""

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return send_with_headers


def _in_pieces(send: Send) -> Send:
    """A ``send`` that passes a body to the server in pieces, and waits for a slow reader between them.

    A server buffers each piece as a whole, so a large response in one piece would be in memory once per
    reader.
    """

    async def send_in_pieces(message: Message) -> None:
        body = message.get("body", b"")
        if message["type"] != "http.response.body" or len(body) <= _PIECE:
            await send(message)
            return
        view = memoryview(body)
        for start in range(0, len(view), _PIECE):
            is_last = start + _PIECE >= len(view)
            piece = bytes(view[start : start + _PIECE])
            more = message.get("more_body", False) if is_last else True
            await send({"type": message["type"], "body": piece, "more_body": more})
            # Let other tasks run between the pieces, however fast the client reads.
            await asyncio.sleep(0)

    return send_in_pieces
