"""``tlsprobe compare``: two endpoints side by side, or one endpoint at two times."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, TypeAlias

from model.intrusiveness import Intrusiveness
from service.cli.app import EXIT_DIFFERENT, EXIT_NOT_ALL_ANSWERED, EXIT_OK, fail, say, warn
from service.cli.options import (
    DEFAULT_DATABASE,
    AsJson,
    Checks,
    Database,
    Dns,
    Fetch,
    IntrusivenessLevel,
    LogList,
    NoColour,
    OnlyIpv4,
    OnlyIpv6,
    Proxy,
    ProxyProtocol,
    ServerName,
    SourceAddress,
    Timeout,
    TrustStores,
)
from service.cli.parameters import Argument, Option, command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from service.scan.comparing.results import Sides
    from service.scan.request import ScanRequest

_First: TypeAlias = Annotated[
    str,
    Argument(
        metavar="HOST[:PORT]",
        help="The first endpoint, as in tlsprobe scan, also with ?server_name=NAME; with --at, an "
        "endpoint of tlsprobe inventory.",
    ),
]
_Second: TypeAlias = Annotated[
    str | None, Argument(metavar="OTHER[:PORT]", help="The second endpoint. Omit it with --at.")
]
_At: TypeAlias = Annotated[
    str | None,
    Option(
        metavar="TIME",
        help="Compare what the service's database knew of one endpoint at this time: a duration "
        "before now, such as 7d, or a date. Nothing is probed.",
    ),
]
_And: TypeAlias = Annotated[
    str | None,
    Option("--and", metavar="TIME", help="With --at: the second time. [default: now]"),
]
_All: TypeAlias = Annotated[
    bool, Option("--all", help="Also show the facts that are the same; * marks those that differ.")
]


@command(
    short_help="Show what differs between two endpoints, or at one endpoint between two times.",
    epilog="""\b
Examples:
  tlsprobe compare blue.example.com green.example.com
  tlsprobe compare 192.0.2.7 192.0.2.8 --server-name www.example.com
  tlsprobe compare www.example.com --at 7d
  tlsprobe compare www.example.com --at 2026-10-01 --and 2026-11-01 --json

\b
Exit codes:
  0  no fact differs
  1  an endpoint did not answer, or was not known at a time
  2  the usage or an input is wrong
  3  facts differ""",
)
def compare(  # noqa: PLR0913 - each parameter is an option of the command
    first: _First,
    second: _Second = None,
    *,
    at: _At = None,
    and_: _And = None,
    all_: _All = False,
    as_json: AsJson = False,
    database: Database = DEFAULT_DATABASE,
    server_name: ServerName = None,
    timeout: Timeout = 60.0,
    trust_store: TrustStores = None,
    checks: Checks = None,
    intrusiveness: IntrusivenessLevel = Intrusiveness.FULL,
    fetch: Fetch = False,
    dns: Dns = False,
    log_list: LogList = None,
    proxy: Proxy = None,
    source_address: SourceAddress = None,
    proxy_protocol: ProxyProtocol = None,
    ipv4: OnlyIpv4 = False,
    ipv6: OnlyIpv6 = False,
    no_color: NoColour = False,
) -> int:
    """Show two endpoints side by side, or one endpoint at two times: what differs, or every fact."""
    from service.scan.request import ScanInputError, by_way, read_request, with_surroundings

    try:
        if at is not None or and_ is not None:
            compared = _at_times(first, second, (at, and_), database)
        else:
            hosts = _both(first, second)
            request = read_request(hosts, server_name, timeout, trust_store, checks, intrusiveness)
            request = with_surroundings(request, fetch=fetch, dns=dns, log_list=log_list)
            request = by_way(request, proxy, source_address, proxy_protocol, ipv4, ipv6)
            compared = _now(request)
    except ScanInputError as error:
        return fail(str(error))
    _print(compared, shows_all=all_, as_json=as_json, no_color=no_color)
    return _exit_code(compared)


def _both(first: str, second: str | None) -> list[str]:
    """Raises ScanInputError if there is only one."""
    from service.scan.request import ScanInputError

    if second is None:
        raise ScanInputError(
            f"compare needs a second endpoint after {first!r}, or --at TIME for an earlier state of it"
        )
    return [first, second]


def _now(request: ScanRequest) -> list[Sides]:
    from service.process.event_loop import run
    from service.scan.comparing.probe import probe_both
    from service.scan.comparing.results import sides_now

    return [sides_now(*run(probe_both(request, warn)))]


def _at_times(
    host: str, second: str | None, times: tuple[str | None, str | None], database: str
) -> list[Sides]:
    """Raises ScanInputError for times, an endpoint or a database that cannot be used."""
    from service.cli.arguments import ArgumentError, parse_time
    from service.history.places import PlaceError
    from service.history.queries import read_both
    from service.process.event_loop import run
    from service.scan.comparing.results import sides_at
    from service.scan.request import ScanInputError
    from storage import StoreError

    at, and_ = times
    if second is not None:
        raise ScanInputError(f"--at compares one endpoint at two times: remove {second!r}")
    if at is None:
        raise ScanInputError("--and needs --at, the first time: add it")
    now = datetime.now(UTC)
    try:
        earlier = parse_time("--at", at, now)
        later = now if and_ is None else parse_time("--and", and_, now)
        found = run(read_both(database, host, earlier, later))
    except (ArgumentError, PlaceError, StoreError) as error:
        raise ScanInputError(str(error)) from error
    return [sides_at(both, (earlier, later)) for both in found]


def _print(compared: Sequence[Sides], *, shows_all: bool, as_json: bool, no_color: bool) -> None:
    from exporters.terminal.scan_report.form import form_for
    from service.scan.comparing.results import comparison_text, comparisons_json

    if as_json:
        say(json.dumps(comparisons_json(compared, shows_all=shows_all)))
        return
    form = form_for(sys.stdout, no_colour=no_color)
    for both in compared:
        sys.stdout.write(comparison_text(both, form, shows_all=shows_all))


def _exit_code(compared: Sequence[Sides]) -> int:
    if not all(one.have_both_answered for one in compared):
        return EXIT_NOT_ALL_ANSWERED
    return EXIT_OK if all(one.is_same for one in compared) else EXIT_DIFFERENT
