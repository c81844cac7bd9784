"""Reads AWS on loopback, and shows what was claimed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from discovery.cloud.aws.reader import AwsReader
from discovery.cloud.aws.scope import AwsScope
from discovery.source import SourceReading
from model.target import Target
from pki.net_guard.gate import SocketGate
from policy.claims import check_claim
from tests.support.aws_server import AwsServer

REGION: Final = "eu-west-1"
ACCOUNT: Final = "123456789012"
"""moto's account."""


def reader(aws: AwsServer, *services: str, **scope: Any) -> AwsReader:
    """A reader of these services in one region."""
    of = AwsScope(**{"services": services, "regions": (REGION,), "endpoint_url": aws.url, **scope})
    return AwsReader(of, SocketGate(), "aws")


async def read(aws: AwsServer, *services: str, **scope: Any) -> SourceReading:
    """One reading; every claim in it can be judged."""
    try:
        found = await reader(aws, *services, **scope).read()
    finally:
        assert aws.invalid == [], aws.invalid
    of_targets = (claim for target in found.targets for claim in target.claims)
    for claim in (*of_targets, *(one.claim for one in found.resource_claims)):
        check_claim(claim)
        assert claim.rules or claim.unprovable or claim.proof
    return found


def rules(target: Target, name: str) -> dict[str, Mapping[str, Any]]:
    """The rules of the target's only claim of that name, with their parameters."""
    (claim,) = [one for one in target.claims if one.name == name]
    return {rule.rule: rule.parameters for rule in claim.rules}


def claimed(target: Target) -> set[str]:
    """The names of the target's claims."""
    return {claim.name for claim in target.claims}
