"""The history of one finding: opened, resolved, and waived, each with who did it and what proved it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from exporters.pages.findings.cards import finding_mark, finding_title, waiver_name
from exporters.pages.links import endpoint_link, history_link, rule_evidence_link, waive_link
from exporters.pages.rows import Badge, Mark, Row
from exporters.reports import words
from model.findings.finding import Finding, FindingStatus, Waiver
from model.frozen import frozen
from model.query import Opening
from model.verdict import Evidence

ProofOf = Callable[[Evidence], Iterable[str]]


@frozen
class Waiving:
    """A change of a waiver of the finding, from the audit log: ``waiver`` as it was set, or as it was when removed."""

    at: datetime
    actor: str
    waiver: Waiver
    is_removal: bool


@frozen
class HistoryEvent:
    """Something that happened to the finding; ``proof`` are the lines of its decoded evidence."""

    at: datetime
    title: str
    text: str
    mark: Mark
    proof: tuple[str, ...] = ()


def finding_history(
    openings: Sequence[Opening],
    waivings: Iterable[Waiving],
    waivers: Iterable[Waiver],
    now: datetime,
    proof_of: ProofOf,
) -> list[HistoryEvent]:
    """All events, newest first; ``openings`` come newest first, ``waivers`` are those that cover the finding now."""
    events = [
        *_of_openings(openings, proof_of),
        *map(_of_waiving, waivings),
        *(
            HistoryEvent(
                at=waiver.expires_at,
                title=f"Waiver {waiver.name} expired",
                text="The finding is open again if the rule is still violated.",
                mark="warning",
            )
            for waiver in waivers
            if waiver.expires_at <= now
        ),
    ]
    return sorted(events, key=lambda event: event.at, reverse=True)


def finding_values(
    row: Row, finding: Finding, events: Sequence[HistoryEvent], fault: str
) -> Mapping[str, Any]:
    """The values for ``finding.html``."""
    result, key = finding.result, row.status.observation.endpoint.key
    status, mark = finding.status.value, finding_mark(finding)
    is_resolved = finding.status is FindingStatus.RESOLVED
    return {
        "row": row,
        "result": result,
        "title": finding_title(result),
        "severity": Badge(text=result.severity.value, mark="plain" if is_resolved else mark),
        "state": Badge(text=status, mark="good" if is_resolved else mark),
        "is_open": finding.status is FindingStatus.OPEN,
        "note": f"Waiver {finding.waiver.name} of {words.waived(finding)}."
        if finding.waiver
        else "",
        "waiver": waiver_name(finding),
        "events": events,
        "fault": fault,
        "back": endpoint_link(row),
        "evidence": "" if is_resolved else rule_evidence_link(row, result),
        "changes": history_link(key),
        "waive": waive_link(row, result),
    }


def _of_openings(openings: Sequence[Opening], proof_of: ProofOf) -> Iterator[HistoryEvent]:
    for number, opening in enumerate(openings):
        result, is_first = opening.result, number == len(openings) - 1
        if opening.resolved_at is not None:
            yield HistoryEvent(
                at=opening.resolved_at,
                title="Resolved",
                text="A visit proved that the rule is met, or the rule applies no longer.",
                mark="good",
            )
        yield HistoryEvent(
            at=opening.opened_at,
            title="Opened" if is_first else "Opened again",
            text=f"Observed: {result.observed}",
            mark="bad",
            proof=() if result.evidence is None else tuple(proof_of(result.evidence)),
        )


def _of_waiving(waiving: Waiving) -> HistoryEvent:
    waiver = waiving.waiver
    if waiving.is_removal:
        title, text = f"Waiver {waiver.name} ended by {waiving.actor}", ""
    else:
        title = f"Waived by {waiving.actor} until {waiver.last_day.isoformat()}"
        text = f"{waiver.reason} (waiver {waiver.name})"
    return HistoryEvent(at=waiving.at, title=title, text=text, mark="plain")
