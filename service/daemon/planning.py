"""Schedules visits: this process makes them, or workers do while this process is the leader."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from model.ports import Clock, Store
from model.target import Target
from scheduling.jobs import Judging, Probing, Visiting
from scheduling.scheduler import Scheduler
from service.daemon.probes import LocalProbes
from service.daemon.state import ServiceState
from service.fleet.leader_store import LeaderStore, judge_unresolved
from service.inventory.inventory import Inventory
from service.inventory.newer_statuses import read_newer_statuses
from storage import SqlStore

if TYPE_CHECKING:
    # It needs procrastinate, which is installed only with the extra for workers.
    from service.fleet.leader import Leader


@dataclass(slots=True, kw_only=True)
class Planner:
    """Runs one ``scheduler`` at a time: a new one for each term in which this process leads.

    Without workers, ``leader`` is None and the scheduler makes all visits through ``probes``. ``judge`` judges the
    visits, and ``store`` records them.
    """

    state: ServiceState
    clock: Clock
    store: SqlStore
    judge: Judging
    inventory: Inventory
    probes: LocalProbes
    leader: Leader | None
    scheduler: Scheduler = field(init=False)
    is_planning: bool = field(init=False)
    _visiting: Visiting = field(init=False)
    _targets: Sequence[Target] = field(init=False, default=())

    def __post_init__(self) -> None:
        self.is_planning = self.leader is None
        self._visiting = self.probes.visit
        self.scheduler = self._new_scheduler(self.store, self.judge)

    async def run(self) -> None:
        """Schedule visits as they fall due, until ``stop`` is set; with workers, until cancelled."""
        if self.leader is None:
            await self.scheduler.run()
        else:
            await self.leader.run(self._serve_term)

    async def set_targets(self, targets: Sequence[Target]) -> None:
        """Schedule ``targets`` and no others, now or as soon as this process leads."""
        self._targets = targets
        if self.is_planning:
            await self.scheduler.set_targets(targets)

    def current_endpoints(self) -> Collection[str]:
        """The keys of the endpoints in the schedule."""
        return self.scheduler.current_endpoints()

    def target(self, target_key: str) -> Target | None:
        """The scheduled target with that key."""
        return self.scheduler.target(target_key)

    async def enumerate_soon(self, target_key: str | None) -> bool:
        """Probe a target, or every target, in full soon; returns whether there is any."""
        return await self.scheduler.enumerate_soon(target_key)

    def reconfigure(self) -> None:
        """Apply the active configuration to the schedule."""
        self.scheduler.reconfigure(self.state.scheduler_settings, self._visiting)

    async def _serve_term(self, visit: Visiting) -> None:
        """Schedule from the state in the store until stopped; ``visit`` makes the visits."""
        await read_newer_statuses(self.store, self.inventory)
        await self.inventory.judge_again()
        self._visiting = visit
        store = LeaderStore(self.store, self.inventory)
        self.scheduler = self._new_scheduler(store, judge_unresolved(self.judge))
        self.is_planning = True
        try:
            await self.scheduler.set_targets(self._targets)
            await self.scheduler.run()
        finally:
            self.is_planning = False
            self._visiting = self.probes.visit
            self.scheduler = self._new_scheduler(self.store, self.judge)

    def _new_scheduler(self, store: Store, judge: Judging) -> Scheduler:
        return Scheduler(
            probing=Probing(
                visit=self._visiting,
                resolve=self.probes.resolve,
                judge=judge,
                recall=self.probes.recall,
            ),
            store=store,
            clock=self.clock,
            settings=self.state.scheduler_settings,
            meter=self.probes.meter,
        )
