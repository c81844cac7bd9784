"""``tlsprobe policy schema``: the JSON Schema of policy files."""

from __future__ import annotations

import json

from service.cli.app import (
    EXIT_OK,
    say,
)
from service.cli.parameters import command


@command(
    short_help="Print the JSON Schema of policy files.",
    epilog="""\b
Examples:
  tlsprobe policy schema > policy.schema.json""",
)
def schema() -> int:
    """Print the schema, for editors and validators; docs/reference/policy.schema.json is the same."""
    from policy.files.schema import policy_schema

    say(*json.dumps(policy_schema(), indent=1).splitlines())
    return EXIT_OK
