"""Which protocol versions does the server speak, from SSL 3.0 to TLS 1.3?

The check sends one Offer per version, each with every cipher suite of that version: the TLS versions all at
once, SSL 3.0 in parallel with the next questions if another version was answered, SSL 2.0 next if none was. A version is accepted if
the server's hello names it. It is refused by an alert, by a hello of a lower version, or by a close confirmed
together with a control. If no hello is answered at all, or a refusal may be due to the hello's shape (Cisco
ACE closes above 128 suites, old s2n fails on an empty key_share, some servers fail on an unknown name or
without ALPN), the same question is first asked in other shapes, except of a service that answered in
plaintext. An alert about an extension refuses no version.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from model.application_protocol import alpn_ids
from model.frozen import frozen
from model.protocol_version import ProtocolVersion
from model.verdict import Evidence, Fact, Verdict
from probe.checks.prober import Prober, side_by_side
from probe.checks.versions_and_suites.sslv2 import ask_sslv2_early
from probe.checks.visit_facts import VisitFacts
from probe.dialogue.answer import ConnectFailure, Ending, NoHello, NotTls
from probe.dialogue.candidate_suites import FEW_SUITES, suites_in_parts
from probe.dialogue.exchange import (
    DECODE_ERROR,
    ILLEGAL_PARAMETER,
    MISSING_EXTENSION,
    NO_APPLICATION_PROTOCOL,
    PROTOCOL_VERSION,
    UNRECOGNIZED_NAME,
    UNSUPPORTED_EXTENSION,
    Exchange,
)
from probe.dialogue.offer import Offer, Shape, offer

_OF_EXTENSIONS: Final = frozenset(
    {MISSING_EXTENSION, UNSUPPORTED_EXTENSION, UNRECOGNIZED_NAME, NO_APPLICATION_PROTOCOL}
)
"""Alerts about the hello's extensions (RFC 9846, section 6.2; RFC 7301, section 3.2), not about its version."""

_OF_THE_FORM: Final = frozenset({ILLEGAL_PARAMETER, DECODE_ERROR})
"""Old servers refuse a version by these, and others a list that is too long."""


@frozen
class _Settled:
    """The final result for one version."""

    exchange: Exchange
    verdict: Verdict
    evidence: Evidence


async def check_versions(prober: Prober, facts: VisitFacts) -> None:
    """Fills ``protocols`` and ``spoken``, and gives the prober its control.

    If the server speaks any TLS version, SSL 3.0 is left to ``check_sslv3``.
    """
    usual = Shape(server_name=facts.inputs.server_name)
    # The newest first, because other questions wait for its answer.
    newest_first = facts.inputs.asked_versions[::-1]
    tls = [version for version in newest_first if version is not ProtocolVersion.SSLV3]
    answers = await _ask_all(prober, tls, usual)
    if not _spoken(answers) and not facts.answers_in_plaintext:
        earliest = [version for version in newest_first if version is ProtocolVersion.SSLV3]
        answers = [*answers, *await _ask_all(prober, earliest, usual)]
    spoken = _spoken(answers)
    if not spoken and not facts.answers_in_plaintext:
        await ask_sslv2_early(prober, facts)
        found = await _find_another_shape(prober, facts, answers)
        if found is not None:
            versions = tuple(one.offer.version for one in answers)
            answers = await _ask_all(prober, versions, found.offer.shape)
            spoken = [*_spoken(answers), found]
    if spoken:
        prober.keep_as_control(spoken[0].offer)
    longest = max((len(one.offer.cipher_suites) for one in spoken), default=0)
    try:
        await side_by_side(*(_settle(prober, facts, one, longest) for one in answers))
    finally:
        facts.protocols = dict(sorted(facts.protocols.items()))
        facts.spoken = dict(sorted(facts.spoken.items()))


async def check_sslv3(prober: Prober, facts: VisitFacts) -> None:
    """Settles SSL 3.0 if ``check_versions`` left it open."""
    version = ProtocolVersion.SSLV3
    if version in facts.protocols or not facts.spoken:
        return
    proofs = facts.spoken.values()
    shape = next(iter(proofs)).offer.shape
    longest = max(len(one.offer.cipher_suites) for one in proofs)
    first = await _ask_first_part(prober, version, shape)
    await _settle(prober, facts, first, longest)


async def _ask_all(
    prober: Prober, versions: Sequence[ProtocolVersion], shape: Shape
) -> Sequence[Exchange]:
    return await side_by_side(*(_ask_first_part(prober, one, shape) for one in versions))


async def _ask_first_part(prober: Prober, version: ProtocolVersion, shape: Shape) -> Exchange:
    suites = next(suites_in_parts(version, shape.most_cipher_suites))
    return await prober.ask_once(offer(version, suites, shape))


def _spoken(answers: Sequence[Exchange]) -> list[Exchange]:
    return [one for one in answers if one.version is one.offer.version]


async def _find_another_shape(
    prober: Prober, facts: VisitFacts, answers: Sequence[Exchange]
) -> Exchange | None:
    """The first hello of another shape that is answered with any hello, or None."""
    for offers in _other_hellos(facts, answers):
        tried = await side_by_side(*(prober.ask_once(one) for one in offers))
        for exchange in tried:
            if exchange.version is not None:
                return exchange
    return None


def _other_hellos(facts: VisitFacts, answers: Sequence[Exchange]) -> Iterator[tuple[Offer, ...]]:
    """Hellos worth a try, in rounds; empty if nothing listens or the server spoke a protocol other than TLS.

    Below TLS 1.3 a server negotiates down, so TLS 1.2 is tried before the older versions. A server that was
    silent to all is asked only once more, with small hellos.
    """
    if any(isinstance(one.answer, ConnectFailure | NotTls) for one in answers):
        return
    newest, older = facts.inputs.asked_versions[-2:], facts.inputs.asked_versions[-3::-1]
    server_name = facts.inputs.server_name
    nameless = Shape(server_name=None, sends_key_shares=True)
    with_alpn = replace(_with_alpn(nameless, facts), server_name=server_name)
    small = replace(nameless, server_name=server_name, most_cipher_suites=FEW_SUITES)
    small_nameless = replace(small, server_name=None)
    if all(_is_silence(one) for one in answers):
        yield tuple(_hellos(small_nameless, version)[0] for version in newest)
        return
    is_alpn_missing = any(one.alert == NO_APPLICATION_PROTOCOL for one in answers)
    if is_alpn_missing:
        yield tuple(hello for version in newest for hello in _hellos(with_alpn, version))
    yield tuple(hello for version in newest for hello in _hellos(nameless, version))
    yield tuple(hello for version in newest for hello in _hellos(small, version))
    for version in older:
        yield _hellos(small, version)
    if server_name is not None:
        yield tuple(hello for version in newest for hello in _hellos(small_nameless, version))
    if not is_alpn_missing:
        yield tuple(hello for version in newest for hello in _hellos(with_alpn, version))


def _with_alpn(shape: Shape, facts: VisitFacts) -> Shape:
    return replace(shape, alpn_protocols=alpn_ids(facts.inputs.application.name))


def _is_silence(exchange: Exchange) -> bool:
    return isinstance(exchange.answer, NoHello) and exchange.answer.ending is Ending.SILENCE


def _hellos(shape: Shape, version: ProtocolVersion) -> tuple[Offer, ...]:
    parts = suites_in_parts(version, shape.most_cipher_suites)
    return tuple(offer(version, suites, shape) for suites in parts)


async def _settle(prober: Prober, facts: VisitFacts, first: Exchange, longest: int) -> None:
    settled = await _judge(prober, facts, first, longest)
    version = settled.exchange.offer.version
    facts.protocols[version] = Fact(verdict=settled.verdict, evidence=settled.evidence)
    if settled.verdict is Verdict.YES:
        facts.spoken[version] = settled.exchange


async def _judge(prober: Prober, facts: VisitFacts, first: Exchange, longest: int) -> _Settled:
    """The verdict on the version of ``first``; ``longest`` is the longest list answered so far."""
    if first.version is first.offer.version:
        return _accepted(first)
    if not longest:
        return _unsettled(first)
    if is_decisive(first):
        return _refused(first)
    latest = first = await prober.make_sure(first)
    for shape in _shapes_that_may_help(first, longest, facts):
        latest = await _ask_until_accepted(prober, first.offer.version, shape)
        if latest.version is latest.offer.version:
            return _accepted(latest)
        if is_decisive(latest):
            break
    return _refused(latest) if _is_no(latest) else _unsettled(latest)


def is_decisive(exchange: Exchange) -> bool:
    """Whether the answer is about the version itself, whatever the shape of the hello."""
    return exchange.alert == PROTOCOL_VERSION or _is_lower(exchange)


def _is_lower(exchange: Exchange) -> bool:
    return exchange.version is not None and exchange.version < exchange.offer.version


def _is_no(exchange: Exchange) -> bool:
    """SSL 3.0 has no extensions, so a server that demands one cannot speak it."""
    may_be_the_shape = (
        exchange.alert in _OF_EXTENSIONS and exchange.offer.version is not ProtocolVersion.SSLV3
    )
    return (exchange.is_refusal and not may_be_the_shape) or _is_lower(exchange)


def _shapes_that_may_help(first: Exchange, longest: int, facts: VisitFacts) -> Iterator[Shape]:
    offered = first.offer
    if first.alert == UNRECOGNIZED_NAME and offered.shape.server_name is not None:
        yield replace(offered.shape, server_name=None)
    if first.alert == NO_APPLICATION_PROTOCOL and not offered.shape.alpn_protocols:
        yield _with_alpn(offered.shape, facts)
    if offered.version is ProtocolVersion.TLSV1_3:
        if not offered.shape.sends_key_shares:
            yield replace(offered.shape, sends_key_shares=True)
    elif (
        not first.is_refusal or len(offered.cipher_suites) > longest or first.alert in _OF_THE_FORM
    ):
        yield replace(offered.shape, most_cipher_suites=FEW_SUITES)
    elif offered.shape.most_cipher_suites is not None:
        yield offered.shape


async def _ask_until_accepted(prober: Prober, version: ProtocolVersion, shape: Shape) -> Exchange:
    """The first part of the suites that is accepted, or the last part that was asked.

    The search stops at a part that is neither accepted nor refused: silence would only repeat itself, and one
    unknown part leaves the version unknown.
    """
    exchange = None
    for suites in suites_in_parts(version, shape.most_cipher_suites):
        exchange = await prober.ask(offer(version, suites, shape))
        if not exchange.is_refusal or is_decisive(exchange):
            break
    assert exchange is not None  # noqa: S101 (every version has suites)
    return exchange


def _accepted(exchange: Exchange) -> _Settled:
    return _Settled(exchange=exchange, verdict=Verdict.YES, evidence=exchange.evidence())


def _refused(exchange: Exchange) -> _Settled:
    note = None
    if exchange.version is not None:
        note = f"ServerHello of {exchange.version.label} instead"
    return _Settled(exchange=exchange, verdict=Verdict.NO, evidence=exchange.evidence(note))


def _unsettled(exchange: Exchange) -> _Settled:
    return _Settled(exchange=exchange, verdict=Verdict.UNKNOWN, evidence=exchange.evidence())
