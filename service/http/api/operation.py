"""One operation of the API as data: what the frame checks, and what the OpenAPI document says of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Generic, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from service.http.guard.principal import Principal, principal_of
from service.setting_types.roles import Role

Json: TypeAlias = dict[str, Any]
Q = TypeVar("Q", bound=BaseModel)
B = TypeVar("B", bound=BaseModel | None)

_NO_CONTROL: Final = r"^[^\x00-\x1f\x7f]*$"
SearchText = Annotated[str, Field(max_length=200, pattern=_NO_CONTROL)]
"""Text of a query: control characters are refused there."""

COMMA_SEPARATED: Final = {"explode": False}
"""Marks a parameter whose values are separated by commas; other lists are repeated parameters."""


class Parameters(BaseModel):
    """The query of an operation."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PageParameters(Parameters):
    """The query of every list."""

    limit: int = Field(50, ge=1, le=500, description="how many items a page has at most")
    cursor: Annotated[SearchText, Field(max_length=2000)] | None = Field(
        None, description="`next` of the previous page; without it, the first page"
    )


class Part(BaseModel):
    """A part of an answer or a body; unknown keys of a body are an error."""

    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True, kw_only=True)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a handler returns: ``value`` as JSON, or a ``stream`` of events; neither is an empty answer."""

    value: Any = None
    stream: AsyncIterator[bytes] | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Handler: TypeAlias = Callable[[Call[Any, Any]], Awaitable[Reply]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path.

    ``path`` is below ``/api/v1``, with the parts named in ``PATH_PARTS``. ``answer`` describes the JSON of a
    success, None an empty answer; ``is_stream`` is an answer of server-sent events. ``may_answer`` has the statuses
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
    takes_match: bool = False
    may_answer: Mapping[int, str] = field(default_factory=dict)

    @property
    def needed(self) -> Role:
        """The role that it needs."""
        return self.role or (Role.VIEWER if self.method == "GET" else Role.OPERATOR)


PATH_PARTS: Final[Mapping[str, tuple[str, str]]] = {
    "id": ("^[0-9a-f]{32}$", "the `id` of a list's item"),
    "name": ("^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$", "the name of the waiver or policy"),
    "sha256": ("^[0-9a-f]{64}$", "the SHA-256 of the certificate's DER, in hex"),
}
"""Each part of a path, with its pattern and its meaning; anything else is unknown, and answered with 404."""
