"""A prober on demand with real engines; the test chooses its inventory and its resolver."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field

from prometheus_client.parser import text_string_to_metric_families

from model.clock import SystemClock
from model.snapshot import EndpointStatus
from model.target import Endpoint, Target
from pki.net_guard.deny import DenyList
from pki.net_guard.gate import SocketGate
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from scheduling.resolve import Resolution, resolve
from service.config.modules.on_demand import OnDemandSettings
from service.probe_endpoint.allowed import Allowed
from service.probe_endpoint.prober import OnDemandProber, ProberContext

LOOPBACK = ["127.0.0.0/8"]

Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


@dataclass
class World:
    """``addresses`` is the result for any name; None uses the system's resolver."""

    inventory: Sequence[Target] = ()
    known: dict[str, EndpointStatus] = field(default_factory=dict)
    addresses: Sequence[str] | None = None
    deny: Sequence[str] = ()
    resolved: list[str] = field(default_factory=list)
    has_resolved: asyncio.Event = field(default_factory=asyncio.Event)

    def prober(self, on_demand: OnDemandSettings) -> OnDemandProber:
        return OnDemandProber(on_demand, self._around(on_demand))

    def reconfigure(self, prober: OnDemandProber, on_demand: OnDemandSettings) -> None:
        prober.reconfigure(on_demand, self._around(on_demand))

    def _around(self, on_demand: OnDemandSettings) -> ProberContext:
        targets = {target.key: target for target in self.inventory}
        gate = SocketGate(deny=DenyList(self.deny), guards_reserved=True)
        clock, settings = SystemClock(), ProbeSettings(gate=gate)
        return ProberContext(
            engine=Engine(settings, clock),
            settings=settings,
            clock=clock,
            allowed=Allowed(on_demand.networks, gate),
            resolve=self._resolve,
            target_of=targets.get,
            status_of=self.known.get,
            guarding=lambda _: nullcontext(),
        )

    async def _resolve(self, target: Target) -> Resolution:
        self.resolved.append(target.host)
        self.has_resolved.set()
        if self.addresses is None:
            return await resolve(target)
        found = tuple(Endpoint(target=target, address=one) for one in self.addresses)
        return Resolution(endpoints=found, failure=None)


def series(page: str) -> Series:
    """Every sample of a page; each must occur once."""
    found: Series = {}
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            place = sample.name, frozenset(sample.labels.items())
            assert place not in found
            found[place] = sample.value
    return found


def value(page: str, name: str) -> float:
    """The only sample of that name, whatever its labels."""
    (found,) = [number for (named, _), number in series(page).items() if named == name]
    return found
