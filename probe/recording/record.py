"""A transport that records all bytes as they were cut, with their times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from model.dns.service_bindings import ServiceBindings
from model.observation import Observation
from model.ports import Clock
from pki.net_guard.politeness import Politeness
from probe.connect.options import TransportOptions
from probe.connect.session import ConversationOptions, EndpointSession
from probe.dialogue.answer import ConnectFailure, Ending
from probe.dialogue.dialogue import Dialogue
from probe.dialogue.handshake import Handshake, HandshakeOffer
from probe.quic.answer import QuicAnswer
from probe.recording.visit import Conversation, RecordedHandshake, RecordedQuic, RecordedVisit
from probe.tls.record import ContentType
from probe.transport import LookUp
from probe.visit.settings import ProbeSettings
from probe.web.cookies import mask_cookies_in_pieces

_HEARTBEAT_HEADER: Final = 5 + 3
"""The headers of the record and the heartbeat."""

Result = TypeVar("Result")


class _Tap(Generic[Result]):
    """Records the bytes of a Dialogue and its peer."""

    def __init__(self, dialogue: Dialogue[Result]) -> None:
        self._dialogue = dialogue
        self.said: list[bytes] = []
        self.heard: list[bytes] = []
        self.ending: Ending | None = None
        self._is_heartbeat = False

    def begin(self, send: Callable[[bytes], None]) -> None:
        def hear(outgoing: bytes) -> None:
            self.said.append(outgoing)
            send(outgoing)

        self._dialogue.begin(hear)
        if not self.said:
            # A conversation in which the server speaks first has no bytes of ours as its key.
            self.said.append(b"")

    def feed(self, received: bytes) -> Result | None:
        self.heard.append(self._without_memory(received))
        return self._dialogue.feed(received)

    def end(self, ending: Ending) -> Result:
        self.ending = ending
        return self._dialogue.end(ending)

    def _without_memory(self, received: bytes) -> bytes:
        """Does not store the memory that Heartbleed leaks: zeros replace it, after the header."""
        if self._is_heartbeat:
            return bytes(len(received))
        if received[:1] != bytes((ContentType.HEARTBEAT,)):
            return received
        self._is_heartbeat = True
        return received[:_HEARTBEAT_HEADER] + bytes(len(received[_HEARTBEAT_HEADER:]))


@dataclass(slots=True)
class _Slots(Generic[Result]):
    """Slots in the order in which they were taken, filled in any order."""

    values: list[Result | None] = field(default_factory=list)

    def take(self) -> int:
        self.values.append(None)
        return len(self.values) - 1

    @property
    def filled(self) -> tuple[Result, ...]:
        return tuple(one for one in self.values if one is not None)


class RecordingSession(EndpointSession):
    """An EndpointSession that records its conversations."""

    def __init__(
        self,
        options: TransportOptions,
        settings: ProbeSettings,
        politeness: Politeness,
        clock: Clock,
    ) -> None:
        super().__init__(options, settings, politeness, clock)
        self._parts = settings.parts
        self._intrusiveness = settings.intrusiveness
        self._user_agent = settings.user_agent
        self._began = clock.monotonic()
        self._conversations: _Slots[Conversation] = _Slots()
        self._handshakes: _Slots[RecordedHandshake] = _Slots()
        self._quic: RecordedQuic | None = None
        self._service_bindings: ServiceBindings | None = None

    async def service_bindings(self, look_up: LookUp) -> ServiceBindings | None:
        """Recorded as they were looked up."""
        self._service_bindings = await look_up()
        return self._service_bindings

    async def handshake(self, offer: HandshakeOffer, *, is_chained: bool = False) -> Handshake:
        """A full handshake, recorded by its outcome."""
        place, started = self._handshakes.take(), self._elapsed
        outcome = await super().handshake(offer, is_chained=is_chained)
        self._handshakes.values[place] = RecordedHandshake(
            outcome=outcome, started=started, done=self._elapsed
        )
        return outcome

    async def quic(self, server_name: str | None) -> QuicAnswer | None:
        """Recorded by its outcome."""
        outcome = await super().quic(server_name)
        self._quic = RecordedQuic(outcome=outcome)
        return outcome

    async def _converse(
        self, dialogue: Dialogue[Result], options: ConversationOptions
    ) -> Result | ConnectFailure:
        place, started, tap = self._conversations.take(), self._elapsed, _Tap(dialogue)
        result = await super()._converse(tap, options)
        if isinstance(result, ConnectFailure) and not tap.said:
            # A replay distinguishes conversations by their first words, also those that got no connection.
            dialogue.begin(tap.said.append)
        self._conversations.values[place] = Conversation(
            said=tuple(tap.said),
            heard=mask_cookies_in_pieces(tap.heard),
            ending=tap.ending,
            no_connection=result if isinstance(result, ConnectFailure) else None,
            started=started,
            done=self._elapsed,
        )
        return result

    @property
    def _elapsed(self) -> float:
        return self._clock.monotonic() - self._began

    def recorded(self, observation: Observation) -> RecordedVisit:
        """The recorded visit, with its Observation."""
        return RecordedVisit(
            tool_version=observation.tool_version,
            endpoint=observation.endpoint,
            started_at=observation.started_at,
            parts=self._parts,
            intrusiveness=self._intrusiveness,
            user_agent=self._user_agent,
            nonce=self.nonce,
            conversations=self._conversations.filled,
            quic=self._quic,
            service_bindings=self._service_bindings,
            handshakes=self._handshakes.filled,
            cost=observation.cost,
        )
