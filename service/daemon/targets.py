"""Passes the targets of the active configuration's sources to the planner, and warns of policies without endpoints."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog

from discovery.attach import Attached
from model.target import Target
from service.config.sources import SourceContext
from service.daemon.planning import Planner
from service.daemon.state import ServiceState
from service.inventory.metrics_page import InventoryPage
from service.judging.policy_evaluator import PolicyEvaluator, declared_targets
from service.judging.waiver_warnings import scope_warning
from service.sources.api_targets import ApiTargetSource
from service.sources.followed_sources import FollowedSources
from service.sources.target_sources import Kept, TargetSources
from storage import StoreError

_LOG: Final = structlog.stdlib.get_logger("tlsprobe")


@dataclass(slots=True)
class TargetFeed:
    """Follows the ``sources``, of which ``api`` has what clients add; also schedules ``fixed_targets`` and the targets that policies declare.

    When targets change, the ``page`` of metrics is built again, so that it shows no removed target.
    """

    state: ServiceState
    evaluator: PolicyEvaluator
    planner: Planner
    fixed_targets: Sequence[Target]
    forget_source: Callable[[str], None]
    page: InventoryPage
    api: ApiTargetSource = field(init=False)
    sources: FollowedSources = field(init=False)
    _remarks: tuple[str, ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        self.api = ApiTargetSource(self.planner.store)
        self.sources = FollowedSources(self._new_sources, self.forget_source)

    def _new_sources(self, kept: Kept) -> TargetSources:
        inventory = self.planner.inventory
        context = SourceContext(
            gate=self.state.gate,
            statuses=lambda: inventory.snapshot().endpoints,
            more=(self.api,),
        )
        return TargetSources(
            self.state.settings.ruled_sources(context),
            (*self.fixed_targets, *declared_targets(self.evaluator.book)),
            self._take,
            self.planner.probes.meter,
            self.state.gate,
            kept,
        )

    async def _take(self, found: Attached) -> None:
        self.evaluator.targets = found.targets
        await self.planner.set_targets(found.targets)
        self.planner.inventory.resource_claims = found.resource_claims
        self.page.expire()
        try:
            await self.planner.store.put_resource_claims(found.resource_claims)
        except StoreError as error:
            _LOG.warning("claims about resources cannot be stored", reason=str(error))
        # The source that was just read counts as read by then.
        asyncio.get_running_loop().call_soon(self._warn_of_idle_ones, found.targets)

    def _warn_of_idle_ones(self, targets: Sequence[Target]) -> None:
        """Warn once of each policy and waiver that matches no endpoint, when all sources have been read."""
        if not self.sources.current.are_read:
            return
        policies = self.evaluator.book.without_endpoints(targets)
        waivers = self._idle_waivers(targets)
        for reason in self._new(policies):
            _LOG.warning("a policy matches no endpoint", reason=reason)
        for reason in self._new(waivers):
            _LOG.warning("a waiver matches no endpoint", reason=reason)
        self._remarks = (*policies, *waivers)

    def _new(self, reasons: Iterable[str]) -> list[str]:
        return [one for one in reasons if one not in self._remarks]

    def _idle_waivers(self, targets: Sequence[Target]) -> tuple[str, ...]:
        statuses = self.planner.inventory.snapshot().endpoints
        keys = {status.observation.endpoint.key for status in statuses}
        found = ((one, scope_warning(one, targets, keys)) for one in self.evaluator.waivers)
        book = self.evaluator.book
        return tuple(book.about_waiver(one, why) for one, why in found if why is not None)
