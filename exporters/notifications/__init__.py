"""Notifications: the active alerts of a Snapshot, their starts and ends, and the content of messages.

All of it is pure: a Snapshot and the reported alerts give Events, and Events give a Message. Each notifier
writes the Message in its own format and sends it (``service.integrations``).
"""

from __future__ import annotations

from exporters.notifications.active_alerts import (
    ActiveAlerts,
    ActiveAlertsBuilder,
    active_alerts_of,
)
from exporters.notifications.events import Comparison, compare
from exporters.notifications.message import Message
from exporters.notifications.selector import AlertSelector

__all__ = [
    "ActiveAlerts",
    "ActiveAlertsBuilder",
    "AlertSelector",
    "Comparison",
    "Message",
    "active_alerts_of",
    "compare",
]
