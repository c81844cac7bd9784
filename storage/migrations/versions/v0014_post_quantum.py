"""What the facts of each observation say of post-quantum key exchange, so that its history needs no facts."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from model.encoding.known_parts import KnownParts
from storage.rows.body import decode_observation, post_quantum_value

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_AT_ONCE: Final = 500
_OBSERVATIONS: Final = sa.table(
    "observations",
    sa.column("id", sa.BigInteger),
    sa.column("facts", sa.LargeBinary),
    sa.column("post_quantum", sa.Boolean),
)


def upgrade() -> None:
    op.add_column("observations", sa.Column("post_quantum", sa.Boolean(), nullable=True))
    connection, parts, last = op.get_bind(), KnownParts(), 0
    columns = _OBSERVATIONS.c
    while True:
        some = sa.select(columns.id, columns.facts).where(columns.id > last)
        rows = connection.execute(some.order_by(columns.id).limit(_AT_ONCE)).all()
        if not rows:
            return
        last = rows[-1].id
        known = [
            {"of_row": row.id, "value": value}
            for row in rows
            if (value := _value(row.facts, parts)) is not None
        ]
        if known:
            change = sa.update(_OBSERVATIONS).where(columns.id == sa.bindparam("of_row"))
            connection.execute(change.values(post_quantum=sa.bindparam("value")), known)


def downgrade() -> None:
    op.drop_column("observations", "post_quantum")


def _value(facts: Any, parts: KnownParts) -> bool | None:
    """None also for a damaged row, which ``tlsprobe db check`` names."""
    try:
        return post_quantum_value(decode_observation(facts, parts))
    except ValueError:
        return None
