"""Which alerts and Events a notifier reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from model.findings.alert import Alert, AlertKind, EventKind
from model.findings.finding import Severity
from model.frozen import frozen


@frozen
class AlertSelector:
    """Alerts of at least ``min_severity``, at targets that have all of ``labels``.

    ``include_unknown`` also includes rules that are not proved to be met; otherwise only proved violations
    count.
    """

    min_severity: Severity = Severity.MEDIUM
    labels: Mapping[str, str] = field(default_factory=dict)
    kinds: frozenset[AlertKind] = frozenset(AlertKind)
    events: frozenset[EventKind] = frozenset(EventKind)
    include_unknown: bool = False

    def has(self, alert: Alert) -> bool:
        """Whether the notifier reports ``alert``."""
        return (
            alert.kind in self.kinds
            and alert.severity.rank >= self.min_severity.rank
            and (alert.is_proved or self.include_unknown)
            and self.labels.items() <= alert.labels.items()
        )
