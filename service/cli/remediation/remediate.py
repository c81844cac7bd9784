"""``tlsprobe remediate``: what fixes a finding, and the change itself with ``--apply``."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

from service.cli.app import EXIT_FINDINGS, EXIT_NOT_ALL_ANSWERED, EXIT_OK, fail, say, warn
from service.cli.options import DEFAULT_DATABASE, AsJson
from service.cli.output import print_either
from service.cli.parameters import Argument, Option, command

if TYPE_CHECKING:
    from service.remediation.change import Result

_Finding: TypeAlias = Annotated[
    str | None,
    Argument(
        metavar="FINDING",
        help="The finding, or the beginning of its fingerprint (6 characters or more). Without it, "
        "all open findings are listed.",
    ),
]
_Config: TypeAlias = Annotated[
    Path | None,
    Option(
        metavar="FILE",
        help="The service's configuration, for its database, its policies and what --apply may do.",
    ),
]
_Database: TypeAlias = Annotated[
    str | None,
    Option(metavar="URL", help=f"The service's database. [default: {DEFAULT_DATABASE}]"),
]
_Apply: TypeAlias = Annotated[
    bool,
    Option(
        "--apply",
        help="Change the resource in AWS, probe its endpoints, and roll back if one gets worse. "
        "The configuration must allow it.",
    ),
]


@command(
    short_help="Print what fixes a finding; change AWS with --apply.",
    epilog="""\b
Examples:
  tlsprobe remediate --config tlsprobe.yml
  tlsprobe remediate 3f2a91c04b7d --config tlsprobe.yml
  tlsprobe remediate 3f2a91c04b7d --config tlsprobe.yml --apply

\b
Exit codes:
  0  the plan is printed, or applied and the finding is gone
  1  the change was rolled back, or rolling back failed
  2  nothing was changed, or an input is wrong; one sentence says why
  3  the change is kept, but the finding is still there

What --apply needs and does: docs/how-to/remediate-on-aws.md.""",
)
def remediate(
    finding: _Finding = None,
    *,
    config: _Config = None,
    database: _Database = None,
    apply: _Apply = False,
    as_json: AsJson = False,
) -> int:
    """Print the plan for a finding: lines for AWS, or for the server's own files.

    Nothing changes without --apply. It changes one resource, and nothing runs it on a schedule.
    """
    from policy.files.yaml_file import ConfigError
    from service.remediation.action import RemediationError
    from storage import StoreError

    if apply and finding is None:
        return fail("--apply needs a FINDING: add the beginning of its fingerprint")
    try:
        return _remediate(finding, config, database, apply=apply, as_json=as_json)
    except (ConfigError, RemediationError, StoreError) as error:
        return fail(str(error))


def _remediate(
    beginning: str | None, config: Path | None, database: str | None, *, apply: bool, as_json: bool
) -> int:
    """The exit code; raises ConfigError, RemediationError and StoreError."""
    from policy import read_policies
    from service.config.load import load_settings
    from service.process.event_loop import run
    from service.remediation.findings import find_finding, open_findings, plan_of
    from service.remediation.run import apply_plan, read_known
    from service.remediation.text import list_lines, plan_lines, plans_json, result_lines

    now = datetime.now(UTC)
    settings = load_settings(config)
    url = database or settings.database
    book = read_policies(settings.policies, now)
    for remark in book.remarks:
        warn(remark)
    known = run(read_known(url, now))
    if beginning is None:
        every = [plan_of(*one, known, book.policies) for one in open_findings(known)]
        return print_either(plans_json(every) if as_json else None, list_lines(every))
    plan = plan_of(*find_finding(known, beginning), known, book.policies)
    if not apply:
        return print_either(plans_json([plan]) if as_json else None, plan_lines(plan))
    if not as_json:
        say(*plan_lines(plan), "")
    result = run(apply_plan(plan, url, settings, book.policies))
    print_either(plans_json([plan], result) if as_json else None, result_lines(plan, result))
    return _exit_code(result)


def _exit_code(result: Result) -> int:
    from service.remediation.change import Ending

    codes = {Ending.FIXED: EXIT_OK, Ending.KEPT: EXIT_FINDINGS}
    return codes.get(result.ending, EXIT_NOT_ALL_ANSWERED)
