"""Reads all sources in parallel, relabels and merges their targets, and passes them to the scheduler."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import field, replace
from typing import Final

import structlog

from discovery.attach import Attached, attached
from discovery.merge import Sifted, merge, sift, sift_claims
from discovery.relabel import Rule, names_set_by
from discovery.source import DiscoveryUpdate, Source
from discovery.trust import LabelRules, disarmed, untrusted_labels
from model.claims.resource_claim import ResourceClaim
from model.frozen import frozen
from model.ports import DiscoveryMeter
from model.target import Target
from model.target_labels import ACTING_NAMES, ConfiguredNames
from model.tracing import annotate, span
from pki.net_guard.gate import SocketGate

_MOST_LOGGED: Final = 20
"""Skipped entries that are logged one by one, for each reading."""

_LOG = structlog.stdlib.get_logger("tlsprobe")


@frozen
class RuledSource:
    """A source with its relabelling rules; its targets remain for ``max_stale_seconds`` after it fails.

    ``trusted_labels`` are the acting labels (``model.target_labels``) that the source itself may set;
    ``configured`` are the names that some of them may have as their values.
    """

    source: Source
    rules: tuple[Rule, ...] = ()
    max_stale_seconds: float = 86_400.0
    trusted_labels: frozenset[str] = frozenset()
    configured: ConfiguredNames = field(default_factory=dict)

    def still_trusted(self, target: Target) -> Target:
        """A target from an earlier reading, with only the acting labels that the source or the rules may set now."""
        trusted = self.trusted_labels | names_set_by(self.rules)
        untrusted = untrusted_labels(target.labels, trusted)
        return replace(target, labels=disarmed(target.labels, untrusted)) if untrusted else target

    async def sifted(self, update: DiscoveryUpdate, gate: SocketGate) -> Sifted:
        """What the rules and the gate make of a successful reading."""
        sifted = await sift(
            update.targets or (),
            self.rules,
            gate,
            labels=LabelRules(trusted=self.trusted_labels, configured=self.configured),
            skipped=update.skipped,
            source=self.source.name,
        )
        claims = await sift_claims(update.resource_claims, self.rules)
        return replace(sifted, resource_claims=claims)


@frozen
class Kept:
    """What sources had before a reload or a restart, by their names."""

    targets: Mapping[str, Sequence[Target]] = field(default_factory=dict)
    resource_claims: Mapping[str, Sequence[ResourceClaim]] = field(default_factory=dict)


_NOTHING_KEPT: Final = Kept()


class TargetSources:
    """Any number of sources, and fixed targets.

    ``use`` is called with all targets and claims whenever a source has changed; a target that several sources have
    is merged into one that names them all. A source that fails keeps its last ones for a time; ``kept`` has those
    from before a reload or a restart.
    """

    def __init__(
        self,
        sources: Sequence[RuledSource],
        fixed: Sequence[Target],
        use: Callable[[Attached], Awaitable[None]],
        meter: DiscoveryMeter,
        gate: SocketGate,
        kept: Kept = _NOTHING_KEPT,
    ) -> None:
        self._sources = tuple(sources)
        self._targets = {
            one.source.name: tuple(
                one.still_trusted(target)
                for target in kept.targets.get(one.source.name, ())
                if not gate.forbids(target)
            )
            for one in sources
        }
        self._claims = {name: tuple(kept.resource_claims.get(name, ())) for name in self._targets}
        self._unmatched: tuple[str, ...] = ()
        self._errors: dict[str, str] = {}
        self._untrusted: dict[str, Mapping[str, int]] = {}
        self._skipped: dict[str, tuple[str, ...]] = {}
        self._unread = set(self._targets)
        self._expiries: dict[str, asyncio.Task[None]] = {}
        self._fixed = tuple(fixed)
        self._handing_over = asyncio.Lock()
        self._use = use
        self._meter = meter
        self._gate = gate

    @property
    def by_source(self) -> Mapping[str, Sequence[Target]]:
        """The current targets of each source, by source name."""
        return self._targets

    @property
    def kept(self) -> Kept:
        """What all sources have now, for those that follow them."""
        return Kept(targets=self._targets, resource_claims=self._claims)

    @property
    def errors(self) -> Mapping[str, str]:
        """Why the last reading failed, by the name of each source that fails now."""
        return self._errors

    @property
    def warnings(self) -> Mapping[str, str]:
        """What is wrong with the last successful reading of a source, by source name."""
        warnings = {
            name: [untrusted_warning(counts)] for name, counts in self._untrusted.items() if counts
        }
        for name, skipped in self._skipped.items():
            if skipped:
                warnings.setdefault(name, []).append(skipped_warning(skipped))
        for name in self._reporting:
            warnings.setdefault(name, []).append(unmatched_warning(self._unmatched))
        return {name: "; ".join(sentences) for name, sentences in warnings.items()}

    @property
    def skipped(self) -> Mapping[str, Sequence[str]]:
        """A sentence about each entry that the last successful reading of a source skipped, by source name."""
        return self._skipped

    @property
    def _reporting(self) -> Sequence[str]:
        """The sources that claim something about resources which no target has."""
        unmatched = frozenset(self._unmatched)
        return [
            name
            for name, claims in self._claims.items()
            if any(one.resource in unmatched for one in claims)
        ]

    @property
    def are_read(self) -> bool:
        """Whether every source has been read, successfully or not."""
        return not self._unread

    async def watch(self) -> None:
        """Follow all sources; ends only when cancelled, or at once if there are none."""
        fixed = await sift(self._fixed, (), self._gate, labels=LabelRules(trusted=ACTING_NAMES))
        self._fixed = fixed.kept
        if self._fixed:
            self._meter.discovery_updated(self._fixed[0].source, len(self._fixed), None)
        if self._fixed or not self._sources:
            await self._hand_over()
        async with asyncio.TaskGroup() as group:
            for one in self._sources:
                group.create_task(self._follow(one, group))

    async def _follow(self, ruled: RuledSource, group: asyncio.TaskGroup) -> None:
        name = ruled.source.name
        async for update in ruled.source.watch():
            with span("discover", source=name):
                error = await self._read(ruled, update)
                annotate(targets=len(self._targets.get(name, ())), error=error or "")
            if error is not None:
                self._meter.discovery_updated(name, None, error)
                self._errors[name] = error
                if name not in self._expiries:
                    # The time counts from the first failure; later failures do not extend it.
                    self._expiries[name] = group.create_task(self._expire_later(ruled))
            self._unread.discard(name)

    async def _read(self, ruled: RuledSource, update: DiscoveryUpdate) -> str | None:
        """Takes the targets of a reading; returns why it failed, if it did."""
        if update.targets is None:
            return update.error
        name = ruled.source.name
        sifted = await ruled.sifted(update, self._gate)
        self._note_untrusted(name, sifted.untrusted)
        self._note_skipped(name, sifted.skipped)
        if sifted.error is None:
            await self._take(name, sifted)
        return sifted.error

    async def _take(self, name: str, sifted: Sifted) -> None:
        self._errors.pop(name, None)
        self._meter.discovery_updated(name, len(sifted.kept), None)
        if expiry := self._expiries.pop(name, None):
            expiry.cancel()
        self._targets[name], self._claims[name] = sifted.kept, sifted.resource_claims
        await self._hand_over()

    def _note_untrusted(self, name: str, untrusted: Mapping[str, int]) -> None:
        """Count untrusted labels; log them when the set of labels changes, not at each reading."""
        self._meter.discovery_untrusted(name, sum(untrusted.values()))
        if untrusted and untrusted.keys() != self._untrusted.get(name, {}).keys():
            _LOG.warning(
                "labels of a source are ignored", source=name, reason=untrusted_warning(untrusted)
            )
        self._untrusted[name] = untrusted

    def _note_skipped(self, name: str, skipped: tuple[str, ...]) -> None:
        """Count skipped entries; log them when they change, not at each reading."""
        self._meter.discovery_skipped(name, len(skipped))
        known = frozenset(self._skipped.get(name, ()))
        new = [sentence for sentence in skipped if sentence not in known]
        for sentence in new[:_MOST_LOGGED]:
            _LOG.warning("an entry of a source is skipped", source=name, reason=sentence)
        if len(new) > _MOST_LOGGED:
            _LOG.warning(
                "more entries of a source are skipped: `tlsprobe discover` shows all",
                source=name,
                entries=len(new) - _MOST_LOGGED,
            )
        self._skipped[name] = skipped

    async def _expire_later(self, ruled: RuledSource) -> None:
        name = ruled.source.name
        await asyncio.sleep(ruled.max_stale_seconds)
        self._targets[name], self._claims[name] = (), ()
        self._meter.discovery_expired(name)
        await self._hand_over()

    async def _hand_over(self) -> None:
        """Pass on one merge at a time, so that the newest is the last."""
        async with self._handing_over:
            merged = await merge((self._fixed, *tuple(self._targets.values())))
            claims = [one for some in self._claims.values() for one in some]
            found = await attached(merged, claims)
            self._unmatched = found.unmatched
            await self._use(found)


def skipped_warning(skipped: Sequence[str]) -> str:
    """One sentence about the entries that a source has and that yield no target."""
    return f"{len(skipped)} entries are skipped, the first is {skipped[0]}"


def unmatched_warning(unmatched: Sequence[str]) -> str:
    """One sentence about findings of other scanners, or entries of bills of materials, that are about no target."""
    return (
        f"{len(unmatched)} resources with claims of scanners or bills of materials are of no target, the first is "
        f"{unmatched[0]}: add the target, or give it a label with this value"
    )


def untrusted_warning(untrusted: Mapping[str, int]) -> str:
    """One sentence about labels that a source set and that were ignored."""
    names = ", ".join(f"{name} of {count} targets" for name, count in sorted(untrusted.items()))
    return (
        f"labels that control probing are ignored from this source ({names}): set them by a relabelling rule, "
        "or set trust_labels: true for the source"
    )
