"""CloudTrail's event history on the AWS server of loopback: it finds events by the name of a resource, within a time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from tests.support.aws_server import AwsServer, Call


def event(name: str, at: datetime, *resources: str, **more: Any) -> dict[str, Any]:
    """An event as LookupEvents gives it; ``more`` are members of its record, such as ``userAgent``."""
    record = {
        "eventName": name,
        "userIdentity": {
            "type": "AssumedRole",
            "arn": "arn:aws:sts::123456789012:assumed-role/admin/alice",
        },
        "sourceIPAddress": "192.0.2.1",
        "userAgent": "aws-cli/2.31.0",
        **more,
    }
    return {
        "EventId": f"00000000-0000-0000-0000-{int(at.timestamp()):012d}",
        "EventName": name,
        "ReadOnly": "false",
        "EventTime": at,
        "EventSource": "elasticloadbalancing.amazonaws.com",
        "Username": "alice",
        "Resources": [{"ResourceName": one} for one in resources],
        "CloudTrailEvent": json.dumps(record),
    }


def record_events(aws: AwsServer, events: Sequence[dict[str, Any]]) -> None:
    """The event history of all accounts and regions: LookupEvents answers from it, newest first."""

    def lookup(call: Call) -> dict[str, Any]:
        (asked,) = call.json["LookupAttributes"]
        assert asked["AttributeKey"] == "ResourceName"
        start, end = (
            datetime.fromtimestamp(call.json[name], UTC) for name in ("StartTime", "EndTime")
        )
        found = [
            one
            for one in events
            if start <= one["EventTime"] <= end
            and {"ResourceName": asked["AttributeValue"]} in one["Resources"]
        ]
        return {"Events": sorted(found, key=lambda one: one["EventTime"], reverse=True)}

    aws.answers["cloudtrail", "LookupEvents"] = lookup
