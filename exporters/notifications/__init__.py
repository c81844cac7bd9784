"""Notifications: which alerts are active in a Snapshot, which have started or ended, and what a message says.

Pure: a Snapshot and what was reported give Events; Events give a Message. Each notifier writes it in its own format
and sends it (``service.integrations``).
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
