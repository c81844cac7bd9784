"""``tlsprobe policy test``: runs tests of policies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import click

from service.cli.app import (
    EXIT_OK,
    fail,
    say,
)
from service.cli.parameters import Argument, command

EXIT_TEST_FAILED: Final = 1


@command(
    short_help="Run policy tests: recorded facts, and the findings expected of them.",
    takes_more=True,
    epilog="""\b
Examples:
  tlsprobe scan example.com --json > example.jsonl
  tlsprobe policy test tests.yml

Exit codes: 0 every test passes; 1 a test fails; 2 a file is invalid.""",
)
def test(
    file: Annotated[
        Path,
        Argument(metavar="FILE", help="The tests, in YAML: see docs/reference/policy.md."),
    ],
) -> int:
    """Judge recorded facts by policies, and compare the findings with those expected."""
    from policy.files.yaml_file import ConfigError
    from service.judging.policy_tests import run_tests

    if click.get_current_context().args:
        return fail("policy test takes one FILE: to probe a host, use policy evaluate NAME HOST")

    failed = 0
    try:
        for result in run_tests(file):
            say(f"{'FAILED' if result.faults else 'ok':<6}  {result.name}")
            for fault in result.faults:
                say(f"        {fault}")
            failed += bool(result.faults)
    except ConfigError as error:
        return fail(str(error))
    return EXIT_TEST_FAILED if failed else EXIT_OK
