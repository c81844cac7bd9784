"""Limits what one endpoint may store in a day: a server that changes at each visit must not fill the disk.

The limit applies to what was stored for the endpoint in the last 24 hours, counted from the tables themselves, so
restarts change nothing. At the limit, evidence and raw certificates are dropped first, then the facts too: the visit
counts, and the known facts remain. The drop is reported: a fact may be old, but is never wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Text, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from model.comparisons.change import Change
from model.frozen import frozen
from model.observation import Observation
from model.query import ServiceEvent, ServiceEventKind
from storage.rows.record_tables import EventRow
from storage.rows.tables import (
    CertificateRow,
    ChangeRow,
    EvidenceRow,
    FindingRow,
    ObservationCertificateRow,
    ObservationRow,
)
from storage.writing.records.waivers_and_events import add_event
from storage.writing.step import Step

BYTES_PER_DAY: Final = 32 * 2**20
EVENT_KIND: Final = ServiceEventKind.STORAGE_LIMIT_REACHED
_DAY: Final = timedelta(days=1)


@frozen
class Dropped:
    """What a visit showed but was not stored, in bytes; ``is_first`` if it is the endpoint's first in a day."""

    endpoint_key: str
    size: int
    is_first: bool


async def fit(connection: AsyncConnection, steps: Sequence[Step], bytes_per_day: int) -> None:
    """Drop from each step what exceeds its endpoint's limit; the facts of a new endpoint are always written."""
    with_body = [step for step in steps if step.body is not None]
    if not with_body:
        return
    looked_up = [step.endpoint_id for step in with_body if not step.record.is_new]
    now = max(step.visit.started_at for step in steps)
    stored = await stored_of_late(connection, looked_up, now) if looked_up else {}
    for step in with_body:
        _fit_into(step, bytes_per_day - stored.get(step.endpoint_id, 0))


def _fit_into(step: Step, room: int) -> None:
    if step.body is None:
        return
    facts = len(step.body.facts) + sum(map(_change_bytes, step.advanced.changes))
    proofs = len(step.body.proofs or b"") + _certificate_bytes(step.visit.observation)
    if facts + proofs <= room:
        return
    if facts <= room or step.record.is_new:
        step.body, step.with_certificates = replace(step.body, proofs=None), False
        step.dropped_bytes = proofs
    else:
        step.drop_facts()
        step.dropped_bytes = facts + proofs


def _change_bytes(change: Change) -> int:
    return len(change.before or "") + len(change.after or "") + len(change.sentence)


def _certificate_bytes(observation: Observation) -> int:
    chains = (deployment.chain for deployment in observation.certificates)
    ders = {one.sha256: len(one.der or b"") for chain in chains for one in chain}
    return sum(ders.values())


async def stored_of_late(
    connection: AsyncConnection, endpoint_ids: Sequence[int], now: datetime
) -> Mapping[int, int]:
    """How many bytes each endpoint stored in the day before ``now``; endpoints that stored nothing are missing."""
    since = now - _DAY
    total: dict[int, int] = {}
    for query in (
        _facts(endpoint_ids, since),
        _certificates(endpoint_ids, since),
        _changes(endpoint_ids, since),
        _findings(endpoint_ids, since),
    ):
        for endpoint_id, size in await connection.execute(query):
            total[endpoint_id] = total.get(endpoint_id, 0) + int(size or 0)
    return total


def _length(column: Any) -> ColumnElement[int]:
    return func.coalesce(func.length(column), 0)


def _facts(endpoint_ids: Sequence[int], since: datetime) -> Select[*tuple[Any, ...]]:
    size = _length(ObservationRow.facts) + _length(EvidenceRow.proofs)
    return (
        select(ObservationRow.endpoint_id, func.sum(size))
        .outerjoin(EvidenceRow, EvidenceRow.observation_id == ObservationRow.id)
        .where(ObservationRow.endpoint_id.in_(endpoint_ids), ObservationRow.first_seen_at >= since)
        .group_by(ObservationRow.endpoint_id)
    )


def _certificates(endpoint_ids: Sequence[int], since: datetime) -> Select[*tuple[Any, ...]]:
    shown = (
        select(ObservationRow.endpoint_id, ObservationCertificateRow.certificate_id)
        .join(
            ObservationCertificateRow,
            ObservationCertificateRow.observation_id == ObservationRow.id,
        )
        .where(ObservationRow.endpoint_id.in_(endpoint_ids), ObservationRow.first_seen_at >= since)
        .distinct()
        .subquery()
    )
    return (
        select(shown.c.endpoint_id, func.sum(_length(CertificateRow.der)))
        .join(CertificateRow, CertificateRow.id == shown.c.certificate_id)
        .group_by(shown.c.endpoint_id)
    )


def _changes(endpoint_ids: Sequence[int], since: datetime) -> Select[*tuple[Any, ...]]:
    texts = (ChangeRow.before, ChangeRow.after, ChangeRow.sentence)
    before, after, sentence = (_length(cast(text, Text)) for text in texts)
    return (
        select(ChangeRow.endpoint_id, func.sum(before + after + sentence))
        .where(ChangeRow.endpoint_id.in_(endpoint_ids), ChangeRow.at >= since)
        .group_by(ChangeRow.endpoint_id)
    )


def _findings(endpoint_ids: Sequence[int], since: datetime) -> Select[*tuple[Any, ...]]:
    return (
        select(FindingRow.endpoint_id, func.sum(_length(FindingRow.evidence)))
        .where(FindingRow.endpoint_id.in_(endpoint_ids), FindingRow.opened_at >= since)
        .group_by(FindingRow.endpoint_id)
    )


async def note_dropped(
    connection: AsyncConnection, sizes: Mapping[str, int], now: datetime
) -> list[Dropped]:
    """Report for each endpoint, by key, what was dropped; an event is written once a day. The caller commits."""
    if not sizes:
        return []
    found = await connection.scalars(
        select(EventRow.endpoint_key).where(EventRow.kind == EVENT_KIND, EventRow.at > now - _DAY)
    )
    reported = set(found)
    for key in sizes.keys() - reported:
        sentence = (
            f"{key} has reached the daily storage limit of one endpoint (retention.endpoint_bytes_per_day): "
            "new proofs and certificates are dropped until it stores less, and facts if they do not fit"
        )
        event = ServiceEvent(at=now, kind=EVENT_KIND, sentence=sentence, endpoint_key=key)
        await add_event(connection, event)
    return [
        Dropped(endpoint_key=key, size=size, is_first=key not in reported)
        for key, size in sizes.items()
    ]
