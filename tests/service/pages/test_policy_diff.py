"""Two policies next to each other: what each allows and requires, and the endpoints with another verdict."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from model.snapshot import EndpointStatus
from model.verdict import Verdict
from tests.service.pages.samples import client_of, status
from tests.service.samples import legacy, modern

DIFF = "/policies/diff?first=intermediate&second=strict"


def judged(one: EndpointStatus, **verdicts: Verdict) -> EndpointStatus:
    return replace(one, compliance=verdicts)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """One endpoint is judged differently, one the same, and one by one of the policies only."""
    yes, no = Verdict.YES, Verdict.NO
    async with client_of(
        judged(status(modern("differs.example")), intermediate=yes, strict=no),
        judged(status(modern("same.example")), intermediate=no, strict=no),
        judged(status(legacy()), intermediate=no),
    ) as made:
        yield made


def cells(page: str, heading: str) -> list[list[str]]:
    """The cells of the table below a heading, as text."""
    part = page.partition(f">{heading}</h2>")[2].partition("</section>")[0]
    rows = re.findall(r"<tr>(.*?)</tr>", part.partition("<tbody>")[2], re.DOTALL)
    tags = re.compile(r"<[^>]+>")
    return [
        [html.unescape(tags.sub("", cell)).strip() for cell in re.split(r"</t[hd]>", row)[:-1]]
        for row in rows
    ]


async def test_endpoints_with_another_verdict_are_listed(client: httpx.AsyncClient) -> None:
    page = (await client.get(DIFF)).text
    found = {row[0].split()[0]: row[1:] for row in cells(page, "Endpoints with another verdict")}
    assert found == {
        "differs.example:443": ["compliant", "not compliant"],
        "old.example:443": ["not compliant", "does not apply"],
    }


async def test_what_only_one_allows_and_requires_is_listed(client: httpx.AsyncClient) -> None:
    page = (await client.get(DIFF)).text
    assert ["Versions", "TLS 1.2", "nothing more"] in cells(page, "Allowed by only one")
    (rule,) = cells(page, "Rules that differ")
    assert rule[:2] == ["certificate key", "not required"]
    assert "3072" in rule[2]
    mirrored = (await client.get("/policies/diff?first=strict&second=intermediate")).text
    assert ["Versions", "nothing more", "TLS 1.2"] in cells(mirrored, "Allowed by only one")


async def test_the_page_of_policies_leads_there(client: httpx.AsyncClient) -> None:
    page = (await client.get("/policies")).text
    assert '<form class="filters wide" action="/policies/diff" method="get">' in page
    assert page.count("<option>strict</option>") == 2


@pytest.mark.parametrize("query", ["", "?first=strict", "?first=strict&second=strict"])
async def test_without_two_policies_the_page_asks_for_them(
    client: httpx.AsyncClient, query: str
) -> None:
    answer = await client.get(f"/policies/diff{query}")
    assert answer.status_code == 200
    assert "Choose two different policies" in answer.text


async def test_a_policy_that_is_not_in_force_is_named(client: httpx.AsyncClient) -> None:
    answer = await client.get("/policies/diff?first=strict&second=lax")
    assert (answer.status_code, answer.text) == (
        400,
        "second must be a policy in force (intermediate, strict), not 'lax'\n",
    )
