"""The claim ledger as a page, and the claims of an endpoint on its page."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from html import unescape

import httpx
import pytest

from exporters.pages.endpoint.claims import VIEWS
from model.claims import CLAIMS_POLICY
from policy.assess import assess
from service.judging.held_claims import with_claims_held
from tests.exporters.reports.samples import finding
from tests.service.pages.samples import client_of, status
from tests.service.samples import NOW, legacy
from tests.support.claims import FILE, LINE, claiming

KEY = "www.example:443"


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    seen = claiming()
    results = [one for one in assess(seen, (), NOW).results if one.violation]
    shown = replace(
        with_claims_held(status(seen)), findings=tuple(finding(seen, one) for one in results)
    )
    async with client_of(shown, status(legacy()), resource_claims=(LINE,)) as made:
        yield made


def statements(page: str) -> list[str]:
    return re.findall(r'<td><span title="([^"]+)" data-raw>', page)


async def test_contradicted_claims_come_first_with_what_was_seen(
    client: httpx.AsyncClient,
) -> None:
    page = (await client.get("/claims")).text
    *red, line, unprovable, proved = statements(page)
    assert set(red) == {"declared_protocols", "elb_insecure_ssl_ciphers"}
    assert (unprovable, proved) == ("macsec", "elb_security_policy")
    assert line == "direct_connect_macsec"
    assert f'<th scope="row" class="name">{LINE.resource}</th>' in page
    assert "5 of 5 claims" in page
    assert "TLS 1.2 accepted" in page
    assert FILE in page
    assert "no probe sees it" in page


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("verdict=proved", ["elb_security_policy"]),
        ("source=nginx", ["declared_protocols"]),
        ("resource=nginx.conf", ["declared_protocols"]),
        ("q=team%3Dweb+macsec", ["macsec"]),
        ("q=team%3Dnetwork", ["direct_connect_macsec"]),
        ("q=nothing", []),
    ],
)
async def test_filters_are_in_the_url(
    client: httpx.AsyncClient, query: str, names: list[str]
) -> None:
    assert statements((await client.get(f"/claims?{query}")).text) == names


async def test_filters_can_be_cleared_once_there_are_some(client: httpx.AsyncClient) -> None:
    assert "Clear the filters" not in (await client.get("/claims")).text
    assert "Clear the filters" in (await client.get("/claims?verdict=proved")).text


async def test_the_named_views_answer_the_two_questions(client: httpx.AsyncClient) -> None:
    (declared, red), (reported, disproved) = VIEWS
    page = unescape((await client.get("/claims")).text)
    assert f'href="{red}">{declared}' in page
    assert f'href="{disproved}">{reported}' in page
    assert statements((await client.get(red)).text) == ["declared_protocols"]
    assert statements((await client.get(disproved)).text) == ["elb_insecure_ssl_ciphers"]


async def test_the_endpoint_has_its_claims_and_leads_to_their_evidence(
    client: httpx.AsyncClient,
) -> None:
    page = (await client.get("/endpoint", params={"target": KEY})).text
    assert set(statements(page)) >= {"declared_protocols", "macsec"}
    assert CLAIMS_POLICY in page
    links = {unescape(link) for link in re.findall(r'href="(/evidence[^"]+)"', page)}
    of_claims = {link for link in links if "fact=protocol_versions" in link}
    assert of_claims
    for link in links:
        assert (await client.get(link)).status_code == 200, link


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("verdict=red", "verdict must be one of contradicted, unprovable, not_reached, proved"),
        ("kind=x", "kind must be one of declared, reported"),
        (f"source={'x' * 201}", "source must be at most 200 characters"),
    ],
)
async def test_a_wrong_filter_gets_one_sentence(
    client: httpx.AsyncClient, query: str, sentence: str
) -> None:
    answer = await client.get(f"/claims?{query}")
    assert answer.status_code == 400
    assert sentence in answer.text
