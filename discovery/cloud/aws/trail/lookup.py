"""Asks CloudTrail who caused the Changes of an endpoint: one question for each visit that showed some.

LookupEvents finds the events of 90 days by one attribute: here the name of the resource, in the time between the visits
before and after the Change. An event counts if it is a call that wrote what changed, and that AWS did not refuse.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final

from discovery.attach import resources_of
from discovery.cloud.aws.accounts import Accounts
from discovery.cloud.aws.api import AwsApi
from discovery.cloud.aws.limits import Limits
from discovery.cloud.aws.scope import AwsScope
from discovery.cloud.aws.sessions import Passage
from discovery.cloud.aws.trail.arn import Arn
from discovery.cloud.aws.trail.write_calls import WRITES, cause_of
from discovery.source import SourceError
from model.comparisons.attribution import Attribution, RecordedCall, Unattributed
from model.target import Target
from pki.net_guard.gate import SocketGate

SETTLES_IN: Final = timedelta(minutes=15)
"""How long a change takes to be seen everywhere after its call, such as at all edges of CloudFront."""
RETENTION: Final = timedelta(days=90)
"""How long CloudTrail's event history has an event."""

_MOST_EVENTS: Final = 500
_LONGEST: Final = 300
_OUR_AGENT: Final = "tlsprobe/"

_Event = Mapping[str, Any]


class ChangeTrail:
    """CloudTrail of the accounts of one source. It blocks: call it in a thread.

    An account's region that cannot be asked is not asked again before the next ``begin``.
    """

    def __init__(self, scope: AwsScope, gate: SocketGate) -> None:
        self._limits = Limits()
        self._passage = Passage(limits=self._limits, gate=gate, endpoint_url=scope.endpoint_url)
        self._scope = scope
        self._accounts: Accounts | None = None
        self._numbers: tuple[str, ...] = ()
        self._apis: dict[tuple[str, str], AwsApi] = {}
        self._now = datetime.now(UTC)

    def begin(self, now: datetime) -> None:
        """Begins a round at ``now``."""
        self._now = now
        self._apis = {}

    def attributions(self, changed: Unattributed) -> Mapping[int, Attribution]:
        """Who caused each of the Changes; empty if the endpoint has no resource of these accounts.

        Raises:
            SourceError: if CloudTrail cannot be asked now.
        """
        arn = resource_of(changed.target)
        if arn is None:
            return {}
        accounts = self._opened()
        account = arn.account or (self._numbers[0] if len(self._numbers) == 1 else "")
        if account not in self._numbers:
            return {}
        events = _events(self._api(accounts, account, arn.event_region), arn, changed)
        return {key: _attribution(arn, fact, events) for key, fact in changed.facts.items()}

    def stop(self) -> None:
        """Ends all waits, and sends nothing more."""
        self._limits.stop()

    def _opened(self) -> Accounts:
        if self._accounts is None:
            self._accounts = Accounts(self._scope, self._passage)
        if not self._numbers:
            self._numbers = self._accounts.identifiers()
        return self._accounts

    def _api(self, accounts: Accounts, account: str, region: str) -> AwsApi:
        found = self._apis.get((account, region))
        if found is None:
            session = accounts.session(account)
            if isinstance(session, str):
                raise SourceError(f"{session}.")
            found = self._apis[account, region] = AwsApi(session, region, self._now)
        return found


def resource_of(target: Target) -> Arn | None:
    """The AWS resource of a target, by its labels and claims; None if it has none whose writes are known."""
    named = (Arn.of(text) for text in resources_of(target))
    return next((arn for arn in named if arn is not None and arn.service in WRITES), None)


def _events(api: AwsApi, arn: Arn, changed: Unattributed) -> tuple[_Event, ...]:
    """The calls on the resource between the two visits that wrote and were not refused, newest first."""
    names = [arn.text]
    if not WRITES[arn.service].is_named_by_arn and arn.short_name != arn.text:
        names.append(arn.short_name)
    if api.skipped:
        raise SourceError(f"{api.skipped[0].problem}.")
    start = max((changed.since or changed.at) - SETTLES_IN, api.now - RETENTION)
    found: list[_Event] = []
    for name in names:
        listed = api.each(
            "cloudtrail.LookupEvents",
            LookupAttributes=[{"AttributeKey": "ResourceName", "AttributeValue": name}],
            StartTime=start,
            EndTime=changed.at,
        )
        found = [one for one in islice(listed, _MOST_EVENTS) if one.get("ReadOnly") != "true"]
        if api.skipped:
            raise SourceError(f"{api.skipped[0].problem}.")
        if found:
            break
    records = ({**one, "record": _record(one)} for one in found)
    done = [one for one in records if "EventTime" in one and not one["record"].get("errorCode")]
    return tuple(sorted(done, key=lambda one: one["EventTime"], reverse=True))


def _record(event: _Event) -> Mapping[str, Any]:
    """The record of a call, which LookupEvents gives as JSON text; empty if it is none."""
    try:
        record = json.loads(event.get("CloudTrailEvent") or "{}")
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}


def _attribution(arn: Arn, fact: str, events: Collection[_Event]) -> Attribution:
    """The newest call that can have changed this fact; others of the same time are counted."""
    cause = cause_of(fact)
    able = WRITES[arn.service].of(cause)
    fitting = [one for one in events if one.get("EventName") in able]
    if fitting:
        return Attribution(call=_call(fitting[0], others=len(fitting) - 1))
    if not able:
        return Attribution(unknown=f"no call on {arn.text} itself alters its {cause.value}")
    return Attribution(
        unknown=f"CloudTrail has no call on {arn.text} between the two probes that alters its {cause.value}"
    )


def _call(event: _Event, others: int) -> RecordedCall:
    record = event["record"]
    who = record.get("userIdentity")
    named = (who.get("arn") or who.get("invokedBy")) if isinstance(who, dict) else None
    return RecordedCall(
        name=str(event["EventName"])[:_LONGEST],
        at=event["EventTime"].astimezone(UTC),
        event_id=str(event.get("EventId") or "")[:_LONGEST],
        principal=str(named or event.get("Username") or "")[:_LONGEST],
        source_address=str(record.get("sourceIPAddress") or "")[:_LONGEST],
        is_own=_OUR_AGENT in str(record.get("userAgent") or ""),
        others=others,
    )
