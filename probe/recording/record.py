"""A way to an endpoint that keeps what passes, as it was cut, and when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Generic, TypeVar, cast

from model.observation import Observation
from model.ports import Clock
from pki.net_guard.politeness import Politeness
from probe.connect.openssl.handshake import OpenSslHandshake
from probe.connect.session import EndpointSession
from probe.connect.starttls.after_upgrade import AfterUpgrade
from probe.dialogue.answer import ConnectFailure, Ending
from probe.dialogue.dialogue import Dialogue
from probe.dialogue.handshake import Handshake, HandshakeOffer
from probe.quic.answer import QuicAnswer
from probe.recording.visit import Conversation, RecordedHandshake, RecordedQuic, RecordedVisit
from probe.tls.record import ContentType
from probe.visit.settings import ProbeSettings
from probe.web.cookies import mask_cookies_in_pieces

_HEARTBEAT_HEADER: Final = 5 + 3
"""The record's and the heartbeat's."""

Result = TypeVar("Result")


class _Tap(Generic[Result]):
    """Hears a Dialogue and its peer."""

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
            # Whoever lets the server speak first is told from others by having said nothing.
            self.said.append(b"")

    def feed(self, received: bytes) -> Result | None:
        self.heard.append(self._without_memory(received))
        return self._dialogue.feed(received)

    def end(self, ending: Ending) -> Result:
        self.ending = ending
        return self._dialogue.end(ending)

    def _without_memory(self, received: bytes) -> bytes:
        """What Heartbleed gives away is nobody's: zeros take its place, behind the header."""
        if self._is_heartbeat:
            return bytes(len(received))
        if received[:1] != bytes((ContentType.HEARTBEAT,)):
            return received
        self._is_heartbeat = True
        return received[:_HEARTBEAT_HEADER] + bytes(len(received[_HEARTBEAT_HEADER:]))


@dataclass(slots=True)
class _Slots(Generic[Result]):
    """Places in the order in which they were taken, filled in any order."""

    kept: list[Result | None] = field(default_factory=list)

    def take(self) -> int:
        self.kept.append(None)
        return len(self.kept) - 1

    @property
    def filled(self) -> tuple[Result, ...]:
        return tuple(one for one in self.kept if one is not None)


class RecordingSession(EndpointSession):
    """A EndpointSession that remembers."""

    def __init__(
        self,
        address: tuple[str, int],
        settings: ProbeSettings,
        politeness: Politeness,
        clock: Clock,
        *,
        nonce: bytes,
    ) -> None:
        super().__init__(address, settings, politeness, clock, nonce=nonce)
        self._parts = settings.parts
        self._intrusiveness = settings.intrusiveness
        self._user_agent = settings.user_agent
        self._began = clock.monotonic()
        self._talks: _Slots[Conversation] = _Slots()
        self._shakes: _Slots[RecordedHandshake] = _Slots()
        self._quic: RecordedQuic | None = None

    async def handshake(self, offer: HandshakeOffer) -> Handshake:
        """A full handshake, kept by its outcome."""
        place, started = self._shakes.take(), self._elapsed
        outcome = await super().handshake(offer)
        self._shakes.kept[place] = RecordedHandshake(
            outcome=outcome, started=started, done=self._elapsed
        )
        return outcome

    async def quic(self, server_name: str | None) -> QuicAnswer | None:
        """Kept by its outcome."""
        outcome = await super().quic(server_name)
        self._quic = RecordedQuic(outcome=outcome)
        return outcome

    async def _converse(
        self,
        dialogue: Dialogue[Result],
        patience_seconds: float,
        *,
        is_chained: bool = False,
        is_upgraded: bool = True,
        port: int | None = None,
    ) -> Result | ConnectFailure:
        way = partial(
            super()._converse,
            patience_seconds=patience_seconds,
            is_chained=is_chained,
            is_upgraded=is_upgraded,
            port=port,
        )
        if isinstance(cast(object, dialogue), OpenSslHandshake | AfterUpgrade):
            return await way(dialogue)
        place, started, tap = self._talks.take(), self._elapsed, _Tap(dialogue)
        result = await way(tap)
        self._talks.kept[place] = Conversation(
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
        """The visit whose Observation this is."""
        return RecordedVisit(
            tool_version=observation.tool_version,
            endpoint=observation.endpoint,
            started_at=observation.started_at,
            parts=self._parts,
            intrusiveness=self._intrusiveness,
            user_agent=self._user_agent,
            nonce=self.nonce,
            conversations=self._talks.filled,
            quic=self._quic,
            handshakes=self._shakes.filled,
            cost=observation.cost,
        )
