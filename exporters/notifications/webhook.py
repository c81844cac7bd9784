"""A message as JSON for programs; docs/notifications.md has its form."""

from __future__ import annotations

import json
from typing import Final

from exporters.notifications.message import Message
from model.encoding.alert_json import notice_to_json
from model.encoding.times_json import time_to_json
from model.version import TOOL_VERSION

_SCHEMA: Final = 1


def render_webhook(message: Message) -> bytes:
    """The message; ASCII alone, whatever is in its texts."""
    return json.dumps(
        {
            "schema": _SCHEMA,
            "tool": {"name": "tlsprobe", "version": TOOL_VERSION},
            "notifier": message.notifier,
            "at": time_to_json(message.at),
            "is_digest": message.is_digest,
            "open": message.standing_counts,
            "events": [
                {
                    "event": event.kind.value,
                    "at": time_to_json(event.at),
                    "notice": notice_to_json(event.notice),
                }
                for event in message.events
            ],
        }
    ).encode()
