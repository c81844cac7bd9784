"""``tlsprobe policy check``: checks that policy files are valid."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from model.safe_output.printable import printable
from service.cli.app import (
    EXIT_OK,
    fail,
    new_app,
)

app = new_app()

EXIT_REMARKS: Final = 1


@app.command(
    short_help="Check policy files for errors.",
    epilog="""\b
Examples:
  tlsprobe policy check policies.yml
  tlsprobe policy check team.yml house.yml

Exit codes: 0 the files are valid; 1 valid, with warnings; 2 invalid.""",
)
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Policy files.")],
) -> int:
    """Check policy files as the service reads them; report the first error, its line and how to fix it.

    An expired waiver is a warning, not an error: its findings are open again.
    """
    from exporters.reports.words import counted
    from policy import load_policies
    from policy.files.yaml_file import ConfigError
    from service.judging.policy_evaluator import declared_targets

    try:
        book = load_policies(files, datetime.now(UTC))
        declared_targets(book)
    except ConfigError as error:
        return fail(str(error))
    for remark in book.remarks:
        print(printable(remark))
    names = ", ".join(policy.name for policy in book.policies) or "none"
    policies = counted(len(book.policies), "policy", "policies")
    print(f"valid: {policies} ({names}) and {counted(len(book.waivers), 'waiver')}")
    return EXIT_REMARKS if book.remarks else EXIT_OK
