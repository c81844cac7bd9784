"""The two tasks that a scheduler gives to this process: resolve a name, and visit an endpoint."""

from __future__ import annotations

from typing import Final

import structlog

from model.frozen import frozen
from model.observation import Observation
from model.ports import Clock
from model.target import Endpoint, Target
from model.target_labels import LOG
from model.verification.remembered import Known, Remembered
from pki.net_guard.shortage import ShortageError, refusing_shortages
from scheduling.resolve import Resolution, allowed, refusals, resolve
from service.daemon.state import ServiceState
from service.inventory.service_meter import ServiceMeter
from service.watchdog.guarded_visits import GuardedVisits

_LOG: Final = structlog.stdlib.get_logger("tlsprobe")


@frozen
class LocalProbes:
    """Resolves and visits by the active configuration; ``guarded`` isolates endpoints that crash the service."""

    state: ServiceState
    guarded: GuardedVisits
    meter: ServiceMeter
    clock: Clock

    async def visit(self, endpoint: Endpoint, known: Known | None) -> Observation:
        """Visit the endpoint once; returns the Observation.

        Raises:
            NotVisitedError: if the endpoint has to wait, or this machine runs out of descriptors.
        """
        try:
            return await self.guarded.visit(endpoint, known, self._visit_here)
        except ShortageError as shortage:
            self.meter.ran_short(str(shortage))
            raise

    def recall(self, endpoint: Endpoint) -> Remembered | None:
        """What is remembered of the endpoint, unless its chains have to be judged again, from their bytes."""
        known = self.meter.remembered(endpoint.key)
        now = self.clock.now()
        return known if known and self.state.engine.is_still_judged(known.facts, now) else None

    async def _visit_here(self, endpoint: Endpoint, known: Known | None) -> Observation:
        def say(phrase: str) -> None:
            _LOG.info("asking", endpoint=endpoint.key, about=phrase)

        is_followed = endpoint.target.labels.get(LOG) == "debug"
        return await self.state.engine.visit(endpoint, say if is_followed else None, known=known)

    async def resolve(self, target: Target) -> Resolution:
        """The addresses of ``target`` that may be probed; raises ShortageError."""
        try:
            with refusing_shortages():
                found = await resolve(target, family=self.state.settings.probe.address_family)
        except ShortageError as shortage:
            self.meter.ran_short(str(shortage))
            raise
        if denied := refusals(found, self.state.gate):
            _LOG.info(
                "addresses of a target are denied by the configuration",
                target=target.key,
                addresses=len(denied),
                reason=denied[0],
            )
        return allowed(found, self.state.gate)
