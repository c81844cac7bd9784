"""History, changes and past inventories as text for people and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from exporters.attribution_text import attributed
from exporters.audit_text import audited, audited_by, audited_value
from exporters.plurals import counted
from exporters.terminal.console import printable
from exporters.wording import COMPLIANCE
from model.comparisons.change import Change
from model.encoding.audit_json import audit_to_json
from model.encoding.change_json import change_to_json
from model.encoding.finding_json import finding_to_json
from model.encoding.observation_json import to_json
from model.encoding.times_json import time_to_json
from model.findings.finding import Severity
from model.observation import Observation
from model.query import AuditEntry, Period, ServiceEvent, Transition
from model.snapshot import EndpointStatus, Snapshot
from model.verdict import Verdict
from service.history.queries import EndpointDifference, EndpointHistory

_LIMIT: Final = 300
_ATTRIBUTION_LIMIT: Final = 900
_TURN_WORDS: Final = {
    Transition.FIRST: "first visit",
    Transition.SAME: "unchanged, as far as known",
    Transition.CHANGED: "",
    Transition.FLAPPING: "flapping",
}


def history_lines(histories: Sequence[EndpointHistory]) -> Iterator[str]:
    """Each endpoint with its stretches, newest first."""
    for history in histories:
        yield printable(history.endpoint_key, limit=_LIMIT)
        for stretch, changes in history.stretches:
            yield f"  {_span(stretch)}  {_visits(stretch.visits)}, {_summary(stretch.observation)}"
            said = [line for change in changes for line in _said(change)]
            said = said or [_TURN_WORDS[stretch.turn]]
            yield from (
                f"      {printable(text, limit=_ATTRIBUTION_LIMIT)}" for text in said if text
            )


def history_json(histories: Sequence[EndpointHistory]) -> dict[str, Any]:
    """The same as JSON values, with the facts of each stretch."""
    return {
        "endpoints": [
            {
                "endpoint": history.endpoint_key,
                "periods": [
                    {
                        "transition": stretch.turn.value,
                        "first_at": time_to_json(stretch.first_at),
                        "last_at": time_to_json(stretch.last_at),
                        "probes": stretch.visits,
                        "changes": [change_to_json(change) for change in changes],
                        "observation": to_json(stretch.observation, with_evidence=False),
                    }
                    for stretch, changes in history.stretches
                ],
            }
            for history in histories
        ]
    }


def difference_lines(found: Sequence[EndpointDifference], moment: datetime) -> Iterator[str]:
    """What each endpoint shows now and did not show before."""
    for one in found:
        yield printable(one.endpoint_key, limit=_LIMIT)
        if one.changes is None:
            yield f"  not known at {_minute(moment)}"
        elif not one.changes:
            yield f"  no changes since {_minute(moment)}"
        else:
            yield from (f"  {printable(change.sentence, limit=_LIMIT)}" for change in one.changes)


def difference_json(found: Sequence[EndpointDifference], moment: datetime) -> dict[str, Any]:
    """The same as JSON values; ``changes`` is null if the endpoint was not known."""
    return {
        "since": time_to_json(moment),
        "endpoints": [
            {
                "endpoint": one.endpoint_key,
                "changes": None
                if one.changes is None
                else [change_to_json(change) for change in one.changes],
            }
            for one in found
        ],
    }


def change_lines(changes: Sequence[Change]) -> Iterator[str]:
    """A line for each change, and one on who caused it if an audit trail was asked."""
    for change in changes:
        key = printable(change.endpoint_key, limit=_LIMIT)
        yield f"{_minute(change.at)}  {key}  {printable(change.sentence, limit=_LIMIT)}"
        if change.attribution is not None:
            yield f"    {printable(attributed(change.attribution), limit=_ATTRIBUTION_LIMIT)}"


def _said(change: Change) -> Iterator[str]:
    yield change.sentence
    if change.attribution is not None:
        yield f"  {attributed(change.attribution)}"


def inventory_lines(snapshot: Snapshot) -> Iterator[str]:
    """A line for each endpoint: its TLS versions, the expiry of its leaf, and the verdicts of policies."""
    for status in snapshot.endpoints:
        key = printable(status.observation.endpoint.key, limit=_LIMIT)
        yield "  ".join((key, _summary(status.observation), *_judgements(status)))
    counts = Counter(
        (policy, verdict)
        for one in snapshot.endpoints
        for policy, verdict in one.compliance.items()
    )
    yield f"{counted(len(snapshot.endpoints), 'endpoint')} at {_minute(snapshot.taken_at)}"
    for policy in sorted({policy for policy, _ in counts}):
        words = ", ".join(
            f"{counts[policy, verdict]} {COMPLIANCE[verdict]}"
            for verdict in Verdict
            if counts[policy, verdict]
        )
        yield f"{printable(policy, limit=_LIMIT)}: {words}"


def inventory_json(snapshot: Snapshot) -> dict[str, Any]:
    """The same as JSON values, with facts and findings."""
    return {
        "at": time_to_json(snapshot.taken_at),
        "endpoints": [
            {
                "endpoint": status.observation.endpoint.key,
                "last_probe_at": time_to_json(status.last_probe_at),
                "last_success_at": time_to_json(status.last_success_at),
                "config_changed_at": time_to_json(status.config_changed_at),
                "certificate_changed_at": time_to_json(status.certificate_changed_at),
                "compliance": {
                    policy: verdict.value for policy, verdict in sorted(status.compliance.items())
                },
                "findings": [
                    finding_to_json(finding, with_evidence=False) for finding in status.findings
                ],
                "observation": to_json(status.observation, with_evidence=False),
            }
            for status in snapshot.endpoints
        ],
    }


def event_lines(events: Sequence[ServiceEvent]) -> Iterator[str]:
    """A line for each event: its time to the minute, its kind, its sentence."""
    for event in events:
        words = printable(f"{event.kind}: {event.sentence}", limit=_LIMIT)
        yield f"{_minute(event.at)}  {words}"


def events_json(events: Sequence[ServiceEvent]) -> dict[str, Any]:
    """The same as JSON values, with full times."""
    return {
        "events": [
            {"at": time_to_json(event.at), "kind": event.kind, "message": event.sentence}
            for event in events
        ]
    }


def audit_lines(entries: Sequence[AuditEntry]) -> Iterator[str]:
    """Each entry: its time, who and what, and the values before and after."""
    for entry in entries:
        words = f"{audited(entry)}, by {audited_by(entry)}"
        yield f"{_minute(entry.at)}  {printable(words, limit=_LIMIT)}"
        for title, value in (("before", entry.before), ("after", entry.after)):
            if value is not None:
                yield f"    {title:<6}  {printable(audited_value(value), limit=_LIMIT)}"


def audit_json(entries: Sequence[AuditEntry]) -> dict[str, Any]:
    """The same as JSON values, with full times."""
    return {"entries": list(map(audit_to_json, entries))}


def _judgements(status: EndpointStatus) -> Iterator[str]:
    for policy, verdict in sorted(status.compliance.items()):
        yield f"{printable(policy, limit=_LIMIT)}: {COMPLIANCE[verdict]}"
    severities = Counter(finding.result.severity for finding in status.findings)
    if severities:
        worst_first = sorted(severities, key=lambda one: one.rank, reverse=True)
        yield "findings: " + ", ".join(f"{severities[one]} {_word(one)}" for one in worst_first)


def _word(severity: Severity) -> str:
    return severity.value


def _summary(observation: Observation) -> str:
    if not observation.answered:
        return observation.state.value.replace("_", " ")
    versions = ", ".join(
        version.label.replace("v", " ")
        for version, fact in sorted(observation.protocols.items())
        if fact.verdict is Verdict.YES
    )
    ends = [
        one.leaf.not_after for one in observation.own_certificates if one.leaf.not_after is not None
    ]
    return f"{versions}; leaf until {min(ends).date().isoformat()}" if ends else versions


def _span(stretch: Period) -> str:
    if stretch.first_at == stretch.last_at:
        return _minute(stretch.first_at)
    return f"{_minute(stretch.first_at)} to {_minute(stretch.last_at)}"


def _visits(count: int) -> str:
    return "1 visit" if count == 1 else f"{count} visits"


def _minute(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"
