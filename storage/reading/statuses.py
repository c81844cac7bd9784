"""The newest status of every endpoint: its facts, the newest visit that found them, and its Findings.

Facts come without their evidence, which ``latest`` returns. They are those of the first visit that learned them;
time, cost, mode and reason are the newest visit's. Rows are decoded outside the event loop, and successive calls
share the results for equal rows: frequent calls are cheap for a caller that holds the result.
"""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime
from functools import partial
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Row, Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from model.encoding.known_parts import KnownParts
from model.encoding.observation_json import facts_of
from model.query import EVERYWHERE, Selection
from model.snapshot import EndpointStatus
from model.target import key_order
from storage.reading.findings import read_compliance, read_open_findings
from storage.reading.places import conditions
from storage.rows.body import decode_facts
from storage.rows.findings import seen_again
from storage.rows.statuses import (
    NO_VERDICTS,
    STATUS_ROWS,
    Facts,
    PolicyVerdicts,
    StatusColumns,
    status_of,
)
from storage.rows.tables import ObservationRow

_ROWS_AT_ONCE = 500

Found = TypeVar("Found")


_Mark: TypeAlias = tuple[int, str | None, datetime]
"""What identifies the facts and the policy results of a status, and the beginning of the visit that it is from."""

_MOST_MARKS = 2_000_000


def _mark(row: StatusColumns, started_at: datetime) -> _Mark:
    return row.observation_id, row.assessment_digest, started_at


class _Shown(weakref.ref[EndpointStatus]):
    """A weak reference to a status, with the row it was built from; while the row is the same, so is the status."""

    __slots__ = ("row",)
    row: StatusColumns


class StatusReader:
    """Reads statuses, and reuses those that are still referenced and whose rows have not changed."""

    def __init__(self, parts: KnownParts) -> None:
        self._shown: dict[str, _Shown] = {}
        self._marks: dict[str, _Mark] = {}
        self._parts = parts

    async def read(self, connection: AsyncConnection) -> list[EndpointStatus]:
        """The newest status of every endpoint, ordered by endpoint key.

        Raises:
            ValueError: if a stored body is invalid.
        """
        rows = await _columns(connection, EVERYWHERE)
        before = {
            one.row.key: (one.row, status)
            for one in list(self._shown.values())
            if (status := one()) is not None
        }
        kept = {
            row.key: before[row.key][1]
            for row in rows
            if row.key in before and before[row.key][0] == row
        }
        changed = [row for row in rows if row.key not in kept]
        keys = frozenset(row.key for row in changed)
        selection = Selection(keys=keys) if len(keys) <= _ROWS_AT_ONCE else EVERYWHERE
        known: dict[int, Facts] = {
            row.observation_id: facts_of(before[row.key][1].observation)
            for row in changed
            if row.key in before and before[row.key][0].observation_id == row.observation_id
        }
        with _uncollected() if len(changed) > _ROWS_AT_ONCE else nullcontext():
            made = await self._statuses(connection, selection, changed, known)
            now = kept | {row.key: one for row, one in zip(changed, made, strict=True)}
            self._remember(now, rows)
        return [now[key] for key in sorted(now, key=key_order)]

    def _remember(
        self, statuses: Mapping[str, EndpointStatus], rows: Sequence[StatusColumns]
    ) -> None:
        # Use a new mapping for each call: another call may see other rows.
        shown: dict[str, _Shown] = {}

        def forget(gone: weakref.ref[EndpointStatus]) -> None:
            if isinstance(gone, _Shown):
                shown.pop(gone.row.key, None)

        for row in rows:
            one = _Shown(statuses[row.key], forget)
            one.row = row
            shown[row.key] = one
        self._shown = shown

    async def read_some(
        self,
        connection: AsyncConnection,
        selection: Selection,
        shown: Callable[[str], EndpointStatus | None] | None = None,
    ) -> list[EndpointStatus]:
        """The newest status of each endpoint of the selection, in any order.

        With ``shown``, what the caller still has of earlier calls: facts, Findings and compliance that have not
        changed since then come from there.

        Raises:
            ValueError: if a stored body is invalid.
        """
        rows = await _columns(connection, selection)
        if shown is None:
            return await self._statuses(connection, selection, rows, {})
        kept = {row.key: one for row in rows if (one := self._unchanged(row, shown)) is not None}
        changed = [row for row in rows if row.key not in kept]
        some = Selection(keys=frozenset(row.key for row in changed))
        made = await self._statuses(connection, some, changed, {})
        if len(self._marks) > _MOST_MARKS:
            self._marks.clear()
        self._marks |= {row.key: _mark(row, row.started_at) for row in rows}
        again = (
            status_of(
                row,
                facts_of(kept[row.key].observation),
                [seen_again(one, row.assessed_at) for one in kept[row.key].findings],
                PolicyVerdicts(compliance=kept[row.key].compliance, policies=None),
            )
            for row in rows
            if row.key in kept
        )
        return [*made, *again]

    def _unchanged(
        self, row: StatusColumns, shown: Callable[[str], EndpointStatus | None]
    ) -> EndpointStatus | None:
        """The status that the caller has, if the facts and the policy results of the row are those that it got."""
        mark = self._marks.get(row.key)
        one = None if mark is None else shown(row.key)
        is_same = one is not None and mark == _mark(row, one.observation.started_at)
        return one if is_same else None

    async def _statuses(
        self,
        connection: AsyncConnection,
        selection: Selection,
        rows: Sequence[StatusColumns],
        known: dict[int, Facts],
    ) -> list[EndpointStatus]:
        """The status of each of ``rows``, all of which are in the selection."""
        if not rows:
            return []
        missing = [row.observation_id for row in rows if row.observation_id not in known]
        facts: dict[int, Facts] = known | await decode(
            connection, missing, partial(decode_facts, parts=self._parts)
        )
        findings = await read_open_findings(connection, selection)
        compliance = await read_compliance(connection, selection)
        return await asyncio.to_thread(
            lambda: [
                status_of(
                    row,
                    facts[row.observation_id],
                    findings.get(row.key, ()),
                    compliance.get(row.key, NO_VERDICTS),
                )
                for row in rows
            ]
        )


@contextmanager
def _uncollected() -> Iterator[None]:
    """Suspend garbage collection: objects built from rows have no cycles, and the search takes a third of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def status_rows(selection: Selection) -> Select[*tuple[Any, ...]]:
    """The query for the ``StatusColumns`` of the selection."""
    return STATUS_ROWS.where(*conditions(selection))


async def _columns(connection: AsyncConnection, selection: Selection) -> list[StatusColumns]:
    found = await connection.execute(status_rows(selection))
    return [StatusColumns._make(row) for row in found]


async def decode(
    connection: AsyncConnection, ids: Iterable[int], decoded: Callable[[bytes], Found]
) -> dict[int, Found]:
    """The facts of each of the observations ``ids``, decoded with ``decoded``.

    Raises:
        ValueError: if a stored body is invalid.
    """
    wanted = sorted(set(ids))
    made: dict[int, Found] = {}

    def add(rows: Sequence[Row[int, bytes]]) -> None:
        made.update((row.id, decoded(row.facts)) for row in rows)

    for start in range(0, len(wanted), _ROWS_AT_ONCE):
        some = wanted[start : start + _ROWS_AT_ONCE]
        found = await connection.execute(
            select(ObservationRow.id, ObservationRow.facts).where(ObservationRow.id.in_(some))
        )
        await asyncio.to_thread(add, found.all())
    return made
