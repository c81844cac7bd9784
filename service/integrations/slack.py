"""Incoming webhooks of Slack, and of Mattermost and Rocket.Chat, which accept the same JSON.

``&``, ``<`` and ``>`` are escaped, as Slack's formatting reference requires; a text that a server may have chosen
is shown as code, where mentions and links have no effect.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from exporters.notifications.message import Message
from model.findings.alert import Event
from service.integrations.notifier import Notifier, PostedEventSettings, post_json

_MOST_LISTED: Final = 40
"""Slack truncates a text at 40,000 characters, and people do not read that far."""

_LONGEST_QUOTE: Final = 160


def render_slack(message: Message) -> bytes:
    """The message in Slack's JSON format."""
    return json.dumps({"text": "\n".join(_lines(message))}).encode()


def _lines(message: Message) -> Iterator[str]:
    kind = "tlsprobe digest" if message.is_digest else "tlsprobe"
    yield f"*{kind}*: {message.headline}. {message.active_line}"
    for title, events in message.sections(_MOST_LISTED):
        if title:
            yield _code(title)
        yield from map(_line, events)
    if (more := len(message.events) - _MOST_LISTED) > 0:
        yield f"… and {more} more."


def _line(event: Event) -> str:
    alert = event.alert
    asked = "" if event.kind.is_end else f"; requirement: {_code(alert.requirement)}"
    source = "" if alert.policy is None else f" ({_code(f'{alert.policy}: {alert.rule_label}')})"
    head = f"• {event.kind}, {alert.severity}: {_code(alert.target)} {_code(alert.violation)}"
    return f"{head}{asked}{source}"


def _code(text: str) -> str:
    shown = text if len(text) <= _LONGEST_QUOTE else f"{text[: _LONGEST_QUOTE - 1]}…"
    return "`" + _escaped(shown.replace("`", "'")) + "`"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


SLACK: Final = Notifier(
    name="slack", settings=PostedEventSettings, render=render_slack, connect=post_json
)
