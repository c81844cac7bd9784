"""The scheduler's side: becomes the leader when there is none, and then looks after jobs and workers.

A term begins with the state in the Store and ends with the connection that holds the lock. Only the database
carries state from one term to the next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from psycopg_pool import PoolTimeout

from exporters.prometheus.service.fleet import FleetMetrics
from exporters.service_state import FleetState
from scheduling.jobs import Visiting
from service.config.settings import Workers
from service.fleet.dispatcher import Dispatcher, KnownStatuses, Statuses
from service.fleet.leadership import LeadershipTerm, LeadLostError, campaign
from service.fleet.leases import Leases
from service.fleet.queue import QUEUE_ERRORS, Queue, Times
from storage import StoreError

_LOOK_AFTER_SECONDS: Final = 5.0
_PAUSE_SECONDS: Final = 5.0

_LOG = structlog.stdlib.get_logger("tlsprobe")


class Leader:
    """Campaigns for leadership and serves as leader, again and again."""

    def __init__(
        self,
        url: str,
        *,
        workers: Workers,
        statuses: Statuses,
        known: KnownStatuses,
        metrics: FleetMetrics,
    ) -> None:
        self._url = url
        self._queue = Queue(url, Times(dead_after=workers.heartbeat_timeout_seconds))
        self._visits_per_job = workers.probes_per_job
        self._statuses = statuses
        self._known = known
        self._metrics = metrics

    @property
    def state(self) -> FleetState:
        """The fleet as this scheduler last saw it."""
        return self._metrics.state

    async def run(self, serve_term: Callable[[Visiting], Awaitable[None]]) -> None:
        """Run one term after another with ``serve_term``, which is cancelled when leadership is lost."""
        async with self._queue.open():
            while True:
                async with campaign(self._url) as term:
                    try:
                        await self._serve(term, serve_term)
                    except* (LeadLostError, StoreError, *QUEUE_ERRORS, PoolTimeout) as lost:
                        _LOG.error("this scheduler lost leadership", reason=str(lost.exceptions[0]))
                    finally:
                        self._metrics.leads(False)
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _serve(
        self, term: LeadershipTerm, serve_term: Callable[[Visiting], Awaitable[None]]
    ) -> None:
        await term.listen()
        await self._queue.prepare(may_remake=True)
        claims = Leases(self._queue.pool, self._queue.times.dead_after)
        dispatcher = Dispatcher(
            queue=self._queue,
            claims=claims,
            statuses=self._statuses,
            known=self._known,
            probes_per_job=self._visits_per_job,
        )
        await dispatcher.adopt()
        _LOG.info("this scheduler is now the leader")
        self._metrics.leads(True)
        async with asyncio.TaskGroup() as group:
            beside = (
                term.watch(dispatcher.visited),
                dispatcher.run(_LOOK_AFTER_SECONDS),
                self._sweep(claims),
            )
            tasks = [group.create_task(one) for one in beside]
            await serve_term(dispatcher.visit)
            for task in tasks:
                task.cancel()

    async def _sweep(self, claims: Leases) -> None:
        """Reassign the jobs of dead workers, and update the counts of the fleet."""
        told: set[str] = set()
        before: int | None = None
        while True:
            try:
                retried, given_up = await self._queue.rescue()
                set_aside = await claims.all_set_aside()
                workers = await self._queue.living_workers()
                waiting = await self._queue.waiting()
            except (*QUEUE_ERRORS, PoolTimeout) as error:
                _LOG.warning("cannot check for dead workers", reason=str(error))
            else:
                if retried or given_up:
                    _LOG.warning(
                        "jobs of dead workers are reassigned", retried=retried, given_up=given_up
                    )
                for key in set(set_aside) - told:
                    _LOG.error(
                        "an endpoint is quarantined",
                        endpoint=key,
                        reason="workers that probed it died",
                    )
                told = set(set_aside)
                if workers == 0 and workers != before:
                    _LOG.warning("no worker is alive: nothing is visited", fix="start a worker")
                before = workers
                self._metrics.counted(workers=workers, waiting=waiting, set_aside=len(set_aside))
                self._metrics.jobs_rescued(retried=retried, given_up=given_up)
            await asyncio.sleep(self._queue.times.heartbeat)
