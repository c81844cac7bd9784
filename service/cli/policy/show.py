"""``tlsprobe policy show``: what a profile or a policy file requires."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from service.cli.app import (
    EXIT_OK,
    fail,
    say,
)
from service.cli.options import (
    AsJson,
    PolicyName,
)
from service.cli.parameters import command


@command(
    short_help="Show what a profile or a policy file requires.",
    epilog="""\b
Examples:
  tlsprobe policy show rfc9325
  tlsprobe policy show policies.yml --json""",
)
def show(name: PolicyName, *, as_json: AsJson = False) -> int:
    """Show every rule with its severity, its requirement, and the document and section it comes from."""
    from policy.files.yaml_file import ConfigError
    from policy.policy_json import policy_to_json
    from service.judging.policy_names import policies_of
    from service.judging.policy_text import shown

    try:
        policies = policies_of(name, datetime.now(UTC))
    except ConfigError as error:
        return fail(str(error))
    if as_json:
        say(json.dumps({"policies": [policy_to_json(one) for one in policies]}))
    else:
        for number, one in enumerate(policies):
            say(*[""] * (number > 0), *shown(one))
    return EXIT_OK
