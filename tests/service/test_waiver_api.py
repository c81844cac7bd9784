"""Waivers by the API: created, shown, deleted; an invalid one is refused with one sentence."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from model.findings.finding import Waiver
from policy import PolicySet
from service.http.guard.access import Access
from service.http.guard.guard import Guard
from service.http.waivers import WaiverDesk, waiver_routes
from service.judging.policy_evaluator import PolicyEvaluator
from storage import SqlStore
from tests.policy.observed import policy
from tests.service.test_waiver_warnings import STATUSES, TARGETS

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
POSTED = {
    "name": "tills",
    "rule": "protocol_versions",
    "policy": "web",
    "labels": {"team": "pay"},
    "reason": "Tills until they are replaced.",
    "owner": "pay@example",
    "expires": "2027-01-31",
}


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    async with await SqlStore.open(f"sqlite:///{tmp_path / 'kept.db'}") as opened:
        yield opened


@pytest.fixture
def desk() -> PolicyEvaluator:
    of_file = Waiver(
        name="filed",
        rule="protocol_versions",
        reason="r",
        owner="o",
        expires_at=datetime(2027, 1, 1, tzinfo=UTC),
    )
    web = policy("web", {"protocol_versions": {"allowed": ["TLSv1.3"]}})
    return PolicyEvaluator(PolicySet(policies=(web,), waivers=(of_file,)))


@pytest.fixture
async def client(desk: PolicyEvaluator, store: SqlStore) -> AsyncIterator[httpx.AsyncClient]:
    routes = waiver_routes(WaiverDesk(desk, store, lambda: NOW), lambda: STATUSES)
    app = Guard(Starlette(routes=list(routes)), Access())
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://localhost"
    ) as opened:
        yield opened


async def test_a_waiver_is_in_force_and_stored_as_soon_as_it_is_created(
    client: httpx.AsyncClient, desk: PolicyEvaluator, store: SqlStore
) -> None:
    answer = await client.post("/api/waivers", json=POSTED)
    assert (answer.status_code, answer.json()["expires_at"]) == (201, "2027-02-01T00:00:00Z")
    assert [one.name for one in desk.waivers] == ["filed", "tills"]
    assert [one.name for one in await store.waivers()] == ["tills"]
    shown = (await client.get("/api/waivers")).json()["waivers"]
    assert [(one["name"], one["from"]) for one in shown] == [("filed", "file"), ("tills", "api")]


async def test_a_waiver_is_replaced_by_name_and_revoked(
    client: httpx.AsyncClient, desk: PolicyEvaluator, store: SqlStore
) -> None:
    await client.post("/api/waivers", json=POSTED)
    again = await client.post("/api/waivers", json={**POSTED, "owner": "shop@example"})
    assert (again.status_code, desk.kept["tills"].owner) == (200, "shop@example")
    assert (await client.delete("/api/waivers/tills")).status_code == 204
    assert (desk.kept, await store.waivers()) == ({}, [])
    assert (await client.delete("/api/waivers/tills")).status_code == 404


@pytest.mark.parametrize(
    ("changes", "status", "sentence"),
    [
        ({"rule": "protocol_version"}, 400, "did you mean protocol_versions?"),
        ({"policy": "wep"}, 400, "unknown policy 'wep': did you mean web?"),
        ({"expires": "never"}, 400, "expires must be a day, such as 2027-01-31"),
        ({"expires": "2099-01-01"}, 400, "a waiver must expire within two years"),
        ({"expires": "2026-11-24"}, 400, "2026-11-24 is in the past"),
        ({"reason": ""}, 400, "reason"),
        ({"name": "../x"}, 400, "name"),
        ({"nmae": "x"}, 400, "nmae"),
        ({"reason": "x" * 1001}, 400, "reason"),
        ({"owner": "x" * 1001}, 400, "owner"),
        ({"labels": {"team": "x" * 201}}, 400, "labels"),
        ({"labels": {str(n): "x" for n in range(33)}}, 400, "labels"),
        ({"name": "filed"}, 409, "is in a policy file"),
    ],
)
async def test_an_invalid_waiver_is_refused_in_one_sentence(
    client: httpx.AsyncClient, changes: dict[str, Any], status: int, sentence: str
) -> None:
    answer = await client.post("/api/waivers", json={**POSTED, **changes})
    assert answer.status_code == status
    assert sentence in answer.json()["error"]


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"name=tills", "application/x-www-form-urlencoded", 415),
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"[" * 60_000, "application/json", 400),
    ],
)
async def test_a_body_that_is_not_a_waiver_is_refused(
    client: httpx.AsyncClient, content: bytes, kind: str, status: int
) -> None:
    answer = await client.post("/api/waivers", content=content, headers={"content-type": kind})
    assert answer.status_code == status
    assert answer.json()["error"]


async def test_a_body_that_is_too_large_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/waivers", json={**POSTED, "reason": "x" * 70_000})
    assert (answer.status_code, answer.text) == (413, "the body must be at most 65536 bytes\n")


async def test_there_are_at_most_a_thousand_waivers(
    client: httpx.AsyncClient, desk: PolicyEvaluator
) -> None:
    first = await client.post("/api/waivers", json=POSTED)
    one = desk.kept["tills"]
    desk.kept.update({f"w{number}": replace(one, name=f"w{number}") for number in range(998)})
    last = await client.post("/api/waivers", json={**POSTED, "name": "last"})
    more = await client.post("/api/waivers", json={**POSTED, "name": "more"})
    again = await client.post("/api/waivers", json={**POSTED, "owner": "shop@example"})
    codes = [answer.status_code for answer in (first, last, more, again)]
    assert codes == [201, 201, 409, 200]
    assert "there are 1000 waivers already: remove one" in more.json()["error"]
    assert len(desk.kept) == 1000


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://rebind.evil.example", "host": "rebind.evil.example"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
async def test_a_page_of_another_site_cannot_create_a_waiver(
    client: httpx.AsyncClient, desk: PolicyEvaluator, headers: dict[str, str]
) -> None:
    answer = await client.post("/api/waivers", json=POSTED, headers=headers)
    assert answer.status_code in {403, 421}
    assert (await client.delete("/api/waivers/tills", headers=headers)).status_code in {403, 421}
    assert desk.kept == {}


async def test_a_waiver_of_a_file_cannot_be_revoked(client: httpx.AsyncClient) -> None:
    answer = await client.delete("/api/waivers/filed")
    assert (answer.status_code, "remove it there" in answer.json()["error"]) == (409, True)


async def test_a_waiver_that_matches_no_finding_is_answered_with_a_warning(
    client: httpx.AsyncClient, desk: PolicyEvaluator
) -> None:
    desk.targets = TARGETS
    near = POSTED | {"labels": {}, "target": "127.0.0.1:24436"}
    answer = await client.post("/api/waivers", json=near)
    assert answer.status_code == 201
    assert "did you mean 127.0.0.1:24435" in answer.json()["warning"]
    answer = await client.post("/api/waivers", json=near | {"target": "127.0.0.1:24435"})
    assert answer.status_code == 200
    assert "warning" not in answer.json()
    listed = (await client.get("/api/waivers")).json()["waivers"]
    assert [one["name"] for one in listed if "warning" not in one] == ["filed", "tills"]
