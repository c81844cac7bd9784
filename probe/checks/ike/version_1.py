"""Does IKEv1 answer, in main mode or in aggressive mode? (RFC 2409, section 5)

Only the first message is sent, with the usual proposals. A responder that accepts one of them answers with it.
"""

from __future__ import annotations

from typing import Final

from model.verdict import Fact, Verdict
from probe.checks.ike.answers import converse, stated, unknown
from probe.checks.prober import Prober
from probe.checks.visit_facts import VisitFacts
from probe.crypto.ike.version_1 import Ike1Answer, Ike1Exchange
from probe.dialogue.answer import ConnectFailure
from probe.ike.version_1 import Authentication, Exchange

MAIN_MODE: Final = "ikev1_main_mode"
AGGRESSIVE_MODE: Final = "ikev1_aggressive_mode"


async def check_main_mode(prober: Prober, facts: VisitFacts) -> None:
    """Asks for main mode, which needs no identity."""
    facts.ike[MAIN_MODE] = await _ask(prober, facts, Exchange.MAIN)


async def check_aggressive_mode(prober: Prober, facts: VisitFacts) -> None:
    """Asks for aggressive mode with an identity that no client has."""
    facts.ike[AGGRESSIVE_MODE] = await _ask(prober, facts, Exchange.AGGRESSIVE)


async def _ask(prober: Prober, facts: VisitFacts, exchange: Exchange) -> Fact:
    """Yes if one authentication method is accepted, no if each is refused."""
    found = list[Fact]()
    for method in Authentication:
        reply = await converse(prober, facts, Ike1Exchange(exchange, method, prober.nonce))
        found.append(_fact(reply))
        if found[-1].verdict is Verdict.YES:
            return found[-1]
    return next((one for one in found if one.verdict is Verdict.UNKNOWN), found[0])


def _fact(reply: Ike1Answer | ConnectFailure) -> Fact:
    if isinstance(reply, ConnectFailure):
        return unknown(reply)
    if reply.suite is not None:
        return stated(True, reply.evidence("the responder chooses a proposal"), reply.suite)
    if reply.is_refusal:
        return stated(False, reply.evidence("the responder refuses all usual proposals"))
    return unknown(reply)
