"""The OpenAPI 3.1 document, written from the table of operations and the types that they name.

pydantic writes the JSON Schemas, whose dialect (2020-12) is that of OpenAPI 3.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, get_args

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from model.version import TOOL_VERSION
from service.http.api.answers import Problem
from service.http.api.idempotency import PATTERN
from service.http.api.operation import PATH_PARTS, Json, Operation
from service.http.api.parameters import COMMAS, is_comma_separated, is_list
from service.http.text_answers import API
from service.setting_types.roles import Role

_TEMPLATE: Final = "#/components/schemas/{model}"
_DESCRIPTION: Final = """\
Everything that tlsprobe knows of the endpoints, and what operators may change.

Errors are problem details (RFC 9457) with one sentence in `detail` that says what to change. Lists come in pages: \
`next` is the `cursor` of the next page, and new items shift none. Every answer has an `ETag`; `If-None-Match` saves \
its transfer. A POST with an `Idempotency-Key` may be repeated. Keys may be added to answers."""
_EVERY: Final[Mapping[int, str]] = {
    400: "the query, the header `Host` or the JSON of the body is invalid",
    401: "the service needs a password, a token or a client certificate",
    403: "the client does not have the role, or a page of another site asks for a change",
    429: "the client sends too many requests: `Retry-After` says how long to wait",
    503: "the database cannot be read or written",
}
_OF_BODIES: Final[Mapping[int, str]] = {
    408: "the body takes longer than 30 seconds",
    413: "the body is over 64 KiB",
    415: "the body is not declared as JSON",
    422: "the body lacks something or has an invalid value: `errors` says where",
}


def document(operations: Sequence[Operation]) -> Json:
    """The document of these operations."""
    names, schemas = _schemas(operations)
    paths: dict[str, Json] = {}
    for one in operations:
        written = _operation(one, names, schemas)
        paths.setdefault(f"{API}{one.path}", {})[one.method.lower()] = written
    for one in operations:
        schemas.pop(one.query.__name__, None)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "tlsprobe",
            "version": TOOL_VERSION,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "servers": [{"url": "/"}],
        "security": [{}, {"token": []}, {"password": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "password": {"type": "http", "scheme": "basic"},
            },
        },
    }


def _schemas(operations: Sequence[Operation]) -> tuple[dict[Any, Json], Json]:
    """A reference to each type that operations name, and what the references lead to."""
    answers = [one.answer for one in operations if one.answer is not None]
    bodies = [one.body for one in operations if one.body is not None]
    queries = [one.query for one in operations]
    described: Sequence[type[BaseModel]] = (*answers, Problem)
    written: list[tuple[type[BaseModel], JsonSchemaMode]] = [
        (one, "serialization") for one in dict.fromkeys(described)
    ]
    read: list[tuple[type[BaseModel], JsonSchemaMode]] = [
        (one, "validation") for one in dict.fromkeys((*bodies, *queries))
    ]
    references, definitions = models_json_schema([*written, *read], ref_template=_TEMPLATE)
    schemas: Json = definitions.get("$defs", {})
    return {model: one for (model, _), one in references.items()}, schemas


def _operation(one: Operation, names: Mapping[Any, Json], schemas: Json) -> Json:
    written: Json = {
        "operationId": one.name,
        "tags": [one.tag],
        "summary": one.summary,
        "parameters": [*_of_path(one), *_of_query(one, schemas), *_of_headers(one)],
        "responses": _responses(one, names),
    }
    if one.needed is not Role.VIEWER:
        written["description"] = f"Needs the role {one.needed.value}."
    if one.body is not None:
        content = {"application/json": {"schema": names[one.body]}}
        written["requestBody"] = {"required": True, "content": content}
    return written


def _of_path(one: Operation) -> Iterator[Json]:
    for name in re.findall(r"{(\w+)}", one.path):
        pattern, meaning = PATH_PARTS[name]
        schema = {"type": "string", "pattern": pattern}
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "description": meaning,
            "schema": schema,
        }


def _of_query(one: Operation, schemas: Json) -> Iterator[Json]:
    """The parameters, each with the schema that pydantic wrote for the type of the whole query."""
    properties = schemas.get(one.query.__name__, {}).get("properties", {})
    for name, field in one.query.model_fields.items():
        schema = _plain(properties[name])
        if name == "fields":
            schema["items"] = {"type": "string", "enum": list(_fields_of(one))}
        parameter: Json = {"name": name, "in": "query", "schema": schema}
        if field.description:
            parameter["description"] = field.description
        if is_list(field):
            parameter |= {"style": "form", "explode": not is_comma_separated(field)}
        yield parameter


def _plain(schema: Json) -> Json:
    """The schema of a parameter, which cannot be null, without what a parameter has next to its schema."""
    left = {name: value for name, value in schema.items() if name not in {*COMMAS, "description"}}
    options = [one for one in left.pop("anyOf", ()) if one != {"type": "null"}]
    for option in options:
        left |= option
    if left.get("default", 0) in (None, []):
        del left["default"]
    left.pop("title", None)
    return left


def _fields_of(one: Operation) -> Iterator[str]:
    """The fields of the items of the list that the operation returns."""
    if one.answer is not None:
        (item,) = get_args(one.answer.model_fields["items"].annotation)
        yield from item.model_fields


def _of_headers(one: Operation) -> Iterator[Json]:
    tags = {"type": "string"}
    if one.method == "GET" and one.answer is not None:
        yield _header("If-None-Match", "an `ETag`: 304 if it is still that of the answer", tags)
    if one.takes_match:
        yield _header("If-Match", "an `ETag`: 412 if it is no longer that of the resource", tags)
    if one.method == "POST":
        key = {"type": "string", "pattern": PATTERN}
        meaning = "makes the request repeatable: the same key gets the first answer"
        yield _header("Idempotency-Key", meaning, key)


def _header(name: str, meaning: str, schema: Json) -> Json:
    return {"name": name, "in": "header", "description": meaning, "schema": schema}


def _responses(one: Operation, names: Mapping[Any, Json]) -> Json:
    refusals = dict(_EVERY)
    if "{" in one.path:
        refusals[404] = "there is no such thing"
    if one.body is not None:
        refusals |= _OF_BODIES
    if one.method == "POST":
        refusals[409] = "the request with this Idempotency-Key is not finished"
        refusals[422] = refusals.get(422, "the Idempotency-Key was sent with another request")
    if one.takes_match:
        refusals[412] = "it has changed since its `ETag` was read"
    refusals |= one.may_answer
    responses: Json = {str(one.status): _success(one, names)}
    if one.method == "GET" and one.answer is not None:
        responses["304"] = {"description": "the answer is that of `If-None-Match`"}
    problem = {"application/problem+json": {"schema": names[Problem]}}
    for status in sorted(refusals):
        responses[str(status)] = {"description": refusals[status], "content": problem}
    return responses


def _success(one: Operation, names: Mapping[Any, Json]) -> Json:
    success: Json = {"description": HTTPStatus(one.status).phrase}
    if one.is_stream:
        success["content"] = {"text/event-stream": {"schema": {"type": "string"}}}
    elif one.media_types:
        success["content"] = {media_type: {"schema": {}} for media_type in one.media_types}
    elif one.answer is not None:
        success["content"] = {"application/json": {"schema": names[one.answer]}}
        success["headers"] = {"ETag": {"schema": {"type": "string"}}}
    if one.status in {HTTPStatus.CREATED, HTTPStatus.ACCEPTED}:
        success.setdefault("headers", {})["Location"] = {"schema": {"type": "string"}}
    return success
