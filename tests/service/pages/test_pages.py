"""The list of endpoints and their pages: what they say, and which query they accept."""

from __future__ import annotations

import csv
import hashlib
import html
import io
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given, settings

from exporters.pages.assets import ASSETS, HTMX
from exporters.pages.endpoint.page import EndpointPast, endpoint_values
from exporters.pages.endpoint_list import CSV_COLUMNS, SORTS
from exporters.pages.layout import NAVIGATION, page_templates, rendered
from exporters.pages.rows import row_of
from exporters.reports import REPORTS
from model.certificates.certificate import Problem
from model.observation import Observation
from service.http.pages.endpoint_list import PAGE_LENGTH
from tests.exporters.reports.samples import finding, result
from tests.exporters.reports.samples import status as judged_status
from tests.service.pages.samples import REMEDY, client_of, status
from tests.service.samples import NOW, certificate, deployment, failed, legacy, modern
from tests.support.strategies import observations

VENDORING = Path(__file__).parents[3] / "scripts/vendor-htmx.sh"
TEMPLATES = page_templates()
LEADS = re.compile(r'<th scope="row" class="name"><a href="/endpoint\?target=([^"&]+)')


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(
        status(modern()), judged_status(legacy(), result()), status(failed())
    ) as made:
        yield made


def targets(page: str) -> list[str]:
    return [lead.partition("%3A")[0] for lead in LEADS.findall(page)]


async def test_the_most_severe_is_first_and_links_to_its_page(client: httpx.AsyncClient) -> None:
    page = (await client.get("/endpoints")).text
    assert targets(page) == ["down.example", "old.example", "www.example"]
    own = await client.get("/endpoint", params={"target": "old.example:443"})
    assert own.status_code == 200
    assert "TLS_RSA_WITH_RC4_128_MD5" in own.text
    assert "Not compliant: 1 open finding, the worst is high" in own.text


async def test_a_finding_comes_with_the_lines_that_fix_it(client: httpx.AsyncClient) -> None:
    page = (await client.get("/endpoint", params={"target": "old.example:443"})).text
    assert f"Fix for {REMEDY.server}, {REMEDY.place}" in page
    assert "\n".join(REMEDY.lines) in page
    assert page.index("ssl_protocols") < page.index("Cipher suites")


FILTERED = {
    "q=old": {"old.example"},
    "q=team%3Dweb+192.0.2.1": {"down.example", "old.example", "www.example"},
    "q=nobody": set(),
    "answer=no": {"down.example"},
    "compliance=no": {"old.example"},
    "compliance=none": {"down.example", "www.example"},
    "severity=high": {"old.example"},
    "severity=critical": set(),
    "version=TLSv1.0": {"old.example"},
    "strength=recommended": {"www.example"},
    "expires=0": {"old.example"},
    "expires=90": {"old.example", "www.example"},
    "answer=yes&expires=90&version=TLSv1.3": {"www.example"},
}


async def test_each_filter_leaves_out_the_endpoints_that_it_says(
    client: httpx.AsyncClient,
) -> None:
    for query, expected in FILTERED.items():
        page = (await client.get(f"/endpoints?{query}")).text
        assert set(targets(page)) == expected, query
        rows = [*csv.reader(io.StringIO((await client.get(f"/endpoints.csv?{query}")).text))]
        assert tuple(rows[0]) == CSV_COLUMNS
        assert {row[0].partition(":")[0] for row in rows[1:]} == expected, query


async def test_each_order_can_be_reversed(client: httpx.AsyncClient) -> None:
    for sort in SORTS:
        pages = [(await client.get(f"/endpoints?sort={sign}{sort}")).text for sign in ("", "-")]
        assert sorted(targets(pages[0])) == sorted(targets(pages[1]))
        marks = [re.findall(r'aria-sort="(\w+)"', page) for page in pages]
        assert marks == [["ascending"], ["descending"]]


async def test_the_list_is_sorted_by_expiry(client: httpx.AsyncClient) -> None:
    page = (await client.get("/endpoints?sort=expiry")).text
    assert targets(page) == ["old.example", "www.example", "down.example"]


async def test_many_endpoints_are_shown_page_by_page() -> None:
    many = [status(modern(f"h{number}.example")) for number in range(PAGE_LENGTH + 5)]
    async with client_of(*many) as client:
        first = (await client.get("/endpoints?q=example")).text
        last = (await client.get("/endpoints?q=example&page=2")).text
        beyond = (await client.get("/endpoints?q=example&page=99")).text
    assert len(targets(first)) == PAGE_LENGTH
    assert len(targets(last)) == 5
    assert beyond == last
    assert "/endpoints?q=example&amp;page=2" in first


PAGES = tuple(path for path, _ in NAVIGATION)


async def test_before_the_first_visit_each_page_says_what_comes() -> None:
    async with client_of() as client:
        for path in PAGES:
            answer = await client.get(path)
            assert answer.status_code == 200
            assert f'<a href="{path}" aria-current="page">' in answer.text
            assert "None" not in answer.text


WRONG = (
    ("/endpoint?target=none", 404, "There is no endpoint “none”"),
    ("/endpoint", 404, "There is no endpoint"),
    ("/endpoint?target=www.example:443&address=192.0.2.9", 404, "There is no endpoint"),
    ("/evidence?target=none&fact=tls1.0", 404, "There is no endpoint “none”"),
    ("/evidence?target=www.example:443", 400, "fact must be the name of a fact"),
    ("/endpoints?version=TLSv9", 400, "version must be one of"),
    ("/endpoints?answer=tls", 400, "answer=tls was renamed: use answer=yes"),
    ("/endpoints.csv?answer=other", 400, "answer=other was renamed: use answer=no"),
    ("/endpoints?answer=maybe", 400, "answer must be one of yes, no"),
    ("/endpoints?sort=colour", 400, "sort must be one of worst, -worst"),
    ("/endpoints?page=x", 400, "page must be a whole number"),
    (f"/endpoints?q={'x' * 201}", 400, "q must be at most 200 characters"),
    ("/endpoints.csv?strength=iron", 400, "strength must be one of"),
    ("/findings?by=colour", 400, "by must be one of rule, endpoint"),
    (f"/findings?rule={'x' * 201}", 400, "rule must be at most 200 characters"),
    ("/certificates?sort=colour", 400, "sort must be one of expiry"),
    (f"/certificates?q={'x' * 201}", 400, "q must be at most 200 characters"),
    ("/changes?days=x", 400, "days must be a whole number"),
    ("/changes?until=yesterday", 400, "until must be a time with a time zone"),
    ("/changes?until=2026-07-01T12:00:00", 400, "until must be a time with a time zone"),
    ("/changes?until=0001-01-01T00:00:00%2B14:00", 400, "until must be a time with a time zone"),
    (
        "/changes?place=a%00",
        400,
        "the parameter place must not contain the control character U+0000",
    ),
    (f"/changes?place={'x' * 201}", 400, "place must be at most 200 characters"),
    (f"/changes.atom?place={'x' * 201}", 400, "place must be at most 200 characters"),
    ("/assets/pages.css", 404, "there is no such file"),
)


async def test_a_wrong_request_gets_one_sentence(client: httpx.AsyncClient) -> None:
    for path, status_code, words in WRONG:
        answer = await client.get(path)
        assert (answer.status_code, words in answer.text) == (status_code, True), path
        if "html" not in answer.headers["content-type"]:
            assert answer.text.count("\n") == 1


async def test_the_evidence_of_a_fact_is_decoded(client: httpx.AsyncClient) -> None:
    where = "/evidence?target=www.example:443&fact="
    page = await client.get(f"{where}protocols.TLSv1.3")
    assert page.status_code == 200
    assert "a ServerHello" in page.text
    assert "received 2 bytes" in page.text
    unknown = await client.get(f"{where}protocls")
    assert (unknown.status_code, "did you mean protocols" in unknown.text) == (400, True)


async def test_assets_are_kept_for_good_under_the_names_that_pages_use(
    client: httpx.AsyncClient,
) -> None:
    page = (await client.get("/endpoints")).text
    named = set(re.findall(r'(?:href|src)="/assets/([^"]+)"', page))
    assert named == set(ASSETS)
    for name, asset in ASSETS.items():
        answer = await client.get(f"/assets/{name}")
        assert answer.content == asset.content
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_the_vendored_script_is_the_recorded_one() -> None:
    recorded = dict(re.findall(r"^(\w+)=(\S+)$", VENDORING.read_text(), re.MULTILINE))
    assert hashlib.sha256(HTMX.content).hexdigest() == recorded["file_sha256"]
    assert f'version:"{recorded["version"]}"' in HTMX.content.decode()


async def test_only_the_list_loads_a_script(client: httpx.AsyncClient) -> None:
    for path in PAGES:
        assert (HTMX.name in (await client.get(path)).text) == (path == "/endpoints")


async def test_the_policy_allows_no_script_or_style_of_the_page_itself(
    client: httpx.AsyncClient,
) -> None:
    for path in (*PAGES, "/endpoint?target=old.example:443", "/endpoint?target=none"):
        answer = await client.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert not re.search(r"<style|<script(?! defer src=)| style=| on\w+=", answer.text)


async def test_one_of_several_addresses_is_shown_with_links_to_the_others() -> None:
    whole = modern()
    other = replace(whole, endpoint=replace(whole.endpoint, address="192.0.2.2"))
    async with client_of(status(whole), judged_status(other, result())) as client:
        worst = (await client.get("/endpoint?target=www.example:443")).text
        first = (await client.get("/endpoint?target=www.example:443&address=192.0.2.1")).text
    assert "at 192.0.2.2" in worst
    assert "/endpoint?target=www.example%3A443&amp;address=192.0.2.1" in worst
    assert "at 192.0.2.1" in first
    assert "No policy applies" in first


async def test_a_missing_issuer_is_drawn_as_missing() -> None:
    leaf = certificate()
    chain = replace(deployment(Problem.INCOMPLETE, leaf=leaf), chain=(leaf,))
    incomplete = replace(modern(), certificates=(chain,))
    async with client_of(status(incomplete)) as client:
        page = (await client.get("/endpoint?target=www.example:443")).text
    missing = page.partition('<li class="missing">')[2].partition("</li>")[0]
    assert "CN=Example CA" in missing
    assert "not sent" in missing


def test_expiry_thresholds_depend_on_the_lifetime() -> None:
    def mark(days_left: float, lifetime_days: float) -> str | None:
        leaf = certificate(days_left=days_left, lifetime_days=lifetime_days)
        row = row_of(status(replace(modern(), certificates=(deployment(leaf=leaf),))))
        return row.expiry.mark(NOW) if row.expiry is not None else None

    marks = [mark(60, 90), mark(20, 90), mark(5, 90), mark(-1, 90)]
    assert marks == ["good", "warning", "bad", "bad"]
    assert mark(5, 6) == "good"


@pytest.mark.parametrize("name", ["a\x1b]0;x\x07", "a\u202eb", "\x00", "x" * 3000, "%00&q=1"])
async def test_every_endpoint_has_a_page_that_the_list_links_to(name: str) -> None:
    whole = modern()
    target = replace(whole.endpoint.target, server_name=name)
    one = replace(whole, endpoint=replace(whole.endpoint, target=target))
    rule = result()
    async with client_of(judged_status(one, rule)) as client:
        listed = (await client.get("/endpoints")).text
        (link,) = re.findall(r'<th scope="row" class="name"><a href="([^"]+)"', listed)
        page = await client.get(html.unescape(link))
        assert page.status_code == httpx.codes.OK
        assert rule.observed in page.text
        inner = re.findall(r'href="(/(?:evidence|waive|finding|changes)\?[^"]+)"', page.text)
        assert {place.partition("?")[0] for place in inner} >= {"/evidence", "/waive", "/finding"}
        for place in inner:
            answer = await client.get(html.unescape(place))
            assert answer.status_code == httpx.codes.OK, place
        waive = next(place for place in inner if place.startswith("/waive"))
        form = (await client.get(html.unescape(waive))).text
        hidden = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form)
        given = {field: html.unescape(text) for field, text in hidden}
        more = {"scope": "target", "reason": "soon gone", "expires": "2026-09-30"}
        assert (await client.post("/waive", data=given | more)).status_code == 303


async def test_a_name_that_no_text_can_have_has_a_page_too() -> None:
    whole = modern()
    target = replace(whole.endpoint.target, server_name="half a pair: \ud800")
    async with client_of(
        status(replace(whole, endpoint=replace(whole.endpoint, target=target)))
    ) as client:
        listed = (await client.get("/endpoints")).text
        (link,) = re.findall(r'<th scope="row" class="name"><a href="([^"]+)"', listed)
        page = await client.get(html.unescape(link))
        assert page.status_code == httpx.codes.OK
        assert "cannot read" not in page.text
        inner = re.findall(r'href="(/evidence[^"]+)"', page.text)
        assert len(inner) > 1
        for place in inner:
            answer = await client.get(html.unescape(place))
            assert answer.status_code == httpx.codes.OK, answer.text


async def test_the_reports_are_linked_in_every_format(client: httpx.AsyncClient) -> None:
    page = (await client.get("/reports")).text
    for form in REPORTS:
        assert f'href="/reports/{form.name}"' in page
        assert (await client.get(f"/reports/{form.name}")).status_code == httpx.codes.OK


def section(page: str, name: str) -> str:
    """The text below the heading with this id, in one line."""
    part = page.partition(f'<h2 id="{name}">')[2].partition("</section>")[0]
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", part).split()))


async def test_the_service_page_says_what_each_part_does(client: httpx.AsyncClient) -> None:
    page = (await client.get("/service")).text
    sinks = section(page, "sinks")
    assert (
        "team-chat 2 3 hours ago fails 5 events to send Error now : the receiver answers 403"
        in sinks
    )
    assert "textfile 9 now works" in sinks
    sources = section(page, "sources")
    assert "2 skipped entries targets.yml:3: the port is missing" in sources
    assert "dns 0 failed the zone transfer was refused" in sources
    workers = section(page, "workers")
    assert "Leader this process Workers 3 Jobs that wait 7 in default" in workers


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(observations())
def test_any_endpoint_can_be_shown(observation: Observation) -> None:
    of_rule = finding(observation, result())
    row = row_of(replace(status(observation), findings=(of_rule,)))
    values = endpoint_values(row, (), EndpointPast(), lambda _, __: REMEDY, NOW)
    page = rendered(TEMPLATES, "endpoint", "/endpoints", NOW, {**values, "fault": ""})
    assert quote("protocol_versions") in page


async def test_warnings_about_the_inventory_are_at_the_top_of_the_overview() -> None:
    warnings = ("The waiver lab matches no finding.",)
    async with client_of(status(modern()), warnings=lambda _: warnings) as client:
        assert warnings[0] in (await client.get("/")).text
