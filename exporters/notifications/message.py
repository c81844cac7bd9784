"""The content of one message, whatever its format: Events, and all reported alerts that are active."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from model.findings.alert import Alert, Event, EventKind
from model.findings.finding import Severity
from model.frozen import frozen
from model.safe_output.printable import printable

_LONGEST_GROUP = 80


@frozen
class Message:
    """A message of ``notifier`` as of ``at``. ``active`` are the reported alerts that are active after these events.

    ``valid_until`` is for a receiver that ends an alert by itself unless it is sent again.
    """

    notifier: str
    at: datetime
    valid_until: datetime
    events: tuple[Event, ...]
    active: tuple[Alert, ...]
    is_digest: bool = False
    group_label: str = "team"

    @property
    def headline(self) -> str:
        """The number of events of each kind, in the order of the kinds."""
        counts = Counter(event.kind for event in self.events)
        return ", ".join(f"{counts[kind]} {kind}" for kind in EventKind if counts[kind])

    @property
    def active_counts(self) -> dict[str, int]:
        """The number of active alerts by severity, most severe first."""
        counts = Counter(alert.severity for alert in self.active)
        return {severity.value: counts[severity] for severity in reversed(Severity)}

    @property
    def active_line(self) -> str:
        """The same in words."""
        counts = ", ".join(f"{count} {name}" for name, count in self.active_counts.items() if count)
        return f"Open now: {counts or 'nothing'}."

    def sections(self, max_events: int) -> Iterator[tuple[str, tuple[Event, ...]]]:
        """The first ``max_events`` Events, separately for each value of the group's label."""
        groups: dict[str, list[Event]] = {}
        for event in self.events[:max_events]:
            value = event.alert.labels.get(self.group_label, "")
            groups.setdefault(printable(value, limit=_LONGEST_GROUP), []).append(event)
        for value in sorted(groups, key=lambda value: (not value, value)):
            yield f"{self.group_label} {value}" if value else "", tuple(groups[value])
