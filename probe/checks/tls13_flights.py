"""Decrypts the flight of a TLS 1.3 server with our own key share, for checks that need it."""

from __future__ import annotations

from model.protocol_version import ProtocolVersion
from model.registry import named_group_code_point
from probe.checks.answered_offers import answered_offer
from probe.checks.prober import Prober
from probe.checks.visit_facts import VisitFacts
from probe.crypto.tls13_flight import Tls13Flight, Tls13FlightReader
from probe.crypto.tls13_keys import SHARED_GROUPS, KeyShareSecret
from probe.dialogue.answer import ConnectFailure
from probe.dialogue.offer import Change
from probe.tls.extensions import KeyShare
from probe.tls.limits import MAX_ANSWER_LENGTH


async def read_tls13_flight(
    prober: Prober,
    facts: VisitFacts,
    *changes: Change,
    longest: int = MAX_ANSWER_LENGTH,
    before: tuple[KeyShare, ...] = (),
) -> Tls13Flight | ConnectFailure | None:
    """The flight that answers a hello with these changes.

    ``longest`` is the number of bytes of it that are stored. The shares ``before`` precede the real one. None
    if the server has no group in which a share can be made here.
    """
    group = _shared_group(facts)
    if group is None:
        return None
    asked = answered_offer(facts, ProtocolVersion.TLSV1_3)
    for change in changes:
        asked = change(asked)
    secret = KeyShareSecret(group, prober.nonce)
    return await prober.converse(Tls13FlightReader(asked, secret, prober.nonce, longest, before))


def _shared_group(facts: VisitFacts) -> int | None:
    """One of the server's groups; the usual one if its groups were not asked for."""
    found = facts.groups.get(ProtocolVersion.TLSV1_3)
    if found is None:
        return SHARED_GROUPS[0]
    known = {named_group_code_point(name) for name in found.accepted}
    return next((group for group in SHARED_GROUPS if group in known), None)
