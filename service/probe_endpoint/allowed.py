"""Which addresses ``/probe`` may ask: a stranger who reaches the page must not reach more by it.

What the gate refuses to the service it refuses here too; beyond it, only the inventory and the networks of the
configuration are open. Judged after the name was resolved, and the address that was judged is the one that is
connected to.
"""

from __future__ import annotations

from collections.abc import Sequence

from model.target import Target
from pki.net_guard.addresses import Network, embedded, parse_address
from pki.net_guard.gate import SocketGate


class Allowed:
    """``networks`` may be asked, as far as the ``gate`` lets them."""

    def __init__(self, networks: Sequence[Network], gate: SocketGate) -> None:
        self._networks = networks
        self._gate = gate

    @property
    def is_for_the_inventory_alone(self) -> bool:
        """Whether there is no network to ask besides."""
        return not self._networks

    def refusal_of(self, target: Target) -> str | None:
        """Why the target may not be asked whatever its name resolves to; None where it may."""
        return self._gate.target_refusal(target)

    def refusal(self, target: Target, address_text: str, *, is_known: bool) -> str | None:
        """Why the target may not be asked at that address, None where it may.

        ``is_known`` is whether the target is in the inventory, whose networks need not be named.
        """
        gate = self._gate.named(target.host, target.server_name)
        refusal = gate.refusal(address_text, target.port)
        address = parse_address(address_text)
        if refusal is not None or address is None:
            return refusal
        forms = embedded(address) or (address,)
        if is_known or any(all(one in net for one in forms) for net in self._networks):
            return None
        return f"{address} is in none of the networks that may be probed (on_demand.networks)"
