"""The session with one endpoint during one visit: asks Offers and finishes handshakes.

The visit's absolute deadline bounds each wait. After it, nothing is dialled and every question gets the
Answer "deadline", so that the checks end with what is known by then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeVar

from OpenSSL.SSL import Session

from model.application_protocol import OPENVPN_UDP
from model.ports import Clock
from model.protocol_version import ProtocolVersion
from pki.net_guard.connect_errors import Allowance
from pki.net_guard.politeness import Politeness
from pki.net_guard.shortage import note_shortage
from probe.connect.blocking_servers import NEVER_BLOCKED, blocking_service, over_allowance
from probe.connect.dial import over_budget
from probe.connect.limits import VisitLimits
from probe.connect.listening import find_application
from probe.connect.openssl.handshake import OpenSslHandshake
from probe.connect.options import ConversationOptions, TransportOptions
from probe.connect.patience import Deadline, Patience, is_trouble
from probe.connect.pool import PAST_DEADLINE, Connections
from probe.connect.quic import NO_QUIC, ask_quic, carry_over_quic
from probe.connect.starttls.after_upgrade import AfterUpgrade
from probe.connect.starttls.application import Application
from probe.connect.starttls.outcome import UpgradeOutcome
from probe.connect.upgrade import Upgrade
from probe.dialogue.answer import ConnectFailure, FailureKind
from probe.dialogue.before_tls.denied_login import DeniedLogin
from probe.dialogue.before_tls.found_application import FoundApplication
from probe.dialogue.before_tls.scripted import Scripted
from probe.dialogue.dialogue import Dialogue
from probe.dialogue.exchange import Exchange
from probe.dialogue.handshake import Handshake, HandshakeEnd, HandshakeOffer, Presented
from probe.dialogue.offer import Offer
from probe.dialogue.outcome import is_turned_away
from probe.dialogue.question import Question
from probe.quic.answer import QuicAnswer
from probe.transport import ProbeTransport

_SHORTEST_PATIENCE_SECONDS: Final = 1.0

_RESTS_SECONDS: Final = (0.25, 0.5, 1.0, 2.0)
"""The pauses for a server that turned us away before TLS began."""

Result = TypeVar("Result")


class EndpointSession(ProbeTransport):
    """One visit's byte-stream connections to one address and port.

    ``budget`` is what the visit has cost so far, and what it may cost.
    """

    def __init__(
        self,
        options: TransportOptions,
        limits: VisitLimits,
        politeness: Politeness,
        clock: Clock,
    ) -> None:
        self._options = options
        self._politeness = politeness
        self._limits = limits
        self._clock = clock
        self._deadline = Deadline(clock, limits.deadline_seconds)
        self._connections = Connections(
            options.address, limits, politeness, self._deadline, route=options.route
        )
        self._patience = Patience(
            self._connections.gate,
            self._deadline,
            longest_seconds=limits.answer_timeout_seconds,
            shortest_seconds=_SHORTEST_PATIENCE_SECONDS,
        )
        self._resumable: dict[ProtocolVersion, Session] = {}
        self._injects: Callable[[], Scripted[UpgradeOutcome]] | None = None
        self._begins: Callable[[], Scripted[UpgradeOutcome]] | None = None
        self._login: DeniedLogin | None = None
        self._blocked: ConnectFailure | None = None
        self.allowance: Allowance | None = None
        self.nonce = options.nonce
        self.budget = self._connections.budget
        if options.application is not None:
            self._begin_by(options.application)

    @property
    def throttled(self) -> bool:
        """Whether the visit was slowed down to protect a server in trouble."""
        return self._patience.throttled

    async def close(self) -> None:
        """Ends the visit's connections."""
        await self._connections.close()

    async def find_application(self) -> FoundApplication:
        """The target's protocol, or the one that the server's greeting or its port shows."""
        if self._options.application is not None:
            return self._options.application.found(self._options.peer)
        application, greeting = await find_application(self, self._options.address[1])
        self._begin_by(application)
        return application.found(self._options.peer, greeting)

    def _begin_by(self, application: Application) -> None:
        peer = self._options.peer
        allowance = None if self._is_local else self._allowance_at_server()
        if application.denied_login is not None and allowance is not None:
            self._login = application.denied_login
            self.allowance = allowance
            self._connections.may_dial_ahead = False
        elif allowance is not None and not allowance.may_finish:
            self._blocked = over_allowance(allowance)
        self._connections.upgrade = Upgrade(application.upgrades(peer), self.allowance)
        if application.name == OPENVPN_UDP:
            # A scan of a TLS server starts without this module.
            from probe.connect.openvpn.datagrams import OpenVpnDatagrams

            self._connections.reach = OpenVpnDatagrams()
        self._begins = application.upgrades(peer)
        self._injects = application.injects(peer)

    def _allowance_at_server(self) -> Allowance:
        address, port = self._options.address
        errors = self._politeness.connect_errors
        return Allowance(errors, f"{address} {port}", self._clock.now())

    @property
    def _is_local(self) -> bool:
        """Whether the server sees no address of ours that it could block."""
        return self._options.address[0] in NEVER_BLOCKED or bool(self._options.route.unix_socket)

    async def ask(
        self, offer: Offer, *, patient: bool = False, is_chained: bool = False
    ) -> Exchange:
        """The Answer to one Offer, on a connection of its own.

        If ``is_chained`` is true, the connection for the next question is dialled meanwhile.
        """
        offered = offer.encode(self.nonce)
        options = ConversationOptions(
            patience_seconds=self._patience.seconds(patient=patient), is_chained=is_chained
        )
        answer = await self._converse(Question(offered), options)
        return Exchange(offer=offer, offered=offered, answer=answer)

    async def handshake(self, offer: HandshakeOffer, *, is_chained: bool = False) -> Handshake:
        """A full handshake, on a connection of its own. Unfinished, without one, if OpenSSL cannot make the hello."""
        resumed = self._resumable.get(offer.version) if offer.resumes else None
        is_expired = offer.presents is Presented.EXPIRED
        identity = self._options.expired_identity if is_expired else self._options.identity
        try:
            dialogue = OpenSslHandshake(
                offer, resumed, identity, at=self._clock.now(), login=self._login
            )
        except ValueError as error:
            return Handshake(offer=offer, end=HandshakeEnd.UNFINISHED, note=str(error))
        outcome = await self._carry_handshake(
            dialogue, injects=bool(offer.injects), is_chained=is_chained
        )
        if dialogue.session is not None:
            self._resumable[offer.version] = dialogue.session
        if isinstance(outcome, ConnectFailure):
            return Handshake.not_begun(offer, outcome)
        return outcome

    async def _carry_handshake(
        self, dialogue: OpenSslHandshake, *, injects: bool, is_chained: bool
    ) -> Handshake | ConnectFailure:
        if self.allowance is not None and self._begins is not None:
            return await self._carry_counted(dialogue, self._begins(), self.allowance)
        upgrade = self._injects() if injects and self._injects is not None else None
        options = ConversationOptions(
            patience_seconds=self._limits.answer_timeout_seconds, is_chained=is_chained
        )
        if upgrade is None:
            return await self._carry(dialogue, options)
        return await self._carry(
            AfterUpgrade(upgrade, dialogue), replace(options, is_upgraded=False)
        )

    async def _carry_counted(
        self,
        dialogue: OpenSslHandshake,
        upgrade: Scripted[UpgradeOutcome],
        allowance: Allowance,
    ) -> Handshake | ConnectFailure:
        """A handshake with a server that counts it, unless it is finished and the server answers a login."""
        if not allowance.may_finish:
            return over_allowance(allowance)
        options = ConversationOptions(
            patience_seconds=self._limits.answer_timeout_seconds, is_upgraded=False
        )
        outcome = await self._carry(AfterUpgrade(upgrade, dialogue), options)
        if isinstance(outcome, Handshake) and not dialogue.was_denied_login:
            allowance.add()
        return outcome

    async def converse(
        self, dialogue: Dialogue[Result], patience_seconds: float | None = None
    ) -> Result | ConnectFailure:
        """The dialogue's result, on a connection of its own."""
        longest = self._limits.answer_timeout_seconds
        patience = min(longest, patience_seconds or longest)
        return await self._converse(dialogue, ConversationOptions(patience_seconds=patience))

    async def converse_in_plaintext(
        self,
        dialogue: Dialogue[Result],
        patience_seconds: float | None = None,
        port: int | None = None,
    ) -> Result | ConnectFailure:
        """The same on a connection on which nothing has been sent, even if the protocol has a plaintext phase
        before TLS."""
        longest = self._limits.greeting_timeout_seconds
        patience = min(longest, patience_seconds or longest)
        options = ConversationOptions(patience_seconds=patience, is_upgraded=False, port=port)
        return await self._converse(dialogue, options)

    async def quic(self, server_name: str | None) -> QuicAnswer | None:
        """The QUIC answer of the UDP port with the same number; None if only a detour leads to the server."""
        route = self._options.route
        if route.proxy or route.unix_socket or route.refusal:
            return None
        patience = min(self._patience.seconds(patient=False), self._deadline.remaining_seconds / 2)
        if patience <= 0 or self.budget.exhausted is not None:
            return None
        async with self._politeness.connection(self._connections.gate):
            try:
                return await ask_quic(
                    route.gate,
                    self._options.address,
                    server_name,
                    self.nonce,
                    patience,
                    self.budget,
                )
            except OSError as error:
                note_shortage(error)
                return None

    async def converse_over_quic(self, dialogue: Dialogue[Result]) -> Result | ConnectFailure:
        """The dialogue's result in datagrams to the UDP port with the same number."""
        route = self._options.route
        if route.proxy or route.unix_socket or route.missing:
            return NO_QUIC
        if self._deadline.remaining_seconds <= 0:
            return PAST_DEADLINE
        if self.budget.exhausted is not None:
            return over_budget(self.budget.exhausted)
        patience = min(self._patience.seconds(patient=False), self._deadline.remaining_seconds)
        async with self._politeness.connection(self._connections.gate):
            try:
                return await carry_over_quic(
                    route.gate, self._options.address, dialogue, patience, self.budget
                )
            except OSError as error:
                is_short = note_shortage(error)
                kind = FailureKind.EXHAUSTED if is_short else FailureKind.UNREACHABLE
                return ConnectFailure(kind=kind, detail=f"no UDP socket: {error}")

    async def pause(self, seconds: float) -> None:
        """Lets the server rest, at most until the end of the visit."""
        if self.budget.exhausted is None:
            await self._deadline.sleep(seconds)

    async def _converse(
        self, dialogue: Dialogue[Result], options: ConversationOptions
    ) -> Result | ConnectFailure:
        """A recorder may override this method: it may store a dialogue, but not the keys of a handshake, so
        handshakes are carried directly."""
        return await self._carry(dialogue, options)

    async def _carry(
        self, dialogue: Dialogue[Result], options: ConversationOptions
    ) -> Result | ConnectFailure:
        if self._blocked is not None:
            return self._blocked
        if not self.budget.is_heavy:
            return await self._carry_now(dialogue, options)
        async with self._politeness.turn_of_heavy(self._deadline.remaining_seconds) as has_turn:
            return await self._carry_now(dialogue, options) if has_turn else PAST_DEADLINE

    async def _carry_now(
        self, dialogue: Dialogue[Result], options: ConversationOptions
    ) -> Result | ConnectFailure:
        """A server that has no room now gets time, if it began TLS before; the dialogue has not begun then."""
        result = await self._carry_once(dialogue, options)
        for rest in _RESTS_SECONDS:
            if not (options.is_upgraded and self._connections.upgrade.has_worked):
                break
            if not (isinstance(result, ConnectFailure) and is_turned_away(result)):
                break
            await self.pause(rest)
            result = await self._carry_once(dialogue, options)
        return result

    async def _carry_once(
        self, dialogue: Dialogue[Result], options: ConversationOptions
    ) -> Result | ConnectFailure:
        is_upgraded = options.is_upgraded
        connections = self._connections.next(
            is_chained=options.is_chained, is_upgraded=is_upgraded, port=options.port
        )
        async with connections as dialled:
            if isinstance(dialled, ConnectFailure):
                return dialled
            if isinstance(dialled.connection, ConnectFailure):
                self._note_result(dialled.connection, dialled.epoch)
                return dialled.connection
            began = self._clock.monotonic()
            patience = min(options.patience_seconds, self._deadline.remaining_seconds)
            connection = dialled.connection
            result = await connection.carry(connection.framed(dialogue), patience)
            if is_upgraded and not is_trouble(result):
                self._patience.note_time(self._clock.monotonic() - began)
            if not connection.has_answered:
                self._note_result(result, dialled.epoch)
            return result

    def _note_result(self, result: object, epoch: int) -> None:
        if isinstance(result, ConnectFailure) and result.kind is FailureKind.BLOCKED:
            self._blocked = result
            if self.allowance is not None:
                self.allowance.block()
        if self.allowance is None and not self._is_local and (service := blocking_service(result)):
            self._allowance_at_server().add()
            detail = f"the server speaks {service}, which blocks clients that do not"
            self._blocked = ConnectFailure(kind=FailureKind.OTHER_PROTOCOL, detail=detail)
        self._patience.note_result(result, epoch)
        if is_trouble(result):
            self._connections.may_dial_ahead = False
