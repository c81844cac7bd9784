"""What one message says, before it has a form: Events, and all that stands as told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from model.findings.alert import Alert, Event, EventKind
from model.findings.finding import Severity
from model.safe_output.printable import printable

_LONGEST_GROUP = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message of ``notifier`` as of ``at``. ``standing`` are the Notices told and not ended, these events included.

    ``valid_until`` is for a receiver that lets go what it is not told again.
    """

    notifier: str
    at: datetime
    valid_until: datetime
    events: tuple[Event, ...]
    standing: tuple[Alert, ...]
    is_digest: bool = False
    group_label: str = "team"

    @property
    def headline(self) -> str:
        """How many events there are of each kind, in the order of the kinds."""
        counts = Counter(event.kind for event in self.events)
        return ", ".join(f"{counts[kind]} {kind}" for kind in EventKind if counts[kind])

    @property
    def standing_counts(self) -> dict[str, int]:
        """How many Notices stand, by severity, the worst first."""
        counts = Counter(notice.severity for notice in self.standing)
        return {severity.value: counts[severity] for severity in reversed(Severity)}

    @property
    def standing_line(self) -> str:
        """The same in words."""
        counts = ", ".join(
            f"{count} {name}" for name, count in self.standing_counts.items() if count
        )
        return f"Open now: {counts or 'nothing'}."

    def sections(self, most_events: int) -> Iterator[tuple[str, tuple[Event, ...]]]:
        """The first ``most_events`` Events, apart for each value of the group's label."""
        groups: dict[str, list[Event]] = {}
        for event in self.events[:most_events]:
            value = event.notice.labels.get(self.group_label, "")
            groups.setdefault(printable(value, limit=_LONGEST_GROUP), []).append(event)
        for value in sorted(groups, key=lambda value: (not value, value)):
            yield f"{self.group_label} {value}" if value else "", tuple(groups[value])
