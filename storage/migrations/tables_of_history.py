"""The tables that revision 0003 creates, and those that it restores on a downgrade."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


def create_tables() -> None:
    """Create the new tables, empty."""
    _create_labels()
    _create_observations()
    _create_certificates()
    _create_statuses()
    _create_changes()
    _create_judgements()
    _create_waivers_and_events()


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
        sa.Column("facts_digest", _sha256(), nullable=False),
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
        # Zstandard's output cannot be compressed again; the space of deleted rows is reused for new ones.
        op.execute("ALTER TABLE evidence ALTER proofs SET STORAGE EXTERNAL")
        op.execute(
            "ALTER TABLE evidence SET (autovacuum_vacuum_scale_factor = 0.02,"
            " toast.autovacuum_vacuum_scale_factor = 0.02)"
        )


def _create_certificates() -> None:
    op.create_table(
        "certificates",
        sa.Column("id", _row_id(), nullable=False),
        sa.Column("sha256", _sha256(), nullable=False),
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
        sa.Column("facts_digest", _sha256(), nullable=False),
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
        sa.Column("assessment_digest", _sha256()),
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
        # Leave free space in each page, so that a row that is written every hour stays in its page.
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


def create_old_tables() -> None:
    """Create the tables of revision 0002 that the new ones replaced, empty."""
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


def _sha256() -> sa.LargeBinary:
    return sa.LargeBinary(32)
