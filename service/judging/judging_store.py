"""The Store that the scheduler is given: each Observation is judged on its way into the archive.

The scheduler knows nothing of policies, and storage keeps what it is given; here the two meet.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from model.endpoint_state.schedule import Schedule
from model.observation import Observation
from model.ports import Archive
from model.snapshot import EndpointStatus
from service.judging.policy_evaluator import PolicyEvaluator


class JudgingStore:
    """Fulfils model's Store over an Archive, by the policies that the desk has at the time."""

    def __init__(self, archive: Archive, desk: PolicyEvaluator) -> None:
        self._archive = archive
        self._desk = desk

    async def record(self, observation: Observation, schedule: Schedule) -> None:
        """Keep the Observation with what the policies say of it; durable on return."""
        assessment = await asyncio.to_thread(self._desk.assess, observation)
        await self._archive.record(observation, schedule, assessment)

    async def schedules(self) -> Sequence[Schedule]:
        """As the archive has them."""
        return await self._archive.schedules()

    async def latest(self, endpoint_key: str) -> Observation | None:
        """As the archive has it."""
        return await self._archive.latest(endpoint_key)

    async def statuses(self) -> Sequence[EndpointStatus]:
        """As the archive has them."""
        return await self._archive.statuses()
