"""``tlsprobe policy diff``: the differences between two policies."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated

from service.cli.app import (
    EXIT_OK,
    fail,
    say,
)
from service.cli.completing import complete_policy
from service.cli.options import (
    AsJson,
)
from service.cli.parameters import Argument, command


@command(
    short_help="Show how two policies differ.",
    epilog="""\b
Examples:
  tlsprobe policy diff mozilla-modern mozilla-intermediate
  tlsprobe policy diff old.yml new.yml

If a file has several policies, name one: policies.yml#web.""",
)
def diff(
    first: Annotated[
        str,
        Argument(metavar="NAME|FILE", complete=complete_policy, help="First policy."),
    ],
    second: Annotated[
        str,
        Argument(metavar="NAME|FILE", complete=complete_policy, help="Second policy."),
    ],
    *,
    as_json: AsJson = False,
) -> int:
    """Show the versions, suites and groups that only one of the policies allows, and rules that differ."""
    from policy.compare import compare
    from policy.files.yaml_file import ConfigError
    from service.judging.policy_names import one_policy
    from service.judging.policy_text import comparison_to_json, differing

    now = datetime.now(UTC)
    try:
        one, other = one_policy(first, now), one_policy(second, now)
    except ConfigError as error:
        return fail(str(error))
    found = compare(one, other)
    if as_json:
        say(json.dumps(comparison_to_json(one, other, found)))
    else:
        say(*differing(one, other, found))
    return EXIT_OK
