"""``tlsprobe history``, ``diff``, ``changes`` and ``inventory`` on a database with a history."""

from __future__ import annotations

import asyncio
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from model.observation import Observation
from service.cli.arguments import ArgumentError, parse_time
from service.history.queries import read_changes, read_difference, read_history, read_snapshot
from service.history.text import (
    change_lines,
    difference_lines,
    history_lines,
    inventory_json,
    inventory_lines,
)
from storage import SqlStore, StoreError
from tests.service.processes import tlsprobe
from tests.storage.samples import INTERVAL, NOON, observation, refusal, schedule
from tests.storage.test_findings import assessment, result

OLD, NEW = ["TLS_AES_128_GCM_SHA256"], ["TLS_AES_256_GCM_SHA384"]


async def fill(url: str) -> None:
    """An endpoint that changed its suite at 14:00 and disappeared at 16:00, and one that did not change."""
    visits: list[Observation] = [
        *(observation(hour=hour, suites=OLD) for hour in (0, 1)),
        *(observation(hour=hour, suites=NEW) for hour in (2, 3)),
        refusal(hour=4),
        observation("b.example", hour=4, labels={"team": "db"}),
    ]
    async with await SqlStore.open(url) as store:
        for visit in visits:
            is_whole = visit.answered
            judged = assessment(visit, [result()] if is_whole else [], is_whole=is_whole)
            await store.record(visit, schedule(visit), judged)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('history') / 'store.db'}"
    asyncio.run(fill(url))
    return url


async def test_history_is_read_newest_first(database: str) -> None:
    assert list(history_lines(await read_history(database, "a.example", 100))) == [
        "a.example:443@127.0.0.1",
        "  2026-03-01 16:00  1 visit, refused",
        "      stopped answering: refused",
        "  2026-03-01 14:00 to 2026-03-01 15:00  2 visits, TLS 1.3",
        "      TLS 1.3 suite vanished: TLS_AES_128_GCM_SHA256",
        "      TLS 1.3 suite appeared: TLS_AES_256_GCM_SHA384",
        "  2026-03-01 12:00 to 2026-03-01 13:00  2 visits, TLS 1.3",
        "      first visit",
    ]


async def test_a_place_is_known_by_its_beginning(database: str) -> None:
    whole = await read_history(database, "a.example:443@127.0.0.1", 100)
    for name in ("a.example", "a.example:443", "a.exa", "a"):
        assert await read_history(database, name, 100) == whole
    assert {one.endpoint_key for one in await read_changes(database, "a.", {}, NOON, 100)} == {
        "a.example:443@127.0.0.1"
    }
    (status,) = (await read_snapshot(database, "b", {}, NOON + 4 * INTERVAL)).endpoints
    assert status.observation.endpoint.key == "b.example:443@127.0.0.1"


async def test_a_difference_looks_across_visits_that_failed(database: str) -> None:
    found = await read_difference(database, "a.example", NOON + INTERVAL)
    assert list(difference_lines(found, NOON + INTERVAL)) == [
        "a.example:443@127.0.0.1",
        "  stopped answering: refused",
        "  TLS 1.3 suite appeared: TLS_AES_256_GCM_SHA384",
        "  TLS 1.3 suite vanished: TLS_AES_128_GCM_SHA256",
    ]
    early = await read_difference(database, "a.example", NOON - INTERVAL)
    assert list(difference_lines(early, NOON - INTERVAL))[1:] == ["  not known at 2026-03-01 11:00"]


async def test_changes_are_those_of_the_requested_labels(database: str) -> None:
    lines = list(change_lines(await read_changes(database, None, {"team": "web"}, NOON, 100)))
    assert lines[0] == ("2026-03-01 16:00  a.example:443@127.0.0.1  stopped answering: refused")
    assert len(lines) == 3
    assert not await read_changes(database, None, {"team": "db"}, NOON, 100)


async def test_the_inventory_of_a_date_has_its_compliance(database: str) -> None:
    now = await read_snapshot(database, None, {}, NOON + 4 * INTERVAL)
    assert list(inventory_lines(now)) == [
        "a.example:443@127.0.0.1  refused  intermediate: unknown  findings: 1 high",
        "b.example:443@127.0.0.1  TLS 1.3  intermediate: not compliant  findings: 1 high",
        "2 endpoints at 2026-03-01 16:00",
        "intermediate: 1 not compliant, 1 unknown",
    ]
    then = inventory_json(await read_snapshot(database, None, {}, NOON + INTERVAL))
    (endpoint,) = then["endpoints"]
    assert endpoint["compliance"] == {"intermediate": "no"}
    assert endpoint["findings"][0]["rule"] == "no-tls1.0"


@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        (["history", "a.example"], "endpoints"),
        (["diff", "a.example", "--since", "2026-03-01T13:00"], "endpoints"),
        (["changes", "--since", "2026-03-01", "--label", "team=web"], "changes"),
        (["inventory", "--at", "2026-03-01T16:00"], "endpoints"),
    ],
)
def test_each_command_prints_lines_or_one_object(
    database: str, arguments: list[str], key: str
) -> None:
    done = tlsprobe(*arguments, "--database", database, "--json")
    assert done.returncode == 0, done.stderr
    printed: dict[str, Any] = json.loads(done.stdout)
    assert printed[key]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["history", "nobody.example"], "the database has no endpoint of 'nobody.example'"),
        (["diff", "nobody.example"], "the database has no endpoint of 'nobody.example'"),
        (["changes", "nobody.example"], "the database has no endpoint of 'nobody.example'"),
        (["inventory", "nobody.example"], "the database has no endpoint of 'nobody.example'"),
        (
            ["history", ""],
            "'' may be one of several: give one of a.example:443, b.example:443",
        ),
        (
            ["diff", "a.example", "--since", "soon"],
            "--since: cannot parse time 'soon': use a duration before now",
        ),
        (["changes", "--label", "team"], "--label: 'team' must be NAME=VALUE"),
    ],
)
def test_an_unanswerable_query_is_reported_in_one_sentence(
    database: str, arguments: list[str], sentence: str
) -> None:
    done = tlsprobe(*arguments, "--database", database)
    assert done.returncode == 2
    assert done.stderr.startswith(f"tlsprobe: {sentence}")
    assert done.stderr.count("\n") == 1


async def test_a_missing_database_is_not_created(tmp_path: Path) -> None:
    with pytest.raises(
        StoreError, match=r"the database .*/none\.db does not exist: give the service's database"
    ):
        await read_snapshot(f"sqlite:///{tmp_path}/none.db", None, {}, NOON)
    assert await asyncio.to_thread(os.listdir, tmp_path) == []


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("24h", NOON - timedelta(hours=24)),
        ("7d", NOON - timedelta(days=7)),
        ("90m", NOON - timedelta(minutes=90)),
        ("2w", NOON - timedelta(weeks=2)),
        ("2026-02-28", datetime(2026, 2, 28, tzinfo=UTC)),
        ("2026-02-28T12:00+01:00", datetime(2026, 2, 28, 11, tzinfo=UTC)),
    ],
)
def test_time_arguments_are_ages_days_and_times(text: str, moment: datetime) -> None:
    assert parse_time("--since", text, NOON) == moment


@pytest.mark.parametrize("text", ["", "soon", "-1d", "1y", "999999w", "2026-13-01"])
def test_other_texts_are_not_valid_times(text: str) -> None:
    with pytest.raises(ArgumentError, match="cannot parse time"):
        parse_time("--since", text, NOON)
