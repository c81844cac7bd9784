"""A transport that records all bytes as they were cut, with their times."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from model.application_protocol import IKE
from model.dns.service_bindings import ServiceBindings
from model.observation import Observation
from model.ports import Clock
from pki.net_guard.politeness import Politeness
from probe.connect.ike_session import IkeSession
from probe.connect.options import ConversationOptions, TransportOptions
from probe.connect.session import EndpointSession
from probe.dialogue.answer import ConnectFailure, Ending
from probe.dialogue.dialogue import Dialogue
from probe.dialogue.handshake import Handshake, HandshakeOffer
from probe.ike.version_1 import without_hash
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

    def __init__(
        self,
        dialogue: Dialogue[Result],
        without_secrets: Callable[[bytes], bytes] | None = None,
    ) -> None:
        self._dialogue = dialogue
        self._without_secrets = without_secrets or self._without_memory
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
        self.heard.append(self._without_secrets(received))
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


class _Recorder:
    """The conversations of one visit so far."""

    def __init__(self, settings: ProbeSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._began = clock.monotonic()
        self._conversations: _Slots[Conversation] = _Slots()
        self.handshakes: _Slots[RecordedHandshake] = _Slots()
        self.quic: RecordedQuic | None = None
        self.service_bindings: ServiceBindings | None = None

    @property
    def elapsed(self) -> float:
        """Seconds since the visit began."""
        return self._clock.monotonic() - self._began

    async def record(
        self,
        dialogue: Dialogue[Result],
        carry: Callable[[Dialogue[Result]], Awaitable[Result | ConnectFailure]],
        without_secrets: Callable[[bytes], bytes] | None = None,
    ) -> Result | ConnectFailure:
        """The result of ``carry``, with the bytes of both sides recorded."""
        place, started = self._conversations.take(), self.elapsed
        tap = _Tap(dialogue, without_secrets)
        result = await carry(tap)
        if isinstance(result, ConnectFailure) and not tap.said:
            # A replay distinguishes conversations by their first words, also those that got no connection.
            dialogue.begin(tap.said.append)
        self._conversations.values[place] = Conversation(
            said=tuple(tap.said),
            heard=mask_cookies_in_pieces(tap.heard)
            if without_secrets is None
            else tuple(tap.heard),
            ending=tap.ending,
            no_connection=result if isinstance(result, ConnectFailure) else None,
            started=started,
            done=self.elapsed,
        )
        return result

    def recorded(self, nonce: bytes, observation: Observation) -> RecordedVisit:
        """The recorded visit, with its Observation."""
        return RecordedVisit(
            tool_version=observation.tool_version,
            endpoint=observation.endpoint,
            started_at=observation.started_at,
            parts=self._settings.parts,
            intrusiveness=self._settings.intrusiveness,
            user_agent=self._settings.user_agent,
            nonce=nonce,
            conversations=self._conversations.filled,
            quic=self.quic,
            service_bindings=self.service_bindings,
            handshakes=self.handshakes.filled,
            cost=observation.cost,
        )


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
        self._recorder = _Recorder(settings, clock)

    async def service_bindings(self, look_up: LookUp) -> ServiceBindings | None:
        """Recorded as they were looked up."""
        self._recorder.service_bindings = await look_up()
        return self._recorder.service_bindings

    async def handshake(self, offer: HandshakeOffer, *, is_chained: bool = False) -> Handshake:
        """A full handshake, recorded by its outcome."""
        handshakes, started = self._recorder.handshakes, self._recorder.elapsed
        place = handshakes.take()
        outcome = await super().handshake(offer, is_chained=is_chained)
        handshakes.values[place] = RecordedHandshake(
            outcome=outcome, started=started, done=self._recorder.elapsed
        )
        return outcome

    async def quic(self, server_name: str | None) -> QuicAnswer | None:
        """Recorded by its outcome."""
        outcome = await super().quic(server_name)
        self._recorder.quic = RecordedQuic(outcome=outcome)
        return outcome

    async def _converse(
        self, dialogue: Dialogue[Result], options: ConversationOptions
    ) -> Result | ConnectFailure:
        carry = super()._converse
        return await self._recorder.record(dialogue, lambda tap: carry(tap, options))

    async def converse_over_quic(self, dialogue: Dialogue[Result]) -> Result | ConnectFailure:
        """Recorded with its datagrams."""
        return await self._recorder.record(dialogue, super().converse_over_quic)

    def recorded(self, observation: Observation) -> RecordedVisit:
        """The recorded visit, with its Observation."""
        return self._recorder.recorded(self.nonce, observation)


class RecordingIkeSession(IkeSession):
    """An IkeSession that records its datagrams, without the hash of IKEv1's aggressive mode."""

    def __init__(
        self,
        options: TransportOptions,
        settings: ProbeSettings,
        politeness: Politeness,
        clock: Clock,
    ) -> None:
        super().__init__(options, settings, politeness, clock)
        self._recorder = _Recorder(settings, clock)

    async def converse_in_plaintext(
        self,
        dialogue: Dialogue[Result],
        patience_seconds: float | None = None,
        port: int | None = None,
    ) -> Result | ConnectFailure:
        """Recorded datagram by datagram."""
        carry = super().converse_in_plaintext
        return await self._recorder.record(
            dialogue, lambda tap: carry(tap, patience_seconds, port), without_hash
        )

    def recorded(self, observation: Observation) -> RecordedVisit:
        """The recorded visit, with its Observation."""
        return self._recorder.recorded(self.nonce, observation)


def recording_session(
    options: TransportOptions, settings: ProbeSettings, politeness: Politeness, clock: Clock
) -> RecordingSession | RecordingIkeSession:
    """The transport that records a visit to an endpoint of this protocol."""
    is_ike = options.application is not None and options.application.name == IKE
    make = RecordingIkeSession if is_ike else RecordingSession
    return make(options, settings, politeness, clock)
