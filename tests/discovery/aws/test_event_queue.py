"""From a call that CloudTrail records to the Change that it caused, through moto's EventBridge and SQS."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import botocore.session
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from discovery.cloud.aws.operation import Feature
from discovery.cloud.aws.operations import OPERATIONS, iam_policy
from discovery.cloud.aws.trail.record import DETAIL_TYPE, MessageError, event_of
from discovery.cloud.aws.trail.write_calls import WRITES
from exporters.prometheus import ServiceMetrics
from model.comparisons.attribution import Attribution, RecordedCall
from policy.files.yaml_file import ConfigError
from service.config.settings import ServiceSettings
from service.history.attribution import Attributor
from service.history.event_queues import EventQueues
from storage import Retention, SqlStore, StoreError
from tests.deploy.files import ROOT
from tests.discovery.aws.reading import ACCOUNT, REGION
from tests.discovery.aws.test_attributed_changes import (
    AT,
    CALLED,
    LISTENER,
    SetClock,
    changes_of,
    clock,
    lookups,
    store,
)
from tests.storage.samples import NOON
from tests.support.aws_server import AwsServer, Fault
from tests.support.cloud_trail import record_events

__all__ = ["clock", "store"]

FOLDER: Final = ROOT / "deploy/event_queue"
TEMPLATE: Final = (FOLDER / "template.yaml").read_text()
PATTERN: Final = yaml.safe_load(re.sub(r"!\w+", "", TEMPLATE))["Resources"]["Rule"]["Properties"][
    "EventPattern"
]
CALL: Final = RecordedCall(
    name="ModifyListener",
    at=CALLED,
    event_id="5d5e2f4a-0000-4000-8000-000000000001",
    principal="arn:aws:sts::123456789012:assumed-role/admin/alice",
    source_address="192.0.2.1",
)


def record(**more: Any) -> dict[str, Any]:
    """A record as CloudTrail's reference of event records shows it."""
    return {
        "eventVersion": "1.11",
        "userIdentity": {"type": "AssumedRole", "arn": CALL.principal},
        "eventTime": f"{CALL.at:%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": "elasticloadbalancing.amazonaws.com",
        "eventName": "ModifyListener",
        "awsRegion": REGION,
        "sourceIPAddress": CALL.source_address,
        "userAgent": "aws-cli/2.31.0",
        "requestParameters": {"listenerArn": LISTENER, "sslPolicy": "ELBSecurityPolicy-2016-08"},
        "responseElements": {"listeners": [{"listenerArn": LISTENER, "port": 443}]},
        "eventID": CALL.event_id,
        "readOnly": False,
        "recipientAccountId": ACCOUNT,
        **more,
    }


def message(detail: Any, **more: Any) -> str:
    """The event of EventBridge around a record, as SQS delivers it."""
    return json.dumps(
        {
            "version": "0",
            "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
            "detail-type": DETAIL_TYPE,
            "source": "aws.elasticloadbalancing",
            "account": ACCOUNT,
            "time": "2026-03-01T12:31:00Z",
            "region": REGION,
            "resources": [],
            "detail": detail,
            **more,
        }
    )


def read(body: str) -> Any:
    return event_of(body, {ACCOUNT}, AT)


class Sent:
    """The rule and the queues of ``deploy/event_queue`` in moto, whose CloudFormation cannot make them all."""

    def __init__(self, aws: AwsServer) -> None:
        self._url = aws.url
        self.sqs, events = self.client("sqs"), self.client("events")
        self.url = self.sqs.create_queue(QueueName="calls")["QueueUrl"]
        asked = {"QueueUrl": self.url, "AttributeNames": ["QueueArn"]}
        self.arn: str = self.sqs.get_queue_attributes(**asked)["Attributes"]["QueueArn"]
        events.put_rule(Name="calls", EventPattern=json.dumps(PATTERN))
        events.put_targets(Rule="calls", Targets=[{"Id": "queue", "Arn": self.arn}])

    def client(self, service: str) -> Any:
        session = botocore.session.Session()
        return session.create_client(service, region_name=REGION, endpoint_url=self._url)

    def by_rule(self, *details: Any) -> None:
        """Puts events on the bus: the rule decides what reaches the queue; moto leaves out the event's account."""
        entries = [
            {"Source": "a.test", "DetailType": DETAIL_TYPE, "Detail": json.dumps(one)}
            for one in details
        ]
        assert self.client("events").put_events(Entries=entries)["FailedEntryCount"] == 0
        asked = {"QueueUrl": self.url, "MaxNumberOfMessages": 10}
        for found in self.sqs.receive_message(**asked)["Messages"]:
            event = json.loads(found["Body"])
            assert "account" not in event
            self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=found["ReceiptHandle"])
            self.directly(json.dumps({**event, "account": ACCOUNT}))

    def directly(self, body: str) -> None:
        self.sqs.send_message(QueueUrl=self.url, MessageBody=body)

    @property
    def remaining(self) -> int:
        """The messages that are in the queue, hidden ones included."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)
        return sum(int(one) for one in found["Attributes"].values())


@pytest.fixture
def sent(aws: AwsServer) -> Iterator[Sent]:
    made = Sent(aws)
    aws.calls.clear()
    yield made
    made.sqs.delete_queue(QueueUrl=made.url)


def settings_of(aws: AwsServer, *queues: str) -> ServiceSettings:
    source = {
        "type": "aws",
        "name": "cloud",
        "regions": [REGION],
        "endpoint_url": aws.url,
        "attribute_changes": True,
        "event_queues": queues,
    }
    return ServiceSettings.model_validate({"discovery": [source]})


class Reading:
    """What reads the queues, and what uses the calls."""

    def __init__(self, settings: ServiceSettings, store: SqlStore, clock: SetClock) -> None:
        self.metrics = ServiceMetrics(
            queue_length=lambda: 0,
            probes_in_flight=lambda: 0,
            schedule_lag_seconds=lambda: 0.0,
            store_up=lambda: True,
        )
        parts = (store, clock, lambda: settings, lambda: settings.gate)
        self.queues = EventQueues(*parts, self.metrics)
        self.attributor = Attributor(*parts)

    def number(self, name: str) -> float | None:
        registry: CollectorRegistry = self.metrics.registry
        return registry.get_sample_value(f"tlsprobe_queue_{name}", {"source": "cloud"})


@pytest.fixture
def reading(aws: AwsServer, sent: Sent, store: SqlStore, clock: SetClock) -> Reading:
    return Reading(settings_of(aws, sent.arn), store, clock)


async def test_a_call_from_the_queue_is_the_cause_and_costs_no_question(
    aws: AwsServer, sent: Sent, reading: Reading, store: SqlStore, clock: SetClock
) -> None:
    record_events(aws, [])
    clock.at = AT + timedelta(minutes=6)
    sent.by_rule(record(), record(eventSource="s3.amazonaws.com"))
    await reading.queues.round()
    assert sent.remaining == 0
    await reading.attributor.round()
    found = {one.attribution for one in await changes_of(store, "web.example")}
    assert found == {Attribution(call=CALL)}
    assert {one.attribution for one in await changes_of(store, "other.example")} == {None}
    assert lookups(aws) == 0
    counted = ("messages_received_total", "messages_deleted_total", "calls_stored_total")
    assert [reading.number(name) for name in counted] == [1, 1, 1]
    assert reading.number("messages_left_total") == 0
    assert reading.number("newest_call_timestamp_seconds") == CALLED.timestamp()


async def test_a_change_without_a_call_in_the_queue_is_looked_up_later(
    aws: AwsServer, sent: Sent, reading: Reading, clock: SetClock
) -> None:
    record_events(aws, [])
    sent.directly(message(record(eventName="ModifyRule", eventTime="2026-03-01T11:00:00Z")))
    clock.at = AT + timedelta(minutes=6)
    await reading.queues.round()
    await reading.attributor.round()
    assert lookups(aws) == 0
    clock.at = AT + timedelta(minutes=16)
    await reading.attributor.round()
    assert lookups(aws) == 1


async def test_a_message_is_deleted_only_after_its_call_is_stored(
    sent: Sent, reading: Reading, store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: Any, **__: Any) -> None:
        raise StoreError("the disk is full")

    sent.directly(message(record()))
    with monkeypatch.context() as patched:
        patched.setattr(store, "put_trail_events", fails)
        assert await reading.queues.round() == [None]
    assert sent.remaining == 1


async def test_a_call_that_comes_twice_is_stored_once(
    sent: Sent, reading: Reading, store: SqlStore
) -> None:
    for _ in range(2):
        sent.directly(message(record()))
        await reading.queues.round()
    found = await store.reported_calls([LISTENER], ACCOUNT, NOON, AT, limit=9)
    assert list(found) == [CALL]
    assert sent.remaining == 0


async def test_foreign_and_malformed_messages_stay_in_the_queue(
    sent: Sent, reading: Reading
) -> None:
    for body in ("<html>", message(record(), account="210987654321"), message([])):
        sent.directly(body)
    sent.directly(message(record(eventName="DescribeListeners")))
    (found,) = await reading.queues.round()
    assert found is not None
    assert (found.received, found.deleted, found.left, found.stored) == (4, 1, 3, 0)
    assert sent.remaining == 3
    assert reading.number("messages_left_total") == 3


async def test_a_queue_is_read_again_after_a_failure(
    aws: AwsServer, sent: Sent, reading: Reading
) -> None:
    aws.answers["sqs", "ReceiveMessage"] = Fault(code="AccessDenied", status=403)
    assert await reading.queues.round() == [None]
    assert await reading.queues.round() == [None]
    aws.answers.clear()
    sent.directly(message(record()))
    (found,) = await reading.queues.round()
    assert found is not None
    assert found.stored == 1


async def test_only_what_the_policy_allows_is_called(
    aws: AwsServer, sent: Sent, reading: Reading
) -> None:
    sent.directly(message(record()))
    # Calls of services with a row are recorded; moto answers.
    aws.answers["sqs", "ReceiveMessage"] = lambda _: None
    await reading.queues.round()
    called = {OPERATIONS[f"{one.service}.{one.operation}"].action for one in aws.calls}
    (statement,) = iam_policy({Feature.EVENTS})["Statement"]
    # The account of the credentials needs no permission.
    assert called - {"sts:GetCallerIdentity"} == set(statement["Action"])
    assert statement["Resource"] == ["arn:aws:sqs:*:*:*"]


async def test_the_table_is_bounded_in_rows_and_in_time(store: SqlStore) -> None:
    events = [
        read(message(record(eventID=f"e{number}", eventTime=f"2026-03-01T12:{number:02}:00Z")))
        for number in range(9)
    ]
    await store.put_trail_events(events, most=4)
    stored = await store.reported_calls([LISTENER], "", NOON, AT, limit=9)
    assert [one.event_id for one in stored] == ["e8", "e7", "e6", "e5"]
    kept = Retention(trail_events_days=1)
    at = AT + timedelta(days=1, minutes=-53)
    pruned = await store.prune(kept, at, is_clock_right=True)
    assert pruned.counts["trail_events"] == 2


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"eventTime": "2026-03-02T12:30:00Z"}, "its time is in the future"),
        ({"eventTime": "2026-03-01T12:30:00"}, "its record has no time"),
        ({"eventTime": 5}, "its record has no time"),
        ({"eventID": "a" * 65}, "its record has no event id"),
        ({"eventSource": "elasticloadbalancing.example"}, "names no service or no region"),
        ({"awsRegion": None}, "names no service or no region"),
        ({"recipientAccountId": "210987654321"}, "of another account than the event"),
    ],
)
def test_a_record_that_does_not_agree_with_itself_is_refused(
    changed: dict[str, Any], reason: str
) -> None:
    with pytest.raises(MessageError, match=reason):
        read(message(record(**changed)))


def test_a_message_of_any_size_costs_bounded_work() -> None:
    for body in ("[" * 1_000_000, "{" * 2_000_000, "1" * 900_000):
        with pytest.raises(MessageError):
            read(body)
    many = {f"a{number}Name": f"n{number}" for number in range(20_000)}
    found = read(message(record(requestParameters={"listenerArn": LISTENER, **many})))
    assert LISTENER in found.resources
    assert len(found.resources) == 16


@pytest.mark.parametrize(
    "changed",
    [
        {"errorCode": "AccessDenied"},
        {"readOnly": True},
        {"eventName": "AddTags"},
        {"eventName": ["ModifyListener"]},
        {"eventSource": "s3.amazonaws.com"},
        {"requestParameters": None, "responseElements": None},
        {
            "requestParameters": {"listenerArn": LISTENER.replace(ACCOUNT, "210987654321")},
            "responseElements": None,
        },
    ],
)
def test_a_call_that_can_have_caused_no_change_is_not_stored(changed: dict[str, Any]) -> None:
    assert read(message(record(**changed))) is None


def test_a_resource_may_be_named_without_its_arn() -> None:
    found = read(
        message(
            record(
                eventSource="rds.amazonaws.com",
                eventName="ModifyDBInstance",
                requestParameters={"dBInstanceIdentifier": "orders", "masterUserPassword": "****"},
                responseElements=None,
            )
        )
    )
    assert found.resources == (f"rds:{REGION}:orders",)


JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(name=st.sampled_from(sorted(record())), value=JSON)
def test_no_value_in_a_record_raises_anything_else(name: str, value: Any) -> None:
    try:
        found = read(message(record(**{name: value})))
    except MessageError:
        return
    assert found is None or found.resources


def test_queues_are_checked_at_the_start(aws: AwsServer) -> None:
    with pytest.raises(
        (ConfigError, ValueError), match="is not a standard queue of SQS: use its ARN"
    ):
        settings_of(aws, "arn:aws:sqs:eu-west-1:123456789012:calls.fifo")
    source = {"type": "aws", "event_queues": ["arn:aws:sqs:eu-west-1:123456789012:calls"]}
    with pytest.raises(
        (ConfigError, ValueError), match="event_queues needs attribute_changes: true"
    ):
        ServiceSettings.model_validate({"discovery": [source]})


def test_the_template_is_valid() -> None:
    """cfn-lint comes with moto."""
    command: list[str | Path] = [
        Path(sys.executable).with_name("cfn-lint"),
        FOLDER / "template.yaml",
    ]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_both_forms_of_the_rule_report_the_services_whose_writes_are_known() -> None:
    assert PATTERN["detail-type"] == [DETAIL_TYPE]
    sources = PATTERN["detail"]["eventSource"]
    assert {one.removesuffix(".amazonaws.com") for one in sources} == set(WRITES)
    terraform = (FOLDER / "main.tf").read_text()
    assert re.findall(r'"([a-z0-9-]+\.amazonaws\.com)",', terraform) == sources
    for number in re.findall(r"(?:Period|Timeout|Count): (\d+)", TEMPLATE):
        assert f"= {number}" in terraform
