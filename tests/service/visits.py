"""Visits as the scheduler passes them to the Inventory: judged, and with the next Schedule."""

from __future__ import annotations

from datetime import timedelta

from model.endpoint_state import Schedule, Visit
from model.observation import Observation
from service.inventory.inventory import Inventory
from service.judging.policy_evaluator import PolicyEvaluator


def judged(
    observation: Observation, failures: int = 0, evaluator: PolicyEvaluator | None = None
) -> Visit:
    """The visit, due again in an hour; without policies if there is no ``evaluator``."""
    schedule = Schedule(
        endpoint_key=observation.endpoint.key,
        due_at=observation.ended_at + timedelta(hours=1),
        interval_seconds=3600.0,
        consecutive_failures=failures,
    )
    assess = (PolicyEvaluator() if evaluator is None else evaluator).assess
    return Visit(observation=observation, schedule=schedule, assessment=assess(observation))


def finish(
    inventory: Inventory, observation: Observation, evaluator: PolicyEvaluator | None = None
) -> Visit:
    """Finish a visit; the scheduler counts its failures."""
    before = inventory.status(observation.endpoint.key)
    known = 0 if before is None else before.consecutive_failures
    visit = judged(observation, 0 if observation.answered else known + 1, evaluator)
    inventory.visit_finished(visit)
    return visit
