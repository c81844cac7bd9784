"""``tlsprobe history``, ``diff``, ``changes``, ``inventory`` and ``events``: what was, and what became other."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from service.cli.app import EXIT_OK, app, fail

_Database = Annotated[
    str, typer.Option("--database", metavar="URL", help="Where the service keeps what it learns.")
]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
_Labels = Annotated[
    list[str] | None,
    typer.Option("--label", metavar="NAME=VALUE", help="Only targets with this label; repeatable."),
]
_Place = Annotated[
    str,
    typer.Argument(metavar="HOST", help="A host, a target such as a.example:443, or an endpoint."),
]
_Limit = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="The newest so many.")]
_DATABASE = "sqlite:///tlsprobe.db"


@app.command(
    short_help="Print what a host was like, and when that changed.",
    epilog="""\b
Examples:
  tlsprobe history www.example.com
  tlsprobe history www.example.com:443 --json | jq '.endpoints[].stretches[0].changes'""",
)
def history(
    host: _Place, *, database: _Database = _DATABASE, limit: _Limit = 100, as_json: _Json = False
) -> int:
    """Print each span of time in which an endpoint of HOST stayed the same, the newest first."""
    from service.history.queries import read_history
    from service.history.text import history_json, history_lines
    from service.process.event_loop import run
    from storage import StoreError

    try:
        found = run(read_history(database, host, limit))
    except StoreError as error:
        return fail(str(error))
    if not found:
        return fail(_nobody(host))
    return _print(history_json(found) if as_json else None, history_lines(found))


@app.command(
    short_help="Print how a host differs from what it was.",
    epilog="""\b
Examples:
  tlsprobe diff www.example.com --since 7d
  tlsprobe diff www.example.com --since 2026-11-01""",
)
def diff(
    host: _Place,
    *,
    since: Annotated[
        str, typer.Option(metavar="MOMENT", help="How long ago, such as 24h or 7d, or a day.")
    ] = "24h",
    database: _Database = _DATABASE,
    as_json: _Json = False,
) -> int:
    """Print what each endpoint of HOST shows now and did not then."""
    from service.cli.time_arguments import MomentError, parse_moment
    from service.history.queries import read_difference
    from service.history.text import difference_json, difference_lines
    from service.process.event_loop import run
    from storage import StoreError

    try:
        moment = parse_moment(since, datetime.now(UTC))
        found = run(read_difference(database, host, moment))
    except (MomentError, StoreError) as error:
        return fail(str(error))
    if not found:
        return fail(_nobody(host))
    return _print(
        difference_json(found, moment) if as_json else None, difference_lines(found, moment)
    )


@app.command(
    short_help="Print what changed across the inventory.",
    epilog="""\b
Examples:
  tlsprobe changes --since 24h
  tlsprobe changes --since 7d --label team=payments --json""",
)
def changes(
    host: Annotated[
        str | None, typer.Argument(metavar="[HOST]", help="Only the endpoints of this host.")
    ] = None,
    *,
    since: Annotated[
        str, typer.Option(metavar="MOMENT", help="How long ago, such as 24h or 7d, or a day.")
    ] = "24h",
    label: _Labels = None,
    limit: _Limit = 1000,
    database: _Database = _DATABASE,
    as_json: _Json = False,
) -> int:
    """Print every change since then, the newest first."""
    from model.encoding.change_json import change_to_json
    from service.cli.time_arguments import MomentError, parse_moment
    from service.history.queries import read_changes
    from service.history.text import change_lines
    from service.process.event_loop import run
    from storage import StoreError

    try:
        moment = parse_moment(since, datetime.now(UTC))
        found = run(read_changes(database, host, _labels(label), moment, limit))
    except (MomentError, StoreError, ValueError) as error:
        return fail(str(error))
    as_object = {"changes": [change_to_json(change) for change in found]} if as_json else None
    return _print(as_object, change_lines(found))


@app.command(
    short_help="Print the endpoints and their compliance as they were at a date.",
    epilog="""\b
Examples:
  tlsprobe inventory
  tlsprobe inventory --at 2026-11-01 --label team=payments
  tlsprobe inventory --at 2026-11-01T12:00+01:00 --json""",
)
def inventory(
    host: Annotated[
        str | None, typer.Argument(metavar="[HOST]", help="Only the endpoints of this host.")
    ] = None,
    *,
    at: Annotated[
        str | None,
        typer.Option(metavar="MOMENT", help="A day, a time, or how long ago. [default: now]"),
    ] = None,
    label: _Labels = None,
    database: _Database = _DATABASE,
    as_json: _Json = False,
) -> int:
    """Print a line for each endpoint that was visited up to then, and not over a week before."""
    from service.cli.time_arguments import MomentError, parse_moment
    from service.history.queries import read_snapshot
    from service.history.text import inventory_json, inventory_lines
    from service.process.event_loop import run
    from storage import StoreError

    now = datetime.now(UTC)
    try:
        moment = now if at is None else parse_moment(at, now)
        found = run(read_snapshot(database, host, _labels(label), moment))
    except (MomentError, StoreError, ValueError) as error:
        return fail(str(error))
    return _print(inventory_json(found) if as_json else None, inventory_lines(found))


@app.command(
    short_help="Print what befell the service itself.",
    epilog="""\b
Examples:
  tlsprobe events
  tlsprobe events --since 30d --kind endpoint_set_aside
  tlsprobe events --since 24h --json | jq -r '.events[].sentence'""",
)
def events(
    *,
    since: Annotated[
        str, typer.Option(metavar="MOMENT", help="How long ago, such as 24h or 7d, or a day.")
    ] = "7d",
    kind: Annotated[
        list[str] | None,
        typer.Option("--kind", metavar="KIND", help="Only events of this kind; repeatable."),
    ] = None,
    limit: _Limit = 1000,
    database: _Database = _DATABASE,
    as_json: _Json = False,
) -> int:
    """Print starts, stops, endpoints set aside and the like since then, the newest first.

    Kinds: started, stopped, crashed, endpoint_set_aside.
    """
    from service.cli.time_arguments import MomentError, parse_moment
    from service.history.queries import read_events
    from service.history.text import event_lines, events_json
    from service.process.event_loop import run
    from storage import StoreError

    try:
        moment = parse_moment(since, datetime.now(UTC))
        found = run(read_events(database, moment, frozenset(kind or ()), limit))
    except (MomentError, StoreError) as error:
        return fail(str(error))
    return _print(events_json(found) if as_json else None, event_lines(found))


def _print(as_object: dict[str, Any] | None, lines: Iterable[str]) -> int:
    if as_object is not None:
        print(json.dumps(as_object))
    else:
        for line in lines:
            print(line)
    return EXIT_OK


def _nobody(host: str) -> str:
    return (
        f"the database knows no endpoint of {host!r}: give the host, the target or the endpoint as "
        "`tlsprobe inventory` prints it"
    )


def _labels(texts: list[str] | None) -> Mapping[str, str]:
    from service.judging.ci_gate import parse_labels

    return parse_labels(texts or ())
