"""The queries of the history commands; each returns values of the model."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from model.comparisons.change import Change
from model.differences import differences, known_facts
from model.frozen import frozen
from model.observation import Observation
from model.query import AuditEntry, Period, Selection, ServiceEvent
from model.snapshot import Snapshot
from service.history.places import find_place
from storage import SqlReader, open_reader

_MOST: Final = 10_000


@frozen
class EndpointHistory:
    """The stretches of visits to one endpoint with the changes that each began with, newest first."""

    endpoint_key: str
    stretches: tuple[tuple[Period, tuple[Change, ...]], ...]


@frozen
class EndpointDifference:
    """What an endpoint shows now and did not show at a past time; ``changes`` is None if it was not known then."""

    endpoint_key: str
    changes: tuple[Change, ...] | None


async def read_history(database: str, place: str, limit: int) -> tuple[EndpointHistory, ...]:
    """The history of each endpoint of ``place``, by its key.

    Raises:
        PlaceError: if ``place`` denotes no endpoint.
        StoreError: if the database cannot be read.
    """
    async with await open_reader(database) as store:
        selection = Selection(place=await find_place(store, place))
        stretches = await store.history(selection, limit)
        oldest = min((one.first_at for one in stretches), default=None)
        changes = await store.changes(selection, since=oldest, limit=_MOST)
    by_beginning: dict[tuple[str, datetime], list[Change]] = {}
    for change in changes:
        by_beginning.setdefault((change.endpoint_key, change.at), []).append(change)
    return tuple(
        EndpointHistory(
            endpoint_key=key,
            stretches=tuple(
                (one, tuple(by_beginning.get((key, one.first_at), ()))) for one in newest_first
            ),
        )
        for key, newest_first in _by_endpoint(stretches).items()
    )


async def read_difference(
    database: str, place: str, moment: datetime
) -> tuple[EndpointDifference, ...]:
    """What each endpoint of ``place`` shows now and did not show at ``moment``, by its key.

    Both sides use the last known value of every fact, so a failed visit hides none.

    Raises:
        PlaceError: if ``place`` denotes no endpoint.
        StoreError: if the database cannot be read.
    """
    by_endpoint = await _read_by_endpoint(database, place)
    return tuple(
        EndpointDifference(endpoint_key=key, changes=_since(newest_first, moment))
        for key, newest_first in by_endpoint.items()
    )


async def read_both(
    database: str, place: str, first: datetime, second: datetime
) -> tuple[tuple[Observation | None, Observation | None], ...]:
    """What was known of each endpoint of ``place`` at two times, by its key; None if nothing was.

    Raises:
        PlaceError: if ``place`` denotes no endpoint.
        StoreError: if the database cannot be read.
    """
    by_endpoint = await _read_by_endpoint(database, place)
    return tuple(
        (_known_at(newest_first, first), _known_at(newest_first, second))
        for newest_first in by_endpoint.values()
    )


async def read_changes(
    database: str, place: str | None, labels: Mapping[str, str], since: datetime, limit: int
) -> Sequence[Change]:
    """The newest changes since a given time, newest first.

    Raises:
        PlaceError: if ``place`` denotes no endpoint.
        StoreError: if the database cannot be read.
    """
    async with await open_reader(database) as store:
        selection = await _selection(store, place, labels)
        return await store.changes(selection, since=since, limit=limit)


async def read_snapshot(
    database: str, place: str | None, labels: Mapping[str, str], moment: datetime
) -> Snapshot:
    """The inventory as it was known at ``moment``.

    Raises:
        PlaceError: if ``place`` denotes no endpoint.
        StoreError: if the database cannot be read.
    """
    async with await open_reader(database) as store:
        return await store.snapshot_at(moment, await _selection(store, place, labels))


async def read_events(
    database: str, since: datetime, kinds: Collection[str], limit: int
) -> Sequence[ServiceEvent]:
    """The newest service events since a given time, newest first; of every kind if none is given.

    Raises:
        StoreError: if the database cannot be read.
    """
    async with await open_reader(database) as store:
        found = await store.events(since)
    return [event for event in found if not kinds or event.kind in kinds][:limit]


async def read_audit_log(database: str, since: datetime, limit: int) -> Sequence[AuditEntry]:
    """The newest entries of the audit log since a given time, newest first.

    Raises:
        StoreError: if the database cannot be read.
    """
    async with await open_reader(database) as store:
        return await store.audit_log(since=since, limit=limit)


async def _selection(store: SqlReader, place: str | None, labels: Mapping[str, str]) -> Selection:
    known = None if place is None else await find_place(store, place)
    return Selection(place=known, labels=labels)


async def _read_by_endpoint(database: str, place: str) -> dict[str, list[Period]]:
    """The newest stretches of each endpoint of ``place``, newest first, by its key."""
    async with await open_reader(database) as store:
        selection = Selection(place=await find_place(store, place))
        return _by_endpoint(await store.history(selection, _MOST))


def _by_endpoint(stretches: Sequence[Period]) -> dict[str, list[Period]]:
    found: dict[str, list[Period]] = {}
    for one in stretches:
        found.setdefault(one.endpoint_key, []).append(one)
    return dict(sorted(found.items()))


def _since(newest_first: Sequence[Period], moment: datetime) -> tuple[Change, ...] | None:
    then = _known_at(newest_first, moment)
    if then is None:
        return None
    return differences(then, known_facts([one.observation for one in newest_first]))


def _known_at(newest_first: Sequence[Period], moment: datetime) -> Observation | None:
    """The last known value of every fact at that time; None if the endpoint had not been visited."""
    seen = [one.observation for one in newest_first if one.first_at <= moment]
    return known_facts(seen) if seen else None
