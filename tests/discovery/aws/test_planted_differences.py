"""AWS declares what 60 resources of ten services do, and their servers differ in 25 places: all are found, and no others.

The truth is the configuration of the servers: HAProxy, PostgreSQL, Redis and vsftpd on loopback, which stand for the
names in AWS's answers. What AWS says comes from the model server and moto.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from model.claims import ClaimVerdict
from model.claims.held import HeldClaim
from model.clock import SystemClock
from model.target import Endpoint, Target
from model.target_labels import HTTP, HTTP_PORT
from policy.assess import held_claims
from probe.checks.part import Part
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from tests.discovery.aws.planted import PLANTED, slug
from tests.discovery.aws.planted_account import SERVICES, declare
from tests.discovery.aws.planted_sites import Ports, Site, https_sites, other_servers
from tests.discovery.aws.reading import read
from tests.support.aws_server import AwsServer
from tests.zoo.certificates import Certificates

pytestmark = [pytest.mark.integration, pytest.mark.slow]

_AT_ONCE: Final = 6
_PARTS: Final = frozenset(
    {
        Part.VERSIONS,
        Part.SUITES,
        Part.CERTIFICATES,
        Part.CLIENT_AUTH,
        Part.PLAINTEXT,
        Part.HTTP,
    }
)


@contextmanager
def servers(certificates: Certificates, folder: Path) -> Iterator[Sequence[Ports]]:
    """All servers; the ports of each resource's, in the order of ``PLANTED``."""
    sites = [one.server for one in PLANTED if isinstance(one.server, Site)]
    with (
        https_sites(sites, certificates, folder) as own,
        other_servers(certificates) as others,
    ):
        of_sites = iter(own)
        yield [
            next(of_sites) if isinstance(one.server, Site) else others[one.server]
            for one in PLANTED
        ]


def resource(target: Target) -> int:
    """The place of the resource whose endpoint this is."""
    return next(
        at
        for at, one in enumerate(PLANTED)
        if slug(at) in target.host
        or (one.kind == "transfer" and target.host.startswith(f"s-{at:017}."))
    )


async def verdicts(engine: Engine, target: Target, ports: Ports) -> Sequence[HeldClaim]:
    """The verdicts on all claims of a target after a visit to its server, at that server's ports."""
    if ports.http:
        target = replace(target, labels={**target.labels, HTTP: "yes", HTTP_PORT: str(ports.http)})
    at_loopback = Endpoint(target=replace(target, port=ports.tls), address="127.0.0.1")
    return held_claims(await engine.visit(at_loopback), datetime.now(UTC))


async def test_every_planted_difference_is_found_and_no_other(
    aws: AwsServer, certificates: Certificates, tmp_path: Path
) -> None:
    planted = {(slug(at), one.false) for at, one in enumerate(PLANTED) if one.false}
    assert (len(PLANTED), len(planted)) == (60, 25)
    with servers(certificates, tmp_path) as ports:
        declare(aws, certificates, ports)
        found = await read(aws, *SERVICES)
        assert found.skipped == ()
        engine = Engine(ProbeSettings(deadline_seconds=300.0, parts=_PARTS), SystemClock())
        free = asyncio.Semaphore(_AT_ONCE)

        async def held(target: Target) -> Sequence[tuple[str, HeldClaim]]:
            at = resource(target)
            async with free:
                return [(slug(at), one) for one in await verdicts(engine, target, ports[at])]

        judged = [one for some in await asyncio.gather(*map(held, found.targets)) for one in some]
    provable = [(name, one) for name, one in judged if not one.claim.unprovable]
    contradicted = {
        (name, one.claim.name) for name, one in provable if one.verdict is ClaimVerdict.CONTRADICTED
    }
    assert contradicted == planted
    undecided = [
        (name, one.claim.name, one.verdict, one.observed)
        for name, one in provable
        if one.verdict not in {ClaimVerdict.PROVED, ClaimVerdict.CONTRADICTED}
    ]
    assert undecided == []
    assert {name for name, _ in provable} == {slug(at) for at in range(len(PLANTED))}
