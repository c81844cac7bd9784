"""A message as an e-mail: its subject and plain text (RFC 5322); ``smtp`` adds the sender and the recipients."""

from __future__ import annotations

from collections.abc import Iterator
from email.utils import format_datetime
from typing import Final

from exporters.notifications.message import Message
from model.encoding.times_json import time_to_json
from model.findings.alert import Event
from model.safe_output.mail_text import mail_text

_MOST_LISTED: Final = 500


def render_email(message: Message) -> bytes:
    """The message, without sender and recipients."""
    headers = {
        "Subject": _subject(message),
        "Date": format_datetime(message.at),
        "Auto-Submitted": "auto-generated",
    }
    return mail_text(headers, _lines(message))


def _subject(message: Message) -> str:
    if len(message.events) == 1:
        (event,) = message.events
        said = (
            f"{event.kind}, {event.alert.severity}: {event.alert.target}: {event.alert.violation}"
        )
    else:
        said = message.headline
    start = "[tlsprobe digest]" if message.is_digest else "[tlsprobe]"
    return f"{start} {said}"


def _lines(message: Message) -> Iterator[str]:
    yield f"{message.headline}. {message.active_line}"
    for title, events in message.sections(_MOST_LISTED):
        yield ""
        if title:
            yield f"== {title} =="
        for event in events:
            yield from _entry(event)
    if (more := len(message.events) - _MOST_LISTED) > 0:
        yield ""
        yield f"and {more} more: see /reports of the service"


def _entry(event: Event) -> Iterator[str]:
    alert = event.alert
    yield f"{event.kind} ({alert.severity}): {alert.target}"
    yield f"    {alert.violation}"
    if not event.kind.is_end:
        yield f"    requirement: {alert.requirement} ({alert.required})"
        yield f"    observed: {alert.observed}"
    if alert.addresses:
        yield f"    at: {', '.join(alert.addresses)}"
    if alert.policy is not None:
        yield f"    rule: {alert.rule_label} of policy {alert.policy}"
    yield f"    since: {time_to_json(alert.since)}"
