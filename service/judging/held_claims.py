"""Statuses from the database with their claims as the newest visit shows them: the Store has only what is claimed."""

from __future__ import annotations

from dataclasses import replace

from model.claims.declared import claims_of
from model.snapshot import EndpointStatus
from policy.assess import held_claims


def with_claims_held(status: EndpointStatus) -> EndpointStatus:
    """The status with the verdict on each claim of its target."""
    observation = status.observation
    if not claims_of(observation.endpoint.target):
        return status
    return replace(status, claims=held_claims(observation, observation.ended_at))
