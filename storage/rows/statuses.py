"""Converts rows of ``statuses`` and ``compliance`` to the model's EndpointStatus."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from sys import intern
from typing import Any, Final, NamedTuple, TypeAlias

from sqlalchemy import Text, cast, select

from model.claims.claims_json import claims_from_json
from model.findings.finding import Finding
from model.frozen import frozen
from model.observation import Cost, Mode, Observation, State
from model.snapshot import EndpointStatus
from model.target import Endpoint, Target
from model.verdict import Verdict
from storage.rows.tables import EndpointRow, StatusRow, TargetRow

Facts: TypeAlias = Mapping[str, Any]
"""The values that ``model.encoding.observation_json.facts_of`` returns."""

_MOST_LABELS: Final = 4_096


class StatusColumns(NamedTuple):
    """The columns of a status, and columns that change whenever its Findings change.

    To read an attribute of SQLAlchemy's rows takes ten times as long, and a start reads thirty million.
    """

    endpoint_id: int
    observation_id: int
    not_after: datetime | None
    started_at: datetime
    last_success_at: datetime | None
    interval_seconds: float
    consecutive_failures: int
    config_changed_at: datetime | None
    certificate_changed_at: datetime | None
    assessed_at: datetime | None
    assessment_digest: str | None
    tool_version: str
    mode: str
    reason: str | None
    duration_seconds: float
    connections: int
    bytes_sent: int
    bytes_received: int
    throttled: bool
    state: str
    key: str
    address: str | None
    host: str
    port: int
    server_name: str | None
    protocol: str
    source: str
    claims: Sequence[Mapping[str, Any]] | None
    labels: str

    @property
    def ended_at(self) -> datetime:
        """When the newest visit ended."""
        return self.started_at + timedelta(seconds=self.duration_seconds)


_SOURCES: Final = (StatusRow, EndpointRow, TargetRow)
STATUS_ROWS: Final = (
    select(
        *(
            next(getattr(table, name) for table in _SOURCES if hasattr(table, name))
            for name in StatusColumns._fields[:-1]
        ),
        cast(TargetRow.labels, Text),
    )
    .join(EndpointRow, EndpointRow.id == StatusRow.endpoint_id)
    .join(TargetRow, TargetRow.id == EndpointRow.target_id)
)
"""The query for ``StatusColumns``; the labels are JSON, which ``status_of`` decodes once for many targets."""


@frozen
class PolicyVerdicts:
    """The verdict of each policy on an endpoint, by the policy's name, and the digests of these policies.

    ``policies`` is None if the caller may have judged the endpoint again, by other policies than the stored ones.
    """

    compliance: Mapping[str, Verdict]
    policies: Mapping[str, str] | None


NO_VERDICTS: Final = PolicyVerdicts(compliance={}, policies={})
"""Of an endpoint to which no policy applies."""


def verdicts_by(rows: Iterable[Sequence[Any]]) -> dict[Any, PolicyVerdicts]:
    """The verdicts of rows of an endpoint, a policy's name and digest, and a verdict; endpoints share equal ones."""
    found: dict[Any, tuple[tuple[str, str, str], ...]] = {}
    for endpoint, name, digest, verdict in rows:
        found[endpoint] = (*found.get(endpoint, ()), (name, digest, verdict))
    shared = {each: _verdicts(each) for each in set(found.values())}
    return {endpoint: shared[each] for endpoint, each in found.items()}


def _verdicts(rows: Iterable[tuple[str, str, str]]) -> PolicyVerdicts:
    in_order = sorted(rows)
    return PolicyVerdicts(
        compliance={name: Verdict(verdict) for name, _, verdict in in_order},
        policies={name: digest for name, digest, _ in in_order},
    )


def status_of(
    row: StatusColumns, facts: Facts, findings: Iterable[Finding], verdicts: PolicyVerdicts
) -> EndpointStatus:
    """The status from its columns, with its facts, Findings and verdicts."""
    target = Target(
        host=row.host,
        port=row.port,
        server_name=row.server_name,
        protocol=intern(row.protocol),
        labels=_labels(row.labels),
        claims=claims_from_json(row.claims or ()),
        source=intern(row.source),
    )
    observation = Observation(
        tool_version=intern(row.tool_version),
        mode=Mode(row.mode),
        endpoint=Endpoint(target=target, address=row.address),
        started_at=row.started_at,
        cost=Cost(
            duration_seconds=row.duration_seconds,
            connections=row.connections,
            bytes_sent=row.bytes_sent,
            bytes_received=row.bytes_received,
            throttled=row.throttled,
        ),
        state=State(row.state),
        reason=row.reason,
        **facts,
    )
    last_probe_at = row.ended_at
    return EndpointStatus(
        observation=observation,
        last_probe_at=last_probe_at,
        last_success_at=row.last_success_at,
        consecutive_failures=row.consecutive_failures,
        interval_seconds=row.interval_seconds,
        findings=tuple(findings),
        compliance=verdicts.compliance,
        policies=verdicts.policies if row.assessed_at == last_probe_at else None,
        config_changed_at=row.config_changed_at,
        certificate_changed_at=row.certificate_changed_at,
    )


@lru_cache(maxsize=_MOST_LABELS)
def _labels(text: str) -> Mapping[str, str]:
    """Many targets have the same labels: share the objects."""
    labels: Mapping[str, str] = json.loads(text)
    return labels
