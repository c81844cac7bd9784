"""Gives each target the claims that other scanners make about its resource."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from discovery.source import Reported
from model.frozen import frozen
from model.target import Target

_LISTENER: Final = re.compile(r"(arn:[^:]+:elasticloadbalancing:.*:)listener/(.+)/[^/]+")
"""The ARN of a listener has that of its load balancer in it."""


@frozen
class Attached:
    """The targets with their claims, and the resources of findings that no target has."""

    targets: tuple[Target, ...]
    unmatched: tuple[str, ...]


def attached(targets: Sequence[Target], reported: Iterable[Reported]) -> Attached:
    """A finding is about every target that has its resource as the value of a label, or as that of another claim."""
    by_resource: dict[str, list[Reported]] = {}
    for one in reported:
        by_resource.setdefault(one[0], []).append(one)
    found, matched = [], set[str]()
    for target in targets:
        resources = {one for one in resources_of(target) if one in by_resource}
        matched |= resources
        claims = [claim for one in sorted(resources) for _, claim in by_resource[one]]
        merged = tuple(dict.fromkeys((*target.claims, *claims)))
        found.append(replace(target, claims=merged) if claims else target)
    return Attached(targets=tuple(found), unmatched=tuple(sorted(by_resource.keys() - matched)))


def resources_of(target: Target) -> Iterator[str]:
    """What the target may be called by a scanner: ARNs, or addresses of blocks in files."""
    for text in (*target.labels.values(), *(claim.resource for claim in target.claims)):
        yield text
        if listener := _LISTENER.fullmatch(text):
            yield f"{listener[1]}loadbalancer/{listener[2]}"
