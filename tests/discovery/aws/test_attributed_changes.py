"""From a Change in the Store to a line that says who caused it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog.testing

from exporters.attribution_text import attributed
from model.comparisons.attribution import Attribution
from model.comparisons.change import Change
from service.config.settings import ServiceSettings
from service.history.attribution import Attributor
from service.history.text import change_lines
from storage import SqlStore
from tests.discovery.aws.reading import ACCOUNT, REGION
from tests.storage.samples import INTERVAL, NOON, observation, schedule
from tests.storage.test_attributions import CALL
from tests.support.aws_server import AwsServer, Fault
from tests.support.cloud_trail import event, record_events

LISTENER = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:listener/app/web/1/2"
AT = NOON + INTERVAL
"""When the suite of the endpoint differs from the visit before."""
CALLED = NOON + INTERVAL / 2


class SetClock:
    """A clock that a test sets."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    """An endpoint of AWS and another one, which both change their suite."""
    async with await SqlStore.open(f"sqlite:///{tmp_path / 'store.db'}") as opened:
        for host, labels in (("web.example", {"arn": LISTENER}), ("other.example", {})):
            for hour, suite in enumerate(("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384")):
                visit = observation(host, hour=hour, suites=[suite], labels=labels)
                await opened.record(visit, schedule(visit))
        yield opened


@pytest.fixture
def clock() -> SetClock:
    return SetClock(AT + timedelta(minutes=20))


@pytest.fixture
def attributor(aws: AwsServer, store: SqlStore, clock: SetClock) -> Attributor:
    source = {
        "type": "aws",
        "regions": [REGION],
        "endpoint_url": aws.url,
        "attribute_changes": True,
    }
    settings = ServiceSettings.model_validate({"discovery": [source]})
    return Attributor(store, clock, lambda: settings, lambda: settings.gate)


async def changes_of(store: SqlStore, host: str) -> list[Change]:
    return [one for one in await store.changes() if one.endpoint_key.startswith(host)]


def lookups(aws: AwsServer) -> int:
    return aws.called("cloudtrail", "LookupEvents")


async def test_a_change_of_a_resource_of_aws_is_attributed_once(
    aws: AwsServer, store: SqlStore, attributor: Attributor
) -> None:
    record_events(aws, [event("ModifyListener", CALLED, LISTENER)])
    await attributor.round()
    await attributor.round()
    assert lookups(aws) == 1
    first, _ = lines = list(change_lines(await changes_of(store, "web.example")))[:2]
    assert first.startswith("2026-03-01 13:00  web.example:443@127.0.0.1  TLS 1.3 suite")
    assert lines[1] == (
        "    ModifyListener by arn:aws:sts::123456789012:assumed-role/admin/alice from 192.0.2.1 "
        f"at 2026-03-01 12:30:00 UTC, event {event('', CALLED)['EventId']}"
    )
    assert {one.attribution for one in await changes_of(store, "other.example")} == {None}


@pytest.mark.parametrize(("sources", "warnings"), [([], 0), ([{"attribute_changes": True}], 1)])
async def test_without_botocore_only_a_source_of_aws_is_warned_about(
    sources: list[dict[str, Any]],
    warnings: int,
    store: SqlStore,
    clock: SetClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = ServiceSettings.model_validate(
        {"discovery": [{"type": "aws", "regions": [REGION]} | one for one in sources]}
    )
    # It cannot be imported where botocore is missing.
    monkeypatch.setitem(sys.modules, "discovery.cloud.aws.trail.lookup", None)
    with structlog.testing.capture_logs() as logged:
        await Attributor(store, clock, lambda: settings, lambda: settings.gate).round()
    assert [one["event"] for one in logged] == ["changes cannot be attributed now"] * warnings
    assert all("install tlsprobe[aws]" in one["reason"] for one in logged)


async def test_nothing_is_asked_before_cloudtrail_has_the_events(
    aws: AwsServer, store: SqlStore, attributor: Attributor, clock: SetClock
) -> None:
    record_events(aws, [])
    clock.at = AT + timedelta(minutes=14)
    await attributor.round()
    assert lookups(aws) == 0
    clock.at = AT + timedelta(minutes=16)
    await attributor.round()
    assert lookups(aws) == 1
    one, _ = await changes_of(store, "web.example")
    assert one.attribution is not None
    assert attributed(one.attribution) == (
        f"cause unknown: CloudTrail has no call on {LISTENER} between the two probes that alters its settings"
    )


async def test_a_trail_that_fails_is_asked_again_and_given_up_after_a_day(
    aws: AwsServer, store: SqlStore, attributor: Attributor, clock: SetClock
) -> None:
    aws.answers["cloudtrail", "LookupEvents"] = Fault(code="AccessDeniedException")
    for hours in (1, 2):
        clock.at = AT + timedelta(hours=hours)
        await attributor.round()
        assert {one.attribution for one in await changes_of(store, "web.example")} == {None}
    assert lookups(aws) == 2
    clock.at = AT + timedelta(days=1, minutes=1)
    await attributor.round()
    one, _ = await changes_of(store, "web.example")
    assert one.attribution is not None
    assert one.attribution.unknown.startswith(
        "CloudTrail could not be asked for a day: cloudtrail:LookupEvents: not permitted"
    )


async def test_a_later_answer_counts_after_a_failure(
    aws: AwsServer, store: SqlStore, attributor: Attributor, clock: SetClock
) -> None:
    aws.answers["cloudtrail", "LookupEvents"] = Fault(code="AccessDeniedException")
    await attributor.round()
    record_events(aws, [event("ModifyListener", CALLED, LISTENER, userAgent="tlsprobe/1.0")])
    clock.at += timedelta(minutes=1)
    await attributor.round()
    one, _ = await changes_of(store, "web.example")
    assert one.attribution is not None
    assert attributed(one.attribution).startswith("ModifyListener by tlsprobe itself, arn:aws:sts:")


async def test_without_the_setting_no_trail_is_asked(
    aws: AwsServer, store: SqlStore, clock: SetClock
) -> None:
    record_events(aws, [])
    source: dict[str, Any] = {"type": "aws", "regions": [REGION], "endpoint_url": aws.url}
    settings = ServiceSettings.model_validate({"discovery": [source]})
    await Attributor(store, clock, lambda: settings, lambda: settings.gate).round()
    assert lookups(aws) == 0


def test_other_calls_of_the_same_time_are_counted() -> None:
    several = Attribution(call=replace(CALL, principal="", source_address=""))
    assert attributed(several) == (
        "ModifyListener by an unnamed caller at 2026-03-01 12:50:00 UTC, event 1; the newest of 3 such calls"
    )
