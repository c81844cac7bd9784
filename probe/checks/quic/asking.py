"""Asks Offers over QUIC, each in Initial packets from a port of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from model.protocol_version import ProtocolVersion
from probe.checks.prober import Prober
from probe.crypto.quic_question import QuicQuestion, QuicReply
from probe.crypto.tls13_keys import KeyShareSecret
from probe.dialogue.answer import ConnectFailure, FailureKind
from probe.dialogue.candidate_suites import suites_in_parts
from probe.dialogue.exchange import Exchange
from probe.dialogue.offer import TLS13_GROUPS, Shape, offer
from probe.quic.packet import VERSION_1

_HTTP3: Final = "h3"
SUITES: Final = next(suites_in_parts(ProtocolVersion.TLSV1_3))
MOST_QUESTIONS: Final = 64
"""Questions of one visit over QUIC: a server that accepts every suite and group needs fewer."""
_TOO_MANY: Final = ConnectFailure(
    kind=FailureKind.BUDGET, detail=f"no more than {MOST_QUESTIONS} questions over QUIC"
)


class QuicAsker:
    """Remembers the shape of hello that this server answers, and what else came with its answers."""

    def __init__(self, prober: Prober, server_name: str | None) -> None:
        self._prober = prober
        self._asked = 0
        self.shape = Shape(server_name=server_name, alpn_protocols=(_HTTP3,))
        self.retry: QuicReply | None = None

    @property
    def nonce(self) -> bytes:
        """The visit's random bytes."""
        return self._prober.nonce

    def use_key_shares(self, sends_key_shares: bool) -> None:
        """From now on, hellos have real key shares or none."""
        self.shape = replace(self.shape, sends_key_shares=sends_key_shares)

    async def ask(
        self,
        *,
        suites: tuple[int, ...] = SUITES,
        groups: tuple[int, ...] = TLS13_GROUPS,
        version: int = VERSION_1,
        secret: KeyShareSecret | None = None,
    ) -> tuple[Exchange, QuicReply | None]:
        """The answer; with a reply, unless no question could be carried."""
        asked = offer(ProtocolVersion.TLSV1_3, suites, self.shape, groups)
        question = QuicQuestion(asked, self._prober.nonce, version, secret)
        self._asked += 1
        if self._asked > MOST_QUESTIONS:
            return Exchange(offer=asked, offered=b"", answer=_TOO_MANY), None
        reply = await self._prober.converse_over_quic(question)
        if isinstance(reply, ConnectFailure):
            return Exchange(offer=asked, offered=b"", answer=reply), None
        if reply.retry is not None and self.retry is None:
            self.retry = reply
        return Exchange(offer=asked, offered=reply.offered, answer=reply.answer), reply
