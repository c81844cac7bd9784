"""What came and went between what a notifier has told and what stands now.

What was told is compared with what stands, and no queue is kept: a receiver that was away hears
of what is still true, a restart repeats nothing, and a crash loses nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from exporters.notifications.active_alerts import ActiveAlerts
from exporters.notifications.selector import AlertSelector
from model.findings.alert import Alert, Event, EventKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """``events`` are to be told; ``in_silence`` are Events that nobody wants to hear of.

    ``dropped`` Notices have begun to stand and found no room.
    """

    events: tuple[Event, ...]
    in_silence: tuple[Event, ...]
    dropped: int


def compare(
    told: Mapping[str, Alert],
    standing: ActiveAlerts,
    gone: Collection[str],
    choice: AlertSelector,
    most_told: int,
) -> Comparison:
    """What to tell of ``standing`` after ``told``, the worst first.

    Args:
        gone: targets that are known to have left the inventory.
        most_told: how many Notices may stand as told, beyond which none begins.
    """
    begun = {
        key: event
        for key, notice in standing.notices.items()
        if choice.has(notice) and (event := _begun(told.get(key), notice, standing))
    }
    ended: list[Event] = []
    in_silence: list[Event] = []
    for key, notice in told.items():
        event = _ended(key, notice, standing, gone)
        if event is not None:
            ended.append(event)
        elif (now := standing.notices.get(key)) and not choice.has(now):
            in_silence.append(Event(kind=EventKind.WITHDRAWN, at=standing.at, notice=notice))
    in_order = sorted(begun, key=lambda key: _urgency(begun[key].notice))
    room = max(most_told - len(told), 0)
    dropped = set([key for key in in_order if key not in told][room:])
    wanted: list[Event] = []
    for event in (*(begun[key] for key in in_order if key not in dropped), *ended):
        is_wanted = event.kind in choice.events and choice.has(event.notice)
        (wanted if is_wanted else in_silence).append(event)
    return Comparison(events=tuple(wanted), in_silence=tuple(in_silence), dropped=len(dropped))


def _urgency(notice: Alert) -> tuple[int, str]:
    """What is worse comes first."""
    return (-notice.severity.rank, notice.target)


def _begun(told: Alert | None, notice: Alert, standing: ActiveAlerts) -> Event | None:
    if told is None:
        kind = EventKind.REOPENED if notice.reopened else EventKind.OPENED
    elif notice.severity.rank > told.severity.rank:
        kind = EventKind.WORSENED
    else:
        return None
    return Event(kind=kind, at=standing.at, notice=notice)


def _ended(key: str, told: Alert, standing: ActiveAlerts, gone: Collection[str]) -> Event | None:
    if key in standing.waived:
        kind = EventKind.WAIVED
    elif standing.has_ended(key, told):
        kind = EventKind.RESOLVED
    elif told.target in gone:
        kind = EventKind.WITHDRAWN
    else:
        return None
    return Event(kind=kind, at=standing.at, notice=told)
