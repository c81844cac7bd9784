"""The tables: what is kept, and what identifies it.

A target has endpoints; an endpoint has its due time and a row for every change of its facts; an
observation refers to the certificates it saw. ``docs/storage.md`` is the same for readers;
``storage/migrations`` makes them. Column types are those that SQLite and PostgreSQL share.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    TypeDecorator,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time in UTC; SQLite, which knows no time zones, keeps it naive."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The time as the driver takes it.

        Raises:
            ValueError: for a time without a time zone.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        in_utc = value.astimezone(UTC)
        return in_utc.replace(tzinfo=None) if dialect.name == "sqlite" else in_utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The aware time that was stored."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


_ROW_ID = BigInteger().with_variant(Integer, "sqlite")  # only INTEGER is SQLite's own row id


class Table(DeclarativeBase):
    """The base of all tables; constraints are named so that migrations can name them too."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        }
    )


class TargetRow(Table):
    """A Target by its key, with what its owner last said of it."""

    __tablename__ = "targets"

    id: Mapped[int] = mapped_column(_ROW_ID, primary_key=True)
    key: Mapped[str] = mapped_column(String, unique=True)
    host: Mapped[str] = mapped_column(String)
    port: Mapped[int] = mapped_column(Integer)
    server_name: Mapped[str | None] = mapped_column(String)
    protocol: Mapped[str] = mapped_column(String)
    labels: Mapped[dict[str, str]] = mapped_column(JSON)
    source: Mapped[str] = mapped_column(String)


class EndpointRow(Table):
    """An Endpoint by its key, and when it was last visited and last answered as TLS."""

    __tablename__ = "endpoints"

    id: Mapped[int] = mapped_column(_ROW_ID, primary_key=True)
    key: Mapped[str] = mapped_column(String, unique=True)
    target_id: Mapped[int] = mapped_column(ForeignKey("targets.id"), index=True)
    address: Mapped[str | None] = mapped_column(String)
    last_probe_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_success_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ScheduleRow(Table):
    """When an endpoint is due next."""

    __tablename__ = "schedules"

    endpoint_id: Mapped[int] = mapped_column(
        ForeignKey("endpoints.id"), primary_key=True, autoincrement=False
    )
    due_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    interval_seconds: Mapped[float] = mapped_column(Double)
    consecutive_failures: Mapped[int] = mapped_column(Integer)
    enumerated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ObservationRow(Table):
    """The facts that one or more visits in a row learnt about an endpoint.

    ``body`` is the Observation of the visit that learnt them first, at ``first_seen_at``, whole
    and with its evidence. Columns from ``last_seen_at`` on describe the newest visit that learnt
    the same. ``reason`` is JSON because the text may hold what PostgreSQL's text cannot (NUL).
    """

    __tablename__ = "observations"
    __table_args__ = (Index(None, "endpoint_id", "id"),)

    id: Mapped[int] = mapped_column(_ROW_ID, primary_key=True)
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("endpoints.id"))
    facts_digest: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16))
    first_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    body: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    tool_version: Mapped[str] = mapped_column(String)
    mode: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(JSON(none_as_null=True))
    duration_seconds: Mapped[float] = mapped_column(Double)
    connections: Mapped[int] = mapped_column(BigInteger)
    bytes_sent: Mapped[int] = mapped_column(BigInteger)
    bytes_received: Mapped[int] = mapped_column(BigInteger)
    throttled: Mapped[bool]


class CertificateRow(Table):
    """A certificate's raw DER, once; NULL where only its hash has been seen (a replayed visit)."""

    __tablename__ = "certificates"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    der: Mapped[bytes | None] = mapped_column(LargeBinary)


class ObservationCertificateRow(Table):
    """That an observation saw a certificate, anywhere in a chain."""

    __tablename__ = "observation_certificates"

    observation_id: Mapped[int] = mapped_column(ForeignKey("observations.id"), primary_key=True)
    sha256: Mapped[str] = mapped_column(
        ForeignKey("certificates.sha256"), primary_key=True, index=True
    )
