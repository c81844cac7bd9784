"""The leading scheduler: how it plans, and its view of the Store.

A worker records a visit before the scheduler hears of it, and has already repeated one that failed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Protocol

from model.endpoint_state import Advanced, Schedule, Visit
from model.observation import Observation
from model.ports import Store
from model.snapshot import EndpointStatus
from scheduling.jobs import Judging, SchedulerSettings, unjudged

_MOST_VISITS_OUT: Final = 1_000_000
"""Visits that wait for a worker cost the leader almost nothing; a zone without workers delays no other zone."""

_ADMITTED_PER_SECOND: Final = 1000.0
_NEVER_SECONDS: Final = 86_400.0
"""With this many places, a visit never has to lend its place."""


class KnownFacts(Protocol):
    """The facts that the leader knows of the endpoints."""

    def latest(self, endpoint_key: str) -> Observation | None:
        """The newest facts, without evidence; None if there are none."""
        ...


class LeaderStore:
    """Implements ``model.ports.Store`` on another Store, and writes only what no worker writes."""

    def __init__(self, store: Store, known: KnownFacts) -> None:
        self._store = store
        self._known = known

    async def record_visit(self, visit: Visit) -> Advanced | None:
        """Store the visit if a name did not resolve: the leader resolves names itself."""
        return await self._store.record_visit(visit) if _is_unresolved(visit.observation) else None

    async def schedules(self) -> Sequence[Schedule]:
        """The due time of every endpoint that has been visited."""
        return await self._store.schedules()

    async def latest(self, endpoint_key: str, *, answered: bool = False) -> Observation | None:
        """The known facts, which show whether there is anything to verify; the worker reads them with evidence."""
        known = self._known.latest(endpoint_key)
        return known if known is None or known.answered or not answered else None

    async def statuses(self) -> Sequence[EndpointStatus]:
        """The newest status of every endpoint ever visited."""
        return await self._store.statuses()


def judge_unresolved(judge: Judging) -> Judging:
    """Apply ``judge`` only to failed name resolutions; the workers judge everything else."""

    async def judge_or_leave(
        observation: Observation, schedule: Schedule, verified_digest: str | None = None
    ) -> Visit:
        by = judge if _is_unresolved(observation) else unjudged
        return await by(observation, schedule, verified_digest)

    return judge_or_leave


def _is_unresolved(observation: Observation) -> bool:
    return observation.endpoint.address is None


def plan_with_workers(plan: SchedulerSettings) -> SchedulerSettings:
    """The plan when workers make the visits: all due visits go out, and a stop waits for none."""
    return replace(
        plan,
        max_concurrent_probes=_MOST_VISITS_OUT,
        overtime_seconds=_NEVER_SECONDS,
        least_admitted_per_second=_ADMITTED_PER_SECOND,
        repeats_failed_visits=False,
        enumerates_at_start=False,
        stop_grace_seconds=0.0,
    )
