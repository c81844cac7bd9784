"""Which addresses ``/probe`` may probe: a stranger who reaches the page must not gain access to others.

The gate's restrictions on the service apply here too; beyond them, only the inventory and the configured networks
are allowed. The check follows name resolution, and the connection goes to the address that was
checked.
"""

from __future__ import annotations

from collections.abc import Sequence

from model.target import Target
from pki.net_guard.addresses import Network, embedded, parse_address
from pki.net_guard.gate import SocketGate


class Allowed:
    """Allows ``networks``, as far as the ``gate`` permits."""

    def __init__(self, networks: Sequence[Network], gate: SocketGate) -> None:
        self._networks = networks
        self._gate = gate

    @property
    def is_for_the_inventory_alone(self) -> bool:
        """Whether only targets of the inventory are allowed."""
        return not self._networks

    def refusal_of(self, target: Target) -> str | None:
        """Why the target may not be probed, whatever its name resolves to; None if it may."""
        return self._gate.target_refusal(target)

    def refusal(self, target: Target, address_text: str, *, is_known: bool) -> str | None:
        """Why the target may not be probed at that address; None if it may.

        ``is_known`` is true if the target is in the inventory; its networks need not be configured.
        """
        refusal = self._gate.for_target(target).refusal(address_text, target.port)
        address = parse_address(address_text)
        if refusal is not None or address is None:
            return refusal
        forms = embedded(address) or (address,)
        if is_known or any(all(one in net for one in forms) for net in self._networks):
            return None
        return f"{address} is not in a network that may be probed: add one to on_demand.networks"
