"""The way to one endpoint during one visit: asks Offers and finishes handshakes on it.

Each wait is bounded by the visit's absolute deadline. Past it nothing is dialled any more and
every question gets the Answer "deadline", so that whoever asks ends with what is known by then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from OpenSSL.SSL import Session

from model.ports import Clock
from model.protocol_version import ProtocolVersion
from pki.net_guard.politeness import Politeness
from pki.net_guard.shortage import note_shortage
from probe.budget import VisitBudget
from probe.connect.limits import VisitLimits
from probe.connect.openssl.handshake import OpenSslHandshake
from probe.connect.pool import PAST_DEADLINE, Connections
from probe.connect.quic import ask_quic
from probe.connect.route import Route
from probe.connect.starttls.after_upgrade import AfterUpgrade
from probe.connect.starttls.application import Application
from probe.connect.starttls.databases.mssql import TdsFraming
from probe.connect.starttls.outcome import UpgradeOutcome
from probe.connect.starttls.peer import Peer
from probe.crypto.identity import ClientIdentity
from probe.dialogue.answer import ConnectFailure, Ending, FailureKind, NoHello
from probe.dialogue.before_tls.scripted import Scripted
from probe.dialogue.dialogue import Dialogue
from probe.dialogue.exchange import Exchange
from probe.dialogue.handshake import Handshake, HandshakeEnd, HandshakeOffer, Presented
from probe.dialogue.offer import Offer
from probe.dialogue.question import Question
from probe.quic.answer import QuicAnswer

_SHORTEST_PATIENCE_SECONDS: Final = 1.0
_PATIENCE_FACTOR: Final = 20
"""Once a server has shown how long its answers take, silence is so many times as long."""

_ENDINGS: Final = {
    FailureKind.HUNG_UP: Ending.CLOSED,
    FailureKind.RESET: Ending.RESET,
    FailureKind.SILENT: Ending.SILENCE,
}
_NO_DISTRESS: Final = frozenset(
    {
        FailureKind.OTHER_PROTOCOL,
        FailureKind.NOT_OFFERED,
        FailureKind.DECLINED,
        FailureKind.DENIED,
        FailureKind.BUDGET,
    }
)
"""What a server says at its ease is no sign of distress, and neither is a limit of ours."""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    """On which connection a dialogue is carried."""

    is_chained: bool
    is_upgraded: bool
    port: int | None


class EndpointSession:
    """One visit's connections to one address and port.

    ``nonce`` are the 64 bytes for the hellos' random and session id, ``identity`` the user's client
    certificate for it, ``expired_identity`` one that has expired. ``budget`` is what the visit
    has cost so far, and what it may cost.
    """

    def __init__(
        self,
        address: tuple[str, int],
        limits: VisitLimits,
        politeness: Politeness,
        clock: Clock,
        *,
        nonce: bytes,
    ) -> None:
        self._address = address
        self._politeness = politeness
        self._limits = limits
        self._clock = clock
        deadline = clock.monotonic() + limits.deadline_seconds
        self._connections = Connections(address, limits, politeness, clock, deadline)
        self.nonce = nonce
        self._slowest_seconds: float | None = None
        self._sessions: dict[ProtocolVersion, Session] = {}
        self.budget: VisitBudget = self._connections.budget
        self._frames_handshakes = False
        self._injects: Callable[[], Scripted[UpgradeOutcome]] | None = None
        self.throttled = False
        self.identity: ClientIdentity | None = None
        self.expired_identity: ClientIdentity | None = None

    async def close(self) -> None:
        """Ends the visit's connections."""
        await self._connections.close()

    async def ask(
        self, offer: Offer, *, patient: bool = False, is_chained: bool = False
    ) -> Exchange:
        """The Answer to one Offer, on a connection of its own.

        ``patient`` waits for the full time-out even where the server has been quick so far.
        ``is_chained`` where the answer will lead to another question: its connection is dialled
        meanwhile.
        """
        offered = offer.encode(self.nonce)
        patience = self._patience(patient=patient)
        answer = await self._converse(Question(offered), patience, is_chained=is_chained)
        return Exchange(offer=offer, offered=offered, answer=answer)

    async def handshake(self, offer: HandshakeOffer) -> Handshake:
        """A full handshake, on a connection of its own."""
        resumed = self._sessions.get(offer.version) if offer.resumes else None
        is_expired = offer.presents is Presented.EXPIRED
        identity = self.expired_identity if is_expired else self.identity
        dialogue = OpenSslHandshake(offer, resumed, identity)
        outcome = await self._shaken(dialogue, injects=bool(offer.injects))
        if dialogue.session is not None:
            self._sessions[offer.version] = dialogue.session
        if isinstance(outcome, ConnectFailure):
            return Handshake(
                offer=offer,
                end=HandshakeEnd.UNFINISHED,
                ending=_ENDINGS.get(outcome.kind),
                offered=outcome.said,
                answered=outcome.raw,
                note=outcome.detail,
            )
        return outcome

    async def _shaken(
        self, dialogue: OpenSslHandshake, *, injects: bool
    ) -> Handshake | ConnectFailure:
        upgrade = self._injects() if injects and self._injects is not None else None
        if upgrade is None:
            return await self.converse(dialogue)
        patience = self._limits.answer_timeout_seconds
        return await self._converse(AfterUpgrade(upgrade, dialogue), patience, is_upgraded=False)

    async def converse(
        self, dialogue: Dialogue[Result], patience_seconds: float | None = None
    ) -> Result | ConnectFailure:
        """The dialogue's result, on a connection of its own.

        It ends in silence after ``patience_seconds`` in all, or the time-out of a whole answer.
        """
        longest = self._limits.answer_timeout_seconds
        return await self._converse(dialogue, min(longest, patience_seconds or longest))

    async def converse_in_clear(
        self,
        dialogue: Dialogue[Result],
        patience_seconds: float | None = None,
        port: int | None = None,
    ) -> Result | ConnectFailure:
        """The same on a connection on which nothing has been said, whatever comes before TLS.

        ``port`` is another one of the same address.
        """
        longest = self._limits.greeting_timeout_seconds
        patience = min(longest, patience_seconds or longest)
        return await self._converse(dialogue, patience, is_upgraded=False, port=port)

    def go_by(self, route: Route) -> None:
        """From now on the server is reached by this route."""
        self._connections.route = route

    def begin_by(self, application: Application, peer: Peer) -> None:
        """From now on each connection goes over to TLS as this protocol has it."""
        self._connections.upgrade.dialogue = application.upgrades(peer)
        self._frames_handshakes = application.frames_handshakes
        self._injects = application.injects(peer)

    async def quic(self, server_name: str | None) -> QuicAnswer | None:
        """What the UDP port of the same number makes of QUIC; None where only a detour leads there."""
        route = self._connections.route
        if route.proxy or route.unix_socket or route.missing:
            return None
        patience = min(self._patience(patient=False), self._connections.remaining_seconds / 2)
        if patience <= 0 or self.budget.exhausted is not None:
            return None
        async with self._politeness.connection(self._connections.gate):
            try:
                return await ask_quic(
                    route.gate, self._address, server_name, self.nonce, patience, self.budget
                )
            except OSError as error:
                note_shortage(error)
                return None

    async def pause(self, seconds: float) -> None:
        """Lets the server rest, no longer than the visit lasts."""
        if self.budget.exhausted is not None:
            return
        await asyncio.sleep(max(0.0, min(seconds, self._connections.remaining_seconds)))

    def _patience(self, *, patient: bool) -> float:
        longest = self._limits.answer_timeout_seconds
        if patient or self._slowest_seconds is None:
            return longest
        return min(
            longest, max(_SHORTEST_PATIENCE_SECONDS, _PATIENCE_FACTOR * self._slowest_seconds)
        )

    async def _converse(
        self,
        dialogue: Dialogue[Result],
        patience_seconds: float,
        *,
        is_chained: bool = False,
        is_upgraded: bool = True,
        port: int | None = None,
    ) -> Result | ConnectFailure:
        options = _Options(is_chained=is_chained, is_upgraded=is_upgraded, port=port)
        if not self.budget.is_heavy:
            return await self._converse_now(dialogue, patience_seconds, options)
        async with self._politeness.turn_of_heavy(self._connections.remaining_seconds) as has_turn:
            if not has_turn:
                return PAST_DEADLINE
            return await self._converse_now(dialogue, patience_seconds, options)

    async def _converse_now(
        self, dialogue: Dialogue[Result], patience_seconds: float, options: _Options
    ) -> Result | ConnectFailure:
        is_upgraded = options.is_upgraded
        connections = self._connections.next(
            is_chained=options.is_chained, is_upgraded=is_upgraded, port=options.port
        )
        async with connections as dialled:
            if isinstance(dialled, ConnectFailure):
                return dialled
            if isinstance(dialled.connection, ConnectFailure):
                self._judge(dialled.connection, dialled.epoch)
                return dialled.connection
            began = self._clock.monotonic()
            patience = min(patience_seconds, self._connections.remaining_seconds)
            is_framed = is_upgraded and self._frames_handshakes
            carried = TdsFraming(dialogue) if is_framed else dialogue
            result = await dialled.connection.carry(carried, patience)
            if is_upgraded and not _is_trouble(result):
                took = self._clock.monotonic() - began
                self._slowest_seconds = max(took, self._slowest_seconds or 0.0)
            self._judge(result, dialled.epoch)
            return result

    def _judge(self, result: object, epoch: int) -> None:
        if not _is_trouble(result):
            self._connections.gate.answered()
            return
        self._connections.gate.trouble(epoch)
        self.throttled = self.throttled or self._slowest_seconds is not None
        self._connections.may_dial_ahead = False


def _is_trouble(result: object) -> bool:
    match result:
        case ConnectFailure(kind=kind):
            return kind not in _NO_DISTRESS
        case NoHello(ending=ending):
            return ending is not Ending.CLOSED
        case _:
            return False
