"""The pages on a port of this machine, for a real browser; a thread serves them until the context ends."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from socket import socket

import uvicorn

from model.endpoint_state import Visit
from model.endpoint_state.schedule import Schedule
from model.findings.finding import Assessment
from model.observation import Observation
from model.protocol_version import ProtocolVersion
from model.records.fleet_count import FleetCount
from model.snapshot import EndpointStatus
from model.verdict import Fact, Verdict
from storage import SqlStore
from tests.exporters.reports.samples import POLICY, result, snapshot
from tests.exporters.reports.samples import status as judged
from tests.service.pages.samples import app_of
from tests.service.samples import NOW, modern

PATIENCE_SECONDS = 60


@contextmanager
def served(directory: Path, statuses: Sequence[EndpointStatus]) -> Iterator[str]:
    """The URL of the pages of ``statuses``; the Store has a change of the first endpoint that answers."""
    made: list[uvicorn.Server] = []
    is_started = threading.Event()

    async def serve() -> None:
        async with await SqlStore.open(f"sqlite:///{directory / 'kept.db'}") as store:
            await _remember(store, statuses)
            app = app_of(store, statuses)
            config = uvicorn.Config(app, port=0, log_config=None, lifespan="off")
            server = _Announced(config, is_started.set)
            made.append(server)
            await server.serve()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert is_started.wait(PATIENCE_SECONDS), "the pages are not served"
        port = made[0].servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        if made:
            made[0].should_exit = True
        thread.join()


class _Announced(uvicorn.Server):
    """A server that calls ``announce`` once it accepts."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        self._announce()


async def _remember(store: SqlStore, statuses: Sequence[EndpointStatus]) -> None:
    """Store two visits of the first endpoint that answers, and counts: it accepted SSL 3.0 until a month ago."""
    for days in range(80, 0, -1):
        old = int(days >= 30)
        count = FleetCount(
            at=NOW - timedelta(days=days),
            answering=3,
            versions={"TLSv1.3": 2, "TLSv1.2": 2, "TLSv1.0": 1, "SSLv3": old},
            weakest={"insecure": 1, "recommended": 2},
            post_quantum=2 - old,
        )
        await store.put_fleet_count(count)
    for status in statuses:
        if status.observation.answered:
            now = status.observation
            before = replace(
                now,
                protocols=dict(now.protocols) | {ProtocolVersion.SSLV3: Fact(verdict=Verdict.YES)},
            )
            for visit, days in ((before, 80), (now, 30)):
                await store.record_visit(_visit(visit, NOW - timedelta(days=days)))
            return


def _visit(observation: Observation, at: datetime) -> Visit:
    seen = replace(observation, started_at=at)
    key = seen.endpoint.key
    return Visit(
        observation=seen,
        schedule=Schedule(
            endpoint_key=key,
            due_at=at + timedelta(hours=1),
            interval_seconds=3600,
            consecutive_failures=0,
        ),
        assessment=Assessment(
            endpoint_key=key,
            assessed_at=at,
            policies={POLICY.name: POLICY.digest},
            results=(result(),),
        ),
    )


def fleet() -> tuple[EndpointStatus, ...]:
    """Compliant, waived, violating, unknown and silent endpoints."""
    return snapshot().endpoints


def real_endpoint(port: int) -> EndpointStatus:
    """An endpoint whose name the pages' prober finds at ``port`` of this machine; the policies disagree on it."""
    one = judged(modern("real.example", port=port), result())
    return replace(one, compliance={**one.compliance, "strict": Verdict.YES})
