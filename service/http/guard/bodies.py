"""Responses that are built once and sent to many clients; they are compressed outside the event loop."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from model.frozen import frozen
from service.http.text_answers import text_answer

_SMALLEST: Final = 1024
_LEVEL: Final = 5


@frozen
class Body:
    """The bytes of a response, and the compressed form if compression pays off."""

    plain: bytes
    compressed: bytes | None = None


async def body_of(plain: bytes) -> Body:
    """The body with its compressed form, which a thread computes."""
    return await asyncio.to_thread(compressed_body, plain)


def compressed_body(plain: bytes) -> Body:
    """The body with its compressed form, for code that runs in a thread already."""
    if len(plain) < _SMALLEST:
        return Body(plain=plain)
    return Body(plain=plain, compressed=gzip.compress(plain, _LEVEL, mtime=0))


def respond(
    request: Request, body: Body, headers: Mapping[str, str], *, status_code: int = 200
) -> Response:
    """The response with ``body``, compressed if the client accepts gzip."""
    given = {**headers, "vary": "Accept, Accept-Encoding"}
    if body.compressed is None or not takes_gzip(request):
        return Response(body.plain, headers=given, status_code=status_code)
    given["content-encoding"] = "gzip"
    return Response(body.compressed, headers=given, status_code=status_code)


def takes_gzip(request: Request) -> bool:
    """Whether the client accepts gzip."""
    return "gzip" in request.headers.get("accept-encoding", "")


def busy(error: Exception) -> Response:
    """The response to a request that was not admitted."""
    return text_answer(error, status_code=429, headers={"retry-after": "10"})
