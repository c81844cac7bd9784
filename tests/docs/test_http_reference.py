"""docs/reference/http-api.md has every route of the service, and its statuses are those that clients get."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from exporters.pages.assets import STYLESHEET
from scripts.http_reference import meanings, reference, routes
from service.http.api.routes import OPERATIONS
from service.http.text_answers import API
from tests.service.http.test_every_route import HOST, Answer, Asked, service

PAGE: Final = Path(__file__).parents[2] / "docs/reference/http-api.md"
JSON: Final = (HOST, (b"content-type", b"application/json"))
FORM: Final = (HOST, (b"content-type", b"application/x-www-form-urlencoded"))
NO_ID: Final = "0" * 32
BUSY: Final = {
    *((f"GET /{page}", 429) for page in ("", "endpoints", "endpoints.csv", "endpoint", "evidence")),
    *((f"GET /{page}", 429) for page in ("findings", "policies", "certificates", "service")),
    *((f"GET /{page}", 429) for page in ("changes", "changes.atom", "reports", "reports/{format}")),
    *((f"GET /{page}", 429) for page in ("finding", "claims", "policies/diff", "post-quantum")),
    *(
        (f"GET /{page}", 429)
        for page in ("probes", "probes/{id}", "waive", "waivers", "waivers/{name}")
    ),
    ("POST /probes", 429),
}
"""Answers to crowds, which tests of their own make."""
ELSEWHERE: Final = {
    ("GET /evidence", 503),
    ("GET /changes.atom", 503),
    ("GET /probes/{id}", 503),
    ("POST /probes/{id}/cancel", 503),
    ("GET /metrics/endpoints", 503),
    ("GET /reports/{format}", 503),
    ("GET /api/audit", 503),
    ("POST /api/waivers", 503),
    ("DELETE /api/waivers/{name}", 503),
    ("GET /-/ready", 503),
    ("POST /-/reload", 400),
    ("GET /probe", 200),
    ("GET /probe", 503),
    ("GET /api/openapi.json", 200),
    ("GET /probe", 504),
    ("POST /api/waivers", 200),
    ("POST /api/waivers", 201),
    ("POST /api/waivers", 409),
    ("DELETE /api/waivers/{name}", 204),
    ("DELETE /api/waivers/{name}", 409),
    ("GET /probes/{id}", 200),
    ("GET /waive", 200),
    ("GET /finding", 200),
    ("GET /waivers/{name}", 200),
    ("POST /probes", 303),
    ("POST /probes/{id}/cancel", 303),
    *(("POST /waive", code) for code in (303, 409, 503)),
    *((f"POST /waivers/{{name}}{end}", code) for end in ("", "/end") for code in (303, 409, 503)),
}
"""Answers of a service without a database, with policies, or with servers to probe: other tests have them."""


ANSWERED: Final = {
    ("GET /", 200): Asked(),
    ("GET /endpoints", 200): Asked(path="/endpoints", query=b"q=www"),
    ("GET /endpoints", 400): Asked(path="/endpoints", query=b"page=x"),
    ("GET /endpoints.csv", 200): Asked(path="/endpoints.csv"),
    ("GET /endpoints.csv", 400): Asked(path="/endpoints.csv", query=b"version=x"),
    ("GET /evidence", 200): Asked(path="/evidence", query=b"target=www.example:443&fact=alpn"),
    ("GET /evidence", 400): Asked(path="/evidence", query=b"target=www.example:443&fact=none"),
    ("GET /evidence", 404): Asked(path="/evidence", query=b"target=other&fact=alpn"),
    ("GET /findings", 200): Asked(path="/findings"),
    ("GET /findings", 400): Asked(path="/findings", query=b"by=x"),
    ("GET /finding", 404): Asked(path="/finding", query=b"target=other"),
    ("GET /policies", 200): Asked(path="/policies"),
    ("GET /post-quantum", 200): Asked(path="/post-quantum"),
    ("GET /post-quantum", 400): Asked(path="/post-quantum", query=b"page=x"),
    ("GET /policies/diff", 200): Asked(path="/policies/diff"),
    ("GET /policies/diff", 400): Asked(path="/policies/diff", query=b"first=none"),
    ("POST /endpoints/views", 303): Asked(
        method="POST", path="/endpoints/views", headers=FORM, body=b"name=web&q=www"
    ),
    ("POST /endpoints/views", 400): Asked(
        method="POST", path="/endpoints/views", headers=FORM, body=b"name="
    ),
    ("GET /certificates", 200): Asked(path="/certificates"),
    ("GET /certificates", 400): Asked(path="/certificates", query=b"sort=x"),
    ("GET /claims", 200): Asked(path="/claims"),
    ("GET /claims", 400): Asked(path="/claims", query=b"verdict=x"),
    ("GET /changes", 200): Asked(path="/changes"),
    ("GET /changes", 400): Asked(path="/changes", query=b"until=x"),
    ("GET /changes.atom", 200): Asked(path="/changes.atom"),
    ("GET /changes.atom", 400): Asked(path="/changes.atom", query=b"place=" + b"x" * 201),
    ("GET /service", 200): Asked(path="/service"),
    ("GET /assets/{name}", 200): Asked(path=f"/assets/{STYLESHEET.name}"),
    ("GET /assets/{name}", 404): Asked(path="/assets/none"),
    ("GET /endpoint", 200): Asked(path="/endpoint", query=b"target=www.example:443"),
    ("GET /endpoint", 404): Asked(path="/endpoint", query=b"target=other"),
    ("GET /probes", 200): Asked(path="/probes"),
    ("GET /probes/{id}", 404): Asked(path=f"/probes/{NO_ID}"),
    ("POST /probes", 400): Asked(method="POST", path="/probes", headers=JSON, body=b"{}"),
    ("POST /probes", 403): Asked(
        method="POST", path="/probes", headers=FORM, body=b"target=192.0.2.1"
    ),
    ("POST /probes/{id}/cancel", 404): Asked(
        method="POST", path=f"/probes/{NO_ID}/cancel", headers=FORM
    ),
    ("GET /waive", 404): Asked(path="/waive", query=b"target=other"),
    ("POST /waive", 400): Asked(method="POST", path="/waive", headers=JSON, body=b"{}"),
    ("POST /waive", 404): Asked(
        method="POST",
        path="/waive",
        headers=FORM,
        body=b"target=other&reason=old&expires=2099-01-01",
    ),
    ("GET /waivers", 200): Asked(path="/waivers"),
    ("GET /waivers/{name}", 404): Asked(path="/waivers/none"),
    ("POST /waivers/{name}", 400): Asked(
        method="POST", path="/waivers/none", headers=JSON, body=b"{}"
    ),
    ("POST /waivers/{name}", 404): Asked(
        method="POST",
        path="/waivers/none",
        headers=FORM,
        body=b"reason=old&expires=2099-01-01",
    ),
    ("POST /waivers/{name}/end", 404): Asked(method="POST", path="/waivers/none/end", headers=FORM),
    ("GET /metrics", 200): Asked(path="/metrics"),
    ("GET /metrics/endpoints", 200): Asked(path="/metrics/endpoints"),
    ("GET /metrics/endpoints", 400): Asked(path="/metrics/endpoints", query=b"shard=4/4"),
    ("GET /metrics/fleet", 200): Asked(path="/metrics/fleet"),
    ("GET /probe", 400): Asked(path="/probe"),
    ("GET /probe", 403): Asked(path="/probe", query=b"target=192.0.2.1"),
    ("GET /sd/prometheus", 200): Asked(path="/sd/prometheus"),
    ("GET /reports", 200): Asked(path="/reports"),
    ("GET /reports/{format}", 200): Asked(path="/reports/json", query=b"label=a=b"),
    ("GET /reports/{format}", 400): Asked(path="/reports/json", query=b"label=a"),
    ("GET /reports/{format}", 404): Asked(path="/reports/none"),
    ("GET /api/waivers", 200): Asked(path="/api/waivers"),
    ("POST /api/waivers", 400): Asked(method="POST", path="/api/waivers", headers=JSON, body=b"{}"),
    ("POST /api/waivers", 415): Asked(method="POST", path="/api/waivers", body=b"{}"),
    ("DELETE /api/waivers/{name}", 404): Asked(method="DELETE", path="/api/waivers/none"),
    ("GET /api/audit", 200): Asked(path="/api/audit"),
    ("GET /api/audit", 400): Asked(path="/api/audit", query=b"limit=1001"),
    ("GET /-/healthy", 200): Asked(path="/-/healthy"),
    ("GET /-/ready", 200): Asked(path="/-/ready"),
    ("GET /-/status", 200): Asked(path="/-/status"),
    ("POST /-/reload", 200): Asked(method="POST", path="/-/reload"),
    ("POST /-/enumerate", 202): Asked(method="POST", path="/-/enumerate"),
    ("POST /-/enumerate", 404): Asked(method="POST", path="/-/enumerate", query=b"target=a"),
}


@pytest.fixture(scope="module")
def said() -> Mapping[str, Mapping[str, Any]]:
    return meanings()


def test_the_page_is_generated_from_the_code() -> None:
    assert PAGE.read_text() == reference(), "run `make docs`"


def test_every_route_is_there() -> None:
    headings = re.findall("^## (.*)$", PAGE.read_text(), re.MULTILINE)
    assert headings == [*meanings(), "The API under /api/v1"]
    written = re.findall("^### (.*)$", PAGE.read_text(), re.MULTILINE)
    assert len(written) == len(OPERATIONS)
    assert {f"{one.method} {API}{one.path}" for one in OPERATIONS} == set(written)
    assert meanings().keys() == routes().keys()


async def test_each_status_is_one_that_clients_get(
    said: Mapping[str, Mapping[str, Any]],
) -> None:
    written = {(name, int(code)) for name, one in said.items() for code in one["answers"]}
    assert written == ANSWERED.keys() | BUSY | ELSEWHERE
    got: dict[tuple[str, int], Answer] = {}
    async with service() as running:
        for wanted, asked in ANSWERED.items():
            got[wanted] = await running.ask(asked)
    assert {wanted: answer.status for wanted, answer in got.items()} == {
        wanted: wanted[1] for wanted in got
    }
