"""Reads the policies of the configuration, and logs warnings about them."""

from __future__ import annotations

import structlog

from model.clock import SystemClock
from policy import PolicySet, read_policies
from service.config.settings import ServiceSettings
from service.judging.policy_evaluator import declared_targets

_LOG = structlog.stdlib.get_logger("tlsprobe")


def configured_policies(settings: ServiceSettings, clock: SystemClock) -> PolicySet:
    """The policies of the configuration.

    Raises:
        PolicyError: if a policy is invalid, or declares a target that cannot be probed.
    """
    policies = read_policies(settings.policies, clock.now())
    declared_targets(policies)
    for remark in policies.remarks:
        _LOG.warning("a policy file has a warning", reason=remark)
    return policies
