"""What people suppress in Security Hub becomes waivers here, if the notifier's settings allow it.

The waivers of one notifier follow the suppressions: a new one is added, and one that was lifted there is removed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, Protocol

import structlog

from model.findings.finding import Waiver
from model.ports import Clock
from pki.net_guard.gate import SocketGate
from service.integrations.attempts import DeliveryError
from service.integrations.security_hub.notifier import SecurityHubSettings
from service.integrations.security_hub.suppressions import waiver_names, waiver_of
from storage import StoreError

if TYPE_CHECKING:
    from service.integrations.security_hub.hub import Hub

_LOG: Final = structlog.stdlib.get_logger("tlsprobe")
_ROUND_SECONDS: Final = 300.0


class ImportedWaivers(Protocol):
    """The waivers of the service, as a source of waivers changes them."""

    def current(self) -> Mapping[str, Waiver]:
        """Those that are not in policy files, by name."""
        ...

    async def put(self, waiver: Waiver) -> None:
        """Add or replace one; one that is not valid here is logged. Raises StoreError."""
        ...

    async def remove(self, name: str) -> None:
        """Remove one. Raises StoreError."""
        ...


class SuppressionSource:
    """The waivers that the notifier ``name`` brings; ``round`` is one comparison."""

    def __init__(
        self,
        name: str,
        settings: SecurityHubSettings,
        gate: SocketGate,
        waivers: ImportedWaivers,
        clock: Clock,
        has_facts: Callable[[], bool],
    ) -> None:
        self._name = name
        self._settings = settings
        self._gate = gate
        self._waivers = waivers
        self._clock = clock
        self._has_facts = has_facts
        self._hub: Hub | None = None
        self._is_failing = False

    async def run(self) -> None:
        """Compare until cancelled; while another process has the facts, that process does."""
        try:
            while True:
                if self._has_facts():
                    await self._try()
                await asyncio.sleep(_ROUND_SECONDS)
        finally:
            if self._hub is not None:
                self._hub.stop()

    async def round(self) -> None:
        """Make the waivers those of the suppressions.

        Raises:
            DeliveryError: if Security Hub cannot be read.
            StoreError: if a waiver cannot be stored.
        """
        if self._hub is None:
            self._hub = self._settings.hub(self._gate)
        found = await asyncio.to_thread(self._hub.suppressed)
        made = (waiver_of(one, self._name, self._settings.suppressions_days) for one in found)
        now = self._clock.now()
        wanted = {one.name: one for one in made if one is not None and one.expires_at > now}
        before = self._waivers.current()
        for name, waiver in wanted.items():
            if before.get(name) != waiver:
                await self._waivers.put(waiver)
        ours = waiver_names(self._name)
        for name in [one for one in before if one.startswith(ours) and one not in wanted]:
            await self._waivers.remove(name)

    async def _try(self) -> None:
        try:
            await self.round()
        except (DeliveryError, StoreError) as error:
            if not self._is_failing:
                _LOG.error("suppressions cannot be read", sink=self._name, reason=str(error))
            self._is_failing = True
        else:
            self._is_failing = False
