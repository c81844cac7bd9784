"""``tlsprobe report``: what the service knows, as evidence in nine formats; and whether one is intact."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from exporters.terminal.console import printable
from model.findings.finding import Severity
from service.cli.app import EXIT_FINDINGS, EXIT_OK, app, fail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exporters.reports import Report
    from policy import PolicySet
    from service.judging.report_builder import ReportScope

EXIT_NOT_INTACT: Final = 1
_DATABASE: Final = "sqlite:///tlsprobe.db"
_WEEKS_SHOWN: Final = 12


class Format(StrEnum):
    """The names of the formats, for the command line to know before it loads what writes them."""

    HTML = "html"
    MARKDOWN = "markdown"
    CSV = "csv"
    JSON = "json"
    JUNIT = "junit"
    SARIF = "sarif"
    OSCAL = "oscal"
    EXECUTIVE = "executive"
    POLICY = "policy"


report_app = typer.Typer(
    name="report",
    invoke_without_command=True,
    rich_markup_mode=None,
    help="Report what the service knows, as evidence; or verify such a report.",
    epilog="""\b
Examples:
  tlsprobe report --policy mozilla-intermediate --output report.html
  tlsprobe report --config tlsprobe.yml --format junit --fail-on high --output junit.xml
  tlsprobe report --config tlsprobe.yml --format executive --label env=production > page.html
  tlsprobe report --policy pci-dss-4.0.1 --at 2026-10-01 --format markdown
  tlsprobe report verify report.html

\b
Exit codes:
  0  the report is written, and no finding stops it
  2  the usage or an input is wrong, or --fail-on has nothing to judge; standard error says what
  3  --fail-on was given, and findings of that severity or worse are open

\b
What each format holds, and how to verify one: docs/reports.md.""",
)
app.add_typer(report_app)


@report_app.callback()
def report(  # noqa: PLR0913 - each parameter is an option of the command
    context: typer.Context,
    *,
    format_: Annotated[
        Format, typer.Option("--format", help="How to write it.", show_default=True)
    ] = Format.HTML,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write to FILE, not to standard output.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write the JSON report of the same data to FILE too, to verify the other by.",
        ),
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help=f"Where the service keeps what it learns. [default: {_DATABASE}]",
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="The service's configuration: its database and its policies."
        ),
    ] = None,
    policy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME|FILE",
            help="Judge what is known by this profile, or by the policies of this file, in place of "
            "the configuration's; repeatable.",
        ),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            metavar="MOMENT", help="What was known then: how long ago, such as 7d, or a day."
        ),
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE", help="Only endpoints that carry this label; repeatable."
        ),
    ] = None,
    group_by: Annotated[
        str, typer.Option(metavar="LABEL", help="The label that says who answers for an endpoint.")
    ] = "team",
    weeks: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=260,
            help=f"Show compliance this many weeks back. [default: {_WEEKS_SHOWN} in the format "
            "executive, else 0]",
        ),
    ] = None,
    fail_on: Annotated[
        Severity | None,
        typer.Option(help="Exit with 3 where findings of this severity or worse are open."),
    ] = None,
    allow_unknown: Annotated[
        bool,
        typer.Option(
            "--allow-unknown",
            help="With --fail-on: let pass what was neither proved nor refuted.",
        ),
    ] = False,
) -> int | None:
    """Report what the service knows: what was probed, when, what is not met, who answers for it."""
    if context.invoked_subcommand is not None:
        return None
    from exporters.reports import report_format
    from policy.files.yaml_file import ConfigError
    from service.cli.time_arguments import MomentError, parse_moment
    from service.judging.ci_gate import parse_labels
    from service.judging.report_builder import ReportScope
    from service.process.event_loop import run
    from storage import StoreError

    if allow_unknown and fail_on is None:
        return fail("--allow-unknown is for --fail-on: give both, or neither")
    now = datetime.now(UTC)
    shown_weeks = _WEEKS_SHOWN if format_ is Format.EXECUTIVE else 0
    try:
        where, book = _read_settings(config, policy or (), now)
        wish = ReportScope(
            book=book,
            selection=parse_labels(label or ()),
            grouped_by=group_by,
            weeks=shown_weeks if weeks is None else weeks,
            is_past=at is not None,
        )
        moment = now if at is None else parse_moment(at, now)
        found = run(_read_report(database or where, wish, moment))
    except MomentError as error:
        return fail(f"--at: {error}")
    except (ConfigError, StoreError) as error:
        return fail(str(error))
    except ValueError as error:
        return fail(f"--label: {error}")
    try:
        if data is not None:
            _write(report_format(Format.JSON).write(found), data)
        _write(report_format(format_).write(found), output)
    except OSError as error:
        return fail(f"cannot write {error.filename}: {(error.strerror or str(error)).lower()}")
    return EXIT_OK if fail_on is None else _gate(found, fail_on, allow_unknown=allow_unknown)


def _gate(made: Report, fail_on: Severity, *, allow_unknown: bool) -> int:
    """The exit code by the open findings; nothing passes by being judged by nothing."""
    from exporters.reports import open_at_least

    if not any(endpoint.standing for endpoint in made.endpoints):
        return fail(
            "--fail-on: no policy holds for anything that is known here, so nothing was judged: "
            "give --policy or --config, or look at --label and --database"
        )
    is_stopped = open_at_least(made, fail_on, with_unknown=not allow_unknown)
    return EXIT_FINDINGS if is_stopped else EXIT_OK


@report_app.command(
    short_help="Tell whether a report still says what it said.",
    epilog="""\b
Examples:
  tlsprobe report verify report.html
  tlsprobe report verify junit.xml --data report.json

\b
Exit codes: 0 it is intact; 1 it is not; 2 it cannot be verified.""",
)
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The report.")],
    *,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="The JSON report of the same data, for formats that hold none."
        ),
    ] = None,
) -> int:
    """Compute the SHA-256 of the report's data, make the report again, and compare both."""
    from exporters.reports import NotAReportError, verify_report

    try:
        text = _read(file)
        found = verify_report(text, None if data is None else _read(data))
    except OSError as error:
        return fail(f"cannot read {error.filename}: {(error.strerror or str(error)).lower()}")
    except NotAReportError as error:
        return fail(f"{file}: {error}")
    print(f"SHA-256 of the data: {found.computed}")
    print(f"made by tlsprobe {printable(found.version, limit=40)}")
    if found.stated != found.computed:
        print(f"NOT INTACT: the data were changed; it states {printable(found.stated, limit=80)}")
        return EXIT_NOT_INTACT
    if found.format is None:
        print("NOT INTACT: its text is not what this version of tlsprobe writes of these data")
        return EXIT_NOT_INTACT
    print(f"intact: the {found.format} report of these data, byte by byte")
    return EXIT_OK


def _read_settings(
    config: Path | None, policies: Sequence[str], now: datetime
) -> tuple[str, PolicySet]:
    """The database and what to judge by; raises ConfigError."""
    from policy import read_policies
    from service.config.load import load_settings

    settings = load_settings(config)
    book = read_policies(policies or settings.policies, now)
    for remark in book.remarks:
        print(f"tlsprobe: {printable(remark)}", file=sys.stderr)
    return settings.database, book


async def _read_report(database: str, wish: ReportScope, moment: datetime) -> Report:
    from model.query import Selection
    from service.judging.report_builder import make_report
    from storage import SqlStore

    async with await SqlStore.open(database) as store:
        snapshot = await store.snapshot_at(moment, Selection(labels=wish.selection))
        return await make_report(store, snapshot, wish, datetime.now(UTC))


def _read(file: Path) -> str:
    with file.open(encoding="utf-8", newline="", errors="replace") as opened:
        return opened.read()


def _write(text: str, output: Path | None) -> None:
    if output is not None:
        with output.open("w", encoding="utf-8", newline="") as opened:
            opened.write(text)
        return
    sys.stdout.write(text)
