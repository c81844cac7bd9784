"""One operation of the API as data: what the frame checks, and what the OpenAPI document says of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import field
from typing import Any, Final, Generic, TypeAlias, TypeVar

from pydantic import BaseModel
from starlette.requests import Request

from model.frozen import frozen
from service.http.api.parameters import Parameters
from service.http.guard.bodies import Body
from service.http.guard.principal import Principal, principal_of
from service.setting_types.roles import Role

Json: TypeAlias = dict[str, Any]
Q = TypeVar("Q", bound=BaseModel)
B = TypeVar("B", bound=BaseModel | None)


class ApiError(Exception):
    """The request fails with ``status``; the message says what to change, ``errors`` where it is wrong."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[Mapping[str, str]] = (),
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.headers = headers
        self.errors = errors


@frozen
class Call(Generic[Q, B]):
    """One request that has passed the checks: its query and body as the operation's types."""

    request: Request
    query: Q
    body: B

    @property
    def by(self) -> Principal:
        """Who makes the request."""
        return principal_of(self.request)

    def path(self, name: str) -> str:
        """A part of the path."""
        return str(self.request.path_params[name])


@frozen
class Reply:
    """What a handler returns: ``value`` as JSON, a ``stream`` of events, or a ``document`` whose headers are given.

    None of them is an empty answer.
    """

    value: Any = None
    document: Body | None = None
    stream: AsyncGenerator[bytes] | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Handler: TypeAlias = Callable[[Any, Call[Any, Any]], Awaitable[Reply]]
"""A method of the object that serves an operation."""


@frozen
class Operation:
    """One method of one path.

    ``path`` is below ``/api/v1``, with the parts named in ``PATH_PARTS``. ``answer`` describes the JSON of a
    success, None an empty answer; ``is_stream`` is an answer of server-sent events, ``media_types`` are those of
    documents that it answers with. ``may_answer`` has the statuses
    of this operation in addition to those of all, with their reasons. ``takes_match`` is whether it evaluates
    If-Match.
    """

    name: str
    tag: str
    summary: str
    path: str
    handle: Handler
    answer: type[BaseModel] | None
    method: str = "GET"
    status: int = 200
    query: type[BaseModel] = Parameters
    body: type[BaseModel] | None = None
    role: Role | None = None
    is_stream: bool = False
    media_types: tuple[str, ...] = ()
    takes_match: bool = False
    may_answer: Mapping[int, str] = field(default_factory=dict)

    @property
    def needed(self) -> Role:
        """The role that it needs."""
        return self.role or (Role.VIEWER if self.method == "GET" else Role.OPERATOR)


PATH_PARTS: Final[Mapping[str, tuple[str, str]]] = {
    "id": ("^[0-9a-f]{32}$", "the `id` of a list's item"),
    "name": ("^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$", "the name of the waiver or policy"),
    "format": ("^[a-z-]{1,30}$", "the name of the format"),
    "sha256": ("^[0-9a-f]{64}$", "the SHA-256 of the certificate's DER, in hex"),
    "fingerprint": ("^[0-9a-f]{64}$", "the `fingerprint` of the finding"),
}
"""Each part of a path, with its pattern and its meaning; anything else is unknown, and answered with 404."""
