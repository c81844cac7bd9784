"""The ``egress`` section: which networks this process connects to, in general and for the targets of a zone."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from pki.net_guard.deny import DenyList
from pki.net_guard.egress import EgressPolicy, EgressRules


def _check_deny(entries: tuple[str, ...]) -> tuple[str, ...]:
    DenyList(entries)
    return entries


DenyEntries: TypeAlias = Annotated[tuple[str, ...], AfterValidator(_check_deny)]
"""Networks, addresses, names and paths of Unix sockets, as ``DenyList`` reads them."""


class EgressZone(BaseModel):
    """The rules of one zone; without ``networks``, all networks are open."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    networks: Annotated[tuple[IPv4Network | IPv6Network, ...], Field(min_length=1)] | None = None
    deny: DenyEntries = ()

    def rules(self) -> EgressRules:
        """The rules as the gate uses them."""
        return EgressRules(networks=self.networks, deny=DenyList(self.deny))


class EgressSettings(EgressZone):
    """The rules of all sockets, and further ones for the targets whose label ``zone`` names one of ``zones``."""

    zones: Mapping[str, EgressZone] = {}

    def policy(self) -> EgressPolicy:
        """All rules as the gate uses them."""
        return EgressPolicy(
            everywhere=self.rules(), zones={name: one.rules() for name, one in self.zones.items()}
        )
