"""``tlsprobe certificates``: the calendar of all certificates that the service has seen."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime

from service.cli.app import (
    EXIT_OK,
    fail,
    say,
)
from service.cli.options import (
    DEFAULT_DATABASE,
    AsJson,
    Database,
    NoColour,
    OnlyLabels,
)
from service.cli.parameters import command


@command(
    short_help="List the certificates that the service has seen, soonest expiry first.",
    epilog="""\b
Examples:
  tlsprobe certificates --database sqlite:////var/lib/tlsprobe/tlsprobe.db
  tlsprobe certificates --json | jq '.certificates[].not_after'""",
)
def certificates(
    *,
    database: Database = DEFAULT_DATABASE,
    as_json: AsJson = False,
    label: OnlyLabels = None,
    no_color: NoColour = False,
) -> int:
    """List every certificate that is served, soonest expiry first.

    Shared keys, and targets whose addresses serve different certificates, are listed below the
    table.
    """
    from service.cli.arguments import ArgumentError, parse_label_options
    from service.history.certificates import calendar_json, read_certificates, write_calendar
    from service.process.event_loop import run
    from storage import StoreError

    try:
        found = run(read_certificates(database, parse_label_options(label)))
    except (ArgumentError, StoreError) as error:
        return fail(str(error))
    now = datetime.now(UTC)
    if as_json:
        say(json.dumps(calendar_json(found, now)))
    else:
        write_calendar(found, now, sys.stdout, no_colour=no_color)
    return EXIT_OK
