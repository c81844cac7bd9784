"""Runs the migrations, on the connection that ``storage.migrate`` passes or on ``-x url=...``.

All steps are one transaction: a process killed halfway leaves the database as it was.
"""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection, create_engine

from storage.rows.columns import Compressed, Sha256, UtcDateTime
from storage.rows.table import Table


def render_plainly(kind: str, item: Any, _autogenerate: object) -> str | Literal[False]:
    """Write our own column types as the types that the database sees, so that migrations do not depend on them."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, Sha256 | Compressed):
        return "sa.LargeBinary()"
    return False


def run(connection: Connection) -> None:
    """Run the steps that Alembic requests on ``connection``."""
    context.configure(
        connection=connection,
        target_metadata=Table.metadata,
        transactional_ddl=True,
        render_item=render_plainly,
        render_as_batch=connection.dialect.name == "sqlite",
    )
    with context.begin_transaction():
        context.run_migrations()


passed_connection = context.config.attributes.get("connection")
if passed_connection is not None:
    run(passed_connection)
else:
    with create_engine(context.get_x_argument(as_dictionary=True)["url"]).begin() as own_connection:
        run(own_connection)
