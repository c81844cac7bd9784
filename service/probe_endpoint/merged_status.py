"""What was asked just now, with what the inventory knows of the rest."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime
from typing import Final

from model.observation import Observation
from model.snapshot import EndpointStatus

_OF_THE_VISIT: Final = {
    "tool_version",
    "mode",
    "endpoint",
    "started_at",
    "cost",
    "state",
    "reason",
}
"""All else are facts, which stay as they were known where they were not asked."""


def merged(known: EndpointStatus | None, seen: Observation, at: datetime) -> EndpointStatus:
    """The status of an endpoint that was ``seen`` at ``at``, outside of its schedule."""
    if known is None:
        return EndpointStatus(
            observation=seen,
            last_probe_at=at,
            last_success_at=at if seen.answered_as_tls else None,
            consecutive_failures=0 if seen.answered_as_tls else 1,
            interval_seconds=0.0,
        )
    if not seen.answered_as_tls:
        failures = known.consecutive_failures + 1
        return replace(
            known,
            observation=seen,
            last_probe_at=at,
            consecutive_failures=failures,
            interval_seconds=0.0,
        )
    facts = [field.name for field in fields(Observation) if field.name not in _OF_THE_VISIT]
    unasked = {name: getattr(known.observation, name) for name in facts if not getattr(seen, name)}
    return replace(
        known,
        observation=replace(seen, **unasked),
        last_probe_at=at,
        last_success_at=at,
        consecutive_failures=0,
        interval_seconds=0.0,
    )
