"""``tlsprobe policy``: what its commands share, and the help that is shown without a command."""

from __future__ import annotations

from service.cli.app import CommandGroup

policy = CommandGroup(
    "policy",
    help="Show, check and test policies: rules that endpoints must meet.",
    epilog="""\b
Examples:
  tlsprobe policy list
  tlsprobe policy check policies.yml
  tlsprobe policy diff nist-sp800-52r2 mozilla-intermediate

How to write a policy: docs/reference/policy.md.""",
)
