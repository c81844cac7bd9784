"""A database of every released schema is upgraded to this version without losing data."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from model.encoding.alert_json import alert_to_json
from model.encoding.finding_json import waiver_to_json
from model.findings.finding import FindingStatus
from model.query import Selection
from storage import SqlStore, StoreError, open_reader
from storage.maintenance import check_database, upgrade_database
from storage.revision import REVISIONS
from tests.storage.released_database import (
    ADDED,
    ALERT,
    COUNT,
    ENTRY,
    EVENT,
    FAILED,
    ISSUER,
    PROBE,
    RELEASED,
    TARGET,
    VISITS,
    WAIVER,
    load,
)
from tests.storage.samples import INTERVAL, NOON, bare, ders, observation, schedule
from tests.storage.test_findings import PROOF
from tests.support.claims import LINE

pytestmark = pytest.mark.slow

KEY = VISITS[0].endpoint.key
HERE = Selection(place="a.example")

each_revision = pytest.mark.parametrize("revision", REVISIONS)
since_findings = pytest.mark.parametrize("revision", [one for one in REVISIONS if one >= "0003"])
since_probes = pytest.mark.parametrize("revision", [one for one in REVISIONS if one >= "0013"])
since_alerts = pytest.mark.parametrize("revision", [one for one in REVISIONS if one >= "0004"])


async def upgraded(url: str, revision: str) -> None:
    await asyncio.to_thread(load, url, revision)
    assert await asyncio.to_thread(upgrade_database, url) == REVISIONS[-1]


def test_there_are_rows_of_each_schema() -> None:
    assert sorted(path.stem for path in RELEASED.glob("*.jsonl")) == list(REVISIONS)


@each_revision
async def test_facts_proofs_and_certificates_are_stored(url: str, revision: str) -> None:
    await upgraded(url, revision)
    async with await open_reader(url) as reader:
        assert await reader.observations(KEY) == list(reversed(VISITS))
        latest = await reader.latest(KEY)
        assert latest == VISITS[-1]
        assert ders(latest) == ders(VISITS[-1])
        assert await reader.certificate(ISSUER.sha256) == ISSUER.der
        assert await reader.latest(FAILED.endpoint.key) == FAILED


@each_revision
async def test_statuses_and_due_times_are_stored(url: str, revision: str) -> None:
    await upgraded(url, revision)
    async with await open_reader(url) as reader:
        good, bad = await reader.statuses()
        # Facts of the first two schemas contain their evidence.
        assert bare(good.observation) == bare(VISITS[-1])
        assert bare(bad.observation) == FAILED
        assert [one.consecutive_failures for one in (good, bad)] == [0, 1]
        assert (good.last_success_at, bad.last_success_at) == (good.last_probe_at, None)
        assert {one.endpoint_key: one for one in await reader.schedules()} == {
            KEY: schedule(VISITS[-1]),
            FAILED.endpoint.key: schedule(FAILED, failures=1),
        }


@each_revision
async def test_the_history_exists_after_the_upgrade(url: str, revision: str) -> None:
    await upgraded(url, revision)
    async with await open_reader(url) as reader:
        periods = await reader.history(HERE)
        assert [one.first_at for one in periods] == [NOON + hour * INTERVAL for hour in (2, 1, 0)]
        past = await reader.snapshot_at(NOON + INTERVAL, HERE)
        (then,) = past.endpoints
        assert bare(then.observation).cipher_suites == bare(VISITS[1]).cipher_suites


@since_findings
async def test_findings_changes_waivers_and_events_are_stored(url: str, revision: str) -> None:
    await upgraded(url, revision)
    async with await open_reader(url) as reader:
        (finding,) = await reader.findings()
        assert (finding.status, finding.reopened) == (FindingStatus.OPEN, 1)
        assert (finding.first_seen_at, finding.result.evidence) == (NOON, PROOF)
        assert (finding.result.requirement, finding.result.violation) == (
            ("TLS 1.0 is refused", "Not met: TLS 1.0 is refused (accepted)")
            if revision < "0007"
            else ("TLS 1.0 must not be offered", "TLS 1.0 is offered")
        )
        changes = await reader.changes(HERE)
        assert {one.after for one in changes} >= {"SUITE_1", "SUITE_2"}
        assert await reader.waivers() == [WAIVER]
        assert await reader.events() == [EVENT]


@since_probes
async def test_requested_probes_and_counts_are_stored(url: str, revision: str) -> None:
    await upgraded(url, revision)
    async with await open_reader(url) as reader:
        assert await reader.probes() == [PROBE.record]
        found = await reader.probe(PROBE.record.id)
        assert found is not None
        assert [bare(one) for one in found.observations] == [bare(VISITS[0])]
        midnight = COUNT.at.replace(hour=0)
        assert await reader.fleet_counts(midnight) == [replace(COUNT, at=midnight)]


@since_findings
async def test_events_are_of_the_endpoints_that_their_sentences_begin_with(
    url: str, revision: str
) -> None:
    """Before 0006 only the sentence contained the key."""
    sentences = {
        "not_stored": f"{KEY} has stored as much as one endpoint may in a day",
        "endpoint_set_aside": f"{KEY} is set aside: it crashed the service",
        "clock": f"{KEY} has stored nothing to do with this",
    }
    rows = [
        {"id": 100 + number, "at": NOON, "kind": kind, "sentence": sentence}
        for number, (kind, sentence) in enumerate(sentences.items())
    ]
    await asyncio.to_thread(load, url, revision, {"service_events": rows})
    await asyncio.to_thread(upgrade_database, url)
    async with await open_reader(url) as reader:
        keys = {one.kind: one.endpoint_key for one in await reader.events()}
    renamed = ("storage_limit_reached", "endpoint_quarantined", "clock_jumped")
    names = tuple(sentences) if revision >= "0007" else renamed  # without that upgrade
    key = KEY if revision < "0006" else None  # later rows have a column
    assert keys == dict(zip(names, (key, key, None), strict=True)) | {"started": None}


@pytest.mark.parametrize("revision", [one for one in REVISIONS if "0004" <= one < "0007"])
async def test_renamed_rules_and_facts_have_their_new_names(url: str, revision: str) -> None:
    """A waiver and a reported alert have the rule's new name, as a finding does."""
    earlier = replace(ALERT, policy="mail", rule="no_login_in_clear", not_after=NOON)
    fields = alert_to_json(earlier)
    fields["ends_at"] = fields.pop("not_after")
    waiver = waiver_to_json(replace(WAIVER, name="v", rule="reached"))
    result = {"policy": "mail", "severity": "high", "outcome": "fail"}
    words = {"title": "t", "observed": "o", "required": "r", "source": "s"}
    change = {"endpoint_id": 1, "at": NOON, "kind": "appeared", "before": None, "after": "yes"}
    more: dict[str, list[dict[str, Any]]] = {
        "told_notices": [{"notifier": "mail", "key": earlier.key, "fields": fields}],
        "waivers": [{"name": "v", "fields": waiver, "expires_at": WAIVER.expires_at}],
        "results": [
            {**result, "id": 50, "digest": "d", "rule": "certificate_time_left", "words": words}
        ],
        "findings": [
            {
                "id": 50,
                "endpoint_id": 1,
                "result_id": 50,
                "reopened": 0,
                "first_seen_at": NOON,
                "opened_at": NOON,
            }
        ],
        "changes": [{**change, "id": 50, "fact": "plaintext.answers_in_clear", "sentence": "s"}],
    }
    await asyncio.to_thread(load, url, revision, more)
    await asyncio.to_thread(upgrade_database, url)
    async with await open_reader(url) as reader:
        assert await reader.reported_alerts("mail") == [replace(earlier, rule="no_plaintext_login")]
        assert "reachable" in {one.rule for one in await reader.waivers()}
        assert "certificate_expiry" in {one.result.rule for one in await reader.findings()}
        facts = {one.fact for one in await reader.changes(HERE)}
        assert "plaintext.answers_in_plaintext" in facts
    async with await SqlStore.open(url) as store:
        await store.put_reported_alerts(
            "mail", [], [replace(earlier, rule="no_plaintext_login").key]
        )
        assert await store.reported_alerts("mail") == []


@since_alerts
async def test_reported_alerts_are_stored(url: str, revision: str) -> None:
    await upgraded(url, revision)
    async with await open_reader(url) as reader:
        assert await reader.reported_alerts("chat") == [ALERT]


@pytest.mark.parametrize("revision", [one for one in REVISIONS if one >= "0008"])
async def test_the_audit_log_is_stored(url: str, revision: str) -> None:
    await upgraded(url, revision)
    async with await open_reader(url) as reader:
        added = [ADDED] if revision >= "0010" else []
        assert await reader.audit_log() == [*added, ENTRY]


@pytest.mark.parametrize("revision", [one for one in REVISIONS if one >= "0010"])
async def test_the_targets_of_the_api_are_stored(url: str, revision: str) -> None:
    await upgraded(url, revision)
    async with await open_reader(url) as reader:
        assert await reader.api_targets() == [TARGET]


@pytest.mark.parametrize("revision", [one for one in REVISIONS if one >= "0012"])
async def test_the_claims_about_resources_are_stored(url: str, revision: str) -> None:
    await upgraded(url, revision)
    async with await open_reader(url) as reader:
        assert await reader.resource_claims() == [LINE]


@each_revision
async def test_an_upgraded_database_is_complete_and_writable(url: str, revision: str) -> None:
    await upgraded(url, revision)
    visit = observation(hour=9, suites=["SUITE_9"])
    new = observation("c.example", hour=9)
    async with await SqlStore.open(url) as store:
        for one in (visit, new):
            await store.record(one, schedule(one))
        assert await store.latest(KEY) == visit
        assert await store.latest(new.endpoint.key) == new
        assert len(await store.history(HERE)) == len(VISITS) + 1
    _, problems = await asyncio.to_thread(check_database, url)
    assert problems == []


@pytest.mark.parametrize("revision", REVISIONS[:-1])
async def test_a_reader_does_not_upgrade_a_database(url: str, revision: str) -> None:
    await asyncio.to_thread(load, url, revision)
    with pytest.raises(StoreError, match=f"revision '{revision}'.*run `tlsprobe db upgrade`"):
        await open_reader(url)
