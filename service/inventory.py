"""The Inventory: the newest status of every endpoint, kept in memory for the exporters to read.

It stands between the scheduler and the Store: what a visit learnt is in the next Snapshot at once,
also while the database cannot be written. It begins with what the Store remembers, so that a
restart shows no gap.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from model.certificate import Deployment
from model.observation import AcceptedSet, Observation
from model.ports import Clock, Schedule, Store
from model.snapshot import EndpointStatus, Snapshot
from model.verdict import Fact

_FORGOTTEN_AFTER: Final = timedelta(days=7)
"""An endpoint that leaves and comes back sooner shows its last facts until it is visited again."""


class Inventory:
    """A Store in front of another: passes everything on, and remembers the newest of each endpoint.

    ``current_endpoints`` gives the keys of the endpoints that a Snapshot may hold.
    """

    def __init__(
        self, store: Store, clock: Clock, current_endpoints: Callable[[], Collection[str]]
    ) -> None:
        self._store = store
        self._clock = clock
        self._current_endpoints = current_endpoints
        self._statuses: dict[str, EndpointStatus] = {}

    def remember(self, statuses: Iterable[EndpointStatus]) -> None:
        """Begin with ``statuses``, as the Store had them."""
        for status in statuses:
            bare = replace(status, observation=without_evidence(status.observation))
            self._statuses[status.observation.endpoint.key] = bare

    async def record(self, observation: Observation, schedule: Schedule) -> None:
        """Remember the visit, then store it; raises what the Store raises."""
        self._remember_visit(observation, schedule)
        await self._store.record(observation, schedule)

    async def schedules(self) -> Sequence[Schedule]:
        """The Store's."""
        return await self._store.schedules()

    async def statuses(self) -> Sequence[EndpointStatus]:
        """The Store's."""
        return await self._store.statuses()

    def snapshot(self) -> Snapshot:
        """The newest status of each current endpoint that has been visited, ordered by key."""
        current, now = self._current_endpoints(), self._clock.now()
        # A name whose addresses change all the time must not fill the memory.
        self._statuses = {
            key: status
            for key, status in self._statuses.items()
            if key in current or now - status.last_probe_at < _FORGOTTEN_AFTER
        }
        keys = sorted(key for key in self._statuses if key in current)
        return Snapshot(taken_at=now, endpoints=tuple(self._statuses[key] for key in keys))

    def _remember_visit(self, observation: Observation, schedule: Schedule) -> None:
        key = observation.endpoint.key
        ended_at = observation.started_at + timedelta(seconds=observation.cost.duration_seconds)
        last_success_at = ended_at if observation.answered_as_tls else None
        if last_success_at is None and key in self._statuses:
            last_success_at = self._statuses[key].last_success_at
        self._statuses[key] = EndpointStatus(
            observation=without_evidence(observation),
            last_probe_at=ended_at,
            last_success_at=last_success_at,
            consecutive_failures=schedule.consecutive_failures,
            interval_seconds=schedule.interval_seconds,
        )


def without_evidence(observation: Observation) -> Observation:
    """The same facts without the bytes that prove them, which the Store keeps.

    They are many times the size of the facts, and no exporter shows them.
    """
    return replace(
        observation,
        protocols={
            version: Fact(verdict=fact.verdict) for version, fact in observation.protocols.items()
        },
        cipher_suites={
            version: _bare_set(found) for version, found in observation.cipher_suites.items()
        },
        groups={version: _bare_set(found) for version, found in observation.groups.items()},
        certificates=tuple(_bare_chain(deployment) for deployment in observation.certificates),
        client_auth={
            version: replace(found, evidence=None)
            for version, found in observation.client_auth.items()
        },
    )


def _bare_set(found: AcceptedSet) -> AcceptedSet:
    return replace(found, evidence={}, refusal=None)


def _bare_chain(deployment: Deployment) -> Deployment:
    chain = tuple(replace(certificate, der=None) for certificate in deployment.chain)
    return replace(deployment, chain=chain)
