"""``tlsprobe history``: the past states of a host, and when each began."""

from __future__ import annotations

from service.cli.app import (
    fail,
)
from service.cli.options import (
    DEFAULT_DATABASE,
    AsJson,
    Database,
    KnownHost,
    NewestRows,
)
from service.cli.output import print_either
from service.cli.parameters import command


@command(
    short_help="Show the past states of a host, and when each began.",
    epilog="""\b
Examples:
  tlsprobe history www.example.com
  tlsprobe history www.example.com:443 --limit 10 --json""",
)
def history(
    host: KnownHost,
    *,
    database: Database = DEFAULT_DATABASE,
    limit: NewestRows = 100,
    as_json: AsJson = False,
) -> int:
    """Show each period in which an endpoint of HOST stayed the same, newest first."""
    from service.history.places import PlaceError
    from service.history.queries import read_history
    from service.history.text import history_json, history_lines
    from service.process.event_loop import run
    from storage import StoreError

    try:
        found = run(read_history(database, host, limit))
    except (PlaceError, StoreError) as error:
        return fail(str(error))
    return print_either(history_json(found) if as_json else None, history_lines(found))
