"""Runs the checks against a ServerModel without a socket: the same questions, answers in memory.

A model's answers are bytes, read by the engine's own AnswerReader. Full handshakes do not exist here, so
every one of them breaks off.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TypeVar

from model.observation import Cost, Mode, Observation
from model.target import Endpoint, Target
from probe.budget import VisitBudget
from probe.checks.catalogue import STAGES
from probe.checks.part import Part
from probe.checks.prober import Prober
from probe.checks.visit_facts import VisitFacts
from probe.checks.visit_inputs import VisitInputs
from probe.dialogue.answer import Answer, AnswerReader, ConnectFailure, Ending, FailureKind
from probe.dialogue.before_tls.found_application import FROM_THE_FIRST_BYTE, FoundApplication
from probe.dialogue.dialogue import Dialogue
from probe.dialogue.exchange import Exchange
from probe.dialogue.handshake import Handshake, HandshakeEnd, HandshakeOffer
from probe.dialogue.offer import Offer
from probe.quic.answer import QuicAnswer
from probe.transport import ProbeTransport
from probe.visit.state import state_of
from tests.probe.programmable.server_model import Reply, ServerModel, Then

Found = TypeVar("Found")

CORE = frozenset({Part.VERSIONS, Part.SUITES, Part.GROUPS, Part.CERTIFICATES, Part.CLIENT_AUTH})
"""The facts that DESIGN's first budget covers."""

NONCE = bytes(range(64))
ENDPOINT = Endpoint(
    target=Target(host="zoo.test", port=443, server_name="zoo.test"), address="127.0.0.1"
)


class Simulation(ProbeTransport):
    """One model, and the number of questions that it was asked."""

    nonce = NONCE
    throttled = False

    def __init__(self, model: ServerModel, name: str = "zoo.test") -> None:
        self.model = model
        self.name = name
        self.questions = 0
        self.budget = VisitBudget()

    async def find_application(self) -> FoundApplication:
        return FROM_THE_FIRST_BYTE

    async def close(self) -> None:
        return

    async def ask(
        self, offer: Offer, *, patient: bool = False, is_chained: bool = False
    ) -> Exchange:
        self.questions += 1
        offered = offer.encode(NONCE)
        reply = self.model.reply(offered)
        assert reply is not None, "an Offer is a whole hello"
        return Exchange(offer=offer, offered=offered, answer=_read(reply))

    async def handshake(self, offer: HandshakeOffer, *, is_chained: bool = False) -> Handshake:
        return Handshake(offer=offer, end=HandshakeEnd.UNFINISHED, note="no handshakes in memory")

    async def converse(
        self, dialogue: Dialogue[Found], patience_seconds: float | None = None
    ) -> Found | ConnectFailure:
        return dialogue.end(Ending.SILENCE)

    async def converse_in_plaintext(
        self,
        dialogue: Dialogue[Found],
        patience_seconds: float | None = None,
        port: int | None = None,
    ) -> Found | ConnectFailure:
        return dialogue.end(Ending.SILENCE)

    async def converse_over_quic(self, dialogue: Dialogue[Found]) -> Found | ConnectFailure:
        return ConnectFailure(kind=FailureKind.REFUSED, detail="no QUIC")

    async def quic(self, server_name: str | None) -> QuicAnswer | None:
        return None

    async def pause(self, seconds: float) -> None:
        return

    async def visit(self, parts: frozenset[Part] = CORE) -> Observation:
        """The checks of those parts on the model, in the catalogue's order."""
        prober = Prober(self)
        facts = VisitFacts(
            inputs=VisitInputs(server_name=self.name, host=self.name), riding_parts=parts
        )
        for stage in STAGES:
            for check in stage.checks:
                if check.part in parts:
                    await check.ask(prober, facts)
        state, reason = state_of(facts, prober.exchanges)
        return Observation(
            tool_version="0",
            mode=Mode.ENUMERATE,
            endpoint=ENDPOINT,
            started_at=datetime(2026, 1, 1, tzinfo=UTC),
            cost=Cost(connections=self.questions),
            state=state,
            reason=reason,
            **facts.sections(),
        )


class LimitedSimulation(Simulation):
    """A model whose visit has time for so many questions."""

    def __init__(self, model: ServerModel, answers: int) -> None:
        super().__init__(model)
        self._answers = answers

    async def ask(
        self, offer: Offer, *, patient: bool = False, is_chained: bool = False
    ) -> Exchange:
        if self.questions >= self._answers:
            late = ConnectFailure(kind=FailureKind.DEADLINE, detail="the visit's time is up")
            return Exchange(offer=offer, offered=offer.encode(NONCE), answer=late)
        return await super().ask(offer, patient=patient, is_chained=is_chained)


def _read(reply: Reply) -> Answer:
    reader = AnswerReader()
    answer = reader.feed(reply.sent) if reply.sent else None
    if answer is not None:
        return answer
    endings = {Then.WAIT: Ending.SILENCE, Then.CLOSE: Ending.CLOSED, Then.RESET: Ending.RESET}
    return reader.end(endings[reply.then])
