"""The roles of clients of the HTTP side; each may do what the ones before it may."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a client may do."""

    VIEWER = "viewer"
    """Read pages, metrics, reports and the API, and probe allowed targets."""

    OPERATOR = "operator"
    """Also change waivers and the targets of the API, and request probes."""

    ADMIN = "admin"
    """Also reload the configuration, and set labels of targets that control probing."""

    def includes(self, other: Role) -> bool:
        """Whether this role may do everything that ``other`` may."""
        order = tuple(Role)
        return order.index(self) >= order.index(other)
