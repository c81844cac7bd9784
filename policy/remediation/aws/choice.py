"""Chooses the AWS named policy that fits best: it allows nothing forbidden, and as much else as possible."""

from __future__ import annotations

from typing import Final

from policy.files.named_policies import NamedPolicy, named_policies
from policy.remediation.demands import Demands
from policy.remediation.setting import Topic

LOAD_BALANCING: Final = "Elastic Load Balancing"
CLOUDFRONT: Final = "CloudFront"
_POST_QUANTUM: Final = "X25519MLKEM768"


def best_named_policy(
    demands: Demands, product: str
) -> tuple[NamedPolicy | None, tuple[Topic, ...]]:
    """The policy of ``product`` that has the most allowed versions and suites, and the topics that it settles.

    Among equals, a post-quantum policy wins, then the newest by name. If every policy has groups that are not
    allowed, the groups stay unsettled.
    """
    within = [
        one
        for one in named_policies().values()
        if one.product == product and _is_within(one, demands)
    ]
    settled = [one for one in within if _has_allowed_groups(one, demands)]
    topics = (Topic.VERSIONS, Topic.SUITES)
    if settled:
        return max(settled, key=_goodness), (*topics, Topic.GROUPS)
    return max(within, key=_goodness, default=None), topics


def _is_within(named: NamedPolicy, demands: Demands) -> bool:
    suites = {*demands.suites, *demands.tls13_suites}
    versions = set(demands.versions)
    return suites.issuperset(named.cipher_suites) and versions.issuperset(named.protocols)


def _has_allowed_groups(named: NamedPolicy, demands: Demands) -> bool:
    if demands.needs_post_quantum and not named.is_post_quantum:
        return False
    if named.groups is not None:
        return set(named.groups) <= set(demands.groups)
    return not named.is_post_quantum or _POST_QUANTUM in demands.groups


def _goodness(named: NamedPolicy) -> tuple[int, int, bool, str]:
    year = named.name.rpartition("_")[2] if "_" in named.name else named.name[-7:]
    return len(named.protocols), len(named.cipher_suites), named.is_post_quantum, year
