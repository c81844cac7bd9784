"""Which named groups does the server accept up to TLS 1.2, and whose order decides?

Asked at the newest such version only, because a server has one list for all of them. The curve is in the
ServerKeyExchange of ECDHE suites (RFC 8422, 5.4), so curves are struck out like suites. A finite field counts
if its prime belongs to an ffdhe group that was offered (RFC 7919).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from model.protocol_version import ProtocolVersion
from model.registry import (
    NAMED_GROUPS,
    CipherSuite,
    known_prime,
    named_group_name,
)
from model.verdict import Fact, Preference, Verdict
from probe.checks.answered_offers import newest_in_plaintext
from probe.checks.prober import Prober, side_by_side
from probe.checks.riding.riders import ListRider, Rider, answers_to_riders
from probe.checks.versions_and_suites.key_exchanges import (
    confirm_end_by_alert,
    key_exchanges,
    sent_in,
    suites_with,
)
from probe.checks.versions_and_suites.strike_out import Ask, Struck, merged, strike_out
from probe.checks.versions_and_suites.usual_orders import OF_GROUPS, USUAL_GROUPS, foresight
from probe.checks.visit_facts import VisitFacts
from probe.dialogue.exchange import Exchange
from probe.dialogue.offer import EARLIER_GROUPS, Change, Offer, offer
from probe.tls.extensions import ExtensionType

EARLIER_GROUP_FEATURES: Final = ("ignores_supported_groups", "point_formats")

_KINDS: Final = {group.code_point: group.kind for group in NAMED_GROUPS}
_CURVES: Final = tuple(group for group in EARLIER_GROUPS if _KINDS[group] == "ec")
_FINITE_FIELDS: Final = tuple(group for group in EARLIER_GROUPS if _KINDS[group] == "ffdhe")
_FIELD_BY_NAME: Final = {named_group_name(group): group for group in _FINITE_FIELDS}

_FFDHE_PRIVATE_USE: Final = 0x01FC
"""RFC 7919, section 2: if only this group is offered, the client knows ffdhe groups but has none of the
server's, so the server must refuse DHE. An offer without ffdhe groups leaves the field to the server."""

_HIDES: Final = "the server selects {}, which its ECDSA certificate needs, before any group that it may accept after that one"

_POINT_FORMATS: Final = {
    0: "uncompressed",
    1: "ansiX962_compressed_prime",
    2: "ansiX962_compressed_char2",
}


async def check_tls12_groups(prober: Prober, facts: VisitFacts) -> None:
    """Fills ``groups`` of the newest version of TLS 1.0 to 1.2, and two features."""
    version = newest_in_plaintext(facts)
    if version is None:
        return
    formats = _point_formats(prober, facts, version)
    if formats is not None:
        facts.features["point_formats"] = formats
    curves, fields = await side_by_side(
        _strike_out_curves(prober, facts, version), _ask_finite_fields(prober, facts, version)
    )
    if curves is not None:
        facts.features["ignores_supported_groups"] = _ignores(curves)
    found = [struck for struck in (curves, fields) if struck is not None]
    if found:
        facts.groups[version] = merged(found).accepted_set(named_group_name)


def curve_rider(
    prober: Prober, facts: VisitFacts, version: ProtocolVersion, suites: Sequence[CipherSuite]
) -> Rider | None:
    """Strikes out the curves with the hellos of another series; None if its suites cannot show every curve."""
    if tuple(suites) != _suites_for_curves(facts, version) or _need_one_curve(suites):
        return None
    first = _heard_of_all(prober, facts, version, suites)
    if first is None:
        return None
    return ListRider(
        _CURVES,
        USUAL_GROUPS,
        first=_picked_curve(first),
        offering=_with_groups,
        picked=_picked_curve,
    )


def _with_groups(groups: tuple[int, ...]) -> Change:
    return lambda asked: replace(asked, groups=groups)


def _suites_for_curves(facts: VisitFacts, version: ProtocolVersion) -> tuple[CipherSuite, ...]:
    """The accepted ECDHE suites with other authentication than ECDSA; all of them if there are no others."""
    suites = suites_with(facts, version, "ECDHE")
    others = tuple(suite for suite in suites if suite.authentication != "ECDSA")
    return others if others and version in facts.cipher_suites else suites


def _need_one_curve(suites: Iterable[CipherSuite]) -> bool:
    """Whether the suites work only for clients that have the curve of an ECDSA certificate."""
    return all(suite.authentication == "ECDSA" for suite in suites)


async def _strike_out_curves(
    prober: Prober, facts: VisitFacts, version: ProtocolVersion
) -> Struck | None:
    """The curves struck out; None if no ECDHE suite is accepted.

    An ECDSA certificate works only for clients that have its curve (RFC 8422, 5.1.1): once that curve is
    removed, the server refuses its suites. So the questions use suites with other authentication. If there
    are none, the accepted curves are offered again after all others (testssl.sh's pull request 2620).
    """
    suites = _suites_for_curves(facts, version)
    if not suites:
        return None
    ask = _asking(prober, facts, version, suites)
    first = _heard_of_all(prober, facts, version, suites)
    struck = await strike_out(
        ask, _picked_curve, _CURVES, first, foresight=foresight(prober, OF_GROUPS)
    )
    struck = await confirm_end_by_alert(prober, struck)
    if not _need_one_curve(suites) or not struck.picks or not struck.last.is_refusal:
        return struck
    left = tuple(group for group in _CURVES if group not in struck.order)
    # If the server had its own order, it would return to its first pick. Otherwise the last curve was the
    # culprit.
    has_own_order = struck.preference is Preference.SERVER
    more = await _strike_out_before(struck.order[-1:] if has_own_order else struck.order, left, ask)
    found = replace(merged((struck, more)), last=more.last, proves_end=more.proves_end)
    if not has_own_order or more.proves_end is None:
        return found
    # Such a server may accept more curves after its favourites: it selects its certificate's curve before them.
    return replace(found, proves_end=None, hides=_HIDES.format(_picked_name(more.last)))


async def _strike_out_before(behind: tuple[int, ...], left: tuple[int, ...], ask: Ask) -> Struck:
    """The curves of ``left`` that the server picks before those ``behind``, one of which it picks at the end."""

    async def ask_with_more(groups: tuple[int, ...], is_chained: bool) -> Exchange:
        return await ask((*groups, *behind), is_chained)

    struck = await strike_out(ask_with_more, _picked_curve, left)
    picked = _picked_curve(struck.last)
    if picked not in behind:
        return struck
    name = named_group_name(picked)
    return replace(
        struck, proves_end=f"{name} is selected although all others are offered before it"
    )


async def _ask_finite_fields(
    prober: Prober, facts: VisitFacts, version: ProtocolVersion
) -> Struck | None:
    """The ffdhe groups struck out; None if no DHE suite is accepted.

    A server older than RFC 7919 uses one field whatever is offered; the search then ends.
    """
    suites = suites_with(facts, version, "DHE")
    if not suites:
        return None
    ask = _asking(prober, facts, version, suites)
    first = _heard_of_all(prober, facts, version, suites)
    struck = await strike_out(ask, _picked_field, (*_FINITE_FIELDS, _FFDHE_PRIVATE_USE), first)
    sent = sent_in(struck.last)
    if sent is None or sent.dh_prime is None:
        return struck
    return replace(struck, proves_end="a custom finite field, whatever is offered")


def _asking(
    prober: Prober,
    facts: VisitFacts,
    version: ProtocolVersion,
    suites: Sequence[CipherSuite],
) -> Ask:
    code_points = tuple(suite.code_point for suite in suites)
    shape = facts.shape_at(version)

    async def ask(groups: tuple[int, ...], is_chained: bool) -> Exchange:
        asked = offer(version, code_points, shape, groups)
        earlier = _answer_to_rider(prober, asked)
        return earlier or await prober.ask(asked, is_chained=is_chained)

    return ask


def _answer_to_rider(prober: Prober, asked: Offer) -> Exchange | None:
    for earlier in answers_to_riders(prober, asked):
        if earlier.offer.groups == asked.groups and _picked_curve(earlier) in asked.groups:
            return earlier
    return None


def _heard_of_all(
    prober: Prober,
    facts: VisitFacts,
    version: ProtocolVersion,
    suites: Sequence[CipherSuite],
) -> Exchange | None:
    """An earlier answer to one of ``suites`` with every group offered, if there is one."""
    for seen in key_exchanges(prober, facts):
        if seen.version is version and seen.answers_the_usual_hello:
            is_whole = seen.exchange.offer.groups == EARLIER_GROUPS
            if is_whole and seen.suite in suites:
                return seen.exchange
    return None


def _picked_curve(exchange: Exchange) -> int | None:
    sent = sent_in(exchange)
    return sent.named_group if sent is not None else None


def _picked_name(exchange: Exchange) -> str:
    picked = _picked_curve(exchange)
    return "the curve" if picked is None else named_group_name(picked)


def _picked_field(exchange: Exchange) -> int | None:
    """The ffdhe group of the prime; None for any other prime."""
    sent = sent_in(exchange)
    if sent is None or sent.dh_prime is None:
        return None
    known = known_prime(hashlib.sha256(sent.dh_prime.lstrip(b"\0")).hexdigest())
    return _FIELD_BY_NAME.get(known.name) if known is not None else None


def _ignores(struck: Struck) -> Fact:
    """RFC 8422, section 4: a server must not choose a curve that the client did not name."""
    last = struck.last
    picked = _picked_curve(last)
    if picked is None:
        return last.fact(Verdict.NO if struck.is_complete else Verdict.UNKNOWN, struck.proves_end)
    name = named_group_name(picked)
    if picked in last.offer.groups:
        return last.fact(Verdict.NO, f"{name}, which was offered, is selected")
    return last.fact(Verdict.YES, f"{name}, which was not offered, is selected")


def _point_formats(prober: Prober, facts: VisitFacts, version: ProtocolVersion) -> Fact | None:
    """RFC 8422, section 5.2: the ServerHello of an ECDHE suite may list the point formats that the server can read."""
    for seen in key_exchanges(prober, facts):
        hello = seen.exchange.hello
        if seen.version is not version or seen.suite.key_exchange != "ECDHE" or hello is None:
            continue
        if not hello.extension(ExtensionType.EC_POINT_FORMATS):
            return seen.exchange.fact(Verdict.NO, "ServerHello without ec_point_formats")
        names = ",".join(_POINT_FORMATS.get(one, str(one)) for one in hello.ec_point_formats)
        return seen.exchange.fact(Verdict.YES, f"ServerHello lists {names}", names)
    return None
