"""Incoming webhooks of Slack, and of Mattermost and Rocket.Chat, which accept the same JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from exporters.notifications.message import Message
from model.findings.alert import Event
from model.safe_output.chat_text import chat_code, chat_plain
from service.integrations.notifier import Notifier, PostedEventSettings, post_json

_MOST_LISTED: Final = 40
"""Slack truncates a text at 40,000 characters, and people do not read that far."""


def render_slack(message: Message) -> bytes:
    """The message in Slack's JSON format."""
    return json.dumps({"text": "\n".join(_lines(message))}).encode()


def _lines(message: Message) -> Iterator[str]:
    kind = "tlsprobe digest" if message.is_digest else "tlsprobe"
    yield f"*{kind}*: {chat_plain(f'{message.headline}. {message.active_line}')}"
    for title, events in message.sections(_MOST_LISTED):
        if title:
            yield chat_code(title)
        yield from map(_line, events)
    if (more := len(message.events) - _MOST_LISTED) > 0:
        yield f"… and {more} more."


def _line(event: Event) -> str:
    alert = event.alert
    asked = "" if event.kind.is_end else f"; requirement: {chat_code(alert.requirement)}"
    source = (
        "" if alert.policy is None else f" ({chat_code(f'{alert.policy}: {alert.rule_label}')})"
    )
    head = (
        f"• {event.kind}, {alert.severity}: {chat_code(alert.target)} {chat_code(alert.violation)}"
    )
    return f"{head}{asked}{source}"


SLACK: Final = Notifier(
    name="slack", settings=PostedEventSettings, render=render_slack, connect=post_json
)
