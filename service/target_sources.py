"""The inventory's sources side by side: what each yields, relabelled and joined, goes to the scheduler."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from model.ports import Meter
from model.target import Target
from probe.discovery.merge import merge, sift
from probe.discovery.relabel import Rule
from probe.discovery.source import Source
from probe.net_guard.gate import SocketGate

_LOG = structlog.stdlib.get_logger("tlsprobe")


@dataclass(frozen=True, slots=True, kw_only=True)
class RuledSource:
    """A source with the rules for its targets; they outlive its failure by ``keep_failed_seconds``."""

    source: Source
    rules: tuple[Rule, ...] = ()
    keep_failed_seconds: float = 86_400.0


class TargetSources:
    """Any number of sources, and targets that stay.

    ``use`` is called with all targets whenever one source has changed; a target that several sources
    have is one, and names them all. A source that fails keeps what it last yielded, for its time;
    ``kept`` is what sources of these names yielded before a reload or a restart.
    """

    def __init__(
        self,
        sources: Sequence[RuledSource],
        fixed: Sequence[Target],
        use: Callable[[Sequence[Target]], None],
        meter: Meter,
        gate: SocketGate,
        kept: Mapping[str, Sequence[Target]] | None = None,
    ) -> None:
        self._sources = tuple(sources)
        names = [one.source.name for one in sources]
        self._targets = {
            name: tuple(one for one in (kept or {}).get(name, ()) if not gate.forbids(one))
            for name in names
        }
        self._errors: dict[str, str] = {}
        self._unread = set(self._targets)
        self._expiries: dict[str, asyncio.TimerHandle] = {}
        self._fixed = sift(fixed, (), gate).kept
        self._use = use
        self._meter = meter
        self._gate = gate

    @property
    def by_source(self) -> Mapping[str, Sequence[Target]]:
        """What each source holds now, by its name."""
        return self._targets

    @property
    def errors(self) -> Mapping[str, str]:
        """Why the last reading failed, by the name of each source that fails now."""
        return self._errors

    @property
    def are_read(self) -> bool:
        """Whether every source has been read, with whatever success."""
        return not self._unread

    async def watch(self) -> None:
        """Follow all sources; ends only by cancellation, or at once where there is none."""
        if self._fixed:
            self._meter.discovery_updated(self._fixed[0].source, len(self._fixed), None)
        if self._fixed or not self._sources:
            self._hand_over()
        try:
            async with asyncio.TaskGroup() as group:
                for one in self._sources:
                    group.create_task(self._follow(one))
        finally:
            for expiry in self._expiries.values():
                expiry.cancel()

    async def _follow(self, ruled: RuledSource) -> None:
        name = ruled.source.name
        async for update in ruled.source.watch():
            if update.targets is None:
                self._meter.discovery_updated(name, None, update.error)
                self._errors[name] = update.error or "It failed."
                self._expire_later(ruled)
            else:
                self._take(ruled, update.targets)
            self._unread.discard(name)

    def _take(self, ruled: RuledSource, targets: Sequence[Target]) -> None:
        name = ruled.source.name
        self._errors.pop(name, None)
        sifted = sift(targets, ruled.rules, self._gate)
        self._meter.discovery_updated(name, len(sifted.kept), None)
        for reason in sifted.rejected:
            _LOG.warning("a relabelled target cannot be used", source=name, reason=reason)
        if expiry := self._expiries.pop(name, None):
            expiry.cancel()
        self._targets[name] = sifted.kept
        self._hand_over()

    def _expire_later(self, ruled: RuledSource) -> None:
        """From the first failure on; later ones do not put it off."""
        name = ruled.source.name
        if name not in self._expiries:
            loop = asyncio.get_running_loop()
            self._expiries[name] = loop.call_later(ruled.keep_failed_seconds, self._expire, name)

    def _expire(self, name: str) -> None:
        self._targets[name] = ()
        self._meter.discovery_expired(name)
        self._hand_over()

    def _hand_over(self) -> None:
        self._use(merge((self._fixed, *self._targets.values())))
