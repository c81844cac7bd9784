"""Facts once, visits as stretches, changes, findings, compliance, waivers and events.

Observations were rows of both facts and visits: each row becomes a stretch of visits, and those that
learnt the same share the first one's facts. Old rows keep their evidence inside ``facts``. The way
back keeps the newest state of all, and loses what the old tables have no place for.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

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
    _create_labels()
    _create_observations()
    _create_certificates()
    _create_statuses()
    _create_changes()
    _create_judgements()
    _create_waivers_and_events()
    for statement in _FILL_NEW:
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
    _create_old_tables()
    for statement in _FILL_OLD:
        op.execute(statement)
    _go_on_counting("observations")
    _drop_aside(_KEPT)


_IS_NEWEST = "o.id = (SELECT max(n.id) FROM old_observations n WHERE n.endpoint_id = o.endpoint_id)"
_FIRST_ALIKE = (
    "(SELECT min(f.id) FROM old_observations f"
    " WHERE f.endpoint_id = o.endpoint_id AND f.facts_digest = o.facts_digest)"
)
_FILL_NEW = (
    f"""INSERT INTO observations (id, endpoint_id, facts_digest, state, first_seen_at, facts)
    SELECT id, endpoint_id, facts_digest, state, first_seen_at, body
    FROM old_observations o WHERE o.id = {_FIRST_ALIKE}""",  # noqa: S608 (constants)
    f"""INSERT INTO visits (endpoint_id, observation_id, turn, first_at, last_at, visits)
    SELECT endpoint_id, {_FIRST_ALIKE},
        CASE WHEN EXISTS (SELECT 1 FROM old_observations f
            WHERE f.endpoint_id = o.endpoint_id AND f.id < o.id) THEN 'same' ELSE 'first' END,
        first_seen_at,
        CASE WHEN {_IS_NEWEST} THEN NULL ELSE last_seen_at END,
        CASE WHEN {_IS_NEWEST} THEN NULL ELSE 1 END
    FROM old_observations o ORDER BY o.id""",  # noqa: S608
    f"""INSERT INTO statuses (endpoint_id, visit_id, observation_id, facts_digest, visits, state,
        started_at, last_success_at, due_at, interval_seconds, consecutive_failures, enumerated_at,
        tool_version, mode, reason, duration_seconds, connections, bytes_sent, bytes_received,
        throttled)
    SELECT e.id, (SELECT max(v.id) FROM visits v WHERE v.endpoint_id = e.id), {_FIRST_ALIKE},
        o.facts_digest, 1, o.state, o.last_seen_at, e.last_success_at, s.due_at,
        s.interval_seconds, s.consecutive_failures, s.enumerated_at, o.tool_version, o.mode,
        o.reason, o.duration_seconds, o.connections, o.bytes_sent, o.bytes_received, o.throttled
    FROM old_observations o JOIN old_endpoints e ON e.id = o.endpoint_id
    JOIN old_schedules s ON s.endpoint_id = e.id WHERE {_IS_NEWEST}""",  # noqa: S608
    "INSERT INTO certificates (sha256, der) SELECT sha256, der FROM old_certificates",
    """INSERT INTO observation_certificates (observation_id, certificate_id)
    SELECT o.observation_id, c.id FROM old_observation_certificates o
    JOIN certificates c ON c.sha256 = o.sha256 JOIN observations k ON k.id = o.observation_id""",
)
_FILL_OLD = (
    """UPDATE endpoints SET
    last_probe_at = (SELECT s.started_at FROM old_statuses s WHERE s.endpoint_id = endpoints.id),
    last_success_at =
        (SELECT s.last_success_at FROM old_statuses s WHERE s.endpoint_id = endpoints.id)""",
    """INSERT INTO schedules
        (endpoint_id, due_at, interval_seconds, consecutive_failures, enumerated_at)
    SELECT endpoint_id, due_at, interval_seconds, consecutive_failures, enumerated_at
    FROM old_statuses""",
    """INSERT INTO observations (id, endpoint_id, facts_digest, state, first_seen_at, body,
        last_seen_at, tool_version, mode, reason, duration_seconds, connections, bytes_sent,
        bytes_received, throttled)
    SELECT v.id, v.endpoint_id, o.facts_digest, o.state, v.first_at, o.facts,
        COALESCE(v.last_at, s.started_at), s.tool_version, s.mode, s.reason, s.duration_seconds,
        s.connections, s.bytes_sent, s.bytes_received, s.throttled
    FROM old_visits v JOIN old_observations o ON o.id = v.observation_id
    JOIN old_statuses s ON s.endpoint_id = v.endpoint_id""",
    "INSERT INTO certificates (sha256, der) SELECT sha256, der FROM old_certificates",
    """INSERT INTO observation_certificates (observation_id, sha256)
    SELECT v.id, c.sha256 FROM old_visits v
    JOIN old_observation_certificates o ON o.observation_id = v.observation_id
    JOIN old_certificates c ON c.id = o.certificate_id""",
)


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


def _create_labels() -> None:
    op.create_table(
        "target_labels",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("target_id", _row_id(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["target_id"], ["targets.id"], name="fk_target_labels_target_id"),
        sa.PrimaryKeyConstraint("name", "value", "target_id", name="pk_target_labels"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_target_labels_target_id", "target_labels", ["target_id"])


def _create_observations() -> None:
    op.create_table(
        "observations",
        sa.Column("id", _row_id(), nullable=False),
        sa.Column("endpoint_id", _row_id(), nullable=False),
        sa.Column("facts_digest", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("first_seen_at", _time(), nullable=False),
        sa.Column("facts", sa.LargeBinary(), nullable=False),
        _of_endpoint("observations"),
        sa.PrimaryKeyConstraint("id", name="pk_observations"),
    )
    op.create_index("ix_observations_endpoint_id", "observations", ["endpoint_id"])
    _create_evidence()
    op.create_table(
        "visits",
        sa.Column("id", _row_id(), nullable=False),
        sa.Column("endpoint_id", _row_id(), nullable=False),
        sa.Column("observation_id", _row_id(), nullable=False),
        sa.Column("turn", sa.String(8), nullable=False),
        sa.Column("first_at", _time(), nullable=False),
        sa.Column("last_at", _time()),
        sa.Column("visits", sa.Integer()),
        _of_endpoint("visits"),
        sa.ForeignKeyConstraint(
            ["observation_id"], ["observations.id"], name="fk_visits_observation_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_visits"),
    )
    op.create_index("ix_visits_endpoint_id_id", "visits", ["endpoint_id", "id"])
    op.create_index("ix_visits_observation_id", "visits", ["observation_id"])


def _create_evidence() -> None:
    op.create_table(
        "evidence",
        sa.Column("observation_id", _row_id(), autoincrement=False, nullable=False),
        sa.Column("proofs", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["observation_id"], ["observations.id"], name="fk_evidence_observation_id"
        ),
        sa.PrimaryKeyConstraint("observation_id", name="pk_evidence"),
    )
    if op.get_bind().dialect.name == "postgresql":
        # Zstandard leaves nothing to compress; what is forgotten each day makes room for the next.
        op.execute("ALTER TABLE evidence ALTER proofs SET STORAGE EXTERNAL")
        op.execute(
            "ALTER TABLE evidence SET (autovacuum_vacuum_scale_factor = 0.02,"
            " toast.autovacuum_vacuum_scale_factor = 0.02)"
        )


def _create_certificates() -> None:
    op.create_table(
        "certificates",
        sa.Column("id", _row_id(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("der", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("id", name="pk_certificates"),
        sa.UniqueConstraint("sha256", name="uq_certificates_sha256"),
    )
    op.create_table(
        "observation_certificates",
        sa.Column("observation_id", _row_id(), autoincrement=False, nullable=False),
        sa.Column("certificate_id", _row_id(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["observation_id"],
            ["observations.id"],
            name="fk_observation_certificates_observation_id",
        ),
        sa.ForeignKeyConstraint(
            ["certificate_id"],
            ["certificates.id"],
            name="fk_observation_certificates_certificate_id",
        ),
        sa.PrimaryKeyConstraint(
            "observation_id", "certificate_id", name="pk_observation_certificates"
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_observation_certificates_certificate_id", "observation_certificates", ["certificate_id"]
    )


def _create_statuses() -> None:
    op.create_table(
        "statuses",
        sa.Column("endpoint_id", _row_id(), autoincrement=False, nullable=False),
        sa.Column("visit_id", _row_id(), nullable=False),
        sa.Column("observation_id", _row_id(), nullable=False),
        sa.Column("facts_digest", sa.String(64), nullable=False),
        sa.Column("visits", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("not_after", _time()),
        sa.Column("started_at", _time(), nullable=False),
        sa.Column("last_success_at", _time()),
        sa.Column("due_at", _time(), nullable=False),
        sa.Column("interval_seconds", sa.Double(), nullable=False),
        sa.Column("consecutive_failures", sa.Integer(), nullable=False),
        sa.Column("enumerated_at", _time()),
        sa.Column("config_changed_at", _time()),
        sa.Column("certificate_changed_at", _time()),
        sa.Column("assessed_at", _time()),
        sa.Column("assessment_digest", sa.String(64)),
        sa.Column("tool_version", sa.String(), nullable=False),
        sa.Column("mode", sa.String(16), nullable=False),
        sa.Column("reason", sa.JSON(none_as_null=True)),
        sa.Column("duration_seconds", sa.Double(), nullable=False),
        sa.Column("connections", sa.BigInteger(), nullable=False),
        sa.Column("bytes_sent", sa.BigInteger(), nullable=False),
        sa.Column("bytes_received", sa.BigInteger(), nullable=False),
        sa.Column("throttled", sa.Boolean(), nullable=False),
        _of_endpoint("statuses"),
        sa.ForeignKeyConstraint(["visit_id"], ["visits.id"], name="fk_statuses_visit_id"),
        sa.ForeignKeyConstraint(
            ["observation_id"], ["observations.id"], name="fk_statuses_observation_id"
        ),
        sa.PrimaryKeyConstraint("endpoint_id", name="pk_statuses"),
    )
    op.create_index("ix_statuses_not_after_endpoint_id", "statuses", ["not_after", "endpoint_id"])
    if op.get_bind().dialect.name == "postgresql":
        # Room in each page, so that a row that is written every hour stays where its index says.
        op.execute("ALTER TABLE statuses SET (fillfactor = 80)")


def _create_changes() -> None:
    op.create_table(
        "changes",
        sa.Column("id", _row_id(), nullable=False),
        sa.Column("endpoint_id", _row_id(), nullable=False),
        sa.Column("at", _time(), nullable=False),
        sa.Column("fact", sa.String(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("before", sa.JSON(none_as_null=True)),
        sa.Column("after", sa.JSON(none_as_null=True)),
        sa.Column("sentence", sa.JSON(), nullable=False),
        _of_endpoint("changes"),
        sa.PrimaryKeyConstraint("id", name="pk_changes"),
    )
    op.create_index("ix_changes_endpoint_id_at", "changes", ["endpoint_id", "at"])
    op.create_index("ix_changes_at", "changes", ["at"])


def _create_judgements() -> None:
    op.create_table(
        "policies",
        sa.Column("id", _row_id(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_policies"),
        sa.UniqueConstraint("name", "digest", name="uq_policies_name"),
    )
    op.create_table(
        "compliance",
        sa.Column("id", _row_id(), nullable=False),
        sa.Column("endpoint_id", _row_id(), nullable=False),
        sa.Column("policy_id", _row_id(), nullable=False),
        sa.Column("verdict", sa.String(8), nullable=False),
        sa.Column("from_at", _time(), nullable=False),
        sa.Column("until_at", _time()),
        _of_endpoint("compliance"),
        sa.ForeignKeyConstraint(["policy_id"], ["policies.id"], name="fk_compliance_policy_id"),
        sa.PrimaryKeyConstraint("id", name="pk_compliance"),
    )
    op.create_index("ix_compliance_endpoint_id", "compliance", ["endpoint_id"])
    op.create_table(
        "results",
        sa.Column("id", _row_id(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("policy", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_results"),
        sa.UniqueConstraint("digest", name="uq_results_digest"),
    )
    op.create_table(
        "findings",
        sa.Column("id", _row_id(), nullable=False),
        sa.Column("endpoint_id", _row_id(), nullable=False),
        sa.Column("result_id", _row_id(), nullable=False),
        sa.Column("reopened", sa.Integer(), nullable=False),
        sa.Column("first_seen_at", _time(), nullable=False),
        sa.Column("opened_at", _time(), nullable=False),
        sa.Column("last_seen_at", _time()),
        sa.Column("resolved_at", _time()),
        sa.Column("evidence", sa.LargeBinary()),
        _of_endpoint("findings"),
        sa.ForeignKeyConstraint(["result_id"], ["results.id"], name="fk_findings_result_id"),
        sa.PrimaryKeyConstraint("id", name="pk_findings"),
    )
    op.create_index("ix_findings_endpoint_id", "findings", ["endpoint_id"])
    op.create_index("ix_findings_result_id", "findings", ["result_id"])


def _create_waivers_and_events() -> None:
    op.create_table(
        "waivers",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("expires_at", _time(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_waivers"),
    )
    op.create_table(
        "service_events",
        sa.Column("id", _row_id(), nullable=False),
        sa.Column("at", _time(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("sentence", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_service_events"),
    )
    op.create_index("ix_service_events_at", "service_events", ["at"])


def _create_old_tables() -> None:
    op.create_table(
        "schedules",
        sa.Column("endpoint_id", _row_id(), autoincrement=False, nullable=False),
        sa.Column("due_at", _time(), nullable=False),
        sa.Column("interval_seconds", sa.Double(), nullable=False),
        sa.Column("consecutive_failures", sa.Integer(), nullable=False),
        sa.Column("enumerated_at", _time()),
        _of_endpoint("schedules"),
        sa.PrimaryKeyConstraint("endpoint_id", name="pk_schedules"),
    )
    op.create_index("ix_schedules_due_at", "schedules", ["due_at"])
    op.create_table(
        "observations",
        sa.Column("id", _row_id(), nullable=False),
        sa.Column("endpoint_id", _row_id(), nullable=False),
        sa.Column("facts_digest", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("first_seen_at", _time(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("last_seen_at", _time(), nullable=False),
        sa.Column("tool_version", sa.String(), nullable=False),
        sa.Column("mode", sa.String(16), nullable=False),
        sa.Column("reason", sa.JSON(none_as_null=True)),
        sa.Column("duration_seconds", sa.Double(), nullable=False),
        sa.Column("connections", sa.BigInteger(), nullable=False),
        sa.Column("bytes_sent", sa.BigInteger(), nullable=False),
        sa.Column("bytes_received", sa.BigInteger(), nullable=False),
        sa.Column("throttled", sa.Boolean(), nullable=False),
        _of_endpoint("observations"),
        sa.PrimaryKeyConstraint("id", name="pk_observations"),
    )
    op.create_index("ix_observations_endpoint_id_id", "observations", ["endpoint_id", "id"])
    op.create_table(
        "certificates",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("der", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("sha256", name="pk_certificates"),
    )
    op.create_table(
        "observation_certificates",
        sa.Column("observation_id", _row_id(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(
            ["observation_id"],
            ["observations.id"],
            name="fk_observation_certificates_observation_id",
        ),
        sa.ForeignKeyConstraint(
            ["sha256"], ["certificates.sha256"], name="fk_observation_certificates_sha256"
        ),
        sa.PrimaryKeyConstraint("observation_id", "sha256", name="pk_observation_certificates"),
    )
    op.create_index("ix_observation_certificates_sha256", "observation_certificates", ["sha256"])


def _of_endpoint(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["endpoint_id"], ["endpoints.id"], name=f"fk_{table}_endpoint_id"
    )


def _row_id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _time() -> sa.DateTime:
    return sa.DateTime(timezone=True)
