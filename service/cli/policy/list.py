"""``tlsprobe policy list``: the profiles that come with tlsprobe, and all rules."""

from __future__ import annotations

import json

from service.cli.app import (
    EXIT_OK,
    say,
)
from service.cli.options import (
    AsJson,
)
from service.cli.parameters import command


@command(
    "list",
    short_help="List the profiles that come with tlsprobe, and all rules.",
    epilog="""\b
Examples:
  tlsprobe policy list
  tlsprobe policy list --json | jq -r '.profiles[].name'""",
)
def list_policies(*, as_json: AsJson = False) -> int:
    """List every profile, and every rule that a policy may use."""
    from policy import RULES, profile
    from policy.files.profiles import profiles
    from service.judging.policy_text import listing

    policies = [profile(name) for name in profiles()]
    if as_json:
        said = {
            "profiles": [{"name": one.name, "title": one.title} for one in policies],
            "rules": [
                {
                    "id": rule.identifier,
                    "name": rule.name,
                    "family": rule.family.value,
                    "requirement": rule.requirement,
                    "violation": rule.violation,
                }
                for rule in RULES
            ],
        }
        say(json.dumps(said))
    else:
        say(*listing(policies))
    return EXIT_OK
