"""Does a handshake finish after a HelloRetryRequest (RFC 9846, section 4.1.4)?

A HelloRetryRequest names a group, but it does not prove that the server can use it. So one handshake that is
needed anyway sends only the share of a group that the server does not accept.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from model.protocol_version import ProtocolVersion
from model.registry import named_group_name
from model.verdict import Fact, Verdict
from probe.checks.confirmed_handshake import confirm
from probe.checks.prober import Prober
from probe.checks.visit_facts import VisitFacts
from probe.dialogue.handshake import Handshake, HandshakeOffer
from probe.dialogue.offer import TLS13_GROUPS

HELLO_RETRY: Final = "hello_retry_completes"

_RARELY_ACCEPTED: Final = (
    *("brainpoolP512r1tls13", "brainpoolP384r1tls13", "secp521r1", "x448", "secp384r1"),
    *("secp256r1", "x25519"),
)
"""Groups in which a share can be made. Most servers do not accept the first ones."""


async def handshake_with_retry(
    prober: Prober, facts: VisitFacts, usual: HandshakeOffer
) -> Handshake:
    """A TLS 1.3 handshake like ``usual`` that makes the server ask for another share; ``usual`` if only that fails.

    Fills the feature ``hello_retry_completes``.
    """
    provoking = replace(usual, groups=_groups(facts))
    first = await prober.handshake(provoking, is_chained=True)
    handshake, is_proof = await confirm(prober, first)
    facts.features[HELLO_RETRY] = _fact(handshake, is_proof=is_proof)
    seen = facts.first_handshake_at(ProtocolVersion.TLSV1_3)
    never_finishes = seen is not None and not seen.is_finished
    return handshake if handshake.is_finished or never_finishes else await prober.handshake(usual)


def _groups(facts: VisitFacts) -> tuple[str, ...]:
    """A group that the server does not accept, then those that it accepts; every group if they are not known."""
    found = facts.groups.get(ProtocolVersion.TLSV1_3)
    accepted = found.accepted if found is not None else ()
    share = next((name for name in _RARELY_ACCEPTED if name not in accepted), _RARELY_ACCEPTED[0])
    others = accepted or tuple(map(named_group_name, TLS13_GROUPS))
    return (share, *(name for name in others if name != share))


def _fact(handshake: Handshake, *, is_proof: bool) -> Fact:
    share = handshake.offer.groups[0]
    if handshake.retry is None:
        note = f"no HelloRetryRequest to a hello with a share of {share} only: {handshake.note}"
        return handshake.fact(Verdict.NO if is_proof else Verdict.UNKNOWN, note)
    group = named_group_name(handshake.retry.hello.key_share_group or 0)
    if handshake.is_finished:
        return handshake.fact(Verdict.YES, f"finished after a HelloRetryRequest for {group}")
    note = f"after a HelloRetryRequest for {group}: {handshake.note}"
    return handshake.fact(Verdict.NO if is_proof else Verdict.UNKNOWN, note)
