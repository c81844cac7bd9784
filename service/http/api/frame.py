"""What all operations of the API share: limits, conditional requests, problem details, answers.

The Guard has checked host, origin, role and size before.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from functools import partial
from math import ceil
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from service.http.api.idempotency import HEADER, Idempotency
from service.http.api.operation import ApiError, Call, Operation, Reply
from service.http.api.reading import body_of, check_path, query_of
from service.http.guard.bodies import body_of as compressed
from service.http.guard.bodies import respond, takes_gzip
from service.http.guard.principal import Principal, principal_of
from service.http.guard.query import QueryRoute
from service.http.guard.rate_limit import RateLimit
from service.http.text_answers import API, json_bytes, problem_answer
from storage import StoreError

_COMPRESSED: Final = "-gzip"
"""The end of the entity tag of a compressed answer, which is not the same bytes (RFC 9110, 8.8.3.3)."""


class ApiRoute(QueryRoute):
    """The route of an ``operation``."""

    operation: Operation


class Frame:
    """Makes routes of operations; the clock ``monotonic`` is for the rate limit and remembered answers."""

    def __init__(self, requests_per_minute: int, monotonic: Callable[[], float]) -> None:
        self._limit = RateLimit(requests_per_minute, monotonic)
        self._idempotency = Idempotency(monotonic)

    def route(self, operation: Operation, server: object) -> ApiRoute:
        """The route of ``operation``, which a method of ``server`` handles."""
        handle = partial(operation.handle, server)

        async def serve(request: Request) -> Response:
            try:
                reply = await self._reply(operation, handle, request)
                return await _answer(request, reply)
            except ApiError as error:
                return problem_answer(error.status, str(error), error.headers, error.errors)
            except StoreError as error:
                return problem_answer(503, str(error), {"retry-after": "10"})

        made = ApiRoute(f"{API}{operation.path}", serve, methods=[operation.method])
        made.role, made.operation = operation.needed, operation
        made.once = tuple(operation.query.model_fields)
        return made

    async def _reply(
        self,
        operation: Operation,
        handle: Callable[[Call[Any, Any]], Awaitable[Reply]],
        request: Request,
    ) -> Reply:
        by = principal_of(request)
        self._check_rate(by)
        check_path(request)
        query = query_of(operation, request)
        body = await body_of(operation, request)
        call = Call(request=request, query=query, body=body)
        if operation.method != "POST":
            return await handle(call)
        asked = b"\n".join((request.url.path.encode(), await request.body()))
        key = request.headers.get(HEADER)
        return await self._idempotency.once(by, key, asked, lambda: handle(call))

    def _check_rate(self, by: Principal) -> None:
        seconds = self._limit.seconds_to_wait(by)
        if seconds:
            raise ApiError(
                429,
                f"a client may send {self._limit.per_minute} requests a minute to the API "
                "(http.api_requests_per_minute): wait as long as Retry-After says",
                headers={"retry-after": str(ceil(seconds))},
            )


def etag_of(value: Any) -> str:
    """The entity tag of an answer with this value."""
    return f'"{hashlib.sha256(json_bytes(value)).hexdigest()[:32]}"'


def check_match(request: Request, value: Any) -> None:
    """Raises ApiError if the request has an If-Match that is not of ``value``, the state before the change."""
    wanted = request.headers.get("if-match")
    if wanted is None or wanted.strip() == "*":
        return
    # A weak tag matches no state on which a change depends (RFC 9110, 13.1.1).
    if etag_of(value) not in {one for one in _tags(wanted) if not one.startswith("W/")}:
        raise ApiError(
            412, "it has changed since its ETag was read: read it again, and repeat the change"
        )


async def _answer(request: Request, reply: Reply) -> Response:
    if reply.stream is not None:
        return _EventStream(reply.stream)
    if reply.document is not None:
        return respond(request, reply.document, reply.headers)
    if reply.value is None:
        return Response(status_code=reply.status, headers=dict(reply.headers))
    tag = etag_of(reply.value)
    body = await compressed(json_bytes(reply.value) + b"\n")
    is_compressed = body.compressed is not None and takes_gzip(request)
    own = f'{tag[:-1]}{_COMPRESSED}"' if is_compressed else tag
    headers = {**reply.headers, "etag": own, "cache-control": "private, no-cache"}
    asked = request.headers.get("if-none-match", "")
    if request.method in {"GET", "HEAD"} and (asked.strip() == "*" or tag in _weak(asked)):
        return Response(status_code=304, headers={**headers, "vary": "Accept, Accept-Encoding"})
    headers["content-type"] = "application/json"
    return respond(request, body, headers, status_code=reply.status)


class _EventStream(StreamingResponse):
    """Sends ``events``, and closes them as soon as the client is gone: they count against a limit."""

    def __init__(self, events: AsyncGenerator[bytes]) -> None:
        headers = {"cache-control": "no-store"}
        super().__init__(events, media_type="text/event-stream", headers=headers)
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(self._events):
            await super().__call__(scope, receive, send)


def _tags(text: str) -> set[str]:
    """The entity tags of a condition; those of compressed and plain answers count as one."""
    return {one.strip().replace(f'{_COMPRESSED}"', '"') for one in text.split(",")}


def _weak(text: str) -> set[str]:
    """The entity tags of a condition for which weak tags are as good as strong ones (RFC 9110, 13.1.2)."""
    return {one.removeprefix("W/") for one in _tags(text)}
