"""The application's outermost layer: who may send requests, to which host, with how large a body; common headers.

It is plain ASGI. Routes see only requests that pass.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.http.guard.access import (
    SAFE_METHODS,
    Access,
    Refusal,
    cross_site_refusal,
    host_refusal,
    role_refusal,
)
from service.http.guard.principal import PRINCIPAL, Method, Principal
from service.http.guard.protocol import CLIENT_CERTIFICATE
from service.http.guard.query import role_needed
from service.http.text_answers import refused_answer
from service.setting_types.roles import Role

LARGEST_BODY: Final = 65_536
_BODY_SECONDS: Final = 30.0
_PIECE: Final = 65_536
_PROBES: Final = "/probe"
"""It changes no state here, but sends packets: no other site may make a browser request it."""

_PUBLIC: Final = frozenset({"/-/healthy", "/-/ready"})
"""They say nothing but whether the service runs, to probes that have no credentials."""

_ANYONE: Final = Principal(name="anonymous", role=Role.VIEWER, method=Method.NONE)

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
        self._routes = getattr(app, "routes", ())
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        send = _in_pieces(_with_headers(send, {**_HEADERS, **self._access.headers()}))
        refusal = await self._refusal(scope)
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
        answer = refused_answer(scope["path"], refusal.sentence, refusal.status, refusal.headers)
        await answer(scope, receive, send)

    async def _refusal(self, scope: Scope) -> Refusal | None:
        """Why the request is refused; None if it passes, with its Principal in ``scope``."""
        headers = Headers(scope=scope)
        is_safe = scope["method"] in SAFE_METHODS
        refusal = host_refusal(headers.getlist("host"), self._access.hosts)
        if refusal is None and (not is_safe or scope["path"] == _PROBES):
            refusal = cross_site_refusal(headers)
        if refusal is None and not is_safe and self._access.is_read_only:
            refusal = Refusal(
                status=403, sentence="routes that change state are off: remove http.admin: off"
            )
        return refusal or await self._authenticate(scope, headers)

    async def _authenticate(self, scope: Scope, headers: Headers) -> Refusal | None:
        state = scope.setdefault("state", {})
        client = scope["client"][0] if scope.get("client") else None
        if scope["path"] in _PUBLIC:
            state[PRINCIPAL] = _ANYONE
            return None
        found = await self._access.authenticate(client, headers, state.get(CLIENT_CERTIFICATE))
        if isinstance(found, Refusal):
            return found
        state[PRINCIPAL] = found
        needed = role_needed(self._routes, scope)
        return role_refusal(found, needed, self._access.challenge)


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


def _with_headers(send: Send, common: Mapping[str, str]) -> Send:
    """A ``send`` that adds the ``common`` headers to every response."""

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in common.items():
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
