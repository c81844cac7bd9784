"""A webhook: messages as JSON for programs; docs/reference/notifications.md describes each field."""

from __future__ import annotations

import json
from typing import Final

from exporters.notifications.message import Message
from model.encoding.alert_json import alert_to_json
from model.encoding.times_json import time_to_json
from model.version import TOOL_VERSION
from service.integrations.notifier import Notifier, PostedEventSettings, post_json

_SCHEMA: Final = 2


def render_webhook(message: Message) -> bytes:
    """The message as JSON; always ASCII."""
    return json.dumps(
        {
            "schema": _SCHEMA,
            "tool": {"name": "tlsprobe", "version": TOOL_VERSION},
            "notifier": message.notifier,
            "at": time_to_json(message.at),
            "is_digest": message.is_digest,
            "open": message.active_counts,
            "events": [
                {
                    "event": event.kind.value,
                    "at": time_to_json(event.at),
                    "alert": alert_to_json(event.alert),
                }
                for event in message.events
            ],
        }
    ).encode()


WEBHOOK: Final = Notifier(
    name="webhook",
    settings=PostedEventSettings,
    render=render_webhook,
    connect=post_json,
    max_events=500,
)
