"""The Store as a worker sees it: what the policies say of a visit is kept with it."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping

from model.endpoint_state.schedule import Schedule
from model.observation import Observation
from model.query import ServiceEvent
from service.judging.policy_evaluator import PolicyEvaluator
from storage import LastVisit, SqlStore


class JudgedStore:
    """Records with the ``desk``'s judgement; asks the store for all else."""

    def __init__(self, store: SqlStore, desk: PolicyEvaluator) -> None:
        self._store = store
        self._desk = desk

    async def record(self, observation: Observation, schedule: Schedule) -> None:
        """Keep a visit and what the policies say of it, durably."""
        assessment = await asyncio.to_thread(self._desk.assess, observation)
        await self._store.record(observation, schedule, assessment)

    async def note(self, event: ServiceEvent) -> None:
        """Keep what befell the service."""
        await self._store.note(event)

    async def latest(self, endpoint_key: str) -> Observation | None:
        """The endpoint's newest facts."""
        return await self._store.latest(endpoint_key)

    async def last_visits(self, endpoint_keys: Collection[str]) -> Mapping[str, LastVisit]:
        """When each of the endpoints was visited last, and is due."""
        return await self._store.last_visits(endpoint_keys)
