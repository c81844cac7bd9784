"""The waivers that Security Hub brings: they pass the same desk as those of people, and the audit log has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import structlog

from model.findings.finding import Waiver
from service.http.guard.principal import Method, Principal
from service.http.waivers import RefusedError, WaiverDesk
from service.setting_types.roles import Role

_LOG: Final = structlog.stdlib.get_logger("tlsprobe")


class DeskOfImports:
    """Adds and removes waivers at ``desk`` in the name of those who suppressed a finding."""

    def __init__(self, desk: WaiverDesk) -> None:
        self._desk = desk
        self._refused: set[str] = set()

    def current(self) -> Mapping[str, Waiver]:
        """The waivers that are not in policy files, by name."""
        return dict(self._desk.evaluator.kept)

    async def put(self, waiver: Waiver) -> None:
        """Add or replace a waiver; one that is refused is logged once. Raises StoreError."""
        try:
            await self._desk.put(waiver, _by(waiver.owner))
        except RefusedError as refused:
            if waiver.name not in self._refused:
                self._refused.add(waiver.name)
                _LOG.warning(
                    "a suppression cannot be a waiver", waiver=waiver.name, reason=str(refused)
                )

    async def remove(self, name: str) -> None:
        """Remove a waiver. Raises StoreError."""
        waiver = self._desk.evaluator.kept.get(name)
        if waiver is not None:
            await self._desk.remove(name, _by(waiver.owner))


def _by(owner: str) -> Principal:
    return Principal(name=owner, role=Role.OPERATOR, method=Method.SECURITY_HUB)
