"""What operators do on the pages, without JavaScript: probe now, waive, extend and end; viewers see no forms."""

from __future__ import annotations

import asyncio
import html
import re
import sqlite3
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from model.query import AuditAction
from storage import SqlStore
from tests.exporters.reports.samples import result
from tests.exporters.reports.samples import status as judged
from tests.service.delivery.waiting import until_holds
from tests.service.pages.samples import app_of, client_of, status
from tests.service.samples import NOW, legacy, modern

VIEWER = {"via": "1.1 proxy"}
FINDING = {
    "target": "old.example:443",
    "address": "192.0.2.1",
    "policy": "intermediate",
    "rule": "protocol_versions",
}
FORM = {**FINDING, "scope": "target", "reason": "replaced in May", "expires": "2026-09-30"}


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(judged(legacy(), result()), status(modern())) as made:
        yield made


def fields(page: str) -> Mapping[str, str]:
    """The hidden fields of the forms."""
    found = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page)
    return {name: html.unescape(text) for name, text in found}


async def test_a_finding_is_waived_extended_and_open_again(client: httpx.AsyncClient) -> None:
    page = (await client.get("/endpoint", params={"target": "old.example:443"})).text
    link = html.unescape(re.findall(r'href="(/waive\?[^"]+)"', page)[0])
    assert fields((await client.get(link)).text) == FINDING
    answer = await client.post("/waive", data=FORM)
    assert answer.status_code == httpx.codes.SEE_OTHER
    place, _, name = answer.headers["location"].partition("#")
    listed = (await client.get(place)).text
    assert all(text in listed for text in (name, "replaced in May", "anonymous", "2026-09-30"))
    waived = (await client.get("/findings", params={"status": "waived"})).text
    assert "old.example" in waived
    form = (await client.get(f"/waivers/{name}")).text
    longer = {**fields(form), "reason": "replaced in June", "expires": "2026-10-31"}
    assert (await client.post(f"/waivers/{name}", data=longer)).headers[
        "location"
    ] == f"/waivers#{name}"
    assert "2026-10-31" in (await client.get("/waivers")).text
    stale = await client.post(f"/waivers/{name}", data=longer)
    assert stale.status_code == httpx.codes.CONFLICT
    assert "another user has changed this waiver meanwhile" in stale.text
    seen = fields((await client.get(f"/waivers/{name}")).text)
    assert (await client.post(f"/waivers/{name}/end", data=seen)).status_code == 303
    assert "old.example" not in (await client.get("/findings", params={"status": "waived"})).text
    assert (await client.get(f"/waivers/{name}")).status_code == httpx.codes.NOT_FOUND


async def test_two_tabs_that_waive_one_finding_get_one_waiver(client: httpx.AsyncClient) -> None:
    assert (await client.post("/waive", data=FORM)).status_code == 303
    second = await client.post("/waive", data={**FORM, "scope": "address"})
    assert second.status_code == httpx.codes.CONFLICT
    assert "this finding is waived already, until 2026-09-30 by anonymous" in second.text


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"expires": "tomorrow"}, "the last day must be a date such as 2027-03-31"),
        ({"expires": "2026-02-30"}, "the last day must be a date such as 2027-03-31"),
        ({"expires": ""}, "the last day must be a date such as 2027-03-31"),
        ({"expires": "2026-06-30"}, "2026-06-30 is in the past"),
        ({"expires": "2029-01-01"}, "a waiver must expire within two years"),
        ({"reason": " "}, "a waiver needs a reason"),
    ],
)
async def test_a_wrong_form_comes_back_with_one_sentence_and_what_was_typed(
    client: httpx.AsyncClient, changed: Mapping[str, str], words: str
) -> None:
    answer = await client.post("/waive", data={**FORM, **changed})
    assert answer.status_code == httpx.codes.BAD_REQUEST
    assert html.unescape(answer.text).count(words) == 1
    assert fields(answer.text) == FINDING


async def test_viewers_get_no_forms_and_may_send_none(client: httpx.AsyncClient) -> None:
    for path in ("/endpoint?target=old.example:443", "/findings", "/probes", "/waivers"):
        page = (await client.get(path, headers=VIEWER)).text
        assert 'method="post"' not in page, path
        assert "/waive?" not in page, path
        operators = (await client.get(path)).text
        assert 'method="post"' in operators or "/waive?" in operators or path == "/waivers", path
    for path in ("/waive", "/probes"):
        answer = await client.post(path, data=FORM, headers=VIEWER)
        assert answer.status_code == httpx.codes.FORBIDDEN
    elsewhere = {"origin": "http://evil.example"}
    assert (await client.post("/waive", data=FORM, headers=elsewhere)).status_code == 403


async def test_browsers_send_forms_with_their_origin(client: httpx.AsyncClient) -> None:
    """With the policy no-referrer, the header would be ``Origin: null`` (Fetch, section 3.2)."""
    assert (await client.get("/probes")).headers["referrer-policy"] == "same-origin"


async def test_a_target_that_may_not_be_probed_is_refused_with_a_sentence(
    client: httpx.AsyncClient,
) -> None:
    for target, words in (("http://[", "URL"), ("192.0.2.1", "may not be probed")):
        answer = await client.post("/probes", data={"target": target})
        assert answer.status_code in {400, 403}
        assert 'role="alert"' in answer.text
        assert words in answer.text
    gone = await client.get(f"/probes/{'0' * 32}")
    assert gone.status_code == httpx.codes.NOT_FOUND
    assert "There is no such probe" in gone.text


async def test_a_probe_is_in_the_audit_log_and_gone_after_it_is_removed(
    tmp_path: Path, closed_port: int
) -> None:
    target = f"127.0.0.1:{closed_port}"
    async with await SqlStore.open(f"sqlite:///{tmp_path / 'kept.db'}") as store:
        transport = httpx.ASGITransport(app_of(store, (status(modern()),)))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            place = (await client.post("/probes", data={"target": target})).headers["location"]
            assert target in (await client.get(place)).text
            await until_holds(lambda: _is_stored(store))
            empty = {"content-type": "application/x-www-form-urlencoded"}
            answer = await client.post(f"{place}/cancel", headers=empty)
            assert (answer.status_code, answer.headers["location"]) == (303, "/probes")
            assert (await client.get(place)).status_code == httpx.codes.NOT_FOUND
        entries = await store.audit_log(since=NOW - timedelta(days=1), limit=10)
    assert [(one.actor, one.action, one.subject) for one in entries] == [
        ("anonymous", AuditAction.PROBE_REMOVED, target),
        ("anonymous", AuditAction.PROBE_REQUESTED, target),
    ]


async def test_the_page_of_a_probe_has_the_same_address_after_a_restart(
    tmp_path: Path, closed_port: int
) -> None:
    target = f"127.0.0.1:{closed_port}"
    async with await SqlStore.open(f"sqlite:///{tmp_path / 'kept.db'}") as store:
        transport = httpx.ASGITransport(app_of(store, ()))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            place = (await client.post("/probes", data={"target": target})).headers["location"]
            await until_holds(lambda: _is_stored(store))
        transport = httpx.ASGITransport(app_of(store, ()))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            page = (await client.get(place, headers=VIEWER)).text
            assert "The result is stored" in page
            assert "At 127.0.0.1" in page
            assert f'href="{place}"' in (await client.get("/probes", headers=VIEWER)).text
            with sqlite3.connect(tmp_path / "kept.db") as damaging:
                damaging.execute("UPDATE probes SET results = x'00'")
            damaged = await client.get(place)
            assert damaged.status_code == httpx.codes.SERVICE_UNAVAILABLE
            assert "restore it from a backup" in damaged.text
            empty = {"content-type": "application/x-www-form-urlencoded"}
            assert (await client.post(f"{place}/cancel", headers=empty)).status_code == 503


async def _is_stored(store: SqlStore) -> bool:
    return bool(await store.probes())


async def test_twenty_users_at_the_address_of_one_proxy_get_their_pages(
    client: httpx.AsyncClient,
) -> None:
    answers = await asyncio.gather(*(client.get("/endpoints", headers=VIEWER) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
