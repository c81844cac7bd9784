"""Reads a request as the types of its operation; an error names the parameter or the place in the body."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from starlette.requests import Request

from policy.files.errors import first_problem, unknown_key
from service.http.api.errors import ApiError
from service.http.api.operation import PATH_PARTS, Operation
from service.http.guard.query import QueryError, read_query

M = TypeVar("M", bound=BaseModel)
_SHOWN: Final = 100


def is_list(field: FieldInfo) -> bool:
    """Whether a parameter is a list of values."""
    kinds = (field.annotation, *get_args(field.annotation))
    return any(get_origin(one) is tuple for one in kinds)


def is_comma_separated(field: FieldInfo) -> bool:
    """Whether the values of a list are separated by commas in one parameter."""
    extra = field.json_schema_extra
    return isinstance(extra, dict) and extra.get("explode") is False


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
    return _validated(operation.query, values, 400, "parameter")


async def body_of(operation: Operation, request: Request) -> BaseModel | None:
    """The body; raises ApiError."""
    if operation.body is None:
        return None
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise ApiError(415, "the body must be JSON: send it with Content-Type: application/json")
    try:
        fields = json.loads(await request.body())
    except (ValueError, RecursionError) as error:
        raise ApiError(400, "the body is not valid JSON: fix it") from error
    if not isinstance(fields, dict):
        raise ApiError(422, "the body must be a JSON object")
    return _validated(operation.body, fields, 422, "pointer")


def _validated(model: type[M], values: Mapping[str, Any], status: int, place: str) -> M:
    try:
        return model.model_validate(values, strict=False if place == "parameter" else None)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        if problem["type"] == "extra_forbidden" and len(problem["loc"]) == 1:
            detail = unknown_key(str(problem["loc"][-1])[:_SHOWN], model)
            raise ApiError(status, detail) from error
        keys, words = first_problem(error)
        names = [str(one)[:_SHOWN] for one in keys]
        where = names[0] if place == "parameter" else "".join(f"/{one}" for one in names)
        detail = f"{'.'.join(names) or 'the body'} {words}"
        raise ApiError(status, detail, errors=[{place: where, "detail": detail}]) from error
