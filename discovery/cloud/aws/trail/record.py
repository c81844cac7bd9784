"""Reads CloudTrail's records of calls, as LookupEvents and EventBridge give them.

EventBridge wraps a record in an event of its own. Every sender to the queue decides what such an event says, so
nothing in it is more than a statement: it is kept only if it agrees with itself, is about an account of the source, and
names its resource. EventBridge does not list the resources of a call, so they are read from the call's parameters.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from discovery.cloud.aws.trail.arn import Arn
from discovery.cloud.aws.trail.write_calls import WRITES, Cause
from model.comparisons.attribution import RecordedCall, TrailEvent

DETAIL_TYPE: Final = "AWS API Call via CloudTrail"
LONGEST_MESSAGE: Final = 2**20
"""Characters; SQS takes messages of a mebibyte."""

_LONGEST: Final = 300
_OUR_AGENT: Final = "tlsprobe/"
_MOST_RESOURCES: Final = 16
_MOST_VALUES: Final = 2_000
"""How many values of a call's parameters are looked at."""
_CLOCKS_DIFFER_BY: Final = timedelta(minutes=5)
_EVENT_ID: Final = re.compile(r"[0-9A-Za-z-]{1,64}")
_REGION: Final = re.compile(r"[a-z0-9-]{1,32}")
_SOURCE: Final = re.compile(r"([a-z0-9-]{1,64})\.amazonaws\.com(?:\.cn)?")
_NAME: Final = re.compile(r"[\x21-\x7e]{1,300}")
_NAMING: Final = re.compile(r"(?:.*(?:id|identifier|name))", re.IGNORECASE)
"""Parameters of a call whose value names what it is about, such as ``dBInstanceIdentifier``."""


class MessageError(ValueError):
    """A message is not an event of CloudTrail about an account of the source; the text says why, as a clause."""


def event_of(body: str, accounts: Collection[str], now: datetime) -> TrailEvent | None:
    """The event of a message; None if no Change can have this call as its cause.

    Raises:
        MessageError: if the message is malformed, or about something else.
    """
    record, account = _record_of(body, accounts)
    region, source = record.get("awsRegion"), record.get("eventSource")
    found = _SOURCE.fullmatch(source) if isinstance(source, str) else None
    if found is None or not isinstance(region, str) or not _REGION.fullmatch(region):
        raise MessageError("its record names no service or no region")
    event_id, at = record.get("eventID"), _time_of(record.get("eventTime"), now)
    if not isinstance(event_id, str) or not _EVENT_ID.fullmatch(event_id):
        raise MessageError("its record has no event id")
    service, name = found[1], record.get("eventName")
    is_write = not record.get("errorCode") and record.get("readOnly") is not True
    if service not in WRITES or not is_write or not _can_cause(service, name):
        return None
    resources = tuple(sorted(_resources(record, service, region, account)))
    call = call_of(record, name=str(name), at=at, event_id=event_id)
    return TrailEvent(account=account, resources=resources, call=call) if resources else None


def call_of(
    record: Mapping[str, Any], *, name: str, at: datetime, event_id: str, username: str = ""
) -> RecordedCall:
    """The call that a record is about; ``username`` is its caller if the record names none."""
    who = record.get("userIdentity")
    named = (who.get("arn") or who.get("invokedBy")) if isinstance(who, dict) else None
    return RecordedCall(
        name=name[:_LONGEST],
        at=at.astimezone(UTC),
        event_id=event_id[:_LONGEST],
        principal=str(named or username)[:_LONGEST],
        source_address=str(record.get("sourceIPAddress") or "")[:_LONGEST],
        is_own=_OUR_AGENT in str(record.get("userAgent") or ""),
    )


def names_of(arn: Arn) -> tuple[str, ...]:
    """What ``TrailEvent.resources`` has for a call on this resource."""
    if WRITES[arn.service].is_named_by_arn and not arn.is_classic_balancer:
        return (arn.text,)
    return (arn.text, _short(arn.service, arn.event_region, arn.short_name))


def _record_of(body: str, accounts: Collection[str]) -> tuple[Mapping[str, Any], str]:
    """The record in an event of EventBridge, and the account in which the call was made."""
    if len(body) > LONGEST_MESSAGE:
        raise MessageError(f"it has more than {LONGEST_MESSAGE} characters")
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        raise MessageError("it is not JSON") from None
    record = event.get("detail") if isinstance(event, dict) else None
    if not isinstance(record, dict) or event.get("detail-type") != DETAIL_TYPE:
        raise MessageError(f"it is not an event {DETAIL_TYPE!r}")
    account = event.get("account")
    if not isinstance(account, str) or record.get("recipientAccountId", account) != account:
        raise MessageError("its record is of another account than the event")
    if account not in accounts:
        raise MessageError("it is about an account that the source does not read")
    return record, account


def _time_of(text: Any, now: datetime) -> datetime:
    try:
        at = datetime.fromisoformat(text)
        is_early = at <= now + _CLOCKS_DIFFER_BY
    except (TypeError, ValueError, OverflowError):
        raise MessageError("its record has no time") from None
    if not is_early:
        raise MessageError("its time is in the future")
    return at


def _can_cause(service: str, name: Any) -> bool:
    return any(name in WRITES[service].of(cause) for cause in Cause if isinstance(name, str))


def _resources(
    record: Mapping[str, Any], service: str, region: str, account: str
) -> frozenset[str]:
    """The ARNs among the parameters and the answer, and the names among the parameters; the first ones only."""
    parts = [
        part for name in ("requestParameters", "responseElements") if (part := record.get(name))
    ]
    arns = (
        text
        for text in _texts(parts)
        if text.startswith("arn:") and _is_of(Arn.of(text), service, region, account)
    )
    asked = record.get("requestParameters")
    named = (
        _short(service, region, value)
        for name, value in (asked.items() if isinstance(asked, dict) else ())
        if isinstance(value, str) and _NAMING.fullmatch(name)
    )
    found = dict.fromkeys(text for part in (arns, named) for text in part if _NAME.fullmatch(text))
    return frozenset(list(found)[:_MOST_RESOURCES])


def _texts(values: list[Any]) -> Iterator[str]:
    """The texts in nested lists and objects, of the first values only."""
    waiting = values
    for _ in range(_MOST_VALUES):
        if not waiting:
            return
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict | list):
            inner = list(value.values()) if isinstance(value, dict) else value
            waiting.extend(reversed(inner[:_MOST_VALUES]))


def _is_of(arn: Arn | None, service: str, region: str, account: str) -> bool:
    return (
        arn is not None
        and arn.service == service
        and arn.event_region == region
        and arn.account in {"", account}
    )


def _short(service: str, region: str, name: str) -> str:
    return f"{service}:{region}:{name}"
