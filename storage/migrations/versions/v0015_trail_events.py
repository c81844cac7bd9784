"""The events that audit trails report on their own, by the resources that they name."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "trail_events",
        sa.Column("resource", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account", sa.String(16), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("resource", "event_id", name="pk_trail_events"),
    )
    op.create_index("ix_trail_events_at", "trail_events", ["at"])


def downgrade() -> None:
    op.drop_table("trail_events")
