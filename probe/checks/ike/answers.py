"""The replies of an IKE responder, and the facts that they prove."""

from __future__ import annotations

from typing import TypeAlias, TypeVar

from model.verdict import Evidence, Fact, Verdict
from probe.checks.prober import Prober
from probe.checks.visit_facts import VisitFacts
from probe.crypto.ike.exchange import IkeAnswer, IkeExchange, IkeOffer
from probe.crypto.ike.version_1 import Ike1Answer
from probe.dialogue.answer import ConnectFailure
from probe.dialogue.dialogue import Dialogue

IkeReply: TypeAlias = IkeAnswer | Ike1Answer | ConnectFailure
Reply = TypeVar("Reply", IkeAnswer, Ike1Answer)


async def ask(prober: Prober, facts: VisitFacts, offer: IkeOffer) -> IkeAnswer | ConnectFailure:
    """The answer to an IKE_SA_INIT request; it is stored with the visit's other replies."""
    return await converse(prober, facts, IkeExchange(offer, prober.nonce))


async def converse(
    prober: Prober, facts: VisitFacts, dialogue: Dialogue[Reply], port: int | None = None
) -> Reply | ConnectFailure:
    """The result of one Dialogue of datagrams; it is stored too."""
    reply = await prober.converse_in_plaintext(dialogue, port=port)
    facts.ike_replies.append(reply)
    return reply


def stated(is_so: bool, proof: Evidence, value: str | None = None) -> Fact:
    """A fact that the evidence proves or disproves."""
    return Fact(verdict=Verdict.YES if is_so else Verdict.NO, value=value, evidence=proof)


def unknown(reply: IkeReply) -> Fact:
    """A fact that the reply does not decide."""
    if isinstance(reply, ConnectFailure):
        return Fact(verdict=Verdict.UNKNOWN, evidence=reply.evidence())
    return Fact(verdict=Verdict.UNKNOWN, evidence=reply.evidence(reply.outcome))
