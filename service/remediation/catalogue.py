"""Every action: adding one takes its module and one line here, and its operations."""

from __future__ import annotations

from typing import Final

from policy.remediation import Fix
from service.remediation.action import Action
from service.remediation.aws.api_gateway import DOMAIN_NAME_POLICY
from service.remediation.aws.classic_load_balancers import CLASSIC_SECURITY_POLICY
from service.remediation.aws.cloudfront import HTTPS_REDIRECT, MINIMUM_PROTOCOL
from service.remediation.aws.load_balancers import HTTP_REDIRECT, SECURITY_POLICY

ACTIONS: Final[tuple[Action, ...]] = (
    SECURITY_POLICY,
    HTTP_REDIRECT,
    CLASSIC_SECURITY_POLICY,
    MINIMUM_PROTOCOL,
    HTTPS_REDIRECT,
    DOMAIN_NAME_POLICY,
)


def action_of(fix: Fix) -> Action | None:
    """The action that settles all topics of a fix; None if a fix needs more, or something else."""
    for one in ACTIONS:
        if one.kind is fix.kind and one.topics.issuperset(fix.topics):
            return one
    return None
