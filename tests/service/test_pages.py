"""The pages for people: what they say about each endpoint, and that a server's names are shown as text only."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from html.parser import HTMLParser

import httpx
import pytest
from hypothesis import given, settings
from starlette.applications import Starlette

from exporters.pages.details import sections_of
from exporters.pages.rows import matching, row_of, totals_of
from model.certificates.certificate import Problem
from model.observation import Observation, State
from model.snapshot import EndpointStatus, Snapshot
from model.target import Target
from service.http.pages import PAGE_LENGTH, page_routes
from tests.exporters.test_inventory import judged
from tests.service.samples import NOW, certificate, deployment, failed, legacy, modern
from tests.support.strategies import observations

HOSTILE = '"><script>alert(1)</script>\x1b[31m\u202e'


class HandClock:
    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0


def status(observation: Observation) -> EndpointStatus:
    return EndpointStatus(
        observation=observation,
        last_probe_at=NOW,
        last_success_at=NOW,
        consecutive_failures=0,
        interval_seconds=3600,
    )


def client_of(*statuses: EndpointStatus) -> httpx.AsyncClient:
    routes = page_routes(lambda: Snapshot(taken_at=NOW, endpoints=statuses), HandClock())
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(Starlette(routes=list(routes))), base_url="http://service"
    )


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(status(modern()), status(legacy()), status(failed())) as made:
        yield made


class Tags(HTMLParser):
    """The tags of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        assert not [name for name, _ in attrs if name.startswith("on")]


async def test_the_most_severe_is_first_and_links_to_its_page(client: httpx.AsyncClient) -> None:
    page = (await client.get("/")).text
    leads = re.findall(r'href="(/endpoint\?target=[^"]+)"', page)
    assert [lead.split("=")[1] for lead in leads] == [
        "down.example%3A443",
        "old.example%3A443",
        "www.example%3A443",
    ]
    own = await client.get(leads[1])
    assert own.status_code == 200
    assert "TLS_RSA_WITH_RC4_128_MD5 (insecure)" in own.text


async def test_pages_run_no_script_and_load_nothing(client: httpx.AsyncClient) -> None:
    answer = await client.get("/")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "script" not in Tags(answer.text).seen


@pytest.mark.parametrize(
    ("wanted", "count"),
    [("old", 1), ("team=web", 3), ("team=web 192.0.2.1", 3), ("nobody", 0)],
)
async def test_each_word_of_a_search_must_match(
    client: httpx.AsyncClient, wanted: str, count: int
) -> None:
    page = (await client.get("/", params={"q": wanted})).text
    assert page.count("/endpoint?target=") == count


async def test_an_unknown_target_is_reported(client: httpx.AsyncClient) -> None:
    answer = await client.get("/endpoint", params={"target": "<b>no</b>"})
    assert (answer.status_code, "<b>no</b>" in answer.text) == (404, False)


async def test_many_endpoints_are_shown_page_by_page() -> None:
    many = [status(modern(f"h{number}.example")) for number in range(PAGE_LENGTH + 5)]
    async with client_of(*many) as client:
        first, last = (await client.get("/")).text, (await client.get("/?page=2")).text
        beyond = (await client.get("/?page=99")).text
    assert first.count("/endpoint?target=") == PAGE_LENGTH
    assert last.count("/endpoint?target=") == 5
    assert beyond == last
    assert "page=2" in first


async def test_hostile_names_stay_text() -> None:
    whole = modern()
    target = Target(host="a.test", port=1, server_name=HOSTILE, labels={HOSTILE: HOSTILE})
    leaf = replace(certificate(subject=HOSTILE), issuer=HOSTILE, dns_names=(HOSTILE,))
    hostile = replace(
        whole,
        endpoint=replace(whole.endpoint, target=target),
        certificates=(deployment(leaf=leaf),),
        reason=HOSTILE,
    )
    async with client_of(status(hostile)) as client:
        pages = [
            (await client.get("/")).text,
            (await client.get("/", params={"q": HOSTILE})).text,
            (await client.get("/endpoint", params={"target": target.key})).text,
        ]
    for page in pages:
        assert "script" not in Tags(page).seen
        assert not {"\x1b", "\u202e"} & set(page)


async def test_before_the_first_visit_there_is_already_a_page() -> None:
    async with client_of() as client:
        answer = await client.get("/")
    assert (answer.status_code, "No endpoint has been visited yet" in answer.text) == (200, True)


def test_expiry_thresholds_depend_on_the_lifetime() -> None:
    def mark(days_left: float, lifetime_days: float) -> str | None:
        leaf = certificate(days_left=days_left, lifetime_days=lifetime_days)
        row = row_of(status(replace(modern(), certificates=(deployment(leaf=leaf),))), NOW)
        return row.expiry.mark if row.expiry is not None else None

    assert [mark(60, 90), mark(20, 90), mark(5, 90), mark(-1, 90)] == [
        "good",
        "warning",
        "bad",
        "bad",
    ]
    assert mark(5, 6) == "good"


def test_the_header_of_the_page_counts_the_endpoints() -> None:
    untrusted = replace(modern("b.test"), certificates=(deployment(Problem.UNKNOWN_CA),))
    rows = [
        row_of(one, NOW + timedelta(0))
        for one in (status(modern()), status(failed(State.REFUSED)), status(untrusted), judged())
    ]
    totals = totals_of(rows)
    assert (totals.endpoints, totals.not_answering, totals.findings) == (4, 1, 1)
    assert matching(rows, "") == rows


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@given(observations())
def test_any_endpoint_can_be_shown(observation: Observation) -> None:
    row_of(status(observation), NOW)
    sections_of(status(observation))


async def test_warnings_about_the_inventory_are_at_the_top_of_the_page() -> None:
    warnings = ("The waiver lab matches no finding.",)
    routes = page_routes(
        lambda: Snapshot(taken_at=NOW, endpoints=(status(modern()),)),
        HandClock(),
        lambda _: warnings,
    )
    transport = httpx.ASGITransport(Starlette(routes=list(routes)))
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        page = (await client.get("/")).text
    assert warnings[0] in page
