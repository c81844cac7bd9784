"""Each wrong request gives a status of 4xx and one plain sentence with the parameter or key, and the fix."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.service.http.test_every_route import HOST, Asked, running_service
from tests.service.http.test_every_route import Service as AskedService
from tests.service.wrong_inputs import LEAK

pytestmark = pytest.mark.slow

__all__ = ["running_service"]

AS_JSON = (HOST, (b"content-type", b"application/json"))
WAIVER = {"name": "w", "rule": "hsts", "reason": "r", "owner": "o", "expires": "2027-01-31"}


def get(path: str, query: str = "") -> Asked:
    return Asked(path=path, query=query.encode())


def post(path: str, body: str | None = None) -> Asked:
    headers = (HOST,) if body is None else AS_JSON
    return Asked(method="POST", path=path, headers=headers, body=(body or "").encode())


def waiver(**changes: Any) -> Asked:
    return post("/api/waivers", json.dumps({**WAIVER, **changes}))


TIMEOUT = (b"x-prometheus-scrape-timeout-seconds", b"soon")

WRONG = [
    (get("/nope"), 404, "there is nothing at '/nope': use one of /, "),
    (post("/metrics"), 405, "POST is not allowed at '/metrics': use GET or HEAD"),
    (replace(post("/metrics"), query=b"\x80"), 405, "POST is not allowed at '/metrics'"),
    (get("/-/reload"), 405, "GET is not allowed at '/-/reload': use POST"),
    (Asked(method="PUT", path="/api/waivers"), 405, "use GET or HEAD or POST"),
    (get("/metrics", "a=b"), 400, "unknown parameter 'a': this route has none"),
    (get("/probe"), 400, "the target is missing: use /probe?target=HOST:PORT"),
    (get("/probe", "targt=a"), 400, "unknown parameter 'targt': this route has target"),
    (get("/probe", "target=a&target=b"), 400, "the parameter target is given twice: remove one"),
    (get("/probe", "target=a%20b"), 400, "'a b' is not a host name or address: use a target"),
    (get("/probe", "target=http://a"), 400, "'http://a' has an unknown scheme: did you mean https"),
    (get("/probe", "target=127.0.0.1:99999"), 400, "has no valid port: use a number from 1"),
    (get("/probe", "target=a&module=nope"), 400, "unknown module 'nope': use one of default"),
    (get("/probe", "target=a&hostname=1.2.3.4"), 400, "'1.2.3.4' is an address, not a server name"),
    (get("/probe", "target=192.0.2.1"), 403, "not in the inventory, and other targets may not"),
    (
        replace(get("/probe", "target=a"), headers=(HOST, TIMEOUT)),
        400,
        "a number of seconds above 0",
    ),
    (get("/endpoints", "page=x"), 400, "page must be a whole number from 0 to 999999, not 'x'"),
    (
        get("/endpoints", "q=%ff"),
        400,
        "the parameter q is not percent-encoded UTF-8: encode it again",
    ),
    (get("/reports/pdf"), 404, "unknown report 'pdf': use one of html, markdown"),
    (get("/reports/html", "weeks=x"), 400, "weeks must be a whole number from 0 to 260, not 'x'"),
    (get("/reports/html", "label=x"), 400, "'x' must be NAME=VALUE, such as data=sensitive"),
    (
        replace(get("/-/enumerate", "target=a"), method="POST"),
        404,
        "unknown target 'a': use a name",
    ),
    (post("/api/waivers"), 415, "send it with Content-Type: application/json"),
    (post("/api/waivers", "{"), 400, "the body is not valid JSON: fix it"),
    (post("/api/waivers", "[]"), 400, "the waiver must be a mapping"),
    (post("/api/waivers", "{}"), 400, "the waiver lacks 'rule': add it"),
    (waiver(rule="hst"), 400, "unknown rule 'hst'"),
    (waiver(nmae="x"), 400, "unknown key 'nmae': did you mean name?"),
    (waiver(frobnicate="x"), 400, "unknown key 'frobnicate': use "),
    (waiver(name="a b"), 400, "name must be at most 100 letters, digits, '.', '_' and '-'"),
    (waiver(expires="soon"), 400, "expires must be a day, such as 2027-01-31, not 'soon'"),
    (waiver(expires="2027-13-01"), 400, "expires must be a day, such as 2027-01-31"),
    (waiver(expires="2027-01-31T12:00"), 400, "expires must be a day, without a time"),
    (waiver(expires=None), 400, "expires must be a day, such as 2027-01-31, not null"),
    (waiver(owner=""), 400, "owner must not be empty"),
    (waiver(owner=["a"]), 400, "owner must be text"),
    (waiver(reason="x" * 2000), 400, "reason must have at most 1000 characters, not 'xxx"),
    (waiver(labels="x"), 400, "labels must be a mapping, not 'x'"),
    (waiver(labels={"a": 5}), 400, "labels.a must be text, not 5"),
    (waiver(labels=dict.fromkeys(map(str, range(40)), "x")), 400, "labels must have at most 32"),
    (waiver(policy=True), 400, "policy must be text, not true"),
    (Asked(method="DELETE", path="/api/waivers/x"), 404, "unknown waiver 'x': GET /api/waivers"),
    (
        Asked(path="/metrics", headers=((b"host", b"evil.test"),)),
        421,
        "add it to http.allowed_hosts",
    ),
]


@pytest.mark.parametrize(
    ("asked", "status", "sentence"), WRONG, ids=[f"{one[0].path} {one[2]}" for one in WRONG]
)
async def test_a_wrong_request_is_reported_in_one_plain_sentence(
    running_service: AskedService, asked: Asked, status: int, sentence: str
) -> None:
    answer = await running_service.ask(asked)
    text = json.loads(answer.text)["error"] if answer.text.startswith("{") else answer.text
    assert answer.status == status
    assert sentence in text
    assert len(text.strip()) < 500
    assert "\n" not in text.strip()
    assert LEAK.search(text) is None, text
