"""What all operations share: problem details, conditional requests, pages, fields, limits, idempotency keys."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.query import RowEnd
from service.http.api.cursors import page_of, place_of, row_cursor, row_end_of
from service.http.api.operation import ApiError
from service.http.guard.principal import Method, Principal
from service.http.guard.rate_limit import RateLimit
from service.setting_types.roles import Role
from tests.service.http.api.world import ALICE, VICTOR, Api, api
from tests.service.samples import modern

JSON = {"content-type": "application/json"}
WAIVER = {
    "name": "tills",
    "rule": "protocol_versions",
    "reason": "Tills until they are replaced.",
    "expires": "2026-12-31",
}


WRONG: Final[tuple[tuple[str, str, bytes, dict[str, str], int], ...]] = (
    ("GET", "/endpoints?limit=0", b"", {}, 400),
    ("GET", "/endpoints?limit=1_0", b"", {}, 400),
    ("GET", "/endpoints?limit=1&limit=2", b"", {}, 400),
    ("GET", "/endpoints?colour=red", b"", {}, 400),
    ("GET", "/endpoints?fields=colour", b"", {}, 400),
    ("GET", "/endpoints?state=tls,colour", b"", {}, 400),
    ("GET", "/endpoints?label=team", b"", {}, 400),
    ("GET", "/endpoints?expires_before=5", b"", {}, 400),
    ("GET", "/endpoints?expires_before=2026-02-30T00:00:00Z", b"", {}, 400),
    ("GET", "/endpoints?cursor=W10", b"", {}, 400),
    ("GET", "/changes?cursor=%21", b"", {}, 400),
    # ["0001-01-01T00:00:00+14:00","1"], which is before the first time in UTC.
    ("GET", "/changes?cursor=WyIwMDAxLTAxLTAxVDAwOjAwOjAwKzE0OjAwIiwiMSJd", b"", {}, 400),
    ("GET", "/endpoints/none", b"", {}, 404),
    ("GET", f"/endpoints/{'0' * 32}", b"", {}, 404),
    ("GET", f"/targets/{'0' * 32}", b"", {}, 404),
    ("PATCH", f"/targets/{'0' * 32}", b'{"labels": {"team": "web"}}', JSON, 404),
    ("DELETE", f"/targets/{'0' * 32}", b"", {}, 404),
    ("GET", f"/findings/{'0' * 64}", b"", {}, 404),
    ("GET", f"/findings/{'0' * 64}/history", b"", {}, 404),
    ("GET", f"/certificates/{'0' * 64}", b"", {}, 404),
    ("GET", "/policies/none", b"", {}, 404),
    ("GET", "/waivers/none", b"", {}, 404),
    ("GET", f"/probes/{'0' * 32}/events", b"", {}, 404),
    ("GET", "/reports/pdf", b"", {}, 404),
    ("GET", "/reports/json?at=yesterday", b"", {}, 400),
    ("GET", "/reports/json?at=9999-01-01T00:00:00Z", b"", {}, 400),
    ("GET", "/reports/json?weeks=261", b"", {}, 400),
    ("GET", "/reports/json?label=team", b"", {}, 400),
    *(
        ("GET", f"/{path}?q={'x' * 201}", b"", {}, 400)
        for path in ("endpoints", "findings", "certificates", "waivers", "targets")
    ),
    ("GET", f"/endpoints?label={'a=' + 'x' * 200}", b"", {}, 400),
    ("GET", "/endpoints?" + "&".join(["label=a%3Db"] * 33), b"", {}, 400),
    ("GET", f"/changes?fact={','.join(['alpn'] * 51)}", b"", {}, 400),
    ("GET", f"/endpoints?cursor={'x' * 2001}", b"", {}, 400),
    ("GET", "/findings?status=gone", b"", {}, 400),
    ("GET", "/none", b"", {}, 404),
    ("DELETE", "/endpoints", b"", {}, 405),
    ("POST", "/waivers", b"{}", {}, 415),
    ("POST", "/waivers", b"{}", {"content-type": "text/plain"}, 415),
    ("POST", "/targets", b"target=a", {"content-type": "application/x-www-form-urlencoded"}, 415),
    ("POST", "/probes", b"<target/>", {"content-type": "application/xml"}, 415),
    ("PATCH", "/waivers/filed", b"{}", {}, 415),
    ("POST", "/targets", b'["a"]', JSON, 422),
    ("POST", "/targets", b'{"target": "a", "target": 1}', JSON, 422),
    ("POST", "/targets", b'{"target": "\xff"}', JSON, 400),
    ("POST", "/waivers", b"{", JSON, 400),
    ("POST", "/waivers", b"[]", JSON, 422),
    ("POST", "/waivers", b"{}", JSON, 422),
    ("POST", "/waivers", b'{"colour": 1}', JSON, 422),
    ("POST", "/waivers", b"[" * 60_000, JSON, 400),
    ("POST", "/waivers", b"x" * 65_537, JSON, 413),
    ("POST", "/waivers", b"{}", {**JSON, "sec-fetch-site": "cross-site"}, 403),
    ("POST", "/waivers", b"{}", {**JSON, "origin": "https://evil.example"}, 403),
    ("GET", "/endpoints", b"", {"host": "evil.example"}, 421),
)


@pytest.fixture
async def running() -> AsyncIterator[Api]:
    async with api() as made:
        yield made


async def test_every_error_is_a_problem_of_rfc_9457(running: Api) -> None:
    for method, path, content, headers, status in WRONG:
        answer = await running.client.request(
            method, f"/api/v1{path}", content=content, headers=headers
        )
        problem = answer.json()
        assert (path, answer.status_code, problem["status"]) == (path, status, status)
        assert answer.headers["content-type"] == "application/problem+json"
        assert {"type", "title", "detail"} <= problem.keys()
        assert "pydantic" not in answer.text
        assert "Input should" not in answer.text


async def test_a_problem_says_where_the_body_is_wrong(running: Api) -> None:
    answer = await running.client.post("/api/v1/waivers", json={**WAIVER, "labels": {"team": 1}})
    (error,) = answer.json()["errors"]
    assert error["pointer"] == "/labels/team"
    answer = await running.get("/endpoints", state="colour")
    (error,) = answer.json()["errors"]
    assert error["parameter"] == "state"


async def test_a_viewer_changes_nothing(running: Api) -> None:
    running.by = VICTOR
    answer = await running.client.post("/api/v1/waivers", json=WAIVER)
    assert (answer.status_code, answer.json()["status"]) == (403, 403)


async def test_an_answer_that_the_client_has_is_not_sent_again(running: Api) -> None:
    first = await running.get("/endpoints")
    for tag in (first.headers["etag"], f'"other", W/{first.headers["etag"]}', "*"):
        again = await running.client.get("/api/v1/endpoints", headers={"if-none-match": tag})
        assert (again.status_code, again.content) == (304, b"")
    other = await running.client.get("/api/v1/endpoints", headers={"if-none-match": '"other"'})
    assert other.json() == first.json()


async def test_a_compressed_answer_has_a_tag_of_its_own(running: Api) -> None:
    plain = await running.client.get("/api/v1/endpoints", headers={"accept-encoding": "identity"})
    gzip = await running.client.get("/api/v1/endpoints", headers={"accept-encoding": "gzip"})
    assert gzip.headers["content-encoding"] == "gzip"
    assert plain.headers["etag"] != gzip.headers["etag"]
    again = await running.client.get(
        "/api/v1/endpoints", headers={"if-none-match": gzip.headers["etag"]}
    )
    assert again.status_code == 304


async def test_pages_show_each_endpoint_once_although_others_are_added(running: Api) -> None:
    seen: list[str] = []
    cursor: dict[str, str] = {}
    for number in range(6):
        page = (await running.get("/endpoints", limit="1", **cursor)).json()
        seen += [one["key"] for one in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
        await running.see(modern(f"a{number}.example"))
    assert len(seen) == len(set(seen))
    assert {one.split(":")[0] for one in seen} >= {"www.example", "old.example"}


async def test_a_client_selects_the_fields_of_items(running: Api) -> None:
    page = (await running.get("/endpoints", fields="key,state")).json()
    assert [set(one) for one in page["items"]] == [{"key", "state"}] * 3


@given(
    st.lists(st.tuples(st.integers(0, 3) | st.none(), st.text(max_size=3)), unique=True),
    st.integers(1, 4),
    st.booleans(),
)
def test_pages_together_are_the_whole_list_in_order(
    items: list[tuple[int | None, str]], limit: int, is_descending: bool
) -> None:
    ordered = sorted(items, key=lambda one: place_of(*one))
    sort = "-value" if is_descending else "value"
    seen: list[tuple[int | None, str]] = []
    cursor: str | None = None
    while True:
        page, cursor = page_of(ordered, lambda one: place_of(*one), sort, limit, cursor)
        assert len(page) <= limit
        seen += page
        if cursor is None:
            break
    assert seen == (ordered[::-1] if is_descending else ordered)


@given(st.text(max_size=60))
def test_a_text_that_is_no_cursor_is_refused(text: str) -> None:
    for read in (row_end_of, lambda one: page_of([1], lambda _: place_of(1, ""), "a", 1, one)):
        with pytest.raises(ApiError) as refused:
            read(f"{text}!")
        assert refused.value.status == 400


@given(st.datetimes(timezones=st.just(UTC)), st.integers(0, 2**59))
def test_a_cursor_of_rows_returns_as_it_was(at: datetime, row_id: int) -> None:
    end = RowEnd(at=at, row_id=row_id)
    assert row_end_of(row_cursor(end)) == end


async def test_a_repeated_post_with_its_key_gets_the_first_answer(running: Api) -> None:
    headers = {"idempotency-key": "k1"}
    first = await running.client.post("/api/v1/waivers", json=WAIVER, headers=headers)
    again = await running.client.post("/api/v1/waivers", json=WAIVER, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["location"] == first.headers["location"]
    other = {**WAIVER, "name": "others"}
    answer = await running.client.post("/api/v1/waivers", json=other, headers=headers)
    assert answer.status_code == 422
    running.by = replace(ALICE, name="bob")
    answer = await running.client.post("/api/v1/waivers", json=other, headers=headers)
    assert answer.status_code == 201
    assert (await running.client.post("/api/v1/waivers", json=WAIVER)).status_code == 409


async def test_a_key_may_be_used_again_after_a_failure(running: Api) -> None:
    headers = {"idempotency-key": "k1"}
    wrong = {**WAIVER, "rule": "none"}
    answer = await running.client.post("/api/v1/waivers", json=wrong, headers=headers)
    assert answer.status_code == 422
    answer = await running.client.post("/api/v1/waivers", json=WAIVER, headers=headers)
    assert answer.status_code == 201


async def test_two_posts_at_once_with_one_key_make_one_waiver(running: Api) -> None:
    async def post() -> httpx.Response:
        headers = {"idempotency-key": "k1"}
        return await running.client.post("/api/v1/waivers", json=WAIVER, headers=headers)

    statuses = sorted(one.status_code for one in await asyncio.gather(post(), post()))
    assert statuses in ([201, 201], [201, 409])
    assert len(await running.store.waivers()) == 1


async def test_a_client_above_its_rate_must_wait_and_others_need_not() -> None:
    async with api(requests_per_minute=2) as running:
        statuses = [(await running.get("/health")).status_code for _ in range(3)]
        assert statuses == [200, 200, 429]
        assert (await running.get("/health")).headers["retry-after"] == "30"
        running.by = replace(ALICE, name="bob")
        assert (await running.get("/health")).status_code == 200
        running.by, running.clock.seconds = ALICE, 30.0
        assert (await running.get("/health")).status_code == 200


@given(st.lists(st.floats(0, 100), min_size=1, max_size=50))
def test_no_pattern_of_requests_exceeds_the_rate(pauses: list[float]) -> None:
    now = 0.0
    limit = RateLimit(6, lambda: now)
    by = Principal(name="a", role=Role.VIEWER, method=Method.TOKEN)
    allowed = 0
    for pause in pauses:
        now += pause
        allowed += limit.seconds_to_wait(by) == 0.0
    assert allowed <= 6 + now / 10 + 1e-6
