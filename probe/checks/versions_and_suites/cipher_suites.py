"""Which cipher suites does the server accept at each version, and whose order decides?

By strike-out over every suite of the registry, all at once or in parts if the server needs short hellos. A
server that chooses its key before its suite (HAProxy) refuses all suites without ECDSA as long as one ECDSA
suite is offered, even one that it does not accept. So if only ECDSA suites were accepted, the other suites
are offered once more alone.
"""

from __future__ import annotations

from typing import Final

from model.protocol_version import ProtocolVersion
from model.registry import cipher_suite_by_code_point, cipher_suite_name
from probe.checks.prober import Prober, side_by_side
from probe.checks.versions_and_suites.aes_first import in_order_for_aes
from probe.checks.versions_and_suites.strike_out import (
    Ask,
    Foresight,
    Pick,
    Struck,
    merged,
    picked_cipher_suite,
    strike_out,
)
from probe.checks.versions_and_suites.usual_orders import OF_SUITES, foresight
from probe.checks.visit_facts import VisitFacts
from probe.dialogue.candidate_suites import suites_in_parts
from probe.dialogue.exchange import Exchange
from probe.dialogue.offer import offer

_TLS_AES_128_GCM_SHA256: Final = 0x1301
"""Every TLS 1.3 server accepts it, and it is the first of the strong suites. If it is picked first, the
client probably decides, and the next answer shows it."""


async def check_cipher_suites(prober: Prober, facts: VisitFacts) -> None:
    """Fills ``cipher_suites`` of every accepted version that has none yet.

    The longest chains of questions begin first and dial ahead; TLS 1.3 has few suites.
    """
    unknown = [version for version in facts.spoken if version not in facts.cipher_suites]
    unknown.sort(key=lambda version: version is ProtocolVersion.TLSV1_3)
    await side_by_side(*(_check_at(prober, facts, version) for version in unknown))


async def check_sslv3_suites(prober: Prober, facts: VisitFacts) -> None:
    """The same for SSL 3.0 alone, which is found later than the other versions."""
    version = ProtocolVersion.SSLV3
    if version in facts.spoken and version not in facts.cipher_suites:
        await _check_at(prober, facts, version)


async def _check_at(prober: Prober, facts: VisitFacts, version: ProtocolVersion) -> None:
    first, shape = facts.spoken[version], facts.shape_at(version)
    reprise_after = 1 if picked_cipher_suite(first) == _TLS_AES_128_GCM_SHA256 else 2

    async def ask(suites: tuple[int, ...], is_chained: bool) -> Exchange:
        return await prober.ask(offer(version, suites, shape), is_chained=is_chained)

    is_tls13 = version is ProtocolVersion.TLSV1_3
    ahead = Foresight() if is_tls13 else foresight(prober, OF_SUITES)

    async def strike(part: tuple[int, ...]) -> Struck:
        known = first if first.offer.cipher_suites == part else None
        return await strike_out(
            ask,
            picked_cipher_suite,
            part,
            known,
            reprise_after=reprise_after,
            foresight=ahead,
        )

    parts = tuple(suites_in_parts(version, shape.most_cipher_suites))
    struck = await side_by_side(*(strike(part) for part in parts))
    if _may_choose_its_key_first([pick for part in struck for pick in part.picks]):
        others = filter(None, (_without_ecdsa(part) for part in parts))
        struck += await side_by_side(*(strike(part) for part in others))
    whole = merged(struck) if len(parts) == 1 else await _ask_in_one_order(ask, struck)
    ordered = await in_order_for_aes(ask, whole)
    facts.cipher_suites[version] = ordered.accepted_set(cipher_suite_name)


def _may_choose_its_key_first(picks: list[Pick]) -> bool:
    """Whether the server has an ECDSA key, and no pick shows that it accepts other suites while ECDSA is offered."""
    others = [pick for pick in picks if not _is_by_ecdsa(pick.code_point)]
    return len(others) < len(picks) and not any(
        any(map(_is_by_ecdsa, pick.exchange.offer.cipher_suites)) for pick in others
    )


def _without_ecdsa(part: tuple[int, ...]) -> tuple[int, ...]:
    """The part without its ECDSA suites."""
    others = tuple(suite for suite in part if not _is_by_ecdsa(suite))
    return others if len(others) < len(part) else ()


def _is_by_ecdsa(code_point: int) -> bool:
    suite = cipher_suite_by_code_point(code_point)
    return suite is not None and suite.authentication == "ECDSA"


async def _ask_in_one_order(ask: Ask, struck: list[Struck]) -> Struck:
    """The picks of all parts, put into the server's order by one more strike-out."""
    picks = tuple(pick for part in struck for pick in part.picks)
    unproved = [part.last for part in struck if not part.is_complete]
    last = (unproved or [struck[-1].last])[0]
    if not picks:
        return Struck(picks=(), last=last)
    every = tuple(pick.code_point for pick in picks)
    again = await strike_out(ask, picked_cipher_suite, every, foresight=OF_SUITES)
    ordered = again.picks if len(again.picks) == len(picks) else picks
    return Struck(picks=ordered, last=last, preference=again.preference)
