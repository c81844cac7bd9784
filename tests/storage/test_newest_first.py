"""Pages of changes, periods, events and audit entries: together they are the whole list, whatever is added between."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from model.endpoint_state import Visit
from model.query import AuditAction, AuditEntry, NewestFirst, RowEnd, Selection, ServiceEvent
from storage import SqlStore
from tests.storage.samples import NOON, observation, schedule

Read = Callable[[RowEnd | None], Awaitable[NewestFirst[Any]]]
SUITES = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384")


async def visit(store: SqlStore, hour: int, host: str = "a.example") -> None:
    seen = observation(host, hour=hour, suites=(SUITES[hour % 2],))
    await store.record_visit(Visit(observation=seen, schedule=schedule(seen)))


async def note(store: SqlStore, number: int, minutes: int) -> None:
    at = NOON + timedelta(minutes=minutes)
    await store.note(ServiceEvent(at=at, kind="started", sentence=f"start {number}"))
    await store.audit(
        AuditEntry(
            at=at,
            actor="alice",
            method="token",
            role="admin",
            address=None,
            action=AuditAction.PROBE_REQUESTED,
            subject=str(number),
            before=None,
            after=None,
        )
    )


async def whole(read: Read, between: Callable[[], Awaitable[None]]) -> list[Any]:
    items: list[Any] = []
    end: RowEnd | None = None
    while True:
        page = await read(end)
        items += page.items
        end = page.end
        if end is None:
            return items
        await between()


async def test_pages_of_one_endpoint_are_its_periods_and_changes(store: SqlStore) -> None:
    for hour in range(5):
        await visit(store, hour)
        await visit(store, hour, "b.example")
    key = observation("a.example").endpoint.key
    selection = Selection(keys=frozenset({key}))
    periods, changes = await store.history(selection), await store.changes(selection)
    assert (len(periods), len(changes) > 1) == (5, True)
    later = iter(range(6, 100, 2))

    async def add() -> None:
        await visit(store, next(later), "c.example")
        await visit(store, next(later) + 1, "c.example")

    found = await whole(lambda end: store.newest_periods(key, limit=2, after=end), add)
    assert found == periods
    found = await whole(lambda end: store.newest_changes(selection, limit=1, after=end), add)
    assert found == changes
    of_fact = [one for one in changes if one.fact == changes[0].fact]
    page = await store.newest_changes(selection, facts=[changes[0].fact], limit=50)
    assert (list(page.items), page.end) == (of_fact, None)
    since = changes[0].at
    page = await store.newest_changes(selection, since=since, limit=50)
    assert list(page.items) == [one for one in changes if one.at >= since]


async def test_events_and_audit_entries_of_one_moment_are_each_on_one_page(store: SqlStore) -> None:
    for number, minutes in enumerate((0, 1, 1, 1, 2)):
        await note(store, number, minutes)
    events = await store.events()

    async def add() -> None:
        await note(store, 99, 5)

    found = await whole(lambda end: store.newest_events(limit=2, after=end), add)
    assert found == events
    entries = await store.audit_log()
    found = await whole(lambda end: store.newest_audit_entries(limit=2, after=end), add)
    assert found == entries
    page = await store.newest_events(["stopped"], limit=2)
    assert page == NewestFirst(items=(), end=None)
