"""The service's own status as values for its page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from exporters.pages.rows import Badge
from exporters.service_state import FleetState, SinkState
from model.certificates.lifetime import span_text
from model.frozen import frozen

_SKIPPED_SHOWN: Final = 50


def status_tiles(status: Mapping[str, Any]) -> Sequence[Badge]:
    """The numbers at the top; each Badge has the number as its text and the words as its title."""
    lag = float(status["lag_seconds"])
    late = span_text(timedelta(seconds=lag)) if lag >= 3600 else f"{lag:.0f} s"
    probed, failing = status["endpoints_probed"], status["endpoints_failing"]
    return (
        Badge(text=f"{probed} of {status['endpoints']}", mark="plain", title="endpoints visited"),
        Badge(text=str(failing), mark="bad" if failing else "plain", title="do not answer"),
        Badge(text=str(status["probes_in_flight"]), mark="plain", title="visits in flight"),
        Badge(text=str(status["queue_length"]), mark="plain", title="endpoints in the queue"),
        Badge(text=late, mark="plain", title="behind schedule"),
    )


@frozen
class SourceLine:
    """A source with its targets, its state, the error or warning of its newest reading, and what that skipped."""

    name: str
    targets: str
    state: Badge
    words: str
    skipped: tuple[str, ...]
    more: int


def source_lines(
    status: Mapping[str, Any], skipped: Mapping[str, Sequence[str]]
) -> Iterator[SourceLine]:
    """Each source by name."""
    errors, warnings = status["source_errors"], status["source_warnings"]
    for name in sorted({*status["sources"], *errors, *warnings}):
        of_source = skipped.get(name, ())
        if name in errors:
            state, words = Badge(text="failed", mark="bad"), str(errors[name])
        elif name in warnings:
            state, words = Badge(text="incomplete", mark="warning"), str(warnings[name])
        else:
            state, words = Badge(text="read", mark="good"), ""
        yield SourceLine(
            name=name,
            targets=str(status["sources"].get(name, "unknown")),
            state=state,
            words=words,
            skipped=tuple(of_source[:_SKIPPED_SHOWN]),
            more=max(0, len(of_source) - _SKIPPED_SHOWN),
        )


def sink_badge(sink: SinkState) -> Badge:
    """Whether the newest attempt of the sink was successful."""
    if sink.failures:
        return Badge(text="fails", mark="bad")
    if sink.deliveries:
        return Badge(text="works", mark="good")
    return Badge(text="nothing sent yet", mark="plain")


def fleet_facts(fleet: FleetState) -> Iterator[tuple[str, str]]:
    """The fleet in words and numbers."""
    yield "Leader", "this process" if fleet.leads else "another process, whose page has the numbers"
    if fleet.leads:
        yield (
            "Workers",
            str(fleet.workers) if fleet.workers else "none is alive: nothing is visited",
        )
        jobs = ", ".join(f"{count} in {queue}" for queue, count in sorted(fleet.waiting.items()))
        yield "Jobs that wait", jobs or "none"
        yield "Endpoints in quarantine", str(fleet.quarantined)
