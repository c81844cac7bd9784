"""Which Notices and Events a notifier is for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from model.findings.alert import Alert, EventKind, NoticeKind
from model.findings.finding import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSelector:
    """Notices of ``min_severity`` and worse, at targets that carry all of ``labels``.

    ``with_unknown`` takes in rules that are not proved to be met, besides those that are proved not to be.
    """

    min_severity: Severity = Severity.MEDIUM
    labels: Mapping[str, str] = field(default_factory=dict)
    kinds: frozenset[NoticeKind] = frozenset(NoticeKind)
    events: frozenset[EventKind] = frozenset(EventKind)
    with_unknown: bool = False

    def has(self, notice: Alert) -> bool:
        """Whether the notifier is for ``notice``."""
        return (
            notice.kind in self.kinds
            and notice.severity.rank >= self.min_severity.rank
            and (notice.is_proved or self.with_unknown)
            and self.labels.items() <= notice.labels.items()
        )
