"""Adds, labels and removes the targets of the API, each with its entry in the audit log."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, TypeAlias

from discovery.source import API_SOURCE
from model.encoding.observation_json import target_to_json
from model.ports import ApiTargets
from model.query import AuditAction, AuditEntry
from model.target import Target
from model.target_labels import ACTING_NAMES
from service.http.audit import audit_entry
from service.http.guard.principal import Principal
from service.http.waivers import RefusedError
from service.setting_types.roles import Role
from service.sources.api_targets import ApiTargetSource

MOST_TARGETS: Final = 10_000

Check: TypeAlias = Callable[[Target], None]
"""Gets a target of the API as it is before a change, and raises to leave it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetDesk:
    """Changes the targets in ``store``; a change is in force when it returns.

    ``scheduled`` returns the targets of all sources, ``scheduled_one`` that with a key. ``refusal`` is why a target may not be probed, ``problem``
    why a label has no effect; both are None if there is nothing wrong.
    """

    store: ApiTargets
    source: ApiTargetSource
    scheduled: Callable[[], Sequence[Target]]
    scheduled_one: Callable[[str], Target | None]
    refusal: Callable[[Target], str | None]
    problem: Callable[[Target], str | None]
    now: Callable[[], datetime]
    most: int = MOST_TARGETS

    def own(self, key: str) -> Target | None:
        """The target as clients have added it."""
        return self.source.targets.get(key)

    def known(self, key: str) -> Target | None:
        """The target with this key as it is probed, or else as clients have added it."""
        return self.scheduled_one(key) or self.own(key)

    def every(self) -> Mapping[str, Target]:
        """The targets of all sources by key, and those of the API that no rule and no gate lets through."""
        return {**self.source.targets, **{one.key: one for one in self.scheduled()}}

    async def add(self, target: Target, by: Principal) -> None:
        """Add a target; raises RefusedError, or StoreError if it cannot be stored."""

        def added(before: Target | None) -> tuple[Target, AuditEntry]:
            if before is not None:
                raise RefusedError(
                    409, f"the API has the target {target.key!r} already: change it with PATCH"
                )
            if len(self.source.targets) >= self.most:
                raise RefusedError(
                    409, f"the API has {self.most} targets already: use another source"
                )
            self._check(target, {}, by)
            return target, self._entry(by, AuditAction.TARGET_ADDED, None, target)

        await self.store.change_api_target(target.key, added)
        await self.source.take_effect()

    async def label(
        self, key: str, labels: Mapping[str, str | None], by: Principal, check: Check
    ) -> None:
        """Set labels of a target, or remove those that are None; raises as ``add`` does."""

        def labelled(before: Target | None) -> tuple[Target, AuditEntry]:
            known = self._known(key, before)
            check(known)
            changed = {**known.labels, **labels}
            kept = {name: text for name, text in changed.items() if text is not None}
            after = replace(known, labels=kept)
            self._check(after, known.labels, by)
            return after, self._entry(by, AuditAction.TARGET_CHANGED, known, after)

        await self.store.change_api_target(key, labelled)
        await self.source.take_effect()

    async def remove(self, key: str, by: Principal, check: Check) -> None:
        """Remove a target; other sources may still have it. Raises as ``add`` does."""

        def removed(before: Target | None) -> tuple[None, AuditEntry]:
            known = self._known(key, before)
            check(known)
            return None, self._entry(by, AuditAction.TARGET_REMOVED, known, None)

        await self.store.change_api_target(key, removed)
        await self.source.take_effect()

    def _known(self, key: str, before: Target | None) -> Target:
        if before is None:
            probed = self.scheduled_one(key)
            if probed is None or probed.source == API_SOURCE:
                raise RefusedError(404, f"the target {key!r} has just been removed")
            raise RefusedError(
                409, f"the target comes from another source ({probed.source}): change it there"
            )
        return before

    def _check(self, target: Target, before: Mapping[str, str], by: Principal) -> None:
        refusal = self.refusal(target)
        if refusal is not None:
            raise RefusedError(403, refusal)
        problem = self.problem(target)
        if problem is not None:
            raise RefusedError(422, problem)
        changed = target.labels.items() ^ before.items()
        acting = sorted({name for name, _ in changed} & ACTING_NAMES)
        if acting and not by.role.includes(Role.ADMIN):
            raise RefusedError(
                403,
                f"the label {acting[0]} controls how a target is probed: it needs the role admin",
            )

    def _entry(
        self, by: Principal, action: AuditAction, before: Target | None, after: Target | None
    ) -> AuditEntry:
        known = before or after
        return audit_entry(
            by,
            self.now(),
            action,
            "" if known is None else known.key,
            before=None if before is None else target_to_json(before),
            after=None if after is None else target_to_json(after),
        )
