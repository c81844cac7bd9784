"""Gives each target the claims that sources make about its resource; others stay with the resource."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Final

from model.claims.resource_claim import ResourceClaim
from model.frozen import frozen
from model.target import Target

_SLICE: Final = 200
"""Targets between which the event loop runs."""

_LISTENER: Final = re.compile(r"(arn:[^:]+:elasticloadbalancing:.*:)listener/(.+)/[^/]+")
"""The ARN of a listener has that of its load balancer in it."""


@frozen
class Attached:
    """The targets with their claims, and the claims about resources that no target has, each once."""

    targets: tuple[Target, ...]
    resource_claims: tuple[ResourceClaim, ...] = ()

    @property
    def unmatched(self) -> tuple[str, ...]:
        """The resources of which a visit could prove something, if a target had them."""
        provable = (
            one for one in self.resource_claims if one.claim.rules and not one.claim.unprovable
        )
        return tuple(sorted({one.resource for one in provable}))


async def attached(targets: Sequence[Target], claims: Iterable[ResourceClaim]) -> Attached:
    """A claim is about every target that has its resource as its key, as the value of a label, or as that of another claim."""
    by_resource: dict[str, list[ResourceClaim]] = {}
    for one in claims:
        by_resource.setdefault(one.resource, []).append(one)
    if not by_resource:
        return Attached(targets=tuple(targets))
    found, matched = [], set[str]()
    for number, target in enumerate(targets):
        if number % _SLICE == 0:
            await asyncio.sleep(0)
        resources = {one for one in resources_of(target) if one in by_resource}
        matched |= resources
        added = [claim.claim for one in sorted(resources) for claim in by_resource[one]]
        merged = tuple(dict.fromkeys((*target.claims, *added)))
        found.append(replace(target, claims=merged) if added else target)
    left = {
        claim.claim.key: claim
        for resource in sorted(by_resource.keys() - matched)
        for claim in reversed(by_resource[resource])
    }
    return Attached(targets=tuple(found), resource_claims=tuple(left.values()))


def resources_of(target: Target) -> Iterator[str]:
    """What sources may call the target: its key, ARNs, or addresses of blocks in files."""
    yield target.key
    if target.server_name is not None:
        yield replace(target, host=target.server_name).key
    of_claims = ((claim.resource, *claim.related) for claim in target.claims)
    for text in (*target.labels.values(), *chain.from_iterable(of_claims)):
        yield text
        if listener := _LISTENER.fullmatch(text):
            yield f"{listener[1]}loadbalancer/{listener[2]}"
