"""The worker's side: ``tlsprobe worker``, a process that takes jobs of its zones and makes their visits.

An error at the start is a ``StartError``; SIGTERM and SIGINT stop the worker within ten seconds. Another worker
makes the visits that are unfinished by then; they do not count as deaths.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any, Final

import structlog
from procrastinate import JobContext
from procrastinate.jobs import DeleteJobCondition

from model.clock import SystemClock
from model.observation import Observation
from model.safe_output.secret_text import SecretMask
from model.target import Endpoint
from model.verification.remembered import Known
from model.version import TOOL_VERSION
from pki.net_guard.shortage import refusing_shortages
from policy import PolicyError
from scheduling.jobs import SchedulerSettings
from service.config.settings import ServiceSettings
from service.fleet.leases import Leases
from service.fleet.limiter import Limiter
from service.fleet.queue import QUEUE_ERRORS, TASK, Queue, QueueVersionError, Times
from service.fleet.request import queues_of_tags, requests_from_json
from service.fleet.resilient_jobs import ResilientJobManager
from service.fleet.visitor import Visitor, Ways
from service.fleet.worker_memory import WorkerMemory
from service.integrations.otel.telemetry import telemetry
from service.judging.configured_policies import configured_policies
from service.judging.policy_evaluator import PolicyEvaluator
from service.process.logs import set_up_logs
from service.process.maintenance import limit_endpoints, watch_version
from service.process.start_up import StartError, engine_of
from service.process.stopping import GRACE_SECONDS, stopping_signals
from service.process.traced_visit import traced_visit
from service.setting_types.secret_marks import secrets_in
from service.watchdog.isolation import IsolationPool
from service.watchdog.watchdog import watched_loop
from storage import SqlStore, StoreError

_MOST_JOBS: Final = 10_000
"""More than a worker ever has room for: ``Limiter`` sets the real limit."""

_POLL_SECONDS: Final = 0.5
_PAUSE_SECONDS: Final = 1.0

_LOG = structlog.stdlib.get_logger("tlsprobe")


async def work(settings: ServiceSettings, tags: Sequence[str]) -> None:
    """Make the visits of jobs until SIGTERM or SIGINT.

    Raises:
        StartError: if the database or the queue cannot be used; also if another version of tlsprobe has
        upgraded the database meanwhile and this worker has stopped.
        ValueError: if a tag is invalid.
    """
    mask = SecretMask(secrets_in(settings))
    set_up_logs(settings.log_format, settings.log_level, mask)
    queues = queues_of_tags(tags)
    times = Times(dead_after=settings.workers.heartbeat_timeout_seconds)
    with stopping_signals() as stop:
        async with AsyncExitStack() as stack:
            try:
                store = await stack.enter_async_context(await SqlStore.open(settings.database))
                limit_endpoints(store, settings.retention.endpoint_bytes_per_day)
                queue = await stack.enter_async_context(Queue(settings.database, times).open())
                await queue.prepare(may_remake=False)
            except (StoreError, QueueVersionError, *QUEUE_ERRORS) as error:
                raise StartError(mask.masked(str(error))) from error
            slots = Limiter(settings.max_concurrent_probes)
            isolation = IsolationPool(settings)
            stack.push_async_callback(isolation.close)
            try:
                visitor = _visitor(settings, store, queue, slots, isolation)
            except PolicyError as error:
                raise StartError(str(error)) from error
            _LOG.info("working", queues=queues, version=TOOL_VERSION)
            async with watched_loop(), telemetry(), asyncio.TaskGroup() as beside:
                version = beside.create_task(watch_version(store, stop))
                while not stop.is_set():
                    await _work_until(stop, queue, queues, visitor, slots)
                version.cancel()
            if not version.cancelled():
                raise StartError(str(version.result()))
        _LOG.info("stopped")


def _visitor(
    settings: ServiceSettings,
    store: SqlStore,
    queue: Queue,
    slots: Limiter,
    isolation: IsolationPool,
) -> Visitor:
    clock = SystemClock()
    engine = engine_of(settings, clock)
    plan = SchedulerSettings(paces=settings.paces)

    async def visit(endpoint: Endpoint, known: Known | None) -> Observation:
        with refusing_shortages():
            return await traced_visit(engine, endpoint, known)

    return Visitor(
        ways=Ways(
            beside_others=visit,
            alone=isolation.visit,
            judge=PolicyEvaluator(configured_policies(settings, clock)).judge,
            memory=WorkerMemory(engine.plan, engine.is_still_judged),
        ),
        records=store,
        claims=Leases(queue.pool, queue.times.dead_after),
        slots=slots,
        clock=clock,
        settings=plan,
    )


def _job_of(visitor: Visitor) -> Callable[..., Awaitable[None]]:
    """The task for the jobs of the queue: ``visitor`` makes the requested visits."""

    async def visit(context: JobContext, requests: list[dict[str, Any]], addresses: object) -> None:
        del addresses  # the scheduler reads them
        worker_id = context.job.worker_id
        if worker_id is None:
            raise ValueError("the job names no worker")
        try:
            await visitor.visit(requests_from_json(requests), worker_id)
        except Exception:
            # The leader requests again what was not visited.
            _LOG.exception("a job failed", job=context.job.id)

    return visit


async def _work_until(
    stop: asyncio.Event,
    queue: Queue,
    queues: Sequence[str],
    visitor: Visitor,
    slots: Limiter,
) -> None:
    """One registration of a worker in the queue: until ``stop``, or until others consider it dead."""
    manager = ResilientJobManager(queue.app.connector, slots.room)
    app = queue.app
    app.job_manager = manager

    app.tasks.pop(TASK, None)
    app.task(name=TASK, pass_context=True)(_job_of(visitor))
    working = app.run_worker_async(
        queues=queues,
        concurrency=_MOST_JOBS,
        fetch_job_polling_interval=_POLL_SECONDS,
        listen_notify=False,
        delete_jobs=DeleteJobCondition.ALWAYS,
        install_signal_handlers=False,
        update_heartbeat_interval=queue.times.heartbeat,
        stalled_worker_timeout=queue.times.dead_after,
        shutdown_graceful_timeout=GRACE_SECONDS,
    )
    try:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(working)
            ends = [group.create_task(one.wait()) for one in (stop, manager.is_declared_dead)]
            await asyncio.wait([running, *ends], return_when=asyncio.FIRST_COMPLETED)
            manager.stop.set()
            if stop.is_set():
                slots.close()
            for task in (running, *ends):
                task.cancel()
    except* QUEUE_ERRORS as trouble:
        _LOG.warning("the queue cannot be used, trying again", reason=str(trouble.exceptions[0]))
        await asyncio.sleep(_PAUSE_SECONDS)
