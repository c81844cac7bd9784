"""``tlsprobe changes``: what changed across the inventory."""

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
    OnlyHost,
    OnlyLabels,
    Since,
)
from service.cli.output import print_either
from service.cli.parameters import command


@command(
    short_help="Show what changed across the inventory.",
    epilog="""\b
Examples:
  tlsprobe changes --since 24h
  tlsprobe changes --since 7d --label team=payments --json""",
)
def changes(
    host: OnlyHost = None,
    *,
    since: Since = "24h",
    label: OnlyLabels = None,
    limit: NewestRows = 1000,
    database: Database = DEFAULT_DATABASE,
    as_json: AsJson = False,
) -> int:
    """Show every change since the given time, newest first."""
    from model.encoding.change_json import change_to_json
    from service.cli.arguments import ArgumentError, parse_label_options, parse_time
    from service.history.places import PlaceError
    from service.history.queries import read_changes
    from service.history.text import change_lines
    from service.process.event_loop import run
    from storage import StoreError

    try:
        moment = parse_time("--since", since, datetime.now(UTC))
        labels = parse_label_options(label)
        found = run(read_changes(database, host, labels, moment, limit))
    except (ArgumentError, PlaceError, StoreError) as error:
        return fail(str(error))
    as_object = {"changes": [change_to_json(change) for change in found]} if as_json else None
    return print_either(as_object, change_lines(found))
