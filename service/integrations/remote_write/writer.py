"""Pushes the metrics of a scrape to a receiver of Prometheus' remote write.

A failed push is not stored: the next one has newer facts, so a receiver that is down causes a gap, but needs
no memory. The pages that were sent are stored, compressed, to end the series that vanish.
"""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest

from exporters.prometheus.service.delivery import DeliveryMetrics
from pki.net_guard.gate import SocketGate
from service.integrations.attempts import Attempts, DeliveryError
from service.integrations.remote_write.requests import WriteRequest, write_requests
from service.integrations.remote_write.settings import RemoteWriteSettings
from service.integrations.web.post import WebPost

_HEADERS: Final = {
    "content-encoding": "snappy",
    "content-type": "application/x-protobuf",
    "x-prometheus-remote-write-version": "0.1.0",
}


class RemoteWriter:
    """Sends ``facts`` and ``registry`` at each interval.

    ``facts`` are a gzip page, or None if there is no page yet, or if another process of the fleet sends it.
    """

    def __init__(
        self,
        settings: RemoteWriteSettings,
        gate: SocketGate,
        facts: Callable[[], Awaitable[bytes | None]],
        registry: CollectorRegistry,
        metrics: DeliveryMetrics,
    ) -> None:
        self._settings = settings
        self._gate = gate
        self._facts = facts
        self._registry = registry
        self._metrics = metrics
        self._attempts = Attempts("remote_write", metrics, settings.interval_seconds)
        self._sent: tuple[bytes, ...] = ()

    async def run(self) -> None:
        """Push until cancelled."""
        async with WebPost(self._settings.rotating(), self._gate) as post:
            while True:
                wait = self._settings.interval_seconds
                began = time.monotonic()
                try:
                    await self._push(post)
                    self._attempts.succeeded()
                except DeliveryError as error:
                    wait = self._attempts.failed(error)
                await asyncio.sleep(max(wait - (time.monotonic() - began), 0.1))

    async def _push(self, post: WebPost) -> None:
        import cramjam

        pages = await self._pages()
        earlier, self._sent = self._sent, (*self._sent[:2], *pages)
        requests = write_requests(
            pages, earlier, self._settings.labels, time.time_ns() // 1_000_000
        )
        async for request in _one_by_one(requests):
            body = await asyncio.to_thread(cramjam.snappy.compress_raw, request.body)
            await post.send(bytes(body), _HEADERS)
            self._metrics.samples_sent(request.samples)
        self._sent = pages

    async def _pages(self) -> tuple[bytes, ...]:
        own = gzip.compress(generate_latest(self._registry), compresslevel=1)
        facts = await self._facts()
        return (own,) if facts is None else (own, facts)


async def _one_by_one(requests: Iterator[WriteRequest]) -> AsyncIterator[WriteRequest]:
    """Build each request in a thread, when it is needed."""
    while (request := await asyncio.to_thread(next, requests, None)) is not None:
        yield request
