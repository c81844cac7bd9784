"""``tlsprobe aws policy``: the IAM policies that the discovery source ``aws`` and other features need."""

from __future__ import annotations

import json
from typing import Annotated

from discovery.cloud.aws.operation import SOURCE_FEATURES, Feature
from discovery.cloud.aws.operations import iam_policy
from service.cli.app import EXIT_OK, say
from service.cli.parameters import Option, command
from service.remediation.aws.operations import REMEDIATION


@command(
    short_help="Print the least IAM policy for AWS.",
    epilog="""\b
Examples:
  tlsprobe aws policy > policy.json
  tlsprobe aws policy --for discovery --for claims --for attribution
  tlsprobe aws policy --for attribution --for events
  tlsprobe aws policy --for security-hub
  tlsprobe aws policy --for remediate""",
)
def policy(
    *,
    features: Annotated[
        list[Feature] | None,
        Option(
            "--for",
            metavar="FEATURE",
            help="Only the actions for this feature: discovery finds targets, claims reads how AWS is "
            "configured to encrypt, organization lists its accounts, attribution asks CloudTrail who "
            "caused changes, events reads a queue of calls, secrets reads secrets of the "
            "configuration, security-hub sends findings, remediate changes resources; repeatable. "
            "[default: discovery and claims]",
        ),
    ] = None,
    partition: Annotated[
        str,
        Option("--partition", metavar="NAME", help="AWS's partition: aws, aws-cn or aws-us-gov."),
    ] = "aws",
) -> int:
    """Print the actions that tlsprobe calls for these features, and no others.

    Only those for events, security-hub and remediate write; the last belong to a role of their own. Those for
    events delete what was read from the queue: put the ARN of your queue into `Resource`. Without those for
    claims, targets are found, and their claims are skipped. The command sends nothing.
    """
    printed = iam_policy(features or SOURCE_FEATURES, partition, REMEDIATION)
    say(*json.dumps(printed, indent=2).splitlines())
    return EXIT_OK
