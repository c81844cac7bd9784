"""Which protocol versions does the server speak, from SSL 3.0 to TLS 1.3?

One Offer per version, all at once, each with every cipher suite of that version. A version is
accepted when the server's hello names it. It is refused by an alert, by a hello of a lower
version, or by a close that is confirmed beside a control. Where no hello is answered at all, or
a refusal may be one of the hello's shape (Cisco ACE closes above 128 suites, old s2n errs on an
empty key_share, some servers on an unknown name), the same is asked in other shapes first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from model.protocol_version import ProtocolVersion
from model.verdict import Evidence, Fact, Verdict
from probe.checks.candidates import FEW_SUITES, suites_in_parts
from probe.checks.interview import Interview, side_by_side
from probe.checks.learnt import ASKED_VERSIONS, Learnt
from probe.tls.answer import NoConnection, NoHello, NotTls
from probe.tls.exchange import PROTOCOL_VERSION, UNRECOGNIZED_NAME, Exchange
from probe.tls.offer import Shape, offer

_FINDERS: Final = (ProtocolVersion.TLSV1_2, ProtocolVersion.TLSV1_3)
"""The versions by which another shape is tried: below TLS 1.3, a server negotiates down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Settled:
    """The last word on one version."""

    exchange: Exchange
    verdict: Verdict
    evidence: Evidence


async def learn_versions(interview: Interview, learnt: Learnt) -> None:
    """Fills ``protocols`` and ``spoken``, and gives the interview its control."""
    shape = Shape(server_name=learnt.server_name)
    answers = await _ask_all(interview, shape)
    if not _spoken(answers):
        answers = await _ask_in_other_shapes(interview, shape, answers)
    spoken = _spoken(answers)
    if spoken:
        interview.keep_as_control(spoken[-1].offer)
    longest = max((len(one.offer.cipher_suites) for one in spoken), default=0)
    for settled in await side_by_side(*(_settle(interview, one, longest) for one in answers)):
        version = settled.exchange.offer.version
        learnt.protocols[version] = Fact(verdict=settled.verdict, evidence=settled.evidence)
        if settled.verdict is Verdict.YES:
            learnt.spoken[version] = settled.exchange


async def _ask_all(interview: Interview, shape: Shape) -> Sequence[Exchange]:
    return await side_by_side(*(_ask_first_part(interview, one, shape) for one in ASKED_VERSIONS))


async def _ask_first_part(interview: Interview, version: ProtocolVersion, shape: Shape) -> Exchange:
    suites = next(suites_in_parts(version, shape.most_cipher_suites))
    return await interview.ask_once(offer(version, suites, shape))


def _spoken(answers: Sequence[Exchange]) -> list[Exchange]:
    return [one for one in answers if one.version is one.offer.version]


async def _ask_in_other_shapes(
    interview: Interview, shape: Shape, answers: Sequence[Exchange]
) -> Sequence[Exchange]:
    """All versions again in the first shape that gets any hello, or the answers as they are."""
    for other in _other_shapes(shape, answers):
        tried = await side_by_side(
            *(_ask_first_part(interview, version, other) for version in _FINDERS)
        )
        if any(one.hello is not None for one in tried):
            return await _ask_all(interview, other)
    return answers


def _other_shapes(shape: Shape, answers: Sequence[Exchange]) -> Iterator[Shape]:
    """Shapes worth a try; none where nobody listens or something else than TLS spoke."""
    if any(isinstance(one.answer, NoConnection | NotTls) for one in answers):
        return
    small = replace(shape, most_cipher_suites=FEW_SUITES, sends_key_shares=True)
    nameless = replace(small, server_name=None)
    if all(isinstance(one.answer, NoHello) for one in answers):
        yield nameless
        return
    yield small
    if shape.server_name is not None:
        yield replace(nameless, most_cipher_suites=None)
        yield nameless


async def _settle(interview: Interview, first: Exchange, longest: int) -> _Settled:
    """The verdict on the version of ``first``; ``longest`` is the longest list answered so far."""
    if first.version is first.offer.version:
        return _accepted(first)
    if not longest:
        return _unsettled(first)
    if _is_decisive(first):
        return _refused(first)
    latest = first = await interview.make_sure(first)
    for shape in _shapes_that_may_help(first, longest):
        latest = await _ask_until_accepted(interview, first.offer.version, shape)
        if latest.version is latest.offer.version:
            return _accepted(latest)
        if _is_decisive(latest):
            break
    return _refused(latest) if _is_no(latest) else _unsettled(latest)


def _is_decisive(exchange: Exchange) -> bool:
    """Whether the answer speaks of the version itself, whatever the hello's shape."""
    return exchange.alert == PROTOCOL_VERSION or _is_lower(exchange)


def _is_lower(exchange: Exchange) -> bool:
    return exchange.version is not None and exchange.version < exchange.offer.version


def _is_no(exchange: Exchange) -> bool:
    return exchange.is_refusal or _is_lower(exchange)


def _shapes_that_may_help(first: Exchange, longest: int) -> Iterator[Shape]:
    offered = first.offer
    if first.alert == UNRECOGNIZED_NAME and offered.shape.server_name is not None:
        yield replace(offered.shape, server_name=None)
    if offered.version is ProtocolVersion.TLSV1_3:
        if not offered.shape.sends_key_shares:
            yield replace(offered.shape, sends_key_shares=True)
    elif not first.is_refusal or len(offered.cipher_suites) > longest:
        yield replace(offered.shape, most_cipher_suites=FEW_SUITES)
    elif offered.shape.most_cipher_suites is not None:
        yield offered.shape


async def _ask_until_accepted(
    interview: Interview, version: ProtocolVersion, shape: Shape
) -> Exchange:
    """The first part of the suites that is accepted, or the last that was asked.

    Parts are asked no further once one is neither accepted nor refused: silence would only
    repeat itself, and one unknown part leaves the version unknown.
    """
    exchange = None
    for suites in suites_in_parts(version, shape.most_cipher_suites):
        exchange = await interview.ask(offer(version, suites, shape))
        if not exchange.is_refusal or _is_decisive(exchange):
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
