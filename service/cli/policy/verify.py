"""``tlsprobe policy verify``: runs tests of policies."""

from __future__ import annotations

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

EXIT_TEST_FAILED: Final = 1


@app.command(
    short_help="Run tests of policies: facts of scans, and the findings expected.",
    epilog="""\b
Examples:
  tlsprobe scan example.com --json > example.jsonl
  tlsprobe policy verify tests.yml

\b
Exit codes: 0 every test holds; 1 one does not; 2 a file cannot be used.""",
)
def verify(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A YAML file: see docs/reference/policy.md.")
    ],
) -> int:
    """Judge recorded facts by policies, and hold the findings against what is expected."""
    from policy.files.yaml_file import ConfigError
    from service.judging.policy_tests import run_tests

    failed = 0
    try:
        for result in run_tests(file):
            print(printable(f"{'FAILED' if result.faults else 'ok':<6}  {result.name}"))
            for fault in result.faults:
                print(printable(f"        {fault}"))
            failed += bool(result.faults)
    except ConfigError as error:
        return fail(str(error))
    return EXIT_TEST_FAILED if failed else EXIT_OK
