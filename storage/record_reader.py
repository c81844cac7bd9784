"""Reads what the service and its users record: waivers, targets of the API, requested probes, events, the audit log,
reported alerts, calls that audit trails report, and the count of the fleet for each day.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from model.claims.resource_claim import ResourceClaim
from model.comparisons.attribution import RecordedCall
from model.findings.alert import Alert
from model.findings.finding import Waiver
from model.query import AuditEntry, ServiceEvent
from model.records.fleet_count import FleetCount
from model.records.probe_record import ProbeRecord, ProbeResult
from model.target import Target
from storage.newest_first import NewestFirstReader
from storage.reading.attributions import read_reported_calls
from storage.reading.records.audit import read_audit_log
from storage.reading.records.fleet_days import read_fleet_counts
from storage.reading.records.probes import read_probe, read_probes
from storage.reading.records.resource_claims import read_resource_claims
from storage.reading.records.waivers_and_events import (
    read_api_targets,
    read_events,
    read_reported_alerts,
    read_waivers,
)


class RecordReader(NewestFirstReader):
    """The part of ``SqlReader`` that reads records of people and of the service, not of endpoints."""

    async def waivers(self) -> Sequence[Waiver]:
        """The stored waivers, by name, including expired ones.

        Raises:
            StoreError: if the database cannot be read.
        """
        async with self._reading() as connection:
            return await read_waivers(connection)

    async def api_targets(self) -> Sequence[Target]:
        """The targets that clients have added through the API, by key, without a source.

        Raises:
            StoreError: if the database cannot be read.
        """
        async with self._reading() as connection:
            return await read_api_targets(connection)

    async def resource_claims(self) -> Sequence[ResourceClaim]:
        """The claims about resources that no target had, in any order.

        Raises:
            StoreError: if the database cannot be read.
        """
        async with self._reading() as connection:
            return await read_resource_claims(connection)

    async def events(self, since: datetime | None = None) -> Sequence[ServiceEvent]:
        """The service events, newest first.

        Raises:
            StoreError: if the database cannot be read.
        """
        async with self._reading() as connection:
            return await read_events(connection, since)

    async def audit_log(
        self, *, since: datetime | None = None, until: datetime | None = None, limit: int = 1000
    ) -> Sequence[AuditEntry]:
        """The newest ``limit`` entries of the audit log from ``since`` to ``until``, newest first.

        Raises:
            StoreError: if the database cannot be read.
        """
        async with self._reading() as connection:
            return await read_audit_log(connection, since, until, limit)

    async def reported_alerts(self, notifier: str) -> Sequence[Alert]:
        """The alerts that ``notifier`` has reported and that have not ended, in any order.

        Raises:
            StoreError: if the database cannot be read.
        """
        async with self._reading() as connection:
            return await read_reported_alerts(connection, notifier)

    async def probes(self) -> Sequence[ProbeRecord]:
        """The stored probes that clients requested, newest first, without their results.

        Raises:
            StoreError: if the database cannot be read.
        """
        async with self._reading() as connection:
            return await read_probes(connection)

    async def probe(self, probe_id: str) -> ProbeResult | None:
        """The stored probe with its results; None if it is unknown.

        Raises:
            StoreError: if the database cannot be read.
        """
        async with self._reading() as connection:
            return await read_probe(connection, probe_id)

    async def fleet_counts(self, since: datetime) -> Sequence[FleetCount]:
        """The last count of the fleet of each day from ``since`` on, oldest first.

        Raises:
            StoreError: if the database cannot be read.
        """
        async with self._reading() as connection:
            return await read_fleet_counts(connection, since)

    async def reported_calls(
        self,
        resources: Collection[str],
        account: str,
        since: datetime,
        until: datetime,
        *,
        limit: int,
    ) -> Sequence[RecordedCall]:
        """The newest ``limit`` calls from ``since`` to ``until`` that a trail reported for one of ``resources``.

        They are those in the ``account``; in all of them if it is empty.

        Raises:
            StoreError: if the database cannot be read.
        """
        async with self._reading() as connection:
            return await read_reported_calls(connection, resources, account, since, until, limit)
