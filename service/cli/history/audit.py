"""``tlsprobe audit``: who changed what."""

from __future__ import annotations

from datetime import UTC, datetime

from service.cli.app import (
    fail,
)
from service.cli.options import (
    DEFAULT_DATABASE,
    AsJson,
    Database,
    NewestRows,
    Since,
)
from service.cli.output import print_either
from service.cli.parameters import command


@command(
    short_help="List who changed what: waivers, reloads, requested probes.",
    epilog="""\b
Examples:
  tlsprobe audit
  tlsprobe audit --since 365d
  tlsprobe audit --json | jq -r '.entries[].actor'""",
)
def audit(
    *,
    since: Since = "90d",
    limit: NewestRows = 1000,
    database: Database = DEFAULT_DATABASE,
    as_json: AsJson = False,
) -> int:
    """List changes that clients and signals made since the given time, newest first: who, what, before, after."""
    from service.cli.arguments import ArgumentError, parse_time
    from service.history.queries import read_audit_log
    from service.history.text import audit_json, audit_lines
    from service.process.event_loop import run
    from storage import StoreError

    try:
        moment = parse_time("--since", since, datetime.now(UTC))
        found = run(read_audit_log(database, moment, limit))
    except (ArgumentError, StoreError) as error:
        return fail(str(error))
    return print_either(audit_json(found) if as_json else None, audit_lines(found))
