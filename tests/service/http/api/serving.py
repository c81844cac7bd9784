"""The API on a real socket of this machine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from model.target import Target
from service.config.modules.on_demand import OnDemandSettings
from service.http.guard.waiting import ConnectionLimits
from service.http.server import listen, serve_http, url_of
from service.probe_endpoint.observer import Observer
from tests.service.http.api.world import Api, api
from tests.service.probe_endpoint.asking import World

LIMITS: Final = ConnectionLimits(connections=50, per_caller=50, requests_per_second=100)


@asynccontextmanager
async def serving(*inventory: Target) -> AsyncIterator[tuple[Api, str]]:
    """The API on a real socket, and its URL."""
    prober = World(inventory=inventory).prober(OnDemandSettings())
    stop = asyncio.Event()
    async with api(visits=lambda: Observer(prober)) as running:
        assert running.app is not None
        with listen("127.0.0.1:0") as listener:
            served = asyncio.create_task(serve_http(running.app, listener, LIMITS, stop))
            yield running, url_of(listener)
            stop.set()
            await served
