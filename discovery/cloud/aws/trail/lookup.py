"""Asks CloudTrail who caused the Changes of an endpoint: one question for each visit that showed some.

LookupEvents finds the events of 90 days by one attribute: here the name of the resource, in the time between the visits
before and after the Change. An event counts if it is a call that wrote what changed, and that AWS did not refuse.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final

from discovery.cloud.aws.accounts import Accounts
from discovery.cloud.aws.api import AwsApi
from discovery.cloud.aws.limits import Limits
from discovery.cloud.aws.scope import AwsScope
from discovery.cloud.aws.sessions import Passage
from discovery.cloud.aws.trail.arn import Arn
from discovery.cloud.aws.trail.record import call_of
from discovery.cloud.aws.trail.write_calls import (
    SETTLES_IN,
    WRITES,
    cause_among,
    cause_of,
    resource_of,
)
from discovery.source import SourceError
from model.comparisons.attribution import Attribution, RecordedCall, Unattributed
from pki.net_guard.gate import SocketGate

RETENTION: Final = timedelta(days=90)
"""How long CloudTrail's event history has an event."""

_MOST_EVENTS: Final = 500

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


def _events(api: AwsApi, arn: Arn, changed: Unattributed) -> tuple[RecordedCall, ...]:
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
    calls = (_call(one) for one in done)
    return tuple(sorted(calls, key=lambda call: call.at, reverse=True))


def _record(event: _Event) -> Mapping[str, Any]:
    """The record of a call, which LookupEvents gives as JSON text; empty if it is none."""
    try:
        record = json.loads(event.get("CloudTrailEvent") or "{}")
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}


def _attribution(arn: Arn, fact: str, calls: Sequence[RecordedCall]) -> Attribution:
    """The newest call that can have changed this fact, or why none is known."""
    call, cause = cause_among(calls, arn, fact), cause_of(fact)
    if call is not None:
        return Attribution(call=call)
    if not WRITES[arn.service].of(cause):
        return Attribution(unknown=f"no call on {arn.text} itself alters its {cause.value}")
    return Attribution(
        unknown=f"CloudTrail has no call on {arn.text} between the two probes that alters its {cause.value}"
    )


def _call(event: _Event) -> RecordedCall:
    return call_of(
        event["record"],
        name=str(event.get("EventName") or ""),
        at=event["EventTime"],
        event_id=str(event.get("EventId") or ""),
        username=str(event.get("Username") or ""),
    )
