"""The tables of targets, visits and what they show: what is stored, and what identifies it.

A visit that learns nothing new writes one row, its endpoint's ``statuses``; other rows are written only when
something differs. ``docs/reference/storage.md`` describes the same for users; ``storage/migrations`` creates the
tables. All column types exist in both SQLite and PostgreSQL. Text that a server may have chosen is stored as JSON,
because PostgreSQL's text cannot contain NUL.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from storage.rows.columns import Compressed, Sha256, UtcDateTime
from storage.rows.table import ROW_ID, Table


class TargetRow(Table):
    """A Target by its key, with its owner's newest labels, claims (None if there are none) and source."""

    __tablename__ = "targets"

    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    key: Mapped[str] = mapped_column(String, unique=True)
    host: Mapped[str] = mapped_column(String, index=True)
    port: Mapped[int] = mapped_column(Integer)
    server_name: Mapped[str | None] = mapped_column(String)
    protocol: Mapped[str] = mapped_column(String)
    labels: Mapped[dict[str, str]] = mapped_column(JSON)
    claims: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON(none_as_null=True))
    source: Mapped[str] = mapped_column(String)


class TargetLabelRow(Table):
    """A label of a target, for queries by label; NUL is replaced by U+FFFD here."""

    __tablename__ = "target_labels"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 (SQLAlchemy's own form)

    name: Mapped[str] = mapped_column(String, primary_key=True)
    value: Mapped[str] = mapped_column(String, primary_key=True)
    target_id: Mapped[int] = mapped_column(
        ForeignKey("targets.id"), primary_key=True, autoincrement=False, index=True
    )


class EndpointRow(Table):
    """An Endpoint by its key."""

    __tablename__ = "endpoints"

    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    key: Mapped[str] = mapped_column(String, unique=True)
    target_id: Mapped[int] = mapped_column(ForeignKey("targets.id"), index=True)
    address: Mapped[str | None] = mapped_column(String)


class StatusRow(Table):
    """The result of an endpoint's newest visit, and when the next one is due.

    ``visits`` counts the visits of the newest stretch. ``not_after`` is the earliest expiry among its own leaves.
    ``assessment_digest`` identifies the newest Assessment, made at ``assessed_at``, without its evidence and time.
    """

    __tablename__ = "statuses"
    __table_args__ = (Index(None, "not_after", "endpoint_id"),)

    endpoint_id: Mapped[int] = mapped_column(
        ForeignKey("endpoints.id"), primary_key=True, autoincrement=False
    )
    visit_id: Mapped[int] = mapped_column(ForeignKey("visits.id"))
    observation_id: Mapped[int] = mapped_column(ForeignKey("observations.id"))
    facts_digest: Mapped[str] = mapped_column(Sha256)
    visits: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(16))
    not_after: Mapped[datetime | None] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_success_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    interval_seconds: Mapped[float] = mapped_column(Double)
    consecutive_failures: Mapped[int] = mapped_column(Integer)
    enumerated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    config_changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    certificate_changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    assessed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    assessment_digest: Mapped[str | None] = mapped_column(Sha256)
    tool_version: Mapped[str] = mapped_column(String)
    mode: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(JSON(none_as_null=True))
    duration_seconds: Mapped[float] = mapped_column(Double)
    connections: Mapped[int] = mapped_column(BigInteger)
    bytes_sent: Mapped[int] = mapped_column(BigInteger)
    bytes_received: Mapped[int] = mapped_column(BigInteger)
    throttled: Mapped[bool]


class ObservationRow(Table):
    """Facts that an endpoint showed, stored once: the Observation of the first visit, without its evidence.

    ``post_quantum`` is what they say of post-quantum key exchange; NULL if that is unknown.
    """

    __tablename__ = "observations"

    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("endpoints.id"), index=True)
    facts_digest: Mapped[str] = mapped_column(Sha256)
    state: Mapped[str] = mapped_column(String(16))
    first_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    facts: Mapped[bytes] = mapped_column(LargeBinary)
    post_quantum: Mapped[bool | None]


class EvidenceRow(Table):
    """The evidence for the facts of an observation, for as long as it is stored."""

    __tablename__ = "evidence"

    observation_id: Mapped[int] = mapped_column(
        ForeignKey("observations.id"), primary_key=True, autoincrement=False
    )
    proofs: Mapped[bytes] = mapped_column(LargeBinary)


class VisitRow(Table):
    """Consecutive visits with the same facts; for an endpoint's newest row, ``statuses`` has the end."""

    __tablename__ = "visits"
    __table_args__ = (Index(None, "endpoint_id", "id"),)

    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("endpoints.id"))
    observation_id: Mapped[int] = mapped_column(ForeignKey("observations.id"), index=True)
    turn: Mapped[str] = mapped_column(String(8))
    first_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    visits: Mapped[int | None] = mapped_column(Integer)


class ChangeRow(Table):
    """A Change; ``attribution`` is NULL until an audit trail has been asked, and where none is."""

    __tablename__ = "changes"
    __table_args__ = (Index(None, "endpoint_id", "at"),)

    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("endpoints.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    fact: Mapped[str] = mapped_column(String)
    kind: Mapped[str] = mapped_column(String(16))
    before: Mapped[str | None] = mapped_column(JSON(none_as_null=True))
    after: Mapped[str | None] = mapped_column(JSON(none_as_null=True))
    sentence: Mapped[str] = mapped_column(JSON)
    attribution: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class CertificateRow(Table):
    """A certificate's raw DER, stored once; NULL if only its hash has been seen (a replayed visit)."""

    __tablename__ = "certificates"

    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    sha256: Mapped[str] = mapped_column(Sha256, unique=True)
    der: Mapped[bytes | None] = mapped_column(Compressed)


class ObservationCertificateRow(Table):
    """An observation saw a certificate, anywhere in a chain."""

    __tablename__ = "observation_certificates"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 (SQLAlchemy's own form)

    observation_id: Mapped[int] = mapped_column(
        ForeignKey("observations.id"), primary_key=True, autoincrement=False
    )
    certificate_id: Mapped[int] = mapped_column(
        ForeignKey("certificates.id"), primary_key=True, autoincrement=False, index=True
    )


class PolicyRow(Table):
    """A policy by the digest of its text."""

    __tablename__ = "policies"
    __table_args__ = (UniqueConstraint("name", "digest", name="uq_policies_name"),)

    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    name: Mapped[str] = mapped_column(String)
    digest: Mapped[str] = mapped_column(String)


class ComplianceRow(Table):
    """Whether an endpoint met a policy, from one time to another, or until now."""

    __tablename__ = "compliance"

    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("endpoints.id"), index=True)
    policy_id: Mapped[int] = mapped_column(ForeignKey("policies.id"))
    verdict: Mapped[str] = mapped_column(String(8))
    from_at: Mapped[datetime] = mapped_column(UtcDateTime)
    until_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ResultRow(Table):
    """A rule's result in words, stored once, however many endpoints have it; ``words`` are its texts."""

    __tablename__ = "results"

    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    policy: Mapped[str] = mapped_column(String)
    rule: Mapped[str] = mapped_column(String)
    severity: Mapped[str] = mapped_column(String(16))
    outcome: Mapped[str] = mapped_column(String(16))
    words: Mapped[dict[str, str]] = mapped_column(JSON)


class FindingRow(Table):
    """A Finding from when it was opened, or reopened, to when it was resolved.

    ``last_seen_at`` is NULL while the endpoint's newest Assessment, at ``assessed_at``, contains it.
    ``evidence`` is from the first visit with this result.
    """

    __tablename__ = "findings"

    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("endpoints.id"), index=True)
    result_id: Mapped[int] = mapped_column(ForeignKey("results.id"), index=True)
    reopened: Mapped[int] = mapped_column(Integer)
    first_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    resolved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    evidence: Mapped[bytes | None] = mapped_column(LargeBinary)


class MomentRow(Table):
    """A time that the service must remember, by name: ``retention`` is the time of the last deletion."""

    __tablename__ = "moments"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
