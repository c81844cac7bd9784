"""An endpoint's row of ``statuses`` while a batch is written: loaded, changed, written back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from itertools import starmap
from typing import Any, Final

from sqlalchemy import Row, Update, bindparam, column, func, insert, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from model.claims import Claim
from model.claims.claims_json import claims_from_json
from model.endpoint_state import NEVER_VISITED, Advanced, EndpointState, Visit
from model.frozen import frozen
from model.observation import Observation
from model.target import Target
from storage.rows.tables import EndpointRow, StatusRow, TargetRow


@dataclass(slots=True, kw_only=True)
class StatusRecord:
    """The columns of ``StatusRow`` by their names; a value that no visit has set is None or 0."""

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
        """Whether this is the first stored visit to the endpoint."""
        return self.visit_id == 0

    def endpoint_state(self) -> EndpointState:
        """The state of the endpoint without its stretches and Findings, which are not loaded."""
        if self.started_at is None:
            return NEVER_VISITED
        return EndpointState(
            facts_digest=self.facts_digest,
            started_at=self.started_at,
            visits=self.visits,
            last_success_at=self.last_success_at,
            config_changed_at=self.config_changed_at,
            certificate_changed_at=self.certificate_changed_at,
            assessed_at=self.assessed_at,
            assessment_digest=self.assessment_digest,
        )

    def take(self, visit: Visit, advanced: Advanced) -> None:
        """Set the columns to the values of ``visit`` and its result.

        Each gets the exact type of its column: psycopg accepts only arrays of values of one type.
        """
        state, observation, schedule = advanced.state, visit.observation, visit.schedule
        cost = observation.cost
        self.visits = state.visits
        self.started_at = state.started_at
        self.last_success_at = state.last_success_at
        self.due_at = schedule.due_at
        self.interval_seconds = float(schedule.interval_seconds)
        self.consecutive_failures = schedule.consecutive_failures
        self.enumerated_at = schedule.enumerated_at
        self.assessed_at = state.assessed_at
        self.assessment_digest = state.assessment_digest
        self.tool_version = observation.tool_version
        self.mode = observation.mode.value
        self.reason = observation.reason
        self.duration_seconds = float(cost.duration_seconds)
        self.connections = cost.connections
        self.bytes_sent = cost.bytes_sent
        self.bytes_received = cost.bytes_received
        self.throttled = cost.throttled
        if advanced.transition is not None:
            self.facts_digest = state.facts_digest
            self.state = observation.state.value
            self.not_after = earliest_end(observation)
            self.config_changed_at = state.config_changed_at
            self.certificate_changed_at = state.certificate_changed_at


_COLUMNS: Final = tuple(field.name for field in fields(StatusRecord))


@frozen
class KnownEndpoint:
    """An endpoint that already has rows, with its target's row."""

    record: StatusRecord
    target_id: int
    labels: Mapping[str, str]
    claims: tuple[Claim, ...]
    source: str

    def is_described_as(self, target: Target) -> bool:
        """Whether the row has the target's current labels, claims and source."""
        described = (self.source, self.labels, self.claims)
        return described == (target.source, target.labels, target.claims)


def earliest_end(observation: Observation) -> datetime | None:
    """The earliest expiry among the endpoint's own leaves; None if none is known."""
    ends = [
        one.chain[0].not_after
        for one in observation.certificates
        if one.is_own and one.chain[0].not_after is not None
    ]
    return min(ends, default=None)


async def load_endpoints(
    connection: AsyncConnection, keys: Iterable[str]
) -> dict[str, KnownEndpoint]:
    """The endpoints among ``keys`` that were visited before; their rows are locked for this transaction."""
    found = await connection.execute(
        select(
            EndpointRow.key,
            EndpointRow.target_id,
            TargetRow.labels,
            TargetRow.claims,
            TargetRow.source,
            *StatusRow.__table__.columns,
        )
        .join(TargetRow, TargetRow.id == EndpointRow.target_id)
        .join(StatusRow, StatusRow.endpoint_id == EndpointRow.id)
        .where(EndpointRow.key.in_(keys))
        # All writers use the same order, so that no two wait for each other.
        .order_by(EndpointRow.id)
        .with_for_update(of=StatusRow)
    )
    return {row.key: _known(row) for row in found}


def _known(row: Row[*tuple[Any, ...]]) -> KnownEndpoint:
    _, target_id, labels, claims, source, *columns = row
    record = StatusRecord(**dict(zip(_STATUS_COLUMNS, columns, strict=True)))
    return KnownEndpoint(
        record=record,
        target_id=target_id,
        labels=labels,
        claims=claims_from_json(claims or ()),
        source=source,
    )


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
"""The columns that a visit without changes may set."""


def _update_of_row(names: Iterable[str]) -> Update:
    return (
        update(StatusRow)
        .where(StatusRow.endpoint_id == bindparam(_ENDPOINT))
        .values({name: bindparam(name) for name in names})
    )


def _update_of_rows(names: Iterable[str]) -> Update:
    """For PostgreSQL: psycopg executes a statement for one row once for each row. The parameters are columns."""
    columns = {name: StatusRow.__table__.columns[name] for name in names}
    types = {_ENDPOINT: StatusRow.endpoint_id.type} | {
        name: one.type for name, one in columns.items()
    }
    arrays = [bindparam(name, type_=ARRAY(kind)) for name, kind in types.items()]
    unnested = func.unnest(*arrays).table_valued(*starmap(column, types.items()), name="new")
    new = unnested.render_derived()
    return (
        update(StatusRow)
        .where(StatusRow.endpoint_id == new.c[_ENDPOINT])
        .values({name: new.c[name] for name in columns})
    )


_ENDPOINT: Final = "of_endpoint"
_WHOLE_ROW: Final = tuple(name for name in _COLUMNS if name != "endpoint_id")
_UPDATES: Final = {
    names: (_update_of_row(names), _update_of_rows(names)) for names in (_WHOLE_ROW, _CIRCUMSTANCES)
}
"""For the columns that they set: the statement for one row, and the one for any number of rows."""


async def add_statuses(connection: AsyncConnection, records: Sequence[StatusRecord]) -> None:
    """Write the rows of endpoints that had none."""
    if records:
        await connection.execute(
            insert(StatusRow), [_values(record, _COLUMNS) for record in records]
        )


async def update_statuses(
    connection: AsyncConnection, records: Sequence[StatusRecord], *, has_news: bool
) -> None:
    """Update the rows of endpoints: the whole row, or only the values that a visit without changes sets."""
    if not records:
        return
    names = _WHOLE_ROW if has_news else _CIRCUMSTANCES
    of_row, of_rows = _UPDATES[names]
    rows = [{_ENDPOINT: record.endpoint_id, **_values(record, names)} for record in records]
    if connection.dialect.name == "postgresql":
        columns = {name: [row[name] for row in rows] for name in (_ENDPOINT, *names)}
        await connection.execute(of_rows, columns)
    else:
        await connection.execute(of_row, rows)


def _values(record: StatusRecord, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(record, name) for name in names}
