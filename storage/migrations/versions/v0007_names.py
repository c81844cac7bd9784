"""The names of 1.0 for rules, facts and kinds of events, where a row has one outside an Observation."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_RULES: Final = {
    "certificate_time_left": "certificate_expiry",
    "client_certificate_not_asked": "client_certificate_not_requested",
    "no_login_in_clear": "no_plaintext_login",
    "reached": "reachable",
}
_FACTS: Final = {"plaintext.answers_in_clear": "plaintext.answers_in_plaintext"}
_KINDS: Final = {
    "clock": "clock_jumped",
    "endpoint_set_aside": "endpoint_quarantined",
    "not_stored": "storage_limit_reached",
}
_COLUMNS: Final = (
    ("results", "rule", _RULES),
    ("changes", "fact", _FACTS),
    ("service_events", "kind", _KINDS),
)

_WAIVERS: Final = sa.table("waivers", sa.column("name", sa.String), sa.column("fields", sa.JSON))
_REPORTED: Final = sa.table(
    "told_notices",
    sa.column("notifier", sa.String),
    sa.column("key", sa.String),
    sa.column("fields", sa.JSON),
)


def upgrade() -> None:
    for table, column, names in _COLUMNS:
        _rename_in_column(table, column, names)
    _rename_in_waivers(_RULES)
    _rename_in_reported(_RULES, ("ends_at", "not_after"))


def downgrade() -> None:
    for table, column, names in _COLUMNS:
        _rename_in_column(table, column, _reversed(names))
    _rename_in_waivers(_reversed(_RULES))
    _rename_in_reported(_reversed(_RULES), ("not_after", "ends_at"))


def _reversed(names: Mapping[str, str]) -> dict[str, str]:
    return {new: old for old, new in names.items()}


def _rename_in_column(table: str, column: str, names: Mapping[str, str]) -> None:
    """A result keeps its digest, which is of its old name: the next visit stores another row for it."""
    of_table = sa.table(table, sa.column(column, sa.String))
    value = of_table.c[column]
    for before, after in names.items():
        op.get_bind().execute(sa.update(of_table).where(value == before).values({column: after}))


def _rename_in_waivers(rules: Mapping[str, str]) -> None:
    connection = op.get_bind()
    for name, fields in connection.execute(sa.select(_WAIVERS.c.name, _WAIVERS.c.fields)).all():
        if fields["rule"] in rules:
            renamed = {**fields, "rule": rules[fields["rule"]]}
            connection.execute(
                sa.update(_WAIVERS).where(_WAIVERS.c.name == name).values(fields=renamed)
            )


def _rename_in_reported(rules: Mapping[str, str], end: tuple[str, str]) -> None:
    """The key of a reported alert depends on its rule."""
    connection = op.get_bind()
    columns = (_REPORTED.c.notifier, _REPORTED.c.key, _REPORTED.c.fields)
    before, after = end
    for notifier, key, fields in connection.execute(sa.select(*columns)).all():
        rule = fields["rule"]
        kept = {name: value for name, value in fields.items() if name != before}
        renamed = {**kept, "rule": rules.get(rule, rule), after: fields[before]}
        renamed["key"] = key if renamed["rule"] == rule else _key(renamed)
        connection.execute(
            sa.update(_REPORTED)
            .where(_REPORTED.c.notifier == notifier, _REPORTED.c.key == key)
            .values(key=renamed["key"], fields=renamed)
        )


def _key(fields: Mapping[str, Any]) -> str:
    parts = (fields[name] for name in ("kind", "target", "policy", "rule", "certificate"))
    return hashlib.sha256("\n".join(part or "" for part in parts).encode()).hexdigest()
