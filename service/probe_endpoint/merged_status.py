"""Merges the result of a probe on demand with the inventory. The probe is not a visit: the endpoint's state stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from model.observation import Observation
from model.sections import SECTIONS
from model.snapshot import EndpointStatus
from service.judging.held_claims import with_claims_held


def merged(known: EndpointStatus | None, seen: Observation, at: datetime) -> EndpointStatus:
    """The status of an endpoint that was ``seen`` at ``at``, outside of its schedule."""
    is_up = seen.answered
    status = known or EndpointStatus(
        observation=seen,
        last_probe_at=at,
        last_success_at=None,
        consecutive_failures=0,
        interval_seconds=0.0,
    )
    found = replace(
        status,
        observation=_with_unasked(seen, status.observation) if is_up else seen,
        last_probe_at=at,
        last_success_at=at if is_up else status.last_success_at,
        consecutive_failures=0 if is_up else status.consecutive_failures + 1,
        interval_seconds=0.0,
    )
    return with_claims_held(found)


def _with_unasked(seen: Observation, known: Observation) -> Observation:
    """``seen``, with the sections that were not probed taken from the known facts."""
    unasked = {section.name: section.of(known) for section in SECTIONS if not section.of(seen)}
    return replace(seen, **unasked)
