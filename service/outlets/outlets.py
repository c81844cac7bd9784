"""All outlets of a service, side by side: one that breaks is begun anew, and the others go on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

import structlog
from prometheus_client import CollectorRegistry

from exporters.prometheus.delivery import DeliveryMetrics
from service.inventory_page import InventoryPage
from service.outlets.remote_write import RemoteWriter
from service.outlets.textfile import TextFile
from service.settings import ServiceSettings

_LOG = structlog.stdlib.get_logger("tlsprobe")
_REST_SECONDS: Final = 60.0


class Outlet(Protocol):
    """What sends something by itself."""

    async def run(self) -> None:
        """Send until cancelled; raises nothing that is foreseen."""
        ...


class Outlets:
    """Those that the settings name.

    ``has_facts`` says whether this process is the one that knows the inventory: with workers, the one
    that leads.
    """

    def __init__(
        self,
        settings: ServiceSettings,
        page: InventoryPage,
        registry: CollectorRegistry,
        *,
        has_facts: Callable[[], bool],
    ) -> None:
        metrics = DeliveryMetrics(registry)
        outlets: list[Outlet] = []
        if settings.push.textfile is not None:
            outlets.append(TextFile(settings.push.textfile, page.facts, metrics))
        if settings.push.remote_write is not None:
            outlets.append(
                RemoteWriter(settings.push.remote_write, page.facts, has_facts, registry, metrics)
            )
        self._outlets = outlets

    async def run(self) -> None:
        """All of them, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for outlet in self._outlets:
                group.create_task(_keep_running(outlet))


async def _keep_running(outlet: Outlet) -> None:
    while True:
        try:
            await outlet.run()
        except Exception:
            _LOG.exception("an outlet broke, and is begun anew")
            await asyncio.sleep(_REST_SECONDS)
