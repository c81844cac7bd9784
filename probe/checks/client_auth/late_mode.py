"""Does a TLS 1.3 server require a certificate, if it says so neither by an alert nor by a ticket?

The client finishes its handshake before the server has read its (empty) Certificate. A server that then
answers a question inside TLS only requests a certificate. OpenLDAP with GnuTLS closes without an alert if it
requires one. A broken server closes too, so a close counts only if it comes twice, with an answered control in
between, and if the server refuses clients without a certificate in the handshake of an older version.
"""

from __future__ import annotations

from dataclasses import replace

from model.observation import ClientAuthMode
from model.protocol_version import ProtocolVersion
from probe.checks.confirmed_handshake import ask_again
from probe.checks.prober import Prober
from probe.checks.visit_facts import VisitFacts
from probe.dialogue.answer import Ending
from probe.dialogue.handshake import Handshake, HandshakeOffer


async def settle_mode(
    prober: Prober, facts: VisitFacts, version: ProtocolVersion, asking: HandshakeOffer
) -> None:
    """Sets the unknown mode at ``version``, if the answers to ``asking`` prove one."""
    first = facts.first_handshake_at(version)
    if first is None or not first.certificate_requested:
        return
    asked = await prober.handshake(asking)
    if asked.reply:
        evidence = asked.reply_evidence(f"{asked.note}; answered inside TLS")
        mode = ClientAuthMode.REQUESTED
    else:
        again = await ask_again(prober, asked) if _is_turned_away(asked) else None
        if again is None or not _is_turned_away(again) or not _is_required_elsewhere(facts):
            return
        evidence = again.evidence(f"{again.note}; {again.ending} without an answer, twice")
        mode = ClientAuthMode.REQUIRED
    facts.client_auth[version] = replace(facts.client_auth[version], mode=mode, evidence=evidence)


def _is_turned_away(handshake: Handshake) -> bool:
    is_ended = handshake.ending in {Ending.CLOSED, Ending.RESET}
    return handshake.is_finished and not handshake.reply and is_ended


def _is_required_elsewhere(facts: VisitFacts) -> bool:
    return any(one.mode is ClientAuthMode.REQUIRED for one in facts.client_auth.values())
