"""Who caused a change, as a cloud's audit trail says."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("changes", sa.Column("attribution", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    op.drop_column("changes", "attribution")
