"""``tlsprobe policy test``: runs tests of policies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Final

import click

from service.cli.app import (
    EXIT_OK,
    fail,
    say,
)
from service.cli.options import AsJson
from service.cli.parameters import Argument, command

EXIT_TEST_FAILED: Final = 1


@command(
    "test",
    short_help="Run policy tests: recorded facts, and the findings expected of them.",
    takes_more=True,
    epilog="""\b
Examples:
  tlsprobe scan example.com --json > example.jsonl
  tlsprobe policy test tests.yml

Exit codes: 0 every test passes; 1 a test fails; 2 a file is invalid.""",
)
def run_policy_tests(
    file: Annotated[
        Path,
        Argument(metavar="FILE", help="The tests, in YAML: see docs/reference/policy.md."),
    ],
    *,
    as_json: AsJson = False,
) -> int:
    """Judge recorded facts by policies, and compare the findings with those expected."""
    from policy.files.yaml_file import ConfigError
    from service.judging.policy_tests import run_tests

    if click.get_current_context().args:
        return fail("policy test takes one FILE: to probe a host, use policy evaluate NAME HOST")

    results = []
    try:
        for result in run_tests(file):
            results.append({"name": result.name, "faults": list(result.faults)})
            if not as_json:
                say(f"{'FAILED' if result.faults else 'ok':<6}  {result.name}")
                say(*(f"        {fault}" for fault in result.faults))
    except ConfigError as error:
        return fail(str(error))
    if as_json:
        say(json.dumps({"tests": results}))
    return EXIT_TEST_FAILED if any(one["faults"] for one in results) else EXIT_OK
