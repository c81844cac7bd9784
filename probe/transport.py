"""What may be asked of one endpoint during one visit: the one interface between checks and connections.

Sockets (``probe.connect``), datagrams and recordings are behind it. How the endpoint is reached is settled
when a transport is made; nothing of it changes afterwards.
"""

from __future__ import annotations

from typing import Protocol, TypeVar

from probe.budget import VisitBudget
from probe.dialogue.answer import ConnectFailure
from probe.dialogue.before_tls.found_application import FoundApplication
from probe.dialogue.dialogue import Dialogue
from probe.dialogue.exchange import Exchange
from probe.dialogue.handshake import Handshake, HandshakeOffer
from probe.dialogue.offer import Offer
from probe.quic.answer import QuicAnswer

Result = TypeVar("Result")


class ProbeTransport(Protocol):
    """The way to one endpoint for one visit, and what the visit has cost so far.

    ``nonce`` are this visit's 64 random bytes: the random and the session id of its hellos. Nothing here
    raises because of what a server does: a failure is a value.
    """

    nonce: bytes
    budget: VisitBudget

    @property
    def throttled(self) -> bool:
        """Whether the visit was slowed down to spare a server in trouble."""
        ...

    async def find_application(self) -> FoundApplication:
        """The protocol in which TLS begins here; asked before all else, for it may decide how TLS does."""
        ...

    async def ask(
        self, offer: Offer, *, patient: bool = False, is_chained: bool = False
    ) -> Exchange:
        """The Answer to one Offer, on a connection of its own.

        ``patient`` waits for the full time-out even where the server has been quick so far.
        ``is_chained`` where the answer will lead to another question.
        """
        ...

    async def handshake(self, offer: HandshakeOffer) -> Handshake:
        """A full handshake, on a connection of its own."""
        ...

    async def converse(
        self, dialogue: Dialogue[Result], patience_seconds: float | None = None
    ) -> Result | ConnectFailure:
        """The result of a Dialogue on a connection of its own.

        A server that is silent for ``patience_seconds`` in all, or the time-out of a whole answer, ends it.
        """
        ...

    async def converse_in_plaintext(
        self,
        dialogue: Dialogue[Result],
        patience_seconds: float | None = None,
        port: int | None = None,
    ) -> Result | ConnectFailure:
        """The same, before anything was said that leads to TLS; on another ``port``, if one is given."""
        ...

    async def quic(self, server_name: str | None) -> QuicAnswer | None:
        """What the UDP port of the same number makes of QUIC; None where it cannot be asked."""
        ...

    async def pause(self, seconds: float) -> None:
        """Lets the server rest, no longer than the visit lasts."""
        ...

    async def close(self) -> None:
        """Ends the visit's connections."""
        ...
