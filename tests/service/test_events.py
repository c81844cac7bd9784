"""``tlsprobe events`` on both databases."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from model.query import ServiceEvent
from storage import SqlStore
from tests.service.processes import tlsprobe

NOW = datetime.now(UTC)
HOSTILE = "a.example is quarantined: \x1b[31mred\x1b[0m\nand more"
EVENTS = (
    ServiceEvent(at=NOW - timedelta(days=8), kind="started", sentence="version 0.9 started"),
    ServiceEvent(at=NOW - timedelta(hours=3), kind="endpoint_quarantined", sentence=HOSTILE),
    ServiceEvent(at=NOW - timedelta(hours=2), kind="stopped", sentence="stopped on request"),
    ServiceEvent(at=NOW - timedelta(hours=1), kind="started", sentence="version 1.0 started"),
)


@pytest.fixture
def database(url: str) -> str:
    async def fill() -> None:
        async with await SqlStore.open(url) as store:
            for event in EVENTS:
                await store.note(event)

    asyncio.run(fill())
    return url


def test_events_are_lines_of_the_last_week_newest_first(database: str) -> None:
    done = tlsprobe("events", "--database", database)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line[18:] for line in lines] == [
        "started: version 1.0 started",
        "stopped: stopped on request",
        "endpoint_quarantined: a.example is quarantined: \\x1b[31mred\\x1b[0m\\x0aand more",
    ]
    assert all(later[:16] >= earlier[:16] for later, earlier in pairwise(lines))


@pytest.mark.parametrize(
    ("arguments", "indexes"),
    [
        (["--since", "30d"], [3, 2, 1, 0]),
        (["--since", "30d", "--kind", "started"], [3, 0]),
        (["--kind", "stopped", "--kind", "endpoint_quarantined"], [2, 1]),
        (["--limit", "1"], [3]),
        (["--since", "1m"], []),
    ],
)
def test_events_are_chosen_by_time_kind_and_number(
    database: str, arguments: list[str], indexes: list[int]
) -> None:
    done = tlsprobe("events", "--database", database, "--json", *arguments)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)["events"]
    assert [(one["kind"], one["message"]) for one in told] == [
        (EVENTS[index].kind, EVENTS[index].sentence) for index in indexes
    ]
    assert [datetime.fromisoformat(one["at"]) for one in told] == [
        EVENTS[index].at for index in indexes
    ]


def test_an_invalid_time_is_reported_in_one_sentence(database: str) -> None:
    done = tlsprobe("events", "--database", database, "--since", "soon")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(
        "tlsprobe: --since: cannot parse time 'soon': use a duration before now"
    )
