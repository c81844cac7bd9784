"""Which resource of AWS an endpoint belongs to, as the claims of its target say, and how commands name it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import Final

from model.target import Target

_SOURCE: Final = "AWS "
"""How the source of a claim begins that was read from AWS; other scanners name ARNs too, which may be wrong."""
_PARTS: Final = 6


def resource_of(target: Target, beginnings: Iterable[str]) -> str | None:
    """The ARN of the target's resource of a kind, such as ``elasticloadbalancing:listener/``; None if there are several."""
    found = {
        claim.resource
        for claim in target.claims
        if claim.source.startswith(_SOURCE)
        and _shortened(claim.resource).startswith(tuple(beginnings))
    }
    return found.pop() if len(found) == 1 else None


def in_command(arn: str | None, variable: str) -> str:
    """The ARN as a word of a command line; the variable if the ARN is not known."""
    return f'"${variable}"' if arn is None else shlex.quote(arn)


def load_balancer_of(listener: str) -> str:
    """The ARN of the load balancer of a listener: it is in that of the listener."""
    return listener.replace(":listener/", ":loadbalancer/", 1).rpartition("/")[0]


def last_name(arn: str | None) -> str | None:
    """The name or identifier that ends an ARN, such as that of a distribution."""
    return None if arn is None else arn.rpartition("/")[2]


def _shortened(arn: str) -> str:
    """``service:resource`` of an ARN; empty if it is not one."""
    parts = arn.split(":", _PARTS - 1)
    return f"{parts[2]}:{parts[5]}" if len(parts) == _PARTS and parts[0] == "arn" else ""
