"""What the configuration of a target declares."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("targets", sa.Column("claims", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    op.drop_column("targets", "claims")
