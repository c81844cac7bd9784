"""Strict parsing of query strings: a parameter that a route does not have is an error, not ignored."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Scope

from service.http.text_answers import text_answer
from service.setting_types.roles import Role

_LONGEST_QUERY: Final = 8192
_LONGEST_VALUE: Final = 2048
_MOST_PARAMETERS: Final = 64
_SHOWN: Final = 60


class QueryError(Exception):
    """The query is invalid; the message is one sentence that says what to change."""


@dataclass(frozen=True, slots=True)
class Query:
    """The parameters of one request."""

    values: Mapping[str, Sequence[str]]

    def get(self, name: str) -> str | None:
        """The parameter's value; None if it is missing."""
        found = self.values.get(name)
        return found[0] if found else None

    def every(self, name: str) -> Sequence[str]:
        """All values of a parameter that may be repeated."""
        return self.values.get(name, ())


Endpoint = Callable[[Request, Query], Awaitable[Response]]


def read_query(
    raw: bytes, once: Collection[str] = (), many: Collection[str] = (), noun: str = "query"
) -> Query:
    """Parse the query string ``raw``, or a form in the same format.

    Args:
        raw: the text after the question mark.
        once: the parameters that the route has.
        many: those that may be repeated.
        noun: what errors call it.

    Raises:
        QueryError: if the query is too long, is not percent-encoded UTF-8, has an unknown or a repeated
        parameter, or contains a control character.
    """
    if len(raw) > _LONGEST_QUERY:
        raise QueryError(f"the {noun} must be at most {_LONGEST_QUERY} bytes: shorten it")
    pieces = [piece for piece in raw.split(b"&") if piece]
    if len(pieces) > _MOST_PARAMETERS:
        raise QueryError(f"a {noun} can have at most {_MOST_PARAMETERS} parameters: remove some")
    values: dict[str, list[str]] = {}
    for piece in pieces:
        name, _, value = piece.partition(b"=")
        key = _decoded(name, f"the name of a parameter of the {noun}")
        if key not in once and key not in many:
            there = ", ".join((*once, *many)) or "none"
            raise QueryError(f"unknown parameter {key[:_SHOWN]!r}: this route has {there}")
        if key in values and key not in many:
            raise QueryError(f"the parameter {key} is given twice: remove one")
        values.setdefault(key, []).append(_decoded(value, f"the parameter {key}"))
    return Query(values)


def whole_number(text: str, name: str, most: int) -> int:
    """``text`` as a number from 0 to ``most``; raises QueryError if it is anything else."""
    is_number = text.isascii() and text.isdecimal() and len(text) <= len(str(most))
    if not is_number or int(text) > most:
        raise QueryError(f"{name} must be a whole number from 0 to {most}, not {text[:20]!r}")
    return int(text)


class QueryRoute(Route):
    """A route with the names of its parameters and the role that it needs; parameters in ``many`` may be repeated."""

    once: Collection[str] = ()
    many: Collection[str] = ()
    role = Role.VIEWER


def route(
    path: str,
    endpoint: Endpoint,
    *,
    method: str = "GET",
    once: Collection[str] = (),
    many: Collection[str] = (),
    role: Role | None = None,
) -> QueryRoute:
    """A route that passes the parameters to ``endpoint``; an invalid query is answered with 400.

    Without ``role``, GET needs the role viewer, and every other method the role admin.
    """

    async def checked(request: Request) -> Response:
        try:
            query = read_query(request.scope["query_string"], once, many)
            return await endpoint(request, query)
        except QueryError as error:
            return text_answer(error, status_code=400)

    made = QueryRoute(path, checked, methods=[method])
    made.once, made.many = once, many
    made.role = role or (Role.VIEWER if method == "GET" else Role.ADMIN)
    return made


def role_needed(routes: Iterable[BaseRoute], scope: Scope) -> Role:
    """The role that the requested route needs; a request that no route has needs viewer: it gets 404 or 405."""
    for one in routes:
        if isinstance(one, QueryRoute) and one.matches(scope)[0] is Match.FULL:
            return one.role
    return Role.VIEWER


def _decoded(raw: bytes, what: str) -> str:
    try:
        text = unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8")
    except UnicodeDecodeError:
        raise QueryError(f"{what} is not percent-encoded UTF-8: encode it again") from None
    if len(text) > _LONGEST_VALUE:
        raise QueryError(f"{what} must be at most {_LONGEST_VALUE} characters: shorten it")
    for character in text:
        if ord(character) < 0x20 or ord(character) == 0x7F:
            code = f"U+{ord(character):04X}"
            raise QueryError(f"{what} must not contain the control character {code}: remove it")
    return text
