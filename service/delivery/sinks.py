"""All outlets of a service, side by side: one that breaks is begun anew, and the others go on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

import structlog
from prometheus_client import CollectorRegistry

from exporters.prometheus.service.delivery import DeliveryMetrics
from model.ports import Clock, NoticeLedger
from model.snapshot import Snapshot
from service.config.delivery.notifiers import NotifierSettings
from service.config.settings import ServiceSettings
from service.delivery.active_alerts import LOOK_SECONDS, SharedActiveAlerts
from service.delivery.notifier import Assignment, Notifying
from service.delivery.remote_write import RemoteWriter
from service.delivery.textfile import TextFile
from service.inventory.metrics_page import InventoryPage

_LOG = structlog.stdlib.get_logger("tlsprobe")
_REST_SECONDS: Final = 60.0


class Sink(Protocol):
    """What sends something by itself."""

    async def run(self) -> None:
        """Send until cancelled; raises nothing that is foreseen."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where outlets find what they send, and keep what they have told."""

    page: InventoryPage
    snapshot: Callable[[], Snapshot]
    registry: CollectorRegistry
    ledger: NoticeLedger
    clock: Clock


class Sinks:
    """Those that the settings name.

    ``has_facts`` says whether this process is the one that knows the inventory: with workers, the one
    that leads.
    """

    def __init__(
        self, settings: ServiceSettings, sources: Sources, *, has_facts: Callable[[], bool]
    ) -> None:
        metrics = DeliveryMetrics(sources.registry)
        outlets: list[Sink] = []
        if (file := settings.push.textfile) is not None:
            outlets.append(TextFile(file, sources.page.facts, metrics))
        if (remote := settings.push.remote_write) is not None:
            outlets.append(
                RemoteWriter(remote, sources.page.facts, has_facts, sources.registry, metrics)
            )
        standings = SharedActiveAlerts(sources.snapshot, sources.clock)
        for name, notifier in settings.notifications.items():
            outlets.append(_Notifier(name, notifier, standings, sources, metrics, has_facts))
        self._outlets = outlets

    async def run(self) -> None:
        """All of them, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for outlet in self._outlets:
                group.create_task(_keep_running(outlet))


class _Notifier:
    """One notifier, which looks every few seconds; while another process knows the facts, it tells."""

    def __init__(
        self,
        name: str,
        settings: NotifierSettings,
        standings: SharedActiveAlerts,
        sources: Sources,
        metrics: DeliveryMetrics,
        has_facts: Callable[[], bool],
    ) -> None:
        self._assignment = Assignment(
            name=name, form=settings.form, choice=settings.choice, timing=settings.timing
        )
        self._settings = settings
        self._standings = standings
        self._sources = sources
        self._metrics = metrics
        self._has_facts = has_facts

    async def run(self) -> None:
        """Tell until cancelled."""
        async with self._settings.sender() as sender:
            notifying = Notifying(
                self._assignment,
                sender.send,
                self._sources.ledger,
                self._sources.clock,
                self._metrics,
            )
            while True:
                if self._has_facts():
                    await notifying.look(await self._standings.newest())
                else:
                    notifying.forget()
                await asyncio.sleep(LOOK_SECONDS)


async def _keep_running(outlet: Sink) -> None:
    while True:
        try:
            await outlet.run()
        except Exception:
            _LOG.exception("an outlet broke, and is begun anew")
            await asyncio.sleep(_REST_SECONDS)
