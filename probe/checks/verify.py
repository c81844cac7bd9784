"""Is everything still as in the last visit? Asks as few questions as can show a difference.

For each accepted version the check sends two Offers: one with every suite that was not accepted, which the
server must refuse, and one with the accepted suites, which must give the known first pick and a known leaf.
TLS 1.3 needs one more for the groups, and a handshake for its chain. Each refused version is asked once more.
An Encrypted ClientHello is sent again if its key is published.
That is at most 2V + 7 connections for V accepted versions, and more for a server that needs its suites in parts.
Any other answer is a difference.

These questions cannot show: a suite or group that is no longer accepted but was not the first pick, a changed
order after the first pick, a second certificate of another key type, SSL 2.0 that was turned on, groups below
TLS 1.3, and features and vulnerabilities that none of these hellos touches.

A question that the visit's time or budget did not allow says nothing about the server: the result is unknown then,
unless another answer is a difference.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from model.observation import ClientAuthMode, Observation
from model.protocol_version import ProtocolVersion
from model.registry import named_group_name
from model.verdict import Evidence, Verdict
from model.verification.plan import KnownPick, VerificationPlan
from probe.checks.certificates.served_chains import finish_handshake
from probe.checks.prober import Prober, side_by_side
from probe.checks.service_binding.ech import ECH_KEY_ACCEPTED, ask_with_published_key
from probe.checks.service_binding.records import SERVICE_BINDING, proof_of
from probe.checks.verification_plan import picked_offer, refused_offers
from probe.checks.versions_and_suites.strike_out import picked_group
from probe.checks.versions_and_suites.versions import is_decisive
from probe.checks.visit_facts import VisitFacts
from probe.dialogue.answer import ConnectFailure, Ending, NoHello, ServerFlight, TlsAlert
from probe.dialogue.exchange import Exchange
from probe.dialogue.handshake import HandshakeEnd
from probe.dialogue.offer import Offer


async def ask_whether_unchanged(
    prober: Prober, facts: VisitFacts, known: Observation, plan: VerificationPlan
) -> Verdict:
    """Whether every answer equals that in ``known``: no also if an answer was missing, unknown if a question was not
    asked because the visit's time or budget was used up.

    ``known`` may lack its evidence, because the ``plan`` has what is needed of it. Adds the answers to
    ``facts.spoken`` and ``facts.handshakes``.
    """
    if not _are_service_bindings_known(facts, known):
        return Verdict.NO
    controls = await side_by_side(
        *(_ask_known_pick(prober, facts, known, pick) for pick in plan.picks)
    )
    if any(control is not Verdict.YES for control in controls):
        return _all(controls)
    prober.keep_as_control(next(iter(facts.spoken.values())).offer)
    name = facts.inputs.server_name
    questions = [
        _ask_refused(prober, refused_offers(one, name), one.before) for one in plan.refusals
    ]
    if ProtocolVersion.TLSV1_3 in facts.spoken:
        questions.append(_ask_known_leaf_at_tls13(prober, facts, known))
        questions.append(_ask_known_ech(prober, facts, known))
    return _all(await side_by_side(*questions))


def _are_service_bindings_known(facts: VisitFacts, known: Observation) -> bool:
    """Whether the HTTPS or SVCB records are those of ``known``, whose evidence has their data."""
    bindings, fact = facts.inputs.service_bindings, known.features.get(SERVICE_BINDING)
    if bindings is None or fact is None:
        return bindings is None and fact is None
    if fact.verdict is not Verdict.YES or fact.evidence is None:
        return not bindings.records
    return fact.evidence.answer == proof_of(bindings)


async def _ask_known_ech(prober: Prober, facts: VisitFacts, known: Observation) -> Verdict:
    """Sends the Encrypted ClientHello again: a key that the server accepted may no longer be one of its keys."""
    fact, before = await ask_with_published_key(prober, facts), known.features.get(ECH_KEY_ACCEPTED)
    if fact is None or before is None:
        return _verdict(fact is None and before is None)
    return _verdict(fact.verdict is before.verdict)


def _all(answers: Sequence[Verdict]) -> Verdict:
    """Yes if all are; no if one is."""
    if Verdict.NO in answers:
        return Verdict.NO
    return Verdict.UNKNOWN if Verdict.UNKNOWN in answers else Verdict.YES


def _is_unasked(prober: Prober, exchange: Exchange) -> bool:
    """Whether this machine's limits kept the question, or its confirmation, from the server."""
    is_open = exchange.is_ambiguous and not exchange.confirmed
    return _is_ours(exchange) or (is_open and any(map(_is_ours, prober.exchanges)))


def _is_ours(exchange: Exchange) -> bool:
    return isinstance(exchange.answer, ConnectFailure) and exchange.answer.is_ours


def _verdict(is_as_known: bool) -> Verdict:
    return Verdict.YES if is_as_known else Verdict.NO


async def _ask_known_pick(
    prober: Prober, facts: VisitFacts, known: Observation, pick: KnownPick
) -> Verdict:
    """Offers the accepted suites only: checks the pick, the leaf and what the server asks of a client certificate."""
    version = pick.version
    exchange = await prober.ask(picked_offer(pick, facts.inputs.server_name))
    if _is_unasked(prober, exchange):
        return Verdict.UNKNOWN
    if exchange.hello is None or exchange.version is not version:
        return Verdict.NO
    facts.spoken[version] = exchange
    return _verdict(
        exchange.hello.cipher_suite in pick.picks
        and _is_a_known_group(known, exchange)
        and _is_a_known_flight(known, exchange)
    )


def _is_a_known_group(known: Observation, exchange: Exchange) -> bool:
    group = picked_group(exchange)
    return (
        group is None or named_group_name(group) in known.groups[ProtocolVersion.TLSV1_3].accepted
    )


def _is_a_known_flight(known: Observation, exchange: Exchange) -> bool:
    flight = exchange.answer
    if not isinstance(flight, ServerFlight) or exchange.offer.version is ProtocolVersion.TLSV1_3:
        return True
    asks = flight.certificate_request is not None
    auth = known.client_auth.get(exchange.offer.version)
    if flight.is_complete and auth and asks is (auth.mode is ClientAuthMode.NONE):
        return False
    return not flight.certificates or _is_a_known_leaf(
        known, exchange.offer.version, flight.certificates[0]
    )


def _is_a_known_leaf(known: Observation, version: ProtocolVersion, der: bytes) -> bool:
    sha256 = hashlib.sha256(der).hexdigest()
    return any(
        deployment.leaf.sha256 == sha256 and version in deployment.versions
        for deployment in known.certificates
    )


async def _ask_refused(prober: Prober, parts: Sequence[Offer], before: Evidence | None) -> Verdict:
    """Whether every part is refused. An answer about the version itself holds for all parts."""
    for question in parts:
        exchange, is_refused = await _ask_part(prober, question, before)
        if is_refused is not Verdict.YES or is_decisive(exchange):
            return is_refused
    return Verdict.YES


async def _ask_part(
    prober: Prober, question: Offer, before: Evidence | None
) -> tuple[Exchange, Verdict]:
    """A close, a reset or an ambiguous alert needs no second control if it was the confirmed refusal before."""
    exchange = await prober.ask_once(question)
    is_as_before = exchange.is_ambiguous and _ends_as_before(exchange, before)
    if not is_as_before:
        exchange = await prober.make_sure(exchange)
    if _is_unasked(prober, exchange):
        return exchange, Verdict.UNKNOWN
    is_refused = exchange.is_refusal or is_as_before or is_decisive(exchange)
    return exchange, _verdict(is_refused)


def _ends_as_before(exchange: Exchange, before: Evidence | None) -> bool:
    """Whether the server closed, reset or sent an alert now, and ``before`` is the evidence of the same, confirmed.

    The two hellos differ in their random bytes only, so that neither is compared.
    """
    answer = exchange.answer
    is_ended = isinstance(answer, NoHello) and answer.ending is not Ending.SILENCE
    if not (is_ended or isinstance(answer, TlsAlert)) or before is None:
        return False
    confirmed = replace(exchange, confirmed=True)
    return before == replace(confirmed.evidence(), offer=None)


async def _ask_known_leaf_at_tls13(
    prober: Prober, facts: VisitFacts, known: Observation
) -> Verdict:
    version = ProtocolVersion.TLSV1_3
    handshake = await finish_handshake(prober, facts, version)
    if handshake.failure is not None and handshake.failure.is_ours:
        return Verdict.UNKNOWN
    auth = known.client_auth.get(version)
    is_known = bool(handshake.certificates) and _is_a_known_leaf(
        known, version, handshake.certificates[0]
    )
    asks_as_known = auth is None or (
        handshake.certificate_requested is not (auth.mode is ClientAuthMode.NONE)
    )
    refuses_as_known = auth is None or (
        (handshake.end is HandshakeEnd.REFUSED) is (auth.mode is ClientAuthMode.REQUIRED)
    )
    return _verdict(is_known and asks_as_known and refuses_as_known)
