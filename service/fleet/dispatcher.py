"""The leader's visits: each becomes part of a job, and ends when the Store has a worker's result.

To the scheduler such a visit looks like any other. Workers report visits as they end; a report is only a hint
to read the Store, and a missed report is made up for when the job is over. If a job ends without a visit, for
example because the endpoint was closed by then, the scheduler plans the visit again.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

import structlog

from model.observation import Observation
from model.ports import NotVisitedError
from model.snapshot import EndpointStatus
from model.target import Endpoint
from model.verification.remembered import Known
from service.fleet.batches import Batch, Batches
from service.fleet.leases import Leases
from service.fleet.queue import QUEUE_ERRORS, Queue
from service.fleet.request import Request
from storage import StoreError

_EVERY_SECONDS: Final = 0.25
_STATUSES_AT_ONCE: Final = 200

_LOG = structlog.stdlib.get_logger("tlsprobe")


class Statuses(Protocol):
    """What the dispatcher needs from the Store."""

    async def statuses_of(
        self,
        endpoint_keys: Collection[str],
        shown: Callable[[str], EndpointStatus | None] | None = None,
    ) -> Sequence[EndpointStatus]:
        """The newest status of each of these endpoints that has been visited; ``shown`` is what is known of them."""
        ...


class KnownStatuses(Protocol):
    """The endpoint statuses that the leader knows and exports."""

    def remember(self, statuses: Iterable[EndpointStatus]) -> None:
        """Adopt the statuses of the Store."""
        ...

    def visited_at(self, endpoint_key: str) -> datetime | None:
        """When the newest known visit ended; None if no visit is known."""
        ...

    def status(self, endpoint_key: str) -> EndpointStatus | None:
        """The newest known status."""
        ...


@dataclass(slots=True)
class _Asked:
    """A visit that the scheduler waits for; ``job_id`` is set once it is part of a job."""

    request: Request
    ended: asyncio.Future[Observation]
    job_id: int | None = None


@dataclass(slots=True)
class _Job:
    """A job that is out: its addresses, and the endpoints whose visits are awaited."""

    addresses: frozenset[str]
    keys: set[str] = field(default_factory=set)


class Dispatcher:
    """Visits endpoints through workers; ``run`` must run at the same time."""

    def __init__(
        self,
        *,
        queue: Queue,
        claims: Leases,
        statuses: Statuses,
        known: KnownStatuses,
        probes_per_job: int,
    ) -> None:
        self._queue = queue
        self._claims = claims
        self._statuses = statuses
        self._known = known
        self._batches = Batches(probes_per_job)
        self._asked: dict[str, _Asked] = {}
        self._jobs: dict[int, _Job] = {}
        self._news: set[str] = set()

    @property
    def jobs_out(self) -> int:
        """How many jobs are not over."""
        return len(self._jobs)

    async def visit(self, endpoint: Endpoint, known: Known | None) -> Observation:
        """The result of a worker's visit, whenever it arrives. With ``known``, the worker only verifies facts.

        Raises:
            NotVisitedError: if the job is over and no worker made the visit.
        """
        ended: asyncio.Future[Observation] = asyncio.get_running_loop().create_future()
        request = Request(
            endpoint=endpoint,
            visited_at=self._known.visited_at(endpoint.key),
            is_to_verify=known is not None,
        )
        self._asked[endpoint.key] = _Asked(request, ended)
        self._batches.add(request)
        try:
            return await ended
        finally:
            self._asked.pop(endpoint.key, None)
            self._batches.discard(request)

    def visited(self, endpoint_key: str) -> None:
        """Note a worker's report that a visit to the endpoint has ended."""
        self._news.add(endpoint_key)

    async def adopt(self) -> None:
        """Take over the previous leader's jobs: their addresses are still in use."""
        for job_id, addresses in (await self._queue.unfinished()).items():
            self._jobs[job_id] = _Job(frozenset(addresses))
            self._batches.are_out(addresses)

    async def run(self, look_after_seconds: float) -> None:
        """Send jobs and deliver results; check at intervals which jobs are over. Never ends."""
        rounds = max(1, round(look_after_seconds / _EVERY_SECONDS))
        for number in itertools.count(1):
            await asyncio.sleep(_EVERY_SECONDS)
            try:
                await self._read_news()
                await self._send()
                if number % rounds == 0:
                    await self._look_after_jobs()
            except (*QUEUE_ERRORS, StoreError) as error:
                _LOG.warning("jobs are waiting for the database", reason=str(error))

    async def _send(self) -> None:
        batches = self._batches.take()
        try:
            ids = await self._queue.defer(batches) if batches else []
        except BaseException:
            for batch in batches:
                self._take_back(batch)
            raise
        for job_id, batch in zip(ids, batches, strict=True):
            job = self._jobs[job_id] = _Job(batch.addresses)
            for request in batch.requests:
                if (asked := self._asked.get(request.key)) is not None:
                    asked.job_id = job_id
                    job.keys.add(request.key)

    def _take_back(self, batch: Batch) -> None:
        self._batches.over(batch.addresses)
        for request in batch.requests:
            if request.key in self._asked:
                self._batches.add(request)

    async def _read_news(self) -> None:
        news, self._news = self._news, set()
        try:
            while news:
                chunk = set(itertools.islice(news, _STATUSES_AT_ONCE))
                self._hand_out(await self._statuses.statuses_of(chunk, self._known.status))
                news -= chunk
        finally:
            self._news |= news

    def _hand_out(self, statuses: Sequence[EndpointStatus], *, whatever: bool = False) -> None:
        self._known.remember(statuses)
        for status in statuses:
            asked = self._asked.get(status.observation.endpoint.key)
            if asked is None or asked.ended.done():
                continue
            if whatever or asked.request.is_outdated_by(status.last_probe_at):
                asked.ended.set_result(status.observation)
                if asked.job_id in self._jobs:
                    self._settle(asked.job_id, asked.request.key)

    def _settle(self, job_id: int, key: str) -> None:
        """Mark a visit of the job as finished; a job without awaited visits counts as over."""
        job = self._jobs[job_id]
        job.keys.discard(key)
        if not job.keys:
            self._end(job_id)

    def _end(self, job_id: int) -> None:
        self._batches.over(self._jobs.pop(job_id).addresses)

    async def _look_after_jobs(self) -> None:
        out = await self._queue.unfinished_among(self._jobs)
        over = [job_id for job_id in self._jobs if job_id not in out]
        left = [key for job_id in over for key in self._jobs[job_id].keys]
        await self._read_left(left)
        for job_id in over:
            if job_id in self._jobs:
                keys = self._jobs[job_id].keys
                self._end(job_id)
                self._give_back(keys)

    async def _read_left(self, keys: Sequence[str]) -> None:
        """Deliver missed reports, and the last known status of endpoints that no worker visits."""
        for at in range(0, len(keys), _STATUSES_AT_ONCE):
            chunk = keys[at : at + _STATUSES_AT_ONCE]
            self._hand_out(await self._statuses.statuses_of(chunk))
        aside = set(await self._claims.all_set_aside()) & set(keys)
        if aside:
            self._hand_out(await self._statuses.statuses_of(aside), whatever=True)

    def _give_back(self, keys: Iterable[str]) -> None:
        for key in keys:
            asked = self._asked.get(key)
            if asked is not None and not asked.ended.done():
                asked.ended.set_exception(NotVisitedError(f"{key} was not visited"))
