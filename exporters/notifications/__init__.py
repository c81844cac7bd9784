"""Notifications: what stands in a Snapshot, what came and went since it was told, and messages of it.

Pure: a Snapshot and what was told give Events, Events give a message's bytes. ``NOTIFIERS`` is the
catalogue of the forms; sending, waiting and remembering are the service's.
"""

from __future__ import annotations

from exporters.notifications.active_alerts import ActiveAlerts, StandingMaker, standing_of
from exporters.notifications.catalogue import NOTIFIERS, Notifier, notifier_of
from exporters.notifications.events import Comparison, compare
from exporters.notifications.message import Message
from exporters.notifications.selector import AlertSelector

__all__ = [
    "NOTIFIERS",
    "ActiveAlerts",
    "AlertSelector",
    "Comparison",
    "Message",
    "Notifier",
    "StandingMaker",
    "compare",
    "notifier_of",
    "standing_of",
]
