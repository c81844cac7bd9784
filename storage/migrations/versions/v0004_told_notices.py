"""Which notices each notifier has told, so that a restart does not tell them again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "told_notices",
        sa.Column("notifier", sa.String(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("notifier", "key", name=op.f("pk_told_notices")),
    )


def downgrade() -> None:
    op.drop_table("told_notices")
