"""``tlsprobe diff``: what changed on a host since a given time."""

from __future__ import annotations

from datetime import UTC, datetime

from service.cli.app import (
    fail,
)
from service.cli.options import (
    DEFAULT_DATABASE,
    AsJson,
    Database,
    KnownHost,
    Since,
)
from service.cli.output import print_either
from service.cli.parameters import command


@command(
    short_help="Show what changed on a host since a given time.",
    epilog="""\b
Examples:
  tlsprobe diff www.example.com --since 7d
  tlsprobe diff www.example.com --since 2026-11-01""",
)
def diff(
    host: KnownHost,
    *,
    since: Since = "24h",
    database: Database = DEFAULT_DATABASE,
    as_json: AsJson = False,
) -> int:
    """Show how each endpoint of HOST differs from its state at the given time."""
    from service.cli.arguments import ArgumentError, parse_time
    from service.history.places import PlaceError
    from service.history.queries import read_difference
    from service.history.text import difference_json, difference_lines
    from service.process.event_loop import run
    from storage import StoreError

    try:
        moment = parse_time("--since", since, datetime.now(UTC))
        found = run(read_difference(database, host, moment))
    except (ArgumentError, PlaceError, StoreError) as error:
        return fail(str(error))
    return print_either(
        difference_json(found, moment) if as_json else None, difference_lines(found, moment)
    )
