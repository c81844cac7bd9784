"""``tlsprobe events``: what happened to the service."""

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
    NewestRows,
    Since,
)
from service.cli.output import print_either
from service.cli.parameters import Option, command


@command(
    short_help="List service events: starts, stops, quarantined endpoints.",
    epilog="""\b
Examples:
  tlsprobe events
  tlsprobe events --since 30d --kind endpoint_quarantined
  tlsprobe events --since 24h --json | jq -r '.events[].message'""",
)
def events(
    *,
    since: Since = "7d",
    kind: Annotated[
        list[str] | None,
        Option("--kind", metavar="KIND", help="Only events of this kind; repeatable."),
    ] = None,
    limit: NewestRows = 1000,
    database: Database = DEFAULT_DATABASE,
    as_json: AsJson = False,
) -> int:
    """List starts, stops, quarantined endpoints and other events since the given time, newest first.

    Kinds: started, stopped, crashed, endpoint_quarantined, storage_limit_reached, clock_jumped.
    """
    from model.encoding.earlier_names import EVENT_KINDS, renamed
    from model.query import ServiceEventKind
    from service.cli.arguments import ArgumentError, parse_time
    from service.history.queries import read_events
    from service.history.text import event_lines, events_json
    from service.process.event_loop import run
    from storage import StoreError

    kinds = tuple(ServiceEventKind)
    for one in kind or ():
        if one in EVENT_KINDS:
            return fail(renamed(one, EVENT_KINDS[one]))
        if one not in kinds:
            return fail(f"--kind must be one of {', '.join(kinds)}, not {one!r}")
    try:
        moment = parse_time("--since", since, datetime.now(UTC))
        found = run(read_events(database, moment, frozenset(kind or ()), limit))
    except (ArgumentError, StoreError) as error:
        return fail(str(error))
    return print_either(events_json(found) if as_json else None, event_lines(found))
