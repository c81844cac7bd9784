"""All sinks of a service, in parallel: a sink that crashes is restarted, and the others continue."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import structlog
from prometheus_client import CollectorRegistry

from exporters.prometheus.service.delivery import DeliveryMetrics
from exporters.service_state import SinkState
from model.frozen import frozen
from model.ports import Clock, ReportedAlerts
from model.snapshot import Snapshot
from pki.net_guard.gate import SocketGate
from service.config.settings import ServiceSettings
from service.delivery.active_alerts import POLL_SECONDS, SharedActiveAlerts
from service.delivery.notifier_loop import Channel, NotifierLoop
from service.delivery.suppressions import ImportedWaivers, SuppressionSource
from service.integrations.catalogue import notifier_of
from service.integrations.notifier import NotifierSettings
from service.integrations.remote_write.writer import RemoteWriter
from service.integrations.security_hub.notifier import SecurityHubSettings
from service.integrations.textfile import TextFile
from service.inventory.metrics_page import InventoryPage, NoSnapshotError

_LOG = structlog.stdlib.get_logger("tlsprobe")
_RESTART_SECONDS: Final = 60.0


class Sink(Protocol):
    """Something that sends by itself."""

    async def run(self) -> None:
        """Send until cancelled; expected failures are logged, not raised."""
        ...


@frozen
class SinkInputs:
    """Where sinks get what they send, store what they have reported, and which receivers they may contact.

    ``waivers`` are changed by what people suppress at a receiver.
    """

    page: InventoryPage
    snapshot: Callable[[], Snapshot]
    registry: CollectorRegistry
    reported: ReportedAlerts
    clock: Clock
    gate: SocketGate
    waivers: ImportedWaivers

    async def facts(self) -> bytes | None:
        """The page of the inventory's metrics in gzip; None if there is no Snapshot yet."""
        try:
            return await self.page.facts()
        except NoSnapshotError:
            return None


class Sinks:
    """The sinks that the settings name.

    ``has_facts`` is true if this process knows the inventory: with workers, only the leader does.
    """

    def __init__(
        self, settings: ServiceSettings, inputs: SinkInputs, *, has_facts: Callable[[], bool]
    ) -> None:
        async def own_facts() -> bytes | None:
            return await inputs.facts() if has_facts() else None

        self._metrics = metrics = DeliveryMetrics(inputs.registry)
        sinks: list[Sink] = []
        if (file := settings.push.textfile) is not None:
            sinks.append(TextFile(file, inputs.facts, metrics))
        if (remote := settings.push.remote_write) is not None:
            sinks.append(RemoteWriter(remote, inputs.gate, own_facts, inputs.registry, metrics))
        alerts = SharedActiveAlerts(inputs.snapshot, inputs.clock)
        for name, notifier in settings.notifications.items():
            sinks.append(_NotifierSink(name, notifier, alerts, inputs, metrics, has_facts))
            if isinstance(notifier, SecurityHubSettings) and notifier.accept_suppressions:
                sinks.append(_suppressions(name, notifier, inputs, has_facts))
        self._sinks = sinks

    @property
    def states(self) -> Sequence[SinkState]:
        """What each sink has done since the start; empty for one that has not connected yet."""
        return self._metrics.states

    async def run(self) -> None:
        """Run all sinks until cancelled."""
        async with asyncio.TaskGroup() as group:
            for sink in self._sinks:
                group.create_task(_keep_running(sink))


def _suppressions(
    name: str, settings: SecurityHubSettings, inputs: SinkInputs, has_facts: Callable[[], bool]
) -> SuppressionSource:
    return SuppressionSource(name, settings, inputs.gate, inputs.waivers, inputs.clock, has_facts)


class _NotifierSink:
    """One notifier, which polls every few seconds; while another process has the facts, that process sends."""

    def __init__(
        self,
        name: str,
        settings: NotifierSettings,
        alerts: SharedActiveAlerts,
        inputs: SinkInputs,
        metrics: DeliveryMetrics,
        has_facts: Callable[[], bool],
    ) -> None:
        self._name = name
        self._settings = settings
        self._alerts = alerts
        self._inputs = inputs
        self._metrics = metrics
        self._has_facts = has_facts

    async def run(self) -> None:
        """Send until cancelled."""
        notifier = notifier_of(self._settings.type)
        async with notifier.connect(self._settings, self._inputs.gate) as send:
            channel = Channel(
                name=self._name, notifier=notifier, settings=self._settings, send=send
            )
            inputs = self._inputs
            loop = NotifierLoop(channel, inputs.reported, inputs.clock, self._metrics)
            try:
                while True:
                    if self._has_facts():
                        await loop.step(await self._alerts.newest())
                    else:
                        loop.reload()
                    await asyncio.sleep(POLL_SECONDS)
            finally:
                await loop.close()


async def _keep_running(sink: Sink) -> None:
    while True:
        try:
            await sink.run()
        except Exception:
            _LOG.exception("a sink failed unexpectedly, restarting it")
            await asyncio.sleep(_RESTART_SECONDS)
