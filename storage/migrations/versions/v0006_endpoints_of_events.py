"""Of which endpoint a service event is: its key had to be cut out of the event's sentence."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_EVENTS = sa.table(
    "service_events",
    sa.column("id", sa.BigInteger),
    sa.column("kind", sa.String),
    sa.column("sentence", sa.JSON),
    sa.column("endpoint_key", sa.String),
)
_AFTER_KEY = {"not_stored": " has stored ", "endpoint_set_aside": " is set aside: "}
"""What follows the key at the beginning of a sentence, by the event's kind."""


def upgrade() -> None:
    op.add_column("service_events", sa.Column("endpoint_key", sa.String(), nullable=True))
    connection = op.get_bind()
    found = connection.execute(
        sa.select(_EVENTS.c.id, _EVENTS.c.kind, _EVENTS.c.sentence).where(
            _EVENTS.c.kind.in_(_AFTER_KEY)
        )
    )
    for row in found.all():
        key, after, _ = row.sentence.partition(_AFTER_KEY[row.kind])
        if after:
            connection.execute(
                sa.update(_EVENTS).where(_EVENTS.c.id == row.id).values(endpoint_key=key)
            )


def downgrade() -> None:
    op.drop_column("service_events", "endpoint_key")
