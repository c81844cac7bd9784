"""The schedule after a visit: the endpoint's failures, and its next due time."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from model.endpoint_state.schedule import Schedule
from model.observation import Mode, Observation
from scheduling.interval import IntervalPolicy


def schedule_after(
    observation: Observation,
    before: Schedule | None,
    pace: IntervalPolicy,
    now: datetime,
    dice: Random,
) -> Schedule:
    """The endpoint's next schedule by its ``pace``; ``before`` is the current one.

    ``dice`` randomizes the retries of failed visits.
    """
    key = observation.endpoint.key
    enumerated_at = None if before is None else before.enumerated_at
    if observation.answered:
        failures, delay = 0, pace.next_delay(key, now, observation)
        if observation.mode is Mode.ENUMERATE:
            enumerated_at = observation.started_at
    else:
        failures = 1 + (0 if before is None else before.consecutive_failures)
        delay = pace.retry_delay(failures, dice)
    return Schedule(
        endpoint_key=key,
        due_at=now + timedelta(seconds=delay),
        interval_seconds=pace.interval_seconds,
        consecutive_failures=failures,
        enumerated_at=enumerated_at,
    )
