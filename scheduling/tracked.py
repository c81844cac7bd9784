"""The targets that the scheduler keeps track of, each with the endpoints that its name resolved to."""

from __future__ import annotations

from dataclasses import dataclass, field

from model.target import Endpoint, Target


@dataclass(slots=True)
class Tracked:
    """A target of the inventory, and its endpoints by key."""

    target: Target
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    unresolved_key: str | None = None
    departed: tuple[str, ...] = ()
    """Endpoints whose address the name no longer has, newest last."""


class TrackedTargets(dict[str, Tracked]):
    """All of them, by the target's key."""

    def endpoint_keys(self) -> frozenset[str]:
        """The keys of all endpoints, including those of unresolved names."""
        keys = {key for tracked in self.values() for key in tracked.endpoints}
        unresolved = {one.unresolved_key for one in self.values() if one.unresolved_key is not None}
        return frozenset(keys | unresolved)

    def chosen(self, target_key: str | None) -> list[Tracked]:
        """The target with that key, if there is one; all of them for None."""
        if target_key is None:
            return list(self.values())
        return [self[target_key]] if target_key in self else []

    def endpoint(self, key: str) -> Endpoint | None:
        """The endpoint with that key; None if no target has it now."""
        tracked = self.get(key.rpartition("@")[0])
        return None if tracked is None else tracked.endpoints.get(key)
