"""An account with 5,000 resources: within AWS's rates, with few calls, in flat memory, and nothing new the second time."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
import trustme

from discovery.cloud.aws.reader import AwsReader
from discovery.cloud.aws.scope import AwsScope
from discovery.found import SourceLocation
from model.claims import Claim
from model.endpoint_state import Visit
from model.observation import Mode
from model.target import Endpoint, Target
from pki.net_guard.gate import SocketGate
from policy.assess import applied
from storage import SqlStore
from storage.database import connect
from storage.writing.batch import write_visits
from tests.discovery.aws.large_account import (
    BALANCERS,
    CERTIFICATES,
    DISTRIBUTIONS,
    DOMAIN_NAMES,
    GROUPS,
    INSTANCES,
    PAGE,
    RESOURCES,
    SERVICES,
    ZONES,
    PublishedRates,
    VirtualLimits,
    large_account,
)
from tests.discovery.aws.reading import REGION
from tests.storage.samples import observation, schedule
from tests.storage.statements import statements
from tests.support.aws_server import AwsServer

pytestmark = pytest.mark.slow

_TAGS_AT_ONCE: Final = 20
_ELSEWHERE: Final = 12
"""GetCallerIdentity, and the operations of these services that have nothing, or the same for the whole account."""


def alive() -> int:
    """The number of targets and claims in memory."""
    gc.collect()
    return sum(isinstance(one, Claim | SourceLocation | Target) for one in gc.get_objects())


async def test_a_large_account_is_read_within_rates_in_few_calls_and_flat_memory(
    aws: AwsServer,
) -> None:
    limits = VirtualLimits()
    rates = PublishedRates(limits)
    pem = trustme.CA().issue_cert("web.example").cert_chain_pems[0].bytes().decode()
    aws.answers |= rates.around(large_account(pem))
    scope = AwsScope(services=SERVICES, regions=(REGION,), endpoint_url=aws.url)
    source = AwsReader(scope, SocketGate(), "aws", limits=limits)

    first = await source.read()
    assert aws.invalid == []
    assert (len(first.targets), first.skipped) == (RESOURCES, ()) == (5000, ())
    assert rates.exceeded == []
    pages = -(-BALANCERS // _TAGS_AT_ONCE)
    pages += sum(-(-n // PAGE) for n in (BALANCERS, INSTANCES, DISTRIBUTIONS, DOMAIN_NAMES))
    once_each = BALANCERS + ZONES + CERTIFICATES + GROUPS
    assert len(aws.calls) <= once_each + pages + _ELSEWHERE

    found, count = first.targets, alive()
    second = await source.read()
    assert second.targets == found
    del first, found
    assert alive() == count
    assert rates.exceeded == []


def seen_at(targets: Sequence[Target], hour: int) -> list[Visit]:
    """A visit to each target, which finds the same at any hour."""
    found = []
    for target in targets:
        seen = observation(hour=hour)
        seen = replace(seen, endpoint=Endpoint(target=target, address="192.0.2.1"))
        found.append(Visit(observation=seen, schedule=schedule(seen)))
    return found


async def test_a_second_run_over_an_unchanged_account_writes_no_change(
    aws: AwsServer, tmp_path: Path
) -> None:
    """Claims that are read again are the same claims: one update of the times for all endpoints, and nothing else."""
    aws.answers |= large_account("")
    limits = VirtualLimits()
    scope = AwsScope(
        services=("apigateway",),
        regions=(REGION,),
        endpoint_url=aws.url,
    )
    source = AwsReader(scope, SocketGate(), "aws", limits=limits)
    first, second = await source.read(), await source.read()
    (claim,), (again,) = first.targets[0].claims, second.targets[0].claims
    assert claim.read_at != again.read_at
    assert [applied((), one) for one in first.targets] == [
        applied((), one) for one in second.targets
    ]
    url = f"sqlite:///{tmp_path / 'tlsprobe.db'}"
    async with await SqlStore.open(url) as store:
        await asyncio.gather(*map(store.record_visit, seen_at(first.targets, 0)))
    database = connect(url, busy_timeout_seconds=5.0)
    try:
        async with database.writing() as connection:
            with statements() as executed:
                written = await write_visits(
                    connection,
                    [
                        replace(
                            one,
                            observation=replace(one.observation, mode=Mode.VERIFY),
                            verified_digest=one.facts_digest,
                        )
                        for one in seen_at(second.targets, 1)
                    ],
                )
    finally:
        await database.close()
    assert [one.split()[:2] for one in executed if not one.startswith("SELECT")] == [
        ["UPDATE", "statuses"]
    ]
    assert {one.transition for one in written.advanced} == {None}
