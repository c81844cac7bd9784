"""Which named groups does the server accept at TLS 1.3, and whose order decides?

By strike-out, as with suites: a HelloRetryRequest names the group that the server wants, including
post-quantum hybrids, before either side computes a key (RFC 9846, section 4.1.4). One of these hellos puts ChaCha20
first, for ``chacha20_first``.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from model.protocol_version import ProtocolVersion
from model.registry import named_group_name
from probe.checks.prober import Prober
from probe.checks.riding.hello_riders import tls13_riders
from probe.checks.versions_and_suites.strike_out import picked_group, strike_out
from probe.checks.versions_and_suites.usual_orders import OF_GROUPS, USUAL_GROUPS, foresight
from probe.checks.visit_facts import VisitFacts
from probe.dialogue.candidate_suites import suites_in_parts
from probe.dialogue.exchange import Exchange
from probe.dialogue.offer import TLS13_GROUPS, offer


async def check_tls13_groups(prober: Prober, facts: VisitFacts) -> None:
    """Fills ``groups`` of TLS 1.3 if the server accepts it."""
    version = ProtocolVersion.TLSV1_3
    if version not in facts.spoken:
        return
    shape = facts.shape_at(version)
    suites = next(suites_in_parts(version))
    riders = tls13_riders(facts, suites)

    def ask(groups: tuple[int, ...], is_chained: bool) -> Coroutine[Any, Any, Exchange]:
        asked = offer(version, suites, shape, groups)
        if not any(group in groups for group in USUAL_GROUPS):
            return prober.ask(asked, is_chained=is_chained)

        def is_choice(exchange: Exchange) -> bool:
            return picked_group(exchange) in groups

        return riders.ask(prober, asked, is_choice, is_chained=is_chained)

    first = facts.spoken[version]
    struck = await strike_out(
        ask, picked_group, TLS13_GROUPS, first, foresight=foresight(prober, OF_GROUPS)
    )
    facts.groups[version] = struck.accepted_set(named_group_name)
