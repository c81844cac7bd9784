"""Has due visits made: in this process, or by workers for as long as this process leads them."""

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

if TYPE_CHECKING:
    # It needs procrastinate, which only those with workers install.
    from service.fleet.leader import Leader


@dataclass(slots=True, kw_only=True)
class Planner:
    """Has one ``scheduler`` at a time: another one in each term in which this process leads, and after it.

    Without workers ``leader`` is None, and the scheduler has all visits made by ``probes``. They are judged by
    ``judge`` and recorded in ``store``.
    """

    state: ServiceState
    clock: Clock
    store: Store
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
        """Have visits made as they fall due, until ``stop``; with workers, until it is cancelled."""
        if self.leader is None:
            await self.scheduler.run()
        else:
            await self.leader.run(self._serve_term)

    def set_targets(self, targets: Sequence[Target]) -> None:
        """Plan ``targets`` and no others, at once or when this process leads."""
        self._targets = targets
        if self.is_planning:
            self.scheduler.set_targets(targets)

    def current_endpoints(self) -> Collection[str]:
        """The keys of the endpoints that are planned now."""
        return self.scheduler.current_endpoints()

    def target(self, target_key: str) -> Target | None:
        """The target of that key that is planned now."""
        return self.scheduler.target(target_key)

    def enumerate_soon(self, target_key: str | None) -> bool:
        """Have all of a target asked soon, or of every target; whether there is any such."""
        return self.scheduler.enumerate_soon(target_key)

    def reconfigure(self) -> None:
        """Plan as the configuration in force wants it."""
        self.scheduler.reconfigure(self.state.scheduler_settings, self._visiting)

    async def _serve_term(self, visit: Visiting) -> None:
        """Plan from what the store has, with ``visit`` to have visits made, until it is stopped."""
        self.inventory.remember(await self.store.statuses())
        await self.inventory.judge_again()
        self._visiting = visit
        store = LeaderStore(self.store, self.inventory)
        self.scheduler = self._new_scheduler(store, judge_unresolved(self.judge))
        self.scheduler.set_targets(self._targets)
        self.is_planning = True
        try:
            await self.scheduler.run()
        finally:
            self.is_planning = False
            self._visiting = self.probes.visit
            self.scheduler = self._new_scheduler(self.store, self.judge)

    def _new_scheduler(self, store: Store, judge: Judging) -> Scheduler:
        return Scheduler(
            probing=Probing(visit=self._visiting, resolve=self.probes.resolve, judge=judge),
            store=store,
            clock=self.clock,
            settings=self.state.scheduler_settings,
            meter=self.probes.meter,
        )
