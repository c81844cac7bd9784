"""The results of requested probes, and a count of the fleet for each day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "probes",
        sa.Column("id", row_id, nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("results", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_probes")),
        sa.UniqueConstraint("name", name=op.f("uq_probes_name")),
    )
    op.create_index(op.f("ix_probes_created_at"), "probes", ["created_at"])
    op.create_table(
        "fleet_days",
        sa.Column("day", sa.DateTime(timezone=True), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_fleet_days")),
    )


def downgrade() -> None:
    op.drop_table("fleet_days")
    op.drop_index(op.f("ix_probes_created_at"), table_name="probes")
    op.drop_table("probes")
