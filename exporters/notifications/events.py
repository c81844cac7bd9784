"""Which alerts have started or ended since a notifier's last report.

The reported alerts are compared with the active ones, and there is no queue: a receiver that was away gets
what is still true, a restart repeats nothing, and a crash loses nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from exporters.notifications.active_alerts import ActiveAlerts
from exporters.notifications.selector import AlertSelector
from model.findings.alert import Alert, Event, EventKind
from model.frozen import frozen


@frozen
class Comparison:
    """``events`` must be sent; ``unwanted`` count as reported and are not sent.

    ``dropped`` are the keys of active alerts beyond the maximum.
    """

    events: tuple[Event, ...]
    unwanted: tuple[Event, ...]
    dropped: frozenset[str]


def compare(
    reported: Mapping[str, Alert],
    active: ActiveAlerts,
    removed_targets: Collection[str],
    selector: AlertSelector,
    max_reported: int,
) -> Comparison:
    """What to send of ``active`` if ``reported`` was sent before, the most severe first.

    Args:
        removed_targets: keys of targets that have left the inventory.
        max_reported: the maximum number of alerts that are reported and active at once; beyond it, new ones
            are dropped.
    """
    started = {
        key: event
        for key, alert in active.alerts.items()
        if selector.has(alert) and (event := _started(reported.get(key), alert, active))
    }
    ended: list[Event] = []
    unwanted: list[Event] = []
    for key, alert in reported.items():
        event = _ended(key, alert, active, removed_targets)
        if event is not None:
            ended.append(event)
        elif (now := active.alerts.get(key)) and not selector.has(now):
            unwanted.append(Event(kind=EventKind.TARGET_REMOVED, at=active.at, alert=alert))
    in_order = sorted(started, key=lambda key: _urgency(started[key].alert))
    room = max(max_reported - len(reported), 0)
    dropped = frozenset([key for key in in_order if key not in reported][room:])
    wanted: list[Event] = []
    for event in (*(started[key] for key in in_order if key not in dropped), *ended):
        is_wanted = event.kind in selector.events and selector.has(event.alert)
        (wanted if is_wanted else unwanted).append(event)
    return Comparison(events=tuple(wanted), unwanted=tuple(unwanted), dropped=dropped)


def _urgency(alert: Alert) -> tuple[int, str]:
    """The most severe alerts come first."""
    return (-alert.severity.rank, alert.target)


def _started(reported: Alert | None, alert: Alert, active: ActiveAlerts) -> Event | None:
    if reported is None:
        kind = EventKind.REOPENED if alert.reopened else EventKind.OPENED
    elif alert.severity.rank > reported.severity.rank:
        kind = EventKind.WORSENED
    else:
        return None
    return Event(kind=kind, at=active.at, alert=alert)


def _ended(
    key: str, reported: Alert, active: ActiveAlerts, removed_targets: Collection[str]
) -> Event | None:
    if key in active.waived:
        kind = EventKind.WAIVED
    elif active.has_ended(key, reported):
        kind = EventKind.RESOLVED
    elif reported.target in removed_targets:
        kind = EventKind.TARGET_REMOVED
    else:
        return None
    return Event(kind=kind, at=active.at, alert=reported)
