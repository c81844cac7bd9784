"""Reads a request as the types of its operation; an error names the parameter or the place in the body."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from policy.files.errors import first_problem, unknown_key
from service.http.api.operation import PATH_PARTS, ApiError, Operation
from service.http.api.parameters import is_comma_separated, is_list
from service.http.guard.query import QueryError, read_query

_SHOWN: Final = 100


def check_path(request: Request) -> None:
    """Raises ApiError if a part of the path is not one that anything has."""
    for name, text in request.path_params.items():
        if not re.fullmatch(PATH_PARTS[name][0], text):
            raise ApiError(404, f"there is nothing with the {name} {text[:_SHOWN]!r}")


def query_of(operation: Operation, request: Request) -> BaseModel:
    """The query; raises ApiError."""
    fields = operation.query.model_fields
    many = [name for name, one in fields.items() if is_list(one) and not is_comma_separated(one)]
    try:
        query = read_query(
            request.scope["query_string"], [one for one in fields if one not in many], many
        )
    except QueryError as error:
        raise ApiError(400, str(error)) from error
    values: dict[str, Any] = {}
    for name, given in query.values.items():
        if not is_list(fields[name]):
            values[name] = given[0]
        else:
            values[name] = given if name in many else given[0].split(",")
    return _validated(
        operation.query, lambda: operation.query.model_validate(values), 400, "parameter"
    )


async def body_of(operation: Operation, request: Request) -> BaseModel | None:
    """The body; raises ApiError."""
    if operation.body is None:
        return None
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise ApiError(415, "the body must be JSON: send it with Content-Type: application/json")
    raw = await request.body()
    wanted = operation.body
    return _validated(wanted, lambda: wanted.model_validate_json(raw, strict=True), 422, "pointer")


def _validated(
    model: type[BaseModel], validate: Callable[[], BaseModel], status: int, place: str
) -> BaseModel:
    """What ``validate`` returns; ``place`` is what ``errors`` of a problem call the place of a value."""
    try:
        return validate()
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        if problem["type"] == "json_invalid":
            raise ApiError(400, "the body is not valid JSON: fix it") from error
        if problem["type"] == "extra_forbidden" and len(problem["loc"]) == 1:
            detail = unknown_key(str(problem["loc"][-1])[:_SHOWN], model)
            raise ApiError(status, detail) from error
        keys, words = first_problem(error)
        names = [str(one)[:_SHOWN] for one in keys]
        if place == "parameter":
            names = names[:1]
        where = "".join(f"/{one}" for one in names) if place == "pointer" else "".join(names)
        detail = f"{'.'.join(names) or 'the body'} {words}"
        raise ApiError(status, detail, errors=[{place: where, "detail": detail}]) from error
