"""Does the server accept the user's own client certificate?

If it does, all later handshakes of the visit present the certificate: what is known only after a finished
handshake, such as tickets, renegotiation and HTTP headers, can then be found out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from model.observation import ClientAuthMode
from model.protocol_version import ProtocolVersion
from probe.checks.prober import Prober, side_by_side
from probe.checks.visit_facts import VisitFacts
from probe.dialogue.handshake import PostHandshakeAction, Presented

ASKING: Final = frozenset({ClientAuthMode.REQUESTED, ClientAuthMode.REQUIRED})


async def check_own_certificate(prober: Prober, facts: VisitFacts) -> None:
    """Fills ``own_handshakes`` for every version that asks for a certificate."""
    if facts.inputs.own_certificate is not None:
        asking = [version for version, found in facts.client_auth.items() if found.mode in ASKING]
        await side_by_side(*(_present_at(prober, facts, version) for version in asking))


async def _present_at(prober: Prober, facts: VisitFacts, version: ProtocolVersion) -> None:
    facts.own_handshakes[version] = await prober.handshake(
        replace(
            facts.http_handshake(version),
            post_handshake=PostHandshakeAction.LISTEN,
            presents=Presented.OWN,
        )
    )
