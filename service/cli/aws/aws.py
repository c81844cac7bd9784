"""``tlsprobe aws``: what its commands share, and the help that is shown without a command."""

from __future__ import annotations

from service.cli.app import CommandGroup

aws = CommandGroup(
    "aws",
    help="Prepare AWS accounts for tlsprobe.",
    epilog="""\b
Examples:
  tlsprobe aws policy > policy.json

What the source reads: docs/reference/aws.md.""",
)
