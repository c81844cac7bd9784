"""May a client begin another handshake on the same connection, and is it bound to the first?

One renegotiation is tried after a handshake at the newest version up to TLS 1.2. A server that allows it
costs a client little and itself much (CVE-2011-1473); a server that allows it without RFC 5746 lets an
attacker inject the first bytes (CVE-2009-3555).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from model.verdict import Evidence, Fact, Verdict
from probe.checks.answered_offers import newest_in_plaintext
from probe.checks.prober import Prober
from probe.checks.visit_facts import VisitFacts
from probe.dialogue.handshake import Handshake, HandshakeEnd, PostHandshakeAction
from probe.tls.extensions import ExtensionType

RENEGOTIATION: Final = (
    "client_renegotiation",
    "client_renegotiation_dos",
    "insecure_renegotiation",
)


async def check_renegotiation(prober: Prober, facts: VisitFacts) -> None:
    """Fills the feature and the vulnerabilities named in ``RENEGOTIATION``."""
    version = newest_in_plaintext(facts)
    if version is None:
        return
    offer = replace(
        facts.usual_handshake(version), post_handshake=PostHandshakeAction.RENEGOTIATION
    )
    hello = facts.spoken[version].hello
    is_bound = hello is not None and hello.has(ExtensionType.RENEGOTIATION_INFO)
    if is_bound:
        proof = facts.spoken[version].fact(Verdict.NO, "ServerHello with renegotiation_info")
        facts.vulnerabilities["insecure_renegotiation"] = proof
    fact = _renegotiated(await prober.handshake(offer))
    facts.features["client_renegotiation"] = fact
    facts.vulnerabilities["client_renegotiation_dos"] = fact
    if not is_bound:
        facts.vulnerabilities["insecure_renegotiation"] = _unbound(fact)


def _renegotiated(handshake: Handshake) -> Fact:
    match handshake.post_handshake:
        case HandshakeEnd.ACCEPTED:
            return handshake.fact(Verdict.YES, "a second handshake finished on the connection")
        case HandshakeEnd.REFUSED:
            return handshake.fact(Verdict.NO, "a second handshake on the connection was refused")
        case _:
            note = f"no second handshake took place: {handshake.note}"
            return handshake.fact(Verdict.UNKNOWN, note)


def _unbound(renegotiated: Fact) -> Fact:
    """If a client may not begin one, the server still might."""
    if renegotiated.verdict is Verdict.YES:
        return renegotiated
    note = "no renegotiation_info; whether the server ever renegotiates is not known"
    return replace(renegotiated, verdict=Verdict.UNKNOWN, evidence=Evidence(note=note))
