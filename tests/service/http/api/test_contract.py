"""The OpenAPI document is valid, and the API does what it says: schemathesis asks every operation."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from copy import deepcopy
from typing import Any, Final, Literal

import httpx
import pytest
import requests
from hypothesis import HealthCheck, Phase, given, seed, settings
from jsonschema import Draft202012Validator

from tests.service.http.api.world import Api, api

pytestmark = pytest.mark.slow

EXAMPLES: Final = 6
STATEFUL: Final = {"cursor", "Idempotency-Key", "If-Match"}
WAIVER: Final = {
    "name": "tills",
    "rule": "protocol_versions",
    "reason": "Tills until they are replaced.",
    "expires": "2026-12-31",
}


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as made:
        yield made


@pytest.fixture(scope="module")
def running(runner: asyncio.Runner) -> Iterator[Api]:
    stack = AsyncExitStack()
    made = runner.run(stack.enter_async_context(api()))
    for path, body in (("waivers", WAIVER), ("targets", {"target": "shop.example"})):
        assert runner.run(made.client.post(f"/api/v1/{path}", json=body)).status_code == 201
    yield made
    runner.run(stack.aclose())


@pytest.fixture(scope="module")
def document(running: Api, runner: asyncio.Runner) -> dict[str, Any]:
    answer = runner.run(running.client.get("/api/openapi.json"))
    written: dict[str, Any] = answer.json()
    return written


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_every_schema_of_the_document_is_one_of_its_dialect(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    schemas = [*document["components"]["schemas"].values()]
    for _, _, operation in operations(document):
        schemas += [one["schema"] for one in operation["parameters"]]
    for schema in schemas:
        Draft202012Validator.check_schema(schema)


def test_every_operation_has_a_name_of_its_own_and_every_reference_leads_somewhere(
    document: dict[str, Any],
) -> None:
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(names)) == len(names)
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(references(document)) == known


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def known_paths(document: dict[str, Any], running: Api, runner: asyncio.Runner) -> dict[str, Any]:
    """The document with the values that only the state of the service makes valid: what exists, and future dates.

    Cursors, keys and tags are left out: no schema can say which ones there are.
    """

    def first(path: str, field: str) -> str:
        (found, *_) = runner.run(running.get(path)).json()["items"]
        return str(found[field])

    known = {
        "/api/v1/endpoints/{id}": first("/endpoints", "id"),
        "/api/v1/findings/{fingerprint}": first("/findings", "fingerprint"),
        "/api/v1/certificates/{sha256}": first("/certificates", "sha256"),
        "/api/v1/policies/{name}": "web",
        "/api/v1/waivers/{name}": "tills",
        "/api/v1/targets/{id}": first("/targets?q=shop", "id"),
        "/api/v1/reports/{format}": "json",
    }
    changed = deepcopy(document)
    bodies = changed["components"]["schemas"]
    days = {"enum": ["2026-12-30", "2026-12-31"]}
    bodies["NewWaiver"]["properties"] |= {
        "rule": {"enum": ["protocol_versions"]},
        "policy": {"enum": ["web", None]},
        "expires": days,
    }
    bodies["ChangedWaiver"]["properties"]["expires"] = days
    bodies["NewProbe"]["properties"] = {
        "target": {"enum": ["www.example", "www.example:443"]},
        "server_name": {"enum": ["www.example", None]},
        "module": {"enum": ["default", None]},
        "checks": bodies["NewProbe"]["properties"]["checks"],
    }
    bodies["NewTarget"]["properties"] |= {
        "target": {"enum": ["shop.example", "shop.example:443"]},
        "server_name": {"enum": ["www.example", None]},
        "protocol": {"enum": ["https", None]},
    }
    for path, _, operation in operations(changed):
        parameters = operation["parameters"]
        operation["parameters"] = [one for one in parameters if one["name"] not in STATEFUL]
        for one in operation["parameters"]:
            if one["name"] == "at":
                one["schema"]["enum"] = ["2026-07-01T11:30:00Z"]
        for start, value in known.items():
            if path.startswith(start):
                schema = operation["parameters"][0]["schema"]
                schema["enum"] = [value, "0" * len(value)]
    return changed


def test_the_api_answers_valid_requests_as_its_document_says(
    document: dict[str, Any], running: Api, runner: asyncio.Runner
) -> None:
    schema = openapi(known_paths(document, running, runner))
    for path, method, _ in operations(document):
        check(schema[path][method.upper()], "POSITIVE", running, runner)


def test_the_api_refuses_invalid_requests_as_its_document_says(
    document: dict[str, Any], running: Api, runner: asyncio.Runner
) -> None:
    schema = openapi(document)
    for path, method, operation in operations(document):
        # Any header is a valid condition.
        places = {one["in"] for one in operation["parameters"]} - {"header"}
        if places or "requestBody" in operation:
            check(schema[path][method.upper()], "NEGATIVE", running, runner)


def openapi(document: dict[str, Any]) -> Any:
    """The document as schemathesis reads it; to import that takes a second, also where no such test runs."""
    import schemathesis

    return schemathesis.openapi.from_dict(document)


def check(
    operation: Any,
    mode: Literal["POSITIVE", "NEGATIVE"],
    running: Api,
    runner: asyncio.Runner,
) -> None:
    from schemathesis import GenerationMode

    @seed(24)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=GenerationMode[mode]))
    def ask(case: Any) -> None:
        case.validate_response(runner.run(answer(case, running)))

    ask()


async def answer(case: Any, running: Api) -> httpx.Response:
    """What the API answers to a case, which is prepared as it would be for a network."""
    wanted = requests.Request(**case.as_transport_kwargs(base_url="http://localhost")).prepare()
    content = wanted.body if isinstance(wanted.body, bytes | str) else b""
    headers = {name: str(value) for name, value in wanted.headers.items()}
    request = httpx.Request(str(wanted.method), str(wanted.url), headers=headers, content=content)
    return await running.client.send(request)
