"""Which transforms does an IKEv2 responder accept? (RFC 7296, sections 1.2, 2.7 and 3.3)

The KE payload of every question is of a method that hardly any responder accepts, and that is proposed last. A
responder that accepts one of the proposals names a better method (INVALID_KE_PAYLOAD); one that accepts none says
NO_PROPOSAL_CHOSEN. Both are proofs, and neither leaves a half-open SA: strongSwan ignores an address with five.

The named method is struck out, and what is left is proposed until nothing is accepted. Transforms of other types
are not named, so a set of them is halved until each of its members is proved or refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from model.registry.ike_transforms import (
    ADDITIONAL_KEY_EXCHANGE,
    KEY_EXCHANGE,
    POST_QUANTUM,
    TRANSFORMS,
    Transform,
    TransformType,
)
from model.verdict import Evidence, Fact, Verdict
from probe.checks.ike.answers import ask, stated, unknown
from probe.checks.ike.responder import EVERYTHING, transform_of
from probe.checks.prober import Prober
from probe.checks.visit_facts import VisitFacts
from probe.crypto.ike.exchange import IkeAnswer, IkeOffer
from probe.crypto.ike.public_values import public_value
from probe.dialogue.answer import ConnectFailure

POST_QUANTUM_FACT: Final = "post_quantum_key_exchange"
_RARE: Final = tuple(
    next(one for one in KEY_EXCHANGE if one.name == name)
    for name in ("brainpool_224", "ecp_192", "modp_768")
)
"""Registered methods, since libreswan takes an unknown one for a malformed message; the next is for responders that
accept the one before, or do not know it."""
_HALVED: Final = (TransformType.ENCRYPTION, TransformType.PRF, TransformType.INTEGRITY)
_ACCEPTED: Final = "the responder accepts a proposal with it"
_REFUSED: Final = "NO_PROPOSAL_CHOSEN: the responder accepts no proposal with it"
_NOTHING: Final = "NO_PROPOSAL_CHOSEN to everything that tlsprobe proposes: the responder may have no configuration for this client"
TRANSFORM_FACTS: Final = (
    *(one.fact for every in TRANSFORMS.values() for one in every),
    POST_QUANTUM_FACT,
)


async def check_transforms(prober: Prober, facts: VisitFacts) -> None:
    """Fills the fact of each transform, if the responder speaks IKEv2."""
    version = facts.ike.get("ikev2")
    if version is None or version.verdict is not Verdict.YES:
        return
    usual, answer = await _first_accepted(prober, facts)
    if usual is None:
        fact = _none_at_all(answer) if _is_refusal(answer) else unknown(answer)
        facts.ike.update(dict.fromkeys(TRANSFORM_FACTS, fact))
        return
    usual = await _strike_out_methods(prober, facts, usual)
    for kind in _HALVED:
        await _halve(prober, facts, usual, TRANSFORMS[kind])
    await _strike_out_additional(prober, facts)
    facts.ike[POST_QUANTUM_FACT] = _post_quantum(facts)


async def _first_accepted(
    prober: Prober, facts: VisitFacts
) -> tuple[IkeOffer | None, IkeAnswer | ConnectFailure]:
    """An offer that the responder accepts without a half-open SA, without an additional key exchange or with one;
    and the last answer."""
    answer: IkeAnswer | ConnectFailure
    for additional in ((), ADDITIONAL_KEY_EXCHANGE):
        for rare in _RARE:
            offer = replace(EVERYTHING, additional=additional, **_with_rare(KEY_EXCHANGE, rare))
            answer = await ask(prober, facts, offer)
            if _names_method(answer):
                return offer, answer
            if _is_refusal(answer):
                break
    return None, answer


def _with_rare(methods: Iterable[Transform], rare: Transform) -> dict[str, Any]:
    """The fields of an offer of these methods with the ``rare`` one last, of which the KE payload is."""
    return {"key_exchange": (*(one for one in methods if one != rare), rare), "ke": rare}


async def _strike_out_methods(prober: Prober, facts: VisitFacts, usual: IkeOffer) -> IkeOffer:
    """Proposes all methods that are left, and strikes out the one that the responder names.

    Returns an offer of the accepted ones, for the questions on transforms of other types.
    """
    left, accepted, rare = list(KEY_EXCHANGE), list[Transform](), list(_RARE)
    rare = rare[rare.index(usual.ke) :]
    while left:
        answer = await ask(prober, facts, replace(usual, **_with_rare(left, rare[0])))
        named = _named_method(answer, left)
        if named is not None and isinstance(answer, IkeAnswer):
            note = "the responder names or chooses it"
            facts.ike[named.fact] = stated(True, answer.evidence(note))
            left.remove(named)
            accepted.append(named)
        if named is rare[0] or (named is None and not _is_refusal(answer)):
            rare = rare[1:]
            if not rare or isinstance(answer, ConnectFailure):
                facts.ike.update({one.fact: unknown(answer) for one in left})
                break
        elif named is None:
            facts.ike.update({one.fact: _decided(answer) for one in left})
            break
    last = rare[0] if rare else usual.ke
    return replace(usual, **_with_rare(accepted or KEY_EXCHANGE, last))


def _names_method(answer: IkeAnswer | ConnectFailure) -> bool:
    return isinstance(answer, IkeAnswer) and answer.wanted_group is not None


def _named_method(
    answer: IkeAnswer | ConnectFailure, left: Iterable[Transform]
) -> Transform | None:
    """The method of these that the responder names in INVALID_KE_PAYLOAD or chooses."""
    if isinstance(answer, ConnectFailure):
        return None
    chosen = [transform_of(one) for one in answer.chosen] if answer.is_complete else []
    return next((one for one in left if one.number == answer.wanted_group or one in chosen), None)


async def _halve(
    prober: Prober, facts: VisitFacts, usual: IkeOffer, candidates: tuple[Transform, ...]
) -> None:
    """Proposes the ``candidates`` as the only ones of their type, and halves of them if one is accepted."""
    kind = candidates[0].type
    offer = usual.with_type(kind, candidates)
    if kind is TransformType.INTEGRITY:
        offer = replace(offer, encryption=tuple(one for one in offer.encryption if not one.is_aead))
    answer = await ask(prober, facts, offer)
    if len(candidates) == 1 or not _is_acceptance(answer):
        facts.ike.update({one.fact: _decided(answer) for one in candidates})
        return
    middle = len(candidates) // 2
    for half in (candidates[:middle], candidates[middle:]):
        await _halve(prober, facts, usual, half)


async def _strike_out_additional(prober: Prober, facts: VisitFacts) -> None:
    """Proposes the additional methods that are left with a method that the responder accepts, and strikes out the one
    that it chooses: only its choice proves that it understands them. Each costs a half-open SA."""
    accepted = (one for one in KEY_EXCHANGE if _is_yes(facts, one))
    known = next((one for one in accepted if public_value(one.number, prober.nonce)), _RARE[0])
    left = list(ADDITIONAL_KEY_EXCHANGE)
    while left:
        offer = replace(EVERYTHING, key_exchange=(known,), additional=tuple(left), ke=known)
        answer = await ask(prober, facts, offer)
        chosen = answer.chosen if isinstance(answer, IkeAnswer) else ()
        named = next((one for one in map(transform_of, chosen) if one in left), None)
        if named is None or not isinstance(answer, IkeAnswer):
            facts.ike.update({one.fact: _without_choice(answer) for one in left})
            return
        facts.ike[named.fact] = stated(True, answer.evidence("the responder chooses it"))
        left.remove(named)


def _without_choice(answer: IkeAnswer | ConnectFailure) -> Fact:
    if isinstance(answer, IkeAnswer) and answer.is_complete:
        note = "the responder chose a proposal, and none of its additional key exchanges"
        return stated(False, answer.evidence(note))
    return _decided(answer) if _is_refusal(answer) else unknown(answer)


def _decided(answer: IkeAnswer | ConnectFailure) -> Fact:
    if isinstance(answer, ConnectFailure) or not (answer.is_acceptance or answer.is_refusal):
        return unknown(answer)
    note = _ACCEPTED if answer.is_acceptance else _REFUSED
    return stated(answer.is_acceptance, answer.evidence(note))


def _none_at_all(answer: IkeAnswer | ConnectFailure) -> Fact:
    """A responder that refuses everything may refuse this client: it disproves no transform."""
    evidence = answer.evidence(_NOTHING) if isinstance(answer, IkeAnswer) else answer.evidence()
    return Fact(verdict=Verdict.UNKNOWN, evidence=evidence)


def _post_quantum(facts: VisitFacts) -> Fact:
    found = {name: facts.ike[name] for name in POST_QUANTUM}
    for verdict in (Verdict.YES, Verdict.UNKNOWN, Verdict.NO):
        names = [name for name, fact in found.items() if fact.verdict is verdict]
        if names:
            value = ",".join(names) if verdict is Verdict.YES else None
            proof: Evidence | None = found[names[0]].evidence
            return Fact(verdict=verdict, value=value, evidence=proof)
    raise AssertionError("a fact has one of three verdicts")


def _is_yes(facts: VisitFacts, one: Transform) -> bool:
    return facts.ike[one.fact].verdict is Verdict.YES


def _is_refusal(answer: IkeAnswer | ConnectFailure) -> bool:
    return isinstance(answer, IkeAnswer) and answer.is_refusal


def _is_acceptance(answer: IkeAnswer | ConnectFailure) -> bool:
    return isinstance(answer, IkeAnswer) and answer.is_acceptance
