"""``tlsprobe inventory``: the endpoints as of a date."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from service.cli.app import (
    fail,
)
from service.cli.options import (
    DEFAULT_DATABASE,
    AsJson,
    Database,
    OnlyHost,
    OnlyLabels,
)
from service.cli.output import print_either
from service.cli.parameters import Option, command


@command(
    short_help="List the endpoints and their compliance as of a date.",
    epilog="""\b
Examples:
  tlsprobe inventory
  tlsprobe inventory --at 2026-11-01 --label team=payments
  tlsprobe inventory --at 2026-11-01T12:00+01:00 --json""",
)
def inventory(
    host: OnlyHost = None,
    *,
    at: Annotated[
        str | None,
        Option(metavar="TIME", help="A date, a time, or a duration before now. [default: now]"),
    ] = None,
    label: OnlyLabels = None,
    database: Database = DEFAULT_DATABASE,
    as_json: AsJson = False,
) -> int:
    """List the endpoints that were probed in the week before the given time."""
    from service.cli.arguments import ArgumentError, parse_label_options, parse_time
    from service.history.places import PlaceError
    from service.history.queries import read_snapshot
    from service.history.text import inventory_json, inventory_lines
    from service.process.event_loop import run
    from storage import StoreError

    now = datetime.now(UTC)
    try:
        moment = now if at is None else parse_time("--at", at, now)
        found = run(read_snapshot(database, host, parse_label_options(label), moment))
    except (ArgumentError, PlaceError, StoreError) as error:
        return fail(str(error))
    return print_either(inventory_json(found) if as_json else None, inventory_lines(found))
