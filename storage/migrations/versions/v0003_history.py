"""Facts once, visits as stretches, changes, findings, compliance, waivers and events.

Observations were rows of both facts and visits: each row becomes a stretch of visits, and those that
learned the same share the first one's facts. Old rows keep their evidence inside ``facts``. The way
back keeps the newest state of all, and loses what the old tables have no place for.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from storage.migrations.tables_of_history import create_old_tables, create_tables
from storage.rows.compression import Kind, compressed, decompressed

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_OLD_TABLES = ("observation_certificates", "certificates", "observations", "schedules")
_KEPT = ("statuses", "visits", "observations", "certificates", "observation_certificates")
_NEW_TABLES = (
    "service_events",
    "waivers",
    "findings",
    "results",
    "compliance",
    "policies",
    "changes",
    "statuses",
    "visits",
    "observation_certificates",
    "certificates",
    "evidence",
    "observations",
    "target_labels",
)


def upgrade() -> None:
    op.create_index("ix_targets_host", "targets", ["host"])
    _set_aside(("endpoints", *_OLD_TABLES))
    for table in _OLD_TABLES:
        op.drop_table(table)
    op.drop_column("endpoints", "last_probe_at")
    op.drop_column("endpoints", "last_success_at")
    create_tables()
    _compress_certificates()
    for statement in _fill_new():
        op.execute(statement)
    _go_on_counting("observations")
    _drop_aside(("endpoints", *_OLD_TABLES))


def downgrade() -> None:
    _set_aside(_KEPT)
    for table in _NEW_TABLES:
        op.drop_table(table)
    op.drop_index("ix_targets_host", "targets")
    # What was never visited has no place in the old tables.
    op.execute("DELETE FROM endpoints WHERE id NOT IN (SELECT endpoint_id FROM old_statuses)")
    long_ago = sa.text("'1970-01-01 00:00:00'")
    op.add_column(
        "endpoints", sa.Column("last_probe_at", _time(), nullable=False, server_default=long_ago)
    )
    op.add_column("endpoints", sa.Column("last_success_at", _time()))
    with op.batch_alter_table("endpoints") as endpoints:
        endpoints.alter_column("last_probe_at", server_default=None)
    create_old_tables()
    _decompress_certificates()
    for statement in _fill_old():
        op.execute(statement)
    _go_on_counting("observations")
    _drop_aside(_KEPT)


_IS_NEWEST = "o.id = (SELECT max(n.id) FROM old_observations n WHERE n.endpoint_id = o.endpoint_id)"
_FIRST_ALIKE = (
    "(SELECT min(f.id) FROM old_observations f"
    " WHERE f.endpoint_id = o.endpoint_id AND f.facts_digest = o.facts_digest)"
)
_NEW_CERTIFICATE = sa.insert(sa.table("certificates", sa.column("sha256"), sa.column("der")))


def _fill_new() -> tuple[str, ...]:
    return (
        f"""INSERT INTO observations (id, endpoint_id, facts_digest, state, first_seen_at, facts)
        SELECT id, endpoint_id, {_from_hex("facts_digest")}, state, first_seen_at, body
        FROM old_observations o WHERE o.id = {_FIRST_ALIKE}""",  # noqa: S608 (constants)
        f"""INSERT INTO visits (endpoint_id, observation_id, turn, first_at, last_at, visits)
        SELECT endpoint_id, {_FIRST_ALIKE},
            CASE WHEN EXISTS (SELECT 1 FROM old_observations f
                WHERE f.endpoint_id = o.endpoint_id AND f.id < o.id) THEN 'same' ELSE 'first' END,
            first_seen_at,
            CASE WHEN {_IS_NEWEST} THEN NULL ELSE last_seen_at END,
            CASE WHEN {_IS_NEWEST} THEN NULL ELSE 1 END
        FROM old_observations o ORDER BY o.id""",  # noqa: S608
        f"""INSERT INTO statuses (endpoint_id, visit_id, observation_id, facts_digest, visits,
            state, started_at, last_success_at, due_at, interval_seconds, consecutive_failures,
            enumerated_at, tool_version, mode, reason, duration_seconds, connections, bytes_sent,
            bytes_received, throttled)
        SELECT e.id, (SELECT max(v.id) FROM visits v WHERE v.endpoint_id = e.id), {_FIRST_ALIKE},
            {_from_hex("o.facts_digest")}, 1, o.state, o.last_seen_at, e.last_success_at, s.due_at,
            s.interval_seconds, s.consecutive_failures, s.enumerated_at, o.tool_version, o.mode,
            o.reason, o.duration_seconds, o.connections, o.bytes_sent, o.bytes_received, o.throttled
        FROM old_observations o JOIN old_endpoints e ON e.id = o.endpoint_id
        JOIN old_schedules s ON s.endpoint_id = e.id WHERE {_IS_NEWEST}""",  # noqa: S608
        f"""INSERT INTO observation_certificates (observation_id, certificate_id)
        SELECT o.observation_id, c.id FROM old_observation_certificates o
        JOIN certificates c ON c.sha256 = {_from_hex("o.sha256")}
        JOIN observations k ON k.id = o.observation_id""",  # noqa: S608
    )


def _fill_old() -> tuple[str, ...]:
    return (
        """UPDATE endpoints SET
        last_probe_at =
            (SELECT s.started_at FROM old_statuses s WHERE s.endpoint_id = endpoints.id),
        last_success_at =
            (SELECT s.last_success_at FROM old_statuses s WHERE s.endpoint_id = endpoints.id)""",
        """INSERT INTO schedules
            (endpoint_id, due_at, interval_seconds, consecutive_failures, enumerated_at)
        SELECT endpoint_id, due_at, interval_seconds, consecutive_failures, enumerated_at
        FROM old_statuses""",
        f"""INSERT INTO observations (id, endpoint_id, facts_digest, state, first_seen_at, body,
            last_seen_at, tool_version, mode, reason, duration_seconds, connections, bytes_sent,
            bytes_received, throttled)
        SELECT v.id, v.endpoint_id, {_to_hex("o.facts_digest")}, o.state, v.first_at, o.facts,
            COALESCE(v.last_at, s.started_at), s.tool_version, s.mode, s.reason,
            s.duration_seconds, s.connections, s.bytes_sent, s.bytes_received, s.throttled
        FROM old_visits v JOIN old_observations o ON o.id = v.observation_id
        JOIN old_statuses s ON s.endpoint_id = v.endpoint_id""",  # noqa: S608
        f"""INSERT INTO observation_certificates (observation_id, sha256)
        SELECT v.id, {_to_hex("c.sha256")} FROM old_visits v
        JOIN old_observation_certificates o ON o.observation_id = v.observation_id
        JOIN old_certificates c ON c.id = o.certificate_id""",  # noqa: S608
    )


def _compress_certificates() -> None:
    for sha256, der in _certificates_aside():
        kept = None if der is None else compressed(der, Kind.PROOFS)
        op.execute(_NEW_CERTIFICATE.values(sha256=bytes.fromhex(sha256), der=kept))


def _decompress_certificates() -> None:
    for sha256, kept in _certificates_aside():
        der = None if kept is None else decompressed(kept, Kind.PROOFS)
        op.execute(_NEW_CERTIFICATE.values(sha256=sha256.hex(), der=der))


def _certificates_aside() -> list[tuple[Any, bytes | None]]:
    found = op.get_bind().execute(sa.text("SELECT sha256, der FROM old_certificates"))
    return [(row.sha256, row.der) for row in found]


def _from_hex(column: str) -> str:
    if op.get_bind().dialect.name == "postgresql":
        return f"decode({column}, 'hex')"
    # SQLite has one of its own from 3.41 on.
    raw: Any = op.get_bind().connection.driver_connection
    raw.create_function("from_hex", 1, bytes.fromhex)
    return f"from_hex({column})"


def _to_hex(column: str) -> str:
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    return f"encode({column}, 'hex')" if is_postgresql else f"lower(hex({column}))"


def _set_aside(tables: tuple[str, ...]) -> None:
    for table in tables:
        op.execute(f"CREATE TEMPORARY TABLE old_{table} AS SELECT * FROM {table}")  # noqa: S608


def _drop_aside(tables: tuple[str, ...]) -> None:
    for table in tables:
        op.execute(f"DROP TABLE old_{table}")


def _go_on_counting(table: str) -> None:
    """PostgreSQL counts on from what it gave itself, not from what is there."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"  # noqa: S608
        )


def _time() -> sa.DateTime:
    return sa.DateTime(timezone=True)
