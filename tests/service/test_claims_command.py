"""``tlsprobe claims`` on a database with claims."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import jsonschema
import pytest

from model.claims import ClaimKind, ClaimVerdict
from model.claims.ledger import LedgerFilter
from model.endpoint_state.schedule import Schedule
from scripts.commands_json_reference import DEFINITIONS
from service.history.claims import claim_lines, claims_json, read_claims
from service.judging.policy_evaluator import PolicyEvaluator
from storage import SqlStore
from tests.service.processes import tlsprobe
from tests.service.samples import NOW
from tests.support.claims import FILE, LINE, claiming


async def fill(url: str) -> None:
    seen = claiming()
    schedule = Schedule(
        endpoint_key=seen.endpoint.key,
        due_at=NOW + timedelta(hours=1),
        interval_seconds=3600.0,
        consecutive_failures=0,
    )
    async with await SqlStore.open(url) as store:
        await store.record_visit(await PolicyEvaluator().judge(seen, schedule))
        await store.put_resource_claims([LINE])


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('claims') / 'store.db'}"
    asyncio.run(fill(url))
    return url


async def test_the_ledger_of_a_database_has_sources_and_verdicts(database: str) -> None:
    at = NOW + timedelta(minutes=1)
    wanted = LedgerFilter(verdict=ClaimVerdict.CONTRADICTED, kind=ClaimKind.DECLARED)
    assert list(claim_lines(await read_claims(database, None, wanted, at))) == [
        "contradicted  www.example:443@192.0.2.1  declared_protocols  since 2026-07-01 12:00",
        "    declared: the server accepts TLS 1.3 only",
        f"    source: nginx, {FILE}",
        "    seen: TLS 1.2 accepted",
        "1 claim: 1 contradicted",
    ]
    every = await read_claims(database, None, LedgerFilter(), at)
    *_, summary = claim_lines(every)
    assert summary == "5 claims: 2 contradicted, 2 unprovable, 1 proved"
    said = claims_json(every)
    jsonschema.validate(said, dict(DEFINITIONS["claims"]))
    assert len(said["claims"]) == 5


async def test_a_claim_about_a_resource_without_a_target_is_in_the_ledger(database: str) -> None:
    at = NOW + timedelta(minutes=1)
    wanted = LedgerFilter(labels={"team": "network"})
    assert list(claim_lines(await read_claims(database, None, wanted, at))) == [
        f"unprovable    {LINE.resource}  direct_connect_macsec",
        "    declared: the link has MACsec",
        f"    source: aws, {LINE.resource}",
        "    seen: no probe sees it",
        "1 claim: 1 unprovable",
    ]
    of_endpoint = await read_claims(database, "www.example", LedgerFilter(), at)
    assert LINE.claim not in [one.held.claim for one in of_endpoint]


def test_a_wrong_filter_or_database_is_one_sentence(database: str, tmp_path: Path) -> None:
    run = tlsprobe("claims", "--database", database, "--verdict", "red")
    assert run.returncode == 2
    assert "contradicted" in run.stderr
    assert tlsprobe("claims", "nobody.example", "--database", database).returncode == 2
    missing = tlsprobe("claims", "--database", f"sqlite:///{tmp_path / 'none.db'}")
    assert missing.returncode == 2
    assert len(missing.stderr.strip().splitlines()) == 1
