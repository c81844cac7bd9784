"""``tlsprobe report``: writes what the service knows as evidence, in every format of the catalogue."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

import click

from model.findings.finding import Severity
from model.frozen import frozen
from model.safe_output.whole_file import whole_file
from service.cli.app import EXIT_FINDINGS, EXIT_OK, CommandGroup, fail, warn
from service.cli.completing import complete_policy
from service.cli.options import DEFAULT_DATABASE
from service.cli.parameters import Option, parameters_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exporters.reports import Report, ReportFormat

_WEEKS_SHOWN: Final = 12


class Format(StrEnum):
    """The names of the formats; the command line knows them without loading the writers."""

    HTML = "html"
    MARKDOWN = "markdown"
    CSV = "csv"
    JSON = "json"
    JUNIT = "junit"
    SARIF = "sarif"
    OSCAL = "oscal"
    OCSF = "ocsf"
    CBOM = "cbom"
    POST_QUANTUM = "post-quantum"
    EXECUTIVE = "executive"
    POLICY = "policy"
    POLICY_MARKDOWN = "policy-markdown"
    POLICY_OSCAL = "policy-oscal"
    GUIDELINES = "guidelines"
    GUIDELINES_MARKDOWN = "guidelines-markdown"
    GUIDELINES_OSCAL = "guidelines-oscal"


_Format: TypeAlias = Annotated[
    Format,
    Option(
        "--format",
        metavar="FORMAT",
        help="Output format: html, markdown, csv, json, junit, sarif, oscal, ocsf, cbom, post-quantum, executive, policy "
        "or guidelines; -markdown or -oscal after one of the last two names its other forms.",
    ),
]
_Output: TypeAlias = Annotated[
    Path | None, Option(metavar="FILE", help="Write to FILE instead of standard output.")
]
_Data: TypeAlias = Annotated[
    Path | None,
    Option(
        metavar="FILE",
        help="Also write the JSON report of the same data to FILE, to verify this report with.",
    ),
]
_Database: TypeAlias = Annotated[
    str | None,
    Option(
        metavar="URL",
        help=f"The service's database. [default: {DEFAULT_DATABASE}]",
    ),
]
_Config: TypeAlias = Annotated[
    Path | None,
    Option(metavar="FILE", help="The service's configuration, for its database and policies."),
]
_Policies: TypeAlias = Annotated[
    list[str] | None,
    Option(
        metavar="NAME|FILE",
        complete=complete_policy,
        help="Check against this profile, or against the policies in this file, instead of the "
        "configuration's policies; repeatable.",
    ),
]
_At: TypeAlias = Annotated[
    str | None,
    Option(
        metavar="TIME", help="Report as of this time: a duration before now, such as 7d, or a date."
    ),
]
_Labels: TypeAlias = Annotated[
    list[str] | None,
    Option(metavar="NAME=VALUE", help="Only endpoints with this label; repeatable."),
]
_GroupBy: TypeAlias = Annotated[
    str,
    Option(metavar="LABEL", help="The label that names who is responsible for an endpoint."),
]
_Weeks: TypeAlias = Annotated[
    int | None,
    Option(
        metavar="COUNT",
        bounds=(0, 260),
        help=f"Show compliance of this many past weeks. [default: {_WEEKS_SHOWN} with --format "
        "executive, else 0]",
    ),
]
_FailOn: TypeAlias = Annotated[
    Severity | None,
    Option(help="Exit with 3 if findings of this severity or higher are open."),
]
_AllowUnknown: TypeAlias = Annotated[
    bool,
    Option(
        "--allow-unknown",
        help="With --fail-on: treat unknown results as passing.",
    ),
]


def _report(  # noqa: PLR0913 - each parameter is an option of the command
    *,
    format_: _Format = Format.HTML,
    output: _Output = None,
    data: _Data = None,
    database: _Database = None,
    config: _Config = None,
    policy: _Policies = None,
    at: _At = None,
    label: _Labels = None,
    group_by: _GroupBy = "team",
    weeks: _Weeks = None,
    fail_on: _FailOn = None,
    allow_unknown: _AllowUnknown = False,
) -> int | None:
    """Report what was probed and when, what is not compliant, and who is responsible."""
    if click.get_current_context().invoked_subcommand is not None:
        return None
    if allow_unknown and fail_on is None:
        return fail("--allow-unknown needs --fail-on: add it")
    shown_weeks = _WEEKS_SHOWN if format_ is Format.EXECUTIVE else 0
    wish = _Wish(
        database=database,
        config=config,
        policies=policy or (),
        at=at,
        labels=label or (),
        grouped_by=group_by,
        weeks=shown_weeks if weeks is None else weeks,
        with_cryptography=format_ is Format.CBOM,
    )
    try:
        found = _read_report(wish, datetime.now(UTC))
        _write_reports(found, format_, output, data)
    except _WishError as error:
        return fail(str(error))
    return EXIT_OK if fail_on is None else _exit_code(found, fail_on, allow_unknown=allow_unknown)


@frozen
class _Wish:
    """The report that the options ask for."""

    database: str | None
    config: Path | None
    policies: Sequence[str]
    at: str | None
    labels: Sequence[str]
    grouped_by: str
    weeks: int
    with_cryptography: bool


class _WishError(Exception):
    """There is no such report; the message is one sentence."""


def _read_report(wish: _Wish, now: datetime) -> Report:
    """Raises _WishError."""
    from policy.files.yaml_file import ConfigError
    from service.cli.arguments import ArgumentError, parse_label_options, parse_time
    from service.judging.report_builder import ReportScope
    from service.judging.stored_report import read_report, report_settings
    from service.process.event_loop import run
    from storage import StoreError

    try:
        database, book = report_settings(wish.config, wish.policies, now)
        for remark in book.remarks:
            warn(remark)
        scope = ReportScope(
            book=book,
            selection=parse_label_options(wish.labels),
            grouped_by=wish.grouped_by,
            weeks=wish.weeks,
            is_past=wish.at is not None,
            with_cryptography=wish.with_cryptography,
        )
        moment = now if wish.at is None else parse_time("--at", wish.at, now)
        return run(read_report(wish.database or database, scope, moment))
    except (ArgumentError, ConfigError, StoreError) as error:
        raise _WishError(str(error)) from error


def _write_reports(found: Report, format_: Format, output: Path | None, data: Path | None) -> None:
    """Raises _WishError if a file cannot be written."""
    from exporters.reports import report_format

    try:
        if data is not None:
            _write(report_format(Format.JSON), found, data)
        _write(report_format(format_), found, output)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise _WishError(f"cannot write {error.filename}: {reason}") from error


def _exit_code(made: Report, fail_on: Severity, *, allow_unknown: bool) -> int:
    """The exit code, by the open findings; a report without any judgement does not pass."""
    from exporters.reports import open_at_least

    if not any(endpoint.standing for endpoint in made.endpoints):
        return fail(
            "--fail-on: no policy matches any endpoint here, so nothing was judged: "
            "add --policy or --config, or check --label and --database"
        )
    is_stopped = open_at_least(made, fail_on, include_unknown=not allow_unknown)
    return EXIT_FINDINGS if is_stopped else EXIT_OK


def _write(form: ReportFormat, made: Report, output: Path | None) -> None:
    if output is None:
        form.write_to(made, sys.stdout.write)
        return
    with whole_file(output) as file:
        form.write_to(made, lambda text: file.write(text.encode()))


report = CommandGroup(
    "report",
    callback=_report,
    params=list(parameters_of(_report)),
    invoke_without_command=True,
    help="Report what the service knows, as evidence; or verify a report.",
    epilog="""\b
Examples:
  tlsprobe report --policy mozilla-intermediate --output report.html
  tlsprobe report --config tlsprobe.yml --format junit --fail-on high
  tlsprobe report --format executive --label env=production > page.html
  tlsprobe report --policy pci-dss-4.0.1 --at 2026-10-01 --format markdown
  tlsprobe report --config tlsprobe.yml --format guidelines > guidelines.html
  tlsprobe report --format cbom --at 2026-10-01 --output cbom.json
  tlsprobe report verify report.html

\b
Exit codes:
  0  the report is written, and --fail-on found nothing
  2  the usage or an input is wrong, or --fail-on has nothing to judge
  3  findings of the severity of --fail-on or higher are open

What each format contains, and how to verify a report: docs/reference/reports.md.""",
)
