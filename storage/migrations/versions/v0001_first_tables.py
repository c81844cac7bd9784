"""The first tables: targets, endpoints, schedules, observations and certificates."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_inventory()
    _create_observations()
    _create_certificates()


def downgrade() -> None:
    for table in (
        "observation_certificates",
        "certificates",
        "observations",
        "schedules",
        "endpoints",
        "targets",
    ):
        op.drop_table(table)


def _create_inventory() -> None:
    op.create_table(
        "targets",
        sa.Column("id", _row_id(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("server_name", sa.String()),
        sa.Column("protocol", sa.String(), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_targets"),
        sa.UniqueConstraint("key", name="uq_targets_key"),
    )
    op.create_table(
        "endpoints",
        sa.Column("id", _row_id(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("target_id", _row_id(), nullable=False),
        sa.Column("address", sa.String()),
        sa.Column("last_probe_at", _time(), nullable=False),
        sa.Column("last_success_at", _time()),
        sa.ForeignKeyConstraint(["target_id"], ["targets.id"], name="fk_endpoints_target_id"),
        sa.PrimaryKeyConstraint("id", name="pk_endpoints"),
        sa.UniqueConstraint("key", name="uq_endpoints_key"),
    )
    op.create_index("ix_endpoints_target_id", "endpoints", ["target_id"])
    op.create_table(
        "schedules",
        sa.Column("endpoint_id", _row_id(), autoincrement=False, nullable=False),
        sa.Column("due_at", _time(), nullable=False),
        sa.Column("interval_seconds", sa.Double(), nullable=False),
        sa.Column("consecutive_failures", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["endpoint_id"], ["endpoints.id"], name="fk_schedules_endpoint_id"),
        sa.PrimaryKeyConstraint("endpoint_id", name="pk_schedules"),
    )
    op.create_index("ix_schedules_due_at", "schedules", ["due_at"])


def _create_observations() -> None:
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
        sa.ForeignKeyConstraint(
            ["endpoint_id"], ["endpoints.id"], name="fk_observations_endpoint_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_observations"),
    )
    op.create_index("ix_observations_endpoint_id_id", "observations", ["endpoint_id", "id"])


def _create_certificates() -> None:
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


def _row_id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _time() -> sa.DateTime:
    return sa.DateTime(timezone=True)
