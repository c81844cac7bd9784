"""An endpoint's row of ``statuses`` while a batch is written: loaded, moved on, written back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, Update, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from model.endpoint_state import Visit
from model.target import Target
from storage.rows.tables import EndpointRow, StatusRow, TargetRow


@dataclass(slots=True, kw_only=True)
class StatusRecord:
    """The columns of ``StatusRow`` by their names; what no visit has set yet is None or 0."""

    endpoint_id: int
    visit_id: int = 0
    observation_id: int = 0
    facts_digest: str = ""
    visits: int = 0
    state: str = ""
    not_after: datetime | None = None
    started_at: datetime | None = None
    last_success_at: datetime | None = None
    due_at: datetime | None = None
    interval_seconds: float = 0.0
    consecutive_failures: int = 0
    enumerated_at: datetime | None = None
    config_changed_at: datetime | None = None
    certificate_changed_at: datetime | None = None
    assessed_at: datetime | None = None
    assessment_digest: str | None = None
    tool_version: str = ""
    mode: str = ""
    reason: str | None = None
    duration_seconds: float = 0.0
    connections: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0
    throttled: bool = False

    @property
    def is_new(self) -> bool:
        """Whether no visit to the endpoint was written before."""
        return self.visit_id == 0

    def move_on(self, visit: Visit) -> None:
        """To the circumstances of ``visit``; what it learnt is not looked at."""
        observation, schedule = visit.observation, visit.schedule
        cost = observation.cost
        self.visits += 1
        self.state = observation.state
        self.not_after = earliest_end(visit)
        self.started_at = observation.started_at
        if observation.answered_as_tls:
            self.last_success_at = visit.ended_at
        self.due_at = schedule.due_at
        self.interval_seconds = schedule.interval_seconds
        self.consecutive_failures = schedule.consecutive_failures
        self.enumerated_at = schedule.enumerated_at
        self.tool_version = observation.tool_version
        self.mode = observation.mode
        self.reason = observation.reason
        self.duration_seconds = cost.duration_seconds
        self.connections = cost.connections
        self.bytes_sent = cost.bytes_sent
        self.bytes_received = cost.bytes_received
        self.throttled = cost.throttled


_COLUMNS: Final = tuple(field.name for field in fields(StatusRecord))


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownEndpoint:
    """An endpoint that has rows already, with its target as the table has it."""

    standing: StatusRecord
    target_id: int
    labels: Mapping[str, str]
    source: str

    def is_described_as(self, target: Target) -> bool:
        """Whether the table says of the target what its owner says now."""
        return self.source == target.source and self.labels == target.labels


def earliest_end(visit: Visit) -> datetime | None:
    """When the first of the endpoint's own leaves ends; None where none is known."""
    ends = [
        one.chain[0].not_after
        for one in visit.observation.certificates
        if one.is_own and one.chain[0].not_after is not None
    ]
    return min(ends, default=None)


async def load_endpoints(
    connection: AsyncConnection, keys: Iterable[str]
) -> dict[str, KnownEndpoint]:
    """The endpoints among ``keys`` that were visited before; their rows are locked for us."""
    found = await connection.execute(
        select(
            EndpointRow.key,
            EndpointRow.target_id,
            TargetRow.labels,
            TargetRow.source,
            *StatusRow.__table__.columns,
        )
        .join(TargetRow, TargetRow.id == EndpointRow.target_id)
        .join(StatusRow, StatusRow.endpoint_id == EndpointRow.id)
        .where(EndpointRow.key.in_(keys))
        # In one order for all writers, so that none waits for another that waits for it.
        .order_by(EndpointRow.id)
        .with_for_update(of=StatusRow)
    )
    return {row.key: _known(row) for row in found}


def _known(row: Row[*tuple[Any, ...]]) -> KnownEndpoint:
    _, target_id, labels, source, *columns = row
    standing = StatusRecord(**dict(zip(_STATUS_COLUMNS, columns, strict=True)))
    return KnownEndpoint(standing=standing, target_id=target_id, labels=labels, source=source)


_STATUS_COLUMNS: Final = tuple(column.name for column in StatusRow.__table__.columns)
_CIRCUMSTANCES: Final = (
    "visits",
    "started_at",
    "last_success_at",
    "due_at",
    "interval_seconds",
    "consecutive_failures",
    "enumerated_at",
    "assessed_at",
    "tool_version",
    "mode",
    "reason",
    "duration_seconds",
    "connections",
    "bytes_sent",
    "bytes_received",
    "throttled",
)
"""The columns that a visit may set which brings nothing new."""


def _update(names: Iterable[str]) -> Update:
    return (
        update(StatusRow)
        .where(StatusRow.endpoint_id == bindparam("of_endpoint"))
        .values({name: bindparam(name) for name in names})
    )


_UPDATE: Final = _update(name for name in _COLUMNS if name != "endpoint_id")
_MOVE_ON: Final = _update(_CIRCUMSTANCES)


async def add_standings(connection: AsyncConnection, standings: Sequence[StatusRecord]) -> None:
    """Write the rows of endpoints that had none."""
    if standings:
        await connection.execute(
            insert(StatusRow), [_values(standing, _COLUMNS) for standing in standings]
        )


async def update_standings(
    connection: AsyncConnection, standings: Sequence[StatusRecord], *, has_news: bool
) -> None:
    """Write the rows of endpoints that have one: whole, or only a newer visit's circumstances."""
    if standings:
        statement, names = (_UPDATE, _COLUMNS) if has_news else (_MOVE_ON, _CIRCUMSTANCES)
        await connection.execute(
            statement,
            [
                {"of_endpoint": standing.endpoint_id, **_values(standing, names)}
                for standing in standings
            ],
        )


def _values(standing: StatusRecord, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(standing, name) for name in names}
