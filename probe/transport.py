"""The one interface between checks and connections: what a check may ask of one endpoint during one visit.

Sockets (``probe.connect``), datagrams and recordings implement it. The way to the endpoint is fixed when a
transport is made and does not change afterwards.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias, TypeVar

from model.dns.service_bindings import ServiceBindings
from pki.net_guard.connect_errors import Allowance
from probe.budget import VisitBudget
from probe.dialogue.answer import ConnectFailure
from probe.dialogue.before_tls.found_application import FoundApplication
from probe.dialogue.dialogue import Dialogue
from probe.dialogue.exchange import Exchange
from probe.dialogue.handshake import Handshake, HandshakeOffer
from probe.dialogue.offer import Offer
from probe.quic.answer import QuicAnswer

Result = TypeVar("Result")
LookUp: TypeAlias = Callable[[], Awaitable[ServiceBindings | None]]


class ProbeTransport(Protocol):
    """The connection of one visit to one endpoint, and what the visit has cost so far.

    ``nonce`` holds the visit's random bytes: the random and the session id of its hellos, then 32 secret ones. Nothing here
    raises because of what a server does: a failure is a value.
    """

    nonce: bytes
    budget: VisitBudget
    allowance: Allowance | None = None
    """What the visit may cost in broken connections, once the protocol is known, if the server counts them."""

    @property
    def throttled(self) -> bool:
        """Whether the visit was slowed down to spare a server in trouble."""
        ...

    async def find_application(self) -> FoundApplication:
        """The protocol in which TLS begins here. Called first, because the protocol may decide how TLS begins."""
        ...

    async def service_bindings(self, look_up: LookUp) -> ServiceBindings | None:
        """What ``look_up`` finds in the DNS before the first question; a recording has an answer of its own."""
        return await look_up()

    async def ask(
        self, offer: Offer, *, patient: bool = False, is_chained: bool = False
    ) -> Exchange:
        """The Answer to one Offer, on a connection of its own.

        ``patient`` waits for the full time-out even if the server has been quick so far. ``is_chained`` means
        that the answer will lead to another question.
        """
        ...

    async def handshake(self, offer: HandshakeOffer, *, is_chained: bool = False) -> Handshake:
        """A full handshake, on a connection of its own; ``is_chained`` as above."""
        ...

    async def converse(
        self, dialogue: Dialogue[Result], patience_seconds: float | None = None
    ) -> Result | ConnectFailure:
        """The result of a Dialogue on a connection of its own.

        It ends after ``patience_seconds`` of silence in total, or at the time-out for a whole answer.
        """
        ...

    async def converse_in_plaintext(
        self,
        dialogue: Dialogue[Result],
        patience_seconds: float | None = None,
        port: int | None = None,
    ) -> Result | ConnectFailure:
        """The same before any bytes that lead to TLS; on another ``port``, if one is given."""
        ...

    async def quic(self, server_name: str | None) -> QuicAnswer | None:
        """The QUIC answer of the UDP port with the same number; None if it cannot be asked."""
        ...

    async def converse_over_quic(self, dialogue: Dialogue[Result]) -> Result | ConnectFailure:
        """The result of a Dialogue in datagrams to the UDP port with the same number.

        Its ``feed`` takes one datagram at a time.
        """
        ...

    async def pause(self, seconds: float) -> None:
        """Lets the server rest, no longer than the visit lasts."""
        ...

    async def close(self) -> None:
        """Ends the visit's connections."""
        ...
