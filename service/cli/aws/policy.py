"""``tlsprobe aws policy``: the IAM policies that the discovery source ``aws`` and ``tlsprobe remediate`` need."""

from __future__ import annotations

import json
from typing import Annotated, Final

from discovery.cloud.aws.operations import Feature, iam_policy
from service.cli.app import EXIT_OK, say
from service.cli.parameters import Option, command
from service.remediation.aws.operations import REMEDIATION

_READING: Final = (Feature.DISCOVERY, Feature.CLAIMS)


@command(
    short_help="Print the least IAM policy for AWS.",
    epilog="""\b
Examples:
  tlsprobe aws policy > policy.json
  tlsprobe aws policy --for discovery
  tlsprobe aws policy --for remediate""",
)
def policy(
    *,
    features: Annotated[
        list[Feature] | None,
        Option(
            "--for",
            help="Only the actions for this feature: discovery finds targets, claims reads how AWS is "
            "configured to encrypt, remediate changes it; repeatable. [default: discovery and claims]",
        ),
    ] = None,
    partition: Annotated[
        str,
        Option("--partition", metavar="NAME", help="AWS's partition: aws, aws-cn or aws-us-gov."),
    ] = "aws",
) -> int:
    """Print the actions that tlsprobe calls for these features, and no others.

    The actions for discovery and claims only read; without those for claims, targets are found, and their
    claims are skipped. Those for remediate belong to a role of their own. The command sends nothing.
    """
    printed = iam_policy(features or _READING, partition, REMEDIATION)
    say(*json.dumps(printed, indent=2).splitlines())
    return EXIT_OK
